"""Nearness of texts, by a sentence encoder's vectors."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from brewlite.evaluation.baselines.rules import or_lately, popularity_lately
from brewlite.evaluation.log import Catalog, EventLog, Floats, Ints
from brewlite.evaluation.splits import Moment


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
        if self._ids:
            return None
        return f"the database holds no item vectors by the encoder {self._encoder!r}: import the items with it"

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


def aligned(catalog: Catalog, ids: list[str], vectors: NDArray[np.float32]) -> NDArray[np.float32]:
    """(I, D) ``vectors`` in the catalog's order."""
    row = {id: index for index, id in enumerate(ids)}
    where: Ints = np.array([row.get(id, -1) for id in catalog.ids], dtype=np.int64)
    return np.where(where[:, None] >= 0, vectors[where], np.float32(0))
