"""Nearness of texts, by a sentence encoder's vectors."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from brewlite.evaluation.baselines.rules import or_lately, popularity_lately
from brewlite.evaluation.log import Catalog, EventLog, Floats, Ints
from brewlite.evaluation.splits import Moment
from brewlite.retrieval import Encoder


class VectorMean:
    """Nearness of an item's vector to the mean vector of what the visitor liked; both by the store's encoder."""

    name = "minilm-mean"
    reads_words = False

    def __init__(self, encoder: str, ids: list[str], vectors: NDArray[np.float32]) -> None:
        self.label = "MiniLM, mean of history" if "minilm" in encoder.lower() else f"mean of history ({encoder})"
        self._encoder = encoder
        self._ids = ids
        self._vectors = vectors

    def why_not(self, past: EventLog) -> str | None:
        """The store has no vectors."""
        return _no_vectors(self._ids, self._encoder)

    def fit(self, past: EventLog) -> _VectorScorer:
        """A scorer over the catalog of ``past``."""
        return _VectorScorer(aligned(past.catalog, self._ids, self._vectors))


class _VectorScorer:
    def __init__(self, vectors: NDArray[np.float32]) -> None:
        self._vectors = vectors  # (I, D), a row of zeros where the item has none

    def scores(self, moment: Moment) -> Floats:
        """(I,) inner product with the mean of the history; popularity lately without a history."""
        history = moment.history
        if not history.size:
            return popularity_lately(moment)
        return or_lately((self._vectors @ self._vectors[history].mean(axis=0)).astype(np.float64), moment)


class VectorRequest:
    """Nearness of an item's vector to that of the words that the visitor says now. Words are encoded once."""

    name = "minilm-request"
    reads_words = True

    def __init__(self, encoder: Encoder, ids: list[str], vectors: NDArray[np.float32]) -> None:
        self.label = "MiniLM, request" if "minilm" in encoder.name.lower() else f"request ({encoder.name})"
        self._words = WordVectors(encoder)
        self._encoder, self._ids, self._vectors = encoder.name, ids, vectors

    def why_not(self, past: EventLog) -> str | None:
        """The store has no vectors."""
        return _no_vectors(self._ids, self._encoder)

    def fit(self, past: EventLog) -> _RequestScorer:
        """A scorer over the catalog of ``past``."""
        return _RequestScorer(aligned(past.catalog, self._ids, self._vectors), self._words)


class _RequestScorer:
    def __init__(self, vectors: NDArray[np.float32], words: WordVectors) -> None:
        self._vectors = vectors
        self._words = words

    def scores(self, moment: Moment) -> Floats:
        """(I,) cosine with the words; popularity lately where there are none."""
        if not moment.words:
            return popularity_lately(moment)
        return (self._vectors @ self._words.of(moment.words)).astype(np.float64)


class WordVectors:
    """Vectors of visitors' words, each computed once."""

    def __init__(self, encoder: Encoder) -> None:
        self._encoder = encoder
        self._known: dict[str, NDArray[np.float32]] = {}

    def of(self, words: str) -> NDArray[np.float32]:
        """(D,) of length 1."""
        if words not in self._known:
            self._known[words] = self._encoder.encode([words])[0]
        return self._known[words]


def aligned(catalog: Catalog, ids: list[str], vectors: NDArray[np.float32]) -> NDArray[np.float32]:
    """(I, D) ``vectors`` in the catalog's order, zeros where an item has none; (I, 1) where no item has one."""
    if not ids:
        return np.zeros((len(catalog), 1), dtype=np.float32)
    row = {id: index for index, id in enumerate(ids)}
    where: Ints = np.array([row.get(id, -1) for id in catalog.ids], dtype=np.int64)
    return np.where(where[:, None] >= 0, vectors[where], np.float32(0))


def _no_vectors(ids: list[str], encoder: str) -> str | None:
    return None if ids else f"the database holds no item vectors by the encoder {encoder!r}: import the items with it"
