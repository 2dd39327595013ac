"""What is known about every item of the site for one visitor, without the language model.

Each signal is one (N,) float32 array over the whole catalog, scaled to about [0, 1]. They propose candidates here
and are blended with the model's log-odds later.
"""

from __future__ import annotations

import numpy as np
from msgspec import Struct

from brewlite.records import Candidate
from brewlite.retrieval.catalog import Floats, Ints, Mask, Moment
from brewlite.retrieval.encoder import Encoder
from brewlite.retrieval.lexicon import Lexicon
from brewlite.retrieval.visitor import Visitor


class RetrievalConfig(Struct, frozen=True, kw_only=True):
    """Which items are considered."""

    candidates: int = 60
    """How many go to the language model; its time grows with them."""
    per_source: int = 10
    """How many places each source is sure of."""
    window_days: float = 60.0
    """The window of recent popularity."""
    fresh_days: float = 7.0
    """Age at which freshness has fallen to a half."""
    recent_history: int = 20
    """How many of the newest events describe the visitor's taste."""
    history_decay: float = 0.9
    """What an event's weight is multiplied by for each newer event."""


class Signals(Struct, frozen=True, kw_only=True):
    """One number an item and source, (N,) float32 each. A source that does not apply is all zeros."""

    popularity: Floats
    """log(1 + recent liking events), scaled by the site's most popular item: [0, 1]."""
    freshness: Floats
    """1 / (1 + age in days / fresh_days): 1 for new, a half after ``fresh_days``."""
    similarity: Floats
    """Cosine of the item's text to the visitor's history; disliked items count against."""
    interests: Floats
    """Cosine of the item's text to the visitor's stored interests."""
    wish: Floats
    """Cosine of the item's text to what this query asks for, less that to what it asks to be spared."""
    words: Floats
    """Share of the wanted words that the item holds, less that of the unwanted; rare ones count more: [-1, 1]."""
    covisit: Floats
    """How often visitors of the history's items also touched this one, over the root of both counts: [0, 1]."""


class Retrieval:
    """Proposes the candidates of a query."""

    def __init__(self, encoder: Encoder | None, config: RetrievalConfig | None = None) -> None:
        self.encoder = encoder
        self.config = config or RetrievalConfig()
        self._lexicon = Lexicon()

    def signals(self, visitor: Visitor, moment: Moment) -> Signals:
        """Every signal for every item of the catalog."""
        counts = np.log1p(moment.popularity(self.config.window_days))
        return Signals(
            popularity=(counts / max(float(counts.max(initial=0.0)), 1e-9)).astype(np.float32),
            freshness=(1.0 / (1.0 + moment.age_days / self.config.fresh_days)).astype(np.float32),
            similarity=self._similarity(visitor, moment),
            interests=self._likeness(visitor.interests, moment),
            wish=self._likeness(visitor.wish, moment) - np.maximum(self._likeness(visitor.unwanted, moment), 0.0),
            words=self._words(visitor, moment),
            covisit=self._covisit(visitor, moment),
        )

    def propose(self, signals: Signals, prior: Floats, allowed: Mask, ids: list[str]) -> list[Candidate]:
        """The union of each source's best and the best by ``prior`` (N,), at most ``candidates``, best prior first."""
        chosen: dict[int, dict[str, float]] = {}
        for name in Signals.__struct_fields__:
            values: Floats = getattr(signals, name)
            for row in _top(np.where(allowed & (values > 0), values, -np.inf), self.config.per_source):
                chosen.setdefault(int(row), {})[name] = round(float(values[row]), 4)
        for row in _top(np.where(allowed, prior, -np.inf), self.config.candidates):
            if len(chosen) >= self.config.candidates:
                break
            chosen.setdefault(int(row), {})
        ranked = sorted(chosen, key=lambda row: (-prior[row], row))[: self.config.candidates]
        return [Candidate(item=ids[row], evidence=chosen[row]) for row in ranked]

    def _similarity(self, visitor: Visitor, moment: Moment) -> Floats:
        """Cosine to the decayed, weighted mean of the newest history (N,)."""
        vectors = moment.catalog.vectors
        recent = visitor.history[-self.config.recent_history :]
        if not recent:
            return np.zeros(len(vectors), dtype=np.float32)
        decay = self.config.history_decay ** np.arange(len(recent) - 1, -1, -1)
        weights = np.array([deed.action.weight for deed in recent]) * decay
        taste = (weights[:, None] * vectors[[deed.row for deed in recent]]).sum(axis=0)
        cosines: Floats = vectors @ (taste / max(float(np.linalg.norm(taste)), 1e-9)).astype(np.float32)
        return cosines

    def _likeness(self, words: str, moment: Moment) -> Floats:
        """Cosine of every item's text to ``words`` (N,)."""
        vectors = moment.catalog.vectors
        if self.encoder is None or not words or vectors.shape[1] == 1:
            return np.zeros(len(vectors), dtype=np.float32)
        cosines: Floats = vectors @ self.encoder.encode([words])[0]
        return cosines

    def _words(self, visitor: Visitor, moment: Moment) -> Floats:
        catalog = moment.catalog
        if not visitor.wish and not visitor.unwanted:
            return np.zeros(len(catalog.items), dtype=np.float32)
        lexicon = self._lexicon.refresh(catalog.items, catalog.wording)
        share: Floats = lexicon.coverage(visitor.wish) - lexicon.coverage(visitor.unwanted)
        return share

    def _covisit(self, visitor: Visitor, moment: Moment) -> Floats:
        """Item-item counts over shared visitors, cosine-normalised (Sarwar et al. 2001), summed over the history."""
        count = len(moment.catalog.items)
        total = np.zeros(count, dtype=np.float32)
        if not visitor.history or moment.n_events == 0:
            return total
        liked = [deed.row for deed in visitor.history[-self.config.recent_history :] if deed.action.weight > 0]
        touched = np.bincount(moment.catalog.events.item[: moment.n_events], minlength=count)
        for row in dict.fromkeys(liked):
            shared = np.bincount(_also_touched(row, visitor, moment), minlength=count)
            total += (shared / np.sqrt(np.maximum(touched, 1) * max(int(touched[row]), 1))).astype(np.float32)
            total[row] = 0.0
        top = float(total.max(initial=0.0))
        return total / top if top > 0 else total


def _also_touched(row: int, visitor: Visitor, moment: Moment) -> Ints:
    """Items of all events, known by now, of the other visitors of item ``row``."""
    catalog = moment.catalog
    events = catalog.by_item[row]
    users = np.unique(catalog.events.user[events[events < moment.n_events]])
    own = catalog.user_index.get(visitor.user) if visitor.user is not None else None
    rows = [catalog.by_user[user] for user in users if user != own]
    if not rows:
        return np.zeros(0, dtype=np.int64)
    joined = np.concatenate(rows)
    return catalog.events.item[joined[joined < moment.n_events]]


def _top(values: Floats, count: int) -> Ints:
    """Rows of the ``count`` largest finite values, best first; equal values in row order."""
    rows = np.flatnonzero(np.isfinite(values))
    return rows[np.argsort(-values[rows], kind="stable")[:count]]
