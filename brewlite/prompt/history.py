"""Which of a visitor's history the prompt keeps."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from itertools import zip_longest

import numpy as np
from msgspec import Struct

from brewlite.retrieval import Deed, Moment
from brewlite.retrieval.catalog import Floats

HISTORY_DECAY = 0.9
"""What an event counts for each newer event of the visitor, under the policy ``weighted``; as in retrieval."""


class Remembered(Struct, frozen=True, kw_only=True):
    """One line of the history: an item and what was done with it, once or more often."""

    deed: Deed
    """The newest of its events."""
    times: int
    strength: float
    """The action's weight, liking or dislike, times the decay of each event, summed."""


HistoryPolicy = Callable[[Sequence[Remembered], Floats], Sequence[int]]
"""(lines newest first, (L,) how alike each is to what is asked now) -> their places, the one to keep first in front."""


def newest(lines: Sequence[Remembered], alike: Floats) -> Sequence[int]:
    """The newest first."""
    return range(len(lines))


def relevant(lines: Sequence[Remembered], alike: Floats) -> Sequence[int]:
    """The most alike first, the newer of two equal ones."""
    return [int(place) for place in np.argsort(-alike, kind="stable")]


def balanced(lines: Sequence[Remembered], alike: Floats) -> Sequence[int]:
    """A liking one and a dislike by turns, the newest of each first."""
    liked = [place for place, line in enumerate(lines) if line.deed.action.weight >= 0]
    disliked = [place for place, line in enumerate(lines) if line.deed.action.weight < 0]
    return [place for pair in zip_longest(liked, disliked) for place in pair if place is not None]


def weighted(lines: Sequence[Remembered], alike: Floats) -> Sequence[int]:
    """What says most first: the action's weight times how recent it is."""
    return [int(place) for place in np.argsort([-line.strength for line in lines], kind="stable")]


HISTORY_POLICIES: dict[str, HistoryPolicy] = {p.__name__: p for p in (newest, relevant, balanced, weighted)}
"""Which lines are kept when the budget cannot hold all. They stand oldest first in the prompt in any case.

Under every policy dislikes get at most half of the budget: that is a guard against a visitor who waves many things
away, not a choice of lines. ``newest`` with this guard is the default.
"""


def merged(history: Sequence[Deed]) -> list[Remembered]:
    """Newest first, a repeated (item, action) once with its count, at the place of its newest."""
    times: dict[tuple[int, str], int] = {}
    strength: dict[tuple[int, str], float] = {}
    latest: dict[tuple[int, str], Deed] = {}
    for newer, deed in enumerate(reversed(history)):
        key = (deed.row, deed.action.name)
        times[key] = times.get(key, 0) + 1
        strength[key] = strength.get(key, 0.0) + abs(deed.action.weight) * HISTORY_DECAY**newer
        latest.setdefault(key, deed)
    return [Remembered(deed=deed, times=times[key], strength=strength[key]) for key, deed in latest.items()]


def likeness(lines: Sequence[Remembered], rows: Sequence[int], moment: Moment, wish: Floats | None) -> Floats:
    """(L,) cosine of each line's item to what the visitor asks for; without words, to the mean of the candidates."""
    remembered = np.array([line.deed.row for line in lines], dtype=np.int64)
    if wish is not None and wish.any():
        return wish[remembered]
    vectors = moment.catalog.vectors
    # Sorted, and each once: the order in which candidates are asked about must not change what the model reads.
    centre = vectors[np.unique(np.asarray(rows, dtype=np.int64))].sum(axis=0)
    cosines: Floats = vectors[remembered] @ (centre / max(float(np.linalg.norm(centre)), 1e-9)).astype(np.float32)
    return cosines
