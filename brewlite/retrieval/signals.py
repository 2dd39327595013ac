"""What is known about every item of the site for one visitor, without the language model.

Each signal is one (N,) float32 array over the whole catalog. The blend weighs them (:mod:`brewlite.blend`): that
proposes the candidates here, and later stands beside the model's log-odds.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Annotated

import numpy as np
from msgspec import Meta, Struct

from brewlite.records import Candidate
from brewlite.retrieval.catalog import Floats, Ints, Mask, Moment
from brewlite.retrieval.demand import demand
from brewlite.retrieval.encoder import Encoder
from brewlite.retrieval.lexicon import Lexicon, values_of
from brewlite.retrieval.meant import REMEMBERED, MeantWords
from brewlite.retrieval.taste import apart_from_itself, liked_rows, near_numbers, same_place, shared_visitors, touched
from brewlite.retrieval.visitor import Visitor


class RetrievalConfig(Struct, frozen=True, kw_only=True):
    """Which items are considered."""

    candidates: Annotated[int, Meta(ge=1)] = 60
    """How many go to the language model, or ``k`` of the query where that is more; its time grows with them."""
    per_source: Annotated[int, Meta(ge=0)] = 4
    """How many places each part of the blend is sure of."""
    window_days: Annotated[float, Meta(gt=0)] = 60.0
    """The window of recent popularity."""
    recent_history: Annotated[int, Meta(ge=0)] = 20
    """How many of the newest events ``similarity`` is told by."""
    history_decay: Annotated[float, Meta(gt=0, le=1)] = 0.9
    """What an event's weight is multiplied by for each newer event."""


class Signals(Struct, frozen=True, kw_only=True):
    """One number an item and source, (N,) float32 each. A source that does not apply is all zeros."""

    # Of the item, the same for every visitor
    surge: Floats
    """log(1 + liking events of late, each with its action's weight, halved every twentieth of ``window_days``)."""
    week: Floats
    """log(1 + liking events of the last 7 days, each with its action's weight)."""
    month: Floats
    """The same over 30 days."""
    season: Floats
    """The same over ``window_days``."""
    ever: Floats
    """The same over the whole log."""
    untouched: Floats
    """1 where nobody ever liked it."""
    rivals: Floats
    """log(1 + items that were liked more over ``window_days``)."""
    idle: Floats
    """log(1 + days since it was last liked, or came)."""
    idle_hours: Floats
    """log(0.05 + the same days): tells hours apart."""
    trend: Floats
    """Cosine of its text to what is liked over ``window_days``, less what all items have in common."""
    age: Floats
    """log(1 + days since it came); where nothing tells when, the middle of the others."""
    age_hours: Floats
    """log(0.05 + the same days): tells hours apart."""
    newer: Floats
    """log(1 + items that are newer)."""
    # Of the item and the visitor's history
    similarity: Floats
    """Cosine of its text to the decayed mean of the newest history; disliked items count against. Not weighed: it says
    little beside the next three, and is what the language model's warm start is taught by."""
    likeness: Floats
    """Mean cosine of its text to those that the visitor liked."""
    closest: Floats
    """The highest of these cosines."""
    latest: Floats
    """The cosine to what was liked last."""
    disliked: Floats
    """The highest cosine to what was disliked, at least 0."""
    covisit: Floats
    """log(1 + 100 s), s the similarity to the history by shared visitors."""
    shared_words: Floats
    """Mean cosine of its words to those of the history, rare words counting more (tf-idf)."""
    matching_words: Floats
    """BM25 of its text for the words of the history, over the number of liked items."""
    shared_values: Floats
    """As ``shared_words``, of its tags, categories and place."""
    same_place: Floats
    """Share of the liked items that are in the same place."""
    near_price: Floats
    """Its price less far from those of the liked items than others' (:func:`near_numbers`); at most 0."""
    near_size: Floats
    """The same of its other numbers: rooms, beds, hours."""
    touched: Floats
    """1 for what the visitor has touched before."""
    # Of the item and what the visitor says
    interests: Floats
    """Cosine of its text to the visitor's stored interests."""
    wish: Floats
    """Cosine of its text to what this query asks for."""
    unwanted: Floats
    """Cosine of its text to what this query asks to be spared."""
    words: Floats
    """Share of the wanted words that it holds; rare ones count more: [0, 1]."""
    unwanted_words: Floats
    """The same of the unwanted words."""

    @property
    def asked(self) -> Floats:
        """(N,) how near each item is to what this query asks for, less how near to what it asks to be spared."""
        return self.wish - np.maximum(self.unwanted, 0.0)


TASTE = (
    "similarity", "likeness", "closest", "latest", "disliked", "covisit", "shared_words", "matching_words",
    "shared_values", "same_place", "near_price", "near_size", "touched",
)  # fmt: skip
"""The signals that the history speaks in."""
NUMBERS = {"near_price": ("money",), "near_size": ("number", "integer")}
"""Which types of field each of the two is told by."""
DISLIKED = 50
"""The newest disliked items that are compared."""
WORDED = 20
"""The newest liked items whose words are compared."""


class Retrieval:
    """Proposes the candidates of a query."""

    def __init__(self, encoder: Encoder | None, config: RetrievalConfig | None = None) -> None:
        self.encoder = encoder
        self.config = config or RetrievalConfig()
        self._meant = None if encoder is None else MeantWords(encoder)
        self.lexicon = Lexicon(said=self._meant)
        """Of all that is said of the items; the prompt reads it too."""
        self._wordings = Lexicon()
        """Of the items as they are described: histories are compared by what is told first."""
        self._values = Lexicon(str.splitlines)
        self._vectors: dict[str, Floats] = {}

    def know(self, texts: Sequence[str], vectors: Floats) -> None:
        """Take the vectors (T, D) of ``texts`` as given: for many visitors at once, whose words are encoded already."""
        self._vectors = dict(zip(texts, vectors, strict=True))

    def signals(self, visitor: Visitor, moment: Moment) -> Signals:
        """Every signal for every item of the catalog."""
        return Signals(
            **demand(moment, self.config.window_days),
            **self._taste(visitor, moment),
            **self._stated(visitor, moment),
        )

    def propose(
        self, parts: Mapping[str, Floats], prior: Floats, allowed: Mask, ids: list[str], k: int = 1
    ) -> list[Candidate]:
        """The union of each part's best and the best by ``prior`` (N,), best prior first.

        At most ``candidates``, or ``k`` where so many are to be shown.
        """
        most = max(self.config.candidates, k)
        chosen: dict[int, dict[str, float]] = {}
        for name, values in parts.items():
            for row in _top(np.where(allowed & (values > 0), values, -np.inf), self.config.per_source):
                chosen.setdefault(int(row), {})[name] = round(float(values[row]), 4)
        for row in _top(np.where(allowed, prior, -np.inf), most):
            if len(chosen) >= most:
                break
            chosen.setdefault(int(row), {})
        ranked = sorted(chosen, key=lambda row: (-prior[row], row))[:most]
        return [Candidate(item=ids[row], evidence=chosen[row]) for row in ranked]

    def _taste(self, visitor: Visitor, moment: Moment) -> dict[str, Floats]:
        """The columns that the history speaks in; zeros without one."""
        catalog, liked = moment.catalog, liked_rows(visitor)
        columns = dict.fromkeys(TASTE, np.zeros(len(catalog.items), dtype=np.float32))
        if visitor.history:
            columns["similarity"] = self._similarity(visitor, moment)
            columns["touched"] = touched(visitor, len(catalog.items))
        disliked = [deed.row for deed in visitor.history if deed.action.weight < 0][-DISLIKED:]
        if disliked:
            columns["disliked"] = np.maximum(catalog.vectors @ catalog.vectors[disliked].T, 0.0).max(axis=1)
        if len(liked):
            cosines = apart_from_itself(catalog.vectors @ catalog.vectors[liked].T, liked)  # (N, H)
            columns["likeness"] = cosines.mean(axis=1)
            columns["closest"] = cosines.max(axis=1)
            columns["latest"] = cosines[:, -1]
            columns["covisit"] = shared_visitors(liked, moment)
            columns["same_place"] = same_place(liked, moment)
            for column, types in NUMBERS.items():
                names = [field.name for field in catalog.adapter.fields if field.type in types]
                columns[column] = near_numbers(liked, moment, names)
            words = self._wordings.refresh(catalog.items, catalog.wording)
            columns["shared_words"] = words.likeness(liked[-WORDED:])
            columns["matching_words"] = words.match(liked[-WORDED:])
            values = self._values.refresh(catalog.items, lambda item: values_of(item, catalog.adapter))
            columns["shared_values"] = values.likeness(liked[-WORDED:])
        return columns

    def _stated(self, visitor: Visitor, moment: Moment) -> dict[str, Floats]:
        """The columns of what the visitor says; zeros where they say nothing."""
        if self._meant is not None:
            self._meant.refresh(moment.catalog)
        return {
            "interests": self._cosine(visitor.interests, moment),
            "wish": self._cosine(visitor.wish, moment),
            "unwanted": self._cosine(visitor.unwanted, moment),
            "words": self._coverage(visitor.wish, moment),
            "unwanted_words": self._coverage(visitor.unwanted, moment),
        }

    def _similarity(self, visitor: Visitor, moment: Moment) -> Floats:
        """Cosine to the decayed, weighted mean of the newest history (N,)."""
        vectors = moment.catalog.vectors
        recent = visitor.history[-self.config.recent_history :]
        decay = self.config.history_decay ** np.arange(len(recent) - 1, -1, -1)
        weights = np.array([deed.action.weight for deed in recent]) * decay
        taste = (weights[:, None] * vectors[[deed.row for deed in recent]]).sum(axis=0)
        cosines: Floats = vectors @ (taste / max(float(np.linalg.norm(taste)), 1e-9)).astype(np.float32)
        return cosines

    def _cosine(self, words: str, moment: Moment) -> Floats:
        """Cosine of every item's text to ``words`` (N,)."""
        vectors = moment.catalog.vectors
        if self.encoder is None or not words or vectors.shape[1] == 1:
            return np.zeros(len(vectors), dtype=np.float32)
        cosines: Floats = vectors @ self._vector(words, self.encoder)
        return cosines

    def _coverage(self, words: str, moment: Moment) -> Floats:
        catalog = moment.catalog
        if not words:
            return np.zeros(len(catalog.items), dtype=np.float32)
        return self.lexicon.refresh(catalog.items, catalog.said).coverage(words)

    def _vector(self, words: str, encoder: Encoder) -> Floats:
        if words not in self._vectors:
            if len(self._vectors) >= REMEMBERED:
                self._vectors.clear()
            self._vectors[words] = encoder.encode([words])[0]
        return self._vectors[words]


def _top(values: Floats, count: int) -> Ints:
    """Rows of the ``count`` largest finite values, best first; equal values in row order."""
    rows = np.flatnonzero(np.isfinite(values))
    return rows[np.argsort(-values[rows], kind="stable")[:count]]
