"""What visitors with similar words went on to choose: the examples that a newcomer's prompt gets."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from brewlite.retrieval.catalog import Catalog, Floats, Moment, to_us
from brewlite.retrieval.encoder import Encoder
from brewlite.retrieval.visitor import Visitor

MIN_COSINE = 0.35
"""Below this, MiniLM's neighbours share little more than a language."""


@dataclass(frozen=True)
class Example:
    """Another visitor's words and the item they chose."""

    words: str
    row: int
    phrase: str
    """The action, past tense."""


class Neighbours:
    """Visitors whose stated interests have vectors, read once per revision of the store."""

    def __init__(self, catalog: Catalog) -> None:
        self.catalog = catalog
        self._seen: tuple[int, int] | None = None
        self._ids: list[str] = []
        self._vectors: Floats = np.zeros((0, 1), dtype=np.float32)

    def examples(self, visitor: Visitor, moment: Moment, encoder: Encoder | None, count: int) -> tuple[Example, ...]:
        """Up to ``count`` examples from the visitors with the most similar words; none without words to compare."""
        self._refresh()
        words = visitor.wish or visitor.interests
        if encoder is None or not words or not self._ids:
            return ()
        cosines = self._vectors @ encoder.encode([words])[0]
        found: list[Example] = []
        for row in np.argsort(-cosines, kind="stable"):
            if cosines[row] < MIN_COSINE or len(found) == count:
                break
            if self._ids[row] != visitor.user:
                found.extend(self._choices(self._ids[row], moment)[: count - len(found)])
        return tuple(found)

    def _choices(self, user: str, moment: Moment) -> list[Example]:
        """The newest liked item of ``user`` known by now; empty where the words were stated later."""
        stored = self.catalog.store.user(user)
        if stored is None or (stored.updated is not None and to_us(stored.updated) >= moment.us):
            return []
        events = self.catalog.events
        for row in moment.user_events(user)[::-1]:
            action = self.catalog.actions[events.action[row]]
            if action.weight > 0:
                return [Example(words=stored.interests, row=int(events.item[row]), phrase=action.phrase)]
        return []

    def _refresh(self) -> None:
        revision = self.catalog.store.revision()
        if (revision.users, revision.vectors) != self._seen:
            self._ids, self._vectors = self.catalog.store.vectors("user", self.catalog.encoder)
            self._seen = (revision.users, revision.vectors)
