"""EASE: a linear model from item to item, in closed form."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray
from scipy.linalg.lapack import spotrf, spotri

from brewlite.evaluation.baselines.growth import Growing
from brewlite.evaluation.baselines.neighbours import liked_matrix
from brewlite.evaluation.baselines.rules import or_lately
from brewlite.evaluation.log import EventLog, Floats, Ints
from brewlite.evaluation.splits import Moment

MOST_KEPT = 200_000_000
"""Bytes of fitted models that are held at a time."""


class Ease:
    """EASE: a linear item-to-item model in closed form, with a ridge.

    ``P = (X'X + ridge I)^-1``, ``B = I - P / diag(P)`` column by column, scores ``x B``. Steck, "Embarrassingly Shallow
    Autoencoders for Sparse Data", WWW 2019. Only items that somebody liked take part. Fitted before the cut, and again
    whenever the log has grown by ``growth``: a site would do so, and cases long after the cut would be unfair else.
    Beyond ``most_refitted`` items, where one fit takes minutes, it is fitted once.
    """

    name = "ease"
    label = "EASE"
    reads_words = False

    def __init__(
        self, ridge: float = 100.0, growth: float = 0.05, most_items: int = 20_000, most_refitted: int = 5_000
    ) -> None:
        self.ridge = ridge
        self.growth = growth
        self.most_items = most_items
        self.most_refitted = most_refitted

    def why_not(self, past: EventLog) -> str | None:
        """Too many items for a dense square matrix in a small server's memory."""
        count = len(np.unique(past.liked().items))
        if count <= self.most_items:
            return None
        return f"{count:,} liked items, more than {self.most_items:,}: its matrix would take {4e-9 * count**2:.1f} GB"

    def fit(self, past: EventLog) -> _EaseScorer:
        """A scorer fitted on ``past``."""
        return _EaseScorer(self, past)


class _EaseScorer:
    def __init__(self, config: Ease, past: EventLog) -> None:
        self.models = Growing(lambda log: _EaseModel(log, config.ridge), past, config.growth)
        size = len(self.models.at(past).items)
        if size > config.most_refitted:
            self.models.growth = None
        self.models.kept = max(1, int(MOST_KEPT / (4.0 * max(size, 1) ** 2)))

    def scores(self, moment: Moment) -> Floats:
        """(I,) ``x B``; by popularity lately where it is 0, as the model knows the item, or the history, not at all."""
        return or_lately(self.models.at(moment.past).scores(moment.history), moment)


class _EaseModel:
    def __init__(self, past: EventLog, ridge: float) -> None:
        self.items = np.unique(past.liked().items)  # (A,) those somebody liked
        self._row = np.full(len(past.catalog), -1)
        self._row[self.items] = np.arange(len(self.items))
        liked = liked_matrix(past)[:, self.items].astype(np.float32)
        gram = (liked.T @ liked).toarray(order="F")
        gram[np.diag_indices_from(gram)] += ridge
        self._inverse = inverse_upper(gram)

    def scores(self, history: Ints) -> Floats:
        known = self._row[history]
        known = known[known >= 0]
        weights = symmetric_rows(self._inverse, known) / -np.diag(self._inverse)  # (H, A)
        weights[np.arange(len(known)), known] = 0  # B's diagonal
        scores = np.zeros(len(self._row))
        scores[self.items] = weights.sum(axis=0)
        return scores


def inverse_upper(matrix: NDArray[np.float32]) -> NDArray[np.float32]:
    """The upper triangle of the inverse of a symmetric positive definite (A, A) matrix, by Cholesky, in its place."""
    factor, failed = spotrf(matrix, lower=False, overwrite_a=True)
    inverse, failed_too = spotri(factor, lower=False, overwrite_c=True)
    if failed or failed_too:
        raise ValueError(f"a matrix of shape {matrix.shape} is not positive definite: the ridge must be above 0")
    return np.asarray(inverse)


def symmetric_rows(upper: NDArray[np.float32], rows: Ints) -> NDArray[np.float32]:
    """(R, A) the ``rows`` of the symmetric matrix whose upper triangle is given."""
    picked = np.array([np.concatenate([upper[:row, row], upper[row, row:]]) for row in rows], dtype=np.float32)
    return picked.reshape(len(rows), len(upper))
