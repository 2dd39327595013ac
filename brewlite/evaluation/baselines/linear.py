"""EASE: a linear model from item to item, in closed form."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray
from scipy.linalg.lapack import spotrf, spotri

from brewlite.evaluation.baselines.neighbours import liked_matrix
from brewlite.evaluation.baselines.rules import or_lately
from brewlite.evaluation.log import EventLog, Floats, Ints
from brewlite.evaluation.splits import Moment


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
        self._config = config
        self._first = len(past)
        self._refit(past)

    def scores(self, moment: Moment) -> Floats:
        """(I,) ``x B``; popularity lately where the model knows none of the history."""
        due = self._due(len(moment.past))
        if due != self._fitted:
            self._refit(moment.past.head(due))
        history = self._row[moment.history]
        weights = symmetric_rows(self._inverse, history[history >= 0]) / -np.diag(self._inverse)  # (H, A)
        scores = np.zeros(len(moment.past.catalog))
        scores[self._items] = weights.sum(axis=0)
        scores[moment.history] = 0  # B's diagonal is 0
        return or_lately(scores, moment)

    def _due(self, events: int) -> int:
        """The length of the log at the last step of growth that ``events`` has reached."""
        due = self._first
        if len(self._items) > self._config.most_refitted:
            return due
        while (longer := int(due * (1 + self._config.growth)) + 1) <= events:
            due = longer
        return due

    def _refit(self, past: EventLog) -> None:
        self._fitted = len(past)
        self._items = np.unique(past.liked().items)  # (A,) those somebody liked
        self._row = np.full(len(past.catalog), -1)
        self._row[self._items] = np.arange(len(self._items))
        liked = liked_matrix(past)[:, self._items].astype(np.float32)
        gram = (liked.T @ liked).toarray(order="F")
        gram[np.diag_indices_from(gram)] += self._config.ridge
        self._inverse = inverse_upper(gram)


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
