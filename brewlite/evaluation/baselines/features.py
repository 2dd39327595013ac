"""Simple facts about every item at a moment, as columns: what a logistic regression weighs.

Everything is read off the log strictly before the moment, and from texts. A later review score or count is no feature.
"""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
from msgspec import structs
from numpy.typing import NDArray

from brewlite.evaluation.baselines.neighbours import ItemKNN
from brewlite.evaluation.baselines.rules import counts, newest
from brewlite.evaluation.baselines.vectors import WordVectors
from brewlite.evaluation.log import DAY, EventLog, Floats
from brewlite.evaluation.splits import Moment

Interests = Callable[[int, int], NDArray[np.float32] | None]
"""(row in ``EventLog.user_ids``, microseconds) -> (D,) vector of what the visitor had stored by then, or None."""

ITEM_FEATURES = (
    "likes in 7 days",
    "likes in 60 days",
    "likes ever",
    "age",
    "idle",
    "untouched",
    "more liked in 60 days",
    "newer",
)
RECENT = 50
"""The newest liked items that stand for a visitor's taste: some histories are thousands long."""
OWN_FEATURES = ("item-kNN", "similar to history", "most similar to one", "similar to profile")
FEATURES = (*ITEM_FEATURES, *(f"{name}, with a history" for name in ITEM_FEATURES), *OWN_FEATURES)


class Features:
    """The columns FEATURES of every item of one catalog.

    Args:
        vectors: (I, D) of length 1 in the catalog's order, zeros where an item has none.
        words: encodes what visitors say now, which then counts as one more liked text. None: it is not read.
        interests: what visitors had stored. None: nothing.
    """

    def __init__(self, vectors: NDArray[np.float32], words: WordVectors | None, interests: Interests | None) -> None:
        self._vectors = vectors
        self._words = words
        self._interests = interests
        self._neighbours = ItemKNN()

    def at(self, moment: Moment) -> Floats:
        """(I, F) the features at ``moment``."""
        moment = structs.replace(moment, history=moment.history[-RECENT:])
        items = item_features(moment)
        known = items if moment.history.size else np.zeros_like(items)
        return np.concatenate([items, known, self._own(moment)], axis=1)

    def _own(self, moment: Moment) -> Floats:
        """(I, 4) what only this visitor's history, words and profile say."""
        own = np.zeros((len(moment.past.catalog), len(OWN_FEATURES)))
        if moment.history.size:
            own[:, 0] = np.log1p(100 * self._neighbours.similarity(moment))
        if len(liked := self._liked(moment)):
            nearness = self._vectors @ liked.T  # (I, H)
            own[:, 1], own[:, 2] = nearness.mean(axis=1), nearness.max(axis=1)
        stored = self._interests(moment.user, moment.at) if self._interests and moment.user >= 0 else None
        if stored is not None:
            own[:, 3] = self._vectors @ stored
        return own

    def _liked(self, moment: Moment) -> NDArray[np.float32]:
        """(H, D) the vectors of the history, and of the visitor's words."""
        liked = self._vectors[moment.history]
        if self._words is None or not moment.words:
            return liked
        return np.concatenate([liked, self._words.of(moment.words)[None]])


def item_features(moment: Moment) -> Floats:
    """(I, 8) what is the same for every visitor: logs of counts, of days since the item came and was last liked."""
    past, at = moment.past, moment.at
    ever, liked = counts(past), past.liked()
    last = np.full(len(past.catalog), -np.inf)
    last[liked.items] = liked.at  # the last assignment stays: the newest event
    came = newest(moment)
    idle = _days(at, np.maximum(came, last))
    return np.stack(
        [
            np.log1p(_counts_lately(past, at, 7)),
            np.log1p(_counts_lately(past, at, 60)),
            np.log1p(ever),
            np.log1p(_days(at, came)),
            np.log1p(idle),
            (ever == 0).astype(np.float64),
            np.log1p(_above(_counts_lately(past, at, 60))),
            np.log1p(_above(np.where(came < at, came, -np.inf))),
        ],
        axis=1,
    )


def _counts_lately(past: EventLog, at: int, days: int) -> Floats:
    return counts(past.since(at - days * DAY))


def _above(values: Floats) -> Floats:
    """(I,) how many of ``values`` are higher."""
    return len(values) - np.searchsorted(np.sort(values), values, side="right").astype(np.float64)


def _days(at: int, since: Floats) -> Floats:
    """(I,) days from ``since`` to ``at``; ten years where it is not known."""
    return np.where(np.isfinite(since), np.maximum(at - since, 0) / DAY, 3650.0)
