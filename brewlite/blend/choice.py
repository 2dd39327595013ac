"""Which of several was chosen: a conditional logit, fitted around weights that are already believed in.

McFadden, "Conditional logit analysis of qualitative choice behavior", 1974: the chance that a visitor chooses one of a
list is the softmax of linear scores over that list. What all of a list have in common cancels out, so neither the
visitor nor the moment needs a weight of its own. The weights have a Gaussian prior around ``mean``, so few choices
leave them where they were and many move them (maximum a posteriori).
"""

from __future__ import annotations

import numpy as np
from msgspec import Struct
from numpy.typing import NDArray

Matrix = NDArray[np.float64]
Ints = NDArray[np.int64]
STEPS = 30
"""Newton steps; five to ten are usual."""
ENOUGH = 1e-4
"""The fit ends where a step gains less than this for each list."""
STEEPEST = 3.0
"""Bound of the slope: a few choices that all went as expected would make it infinite."""


class Choices(Struct, frozen=True, kw_only=True, eq=False):
    """G lists, one below the other, of each of which the first row was chosen."""

    columns: NDArray[np.float32]
    """(R, P) what is known of each row. Single precision: half the time, and far more than the data hold."""
    starts: Ints
    """(G,) the first row of each list, ascending from 0. A list has at least one row."""
    sizes: Ints
    """(G,)"""

    def __len__(self) -> int:
        return len(self.starts)

    @classmethod
    def of(cls, lists: list[Matrix]) -> Choices:
        """Of ``lists`` of (C, P) each, the chosen one first."""
        sizes = np.array([len(rows) for rows in lists], dtype=np.int64)
        return cls(columns=np.concatenate(lists).astype(np.float32), starts=np.cumsum(sizes) - sizes, sizes=sizes)

    def likelihood(self, weights: Matrix) -> Matrix:
        """(G,) the log of the chance that was given to what was chosen."""
        scores = self.scores(weights)
        return np.asarray(scores[self.starts] - self._log_sums(scores))

    def scores(self, weights: Matrix) -> Matrix:
        """(R,) by ``weights`` (P,)."""
        return np.asarray(self.columns @ weights.astype(np.float32), dtype=np.float64)

    def chances(self, scores: Matrix) -> Matrix:
        """(R,) the softmax of ``scores`` (R,) over each list."""
        return np.asarray(np.exp(scores - np.repeat(self._log_sums(scores), self.sizes)))

    def _log_sums(self, scores: Matrix) -> Matrix:
        top = np.maximum.reduceat(scores, self.starts)
        return np.asarray(top + np.log(np.add.reduceat(np.exp(scores - np.repeat(top, self.sizes)), self.starts)))


def fit(choices: Choices, mean: Matrix, strength: float, start: Matrix | None = None) -> Matrix:
    """(P,) the weights that make what was chosen likeliest, pulled to ``mean`` (P,) with the precision ``strength``.

    Newton's method from ``start``; each step is halved until it gains (the target is concave, so some step does).
    """
    weights = (mean if start is None else start).astype(np.float64).copy()
    value = _value(choices, weights, mean, strength)
    for _ in range(STEPS):
        slope, curve = _derivatives(choices, weights, mean, strength)
        step, size = np.linalg.solve(curve, slope), 1.0
        while (reached := _value(choices, weights + size * step, mean, strength)) < value and size > 1e-4:
            size /= 2
        if reached < value:
            break
        weights, gain, value = weights + size * step, reached - value, reached
        if gain < ENOUGH * len(choices):
            break
    return weights


def fit_slope(choices: Choices, weights: Matrix) -> float:
    """What scores are best multiplied by, so that their softmax tells the chances (temperature scaling).

    Guo et al., "On calibration of modern neural networks", ICML 2017, with 1 / temperature.
    """
    scores = choices.scores(weights)
    one = Choices(columns=scores[:, None].astype(np.float32), starts=choices.starts, sizes=choices.sizes)
    return float(np.clip(fit(one, np.ones(1), 1.0)[0], 0.0, STEEPEST))


def _value(choices: Choices, weights: Matrix, mean: Matrix, strength: float) -> float:
    return float(choices.likelihood(weights).sum()) - 0.5 * strength * float(np.square(weights - mean).sum())


def _derivatives(choices: Choices, weights: Matrix, mean: Matrix, strength: float) -> tuple[Matrix, Matrix]:
    """The gradient (P,), and the negative Hessian (P, P)."""
    table = choices.columns
    weighted = table * choices.chances(choices.scores(weights)).astype(np.float32)[:, None]
    expected = np.add.reduceat(weighted, choices.starts)  # (G, P)
    slope = (table[choices.starts] - expected).sum(axis=0, dtype=np.float64) - strength * (weights - mean)
    curve = (weighted.T @ table - expected.T @ expected).astype(np.float64)
    return slope, curve + strength * np.eye(len(weights))
