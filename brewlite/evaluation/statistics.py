"""How sure a mean is: the bootstrap over visitors.

One visitor's cases are alike, so visitors are drawn, not cases (Efron and Tibshirani, "An Introduction to the
Bootstrap", 1993, chapter 8). Every method is judged on the same draws, so differences are paired.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from msgspec import Struct

from brewlite.evaluation.log import Floats, Ints

ROUNDS = 2000
FEWEST_USERS = 10
"""With effectively fewer visitors a bootstrap interval is too narrow to be told: none is given."""


class Estimate(Struct, frozen=True, kw_only=True):
    """A mean and its 95% interval; no interval when it rests on too few visitors."""

    value: float
    low: float | None = None
    high: float | None = None

    def words(self, signed: bool = False) -> str:
        """``0.412 (0.380 to 0.445)``; the value alone where there is no interval."""
        form = "+.3f" if signed else ".3f"
        if self.low is None or self.high is None:
            return f"{self.value:{form}}"
        return f"{self.value:{form}} ({self.low:{form}} to {self.high:{form}})"


class Draws:
    """The visitors drawn in each round of a bootstrap, for N cases of given weights."""

    def __init__(self, users: Ints, weights: Floats, rng: np.random.Generator, rounds: int = ROUNDS) -> None:
        _, owner = np.unique(users, return_inverse=True)
        share = np.bincount(owner, weights=weights)  # (U,)
        self.effective_users = float(share.sum() ** 2 / (share**2).sum())
        """How many visitors of equal weight tell as much (Kish 1965): a few may carry most of the mean."""
        drawn = rng.multinomial(len(share), np.full(len(share), 1 / len(share)), size=rounds)  # (B, U)
        self._weights = weights
        self._drawn = drawn[:, owner] * weights  # (B, N)

    @classmethod
    def groups_alike(cls, visitors: Sequence[str], groups: Sequence[str], seed: int | Sequence[int]) -> Draws:
        """Each of ``groups``, such as sites, weighs the same, however many of the N cases are its own.

        Args:
            visitors: (N,) whose case it is.
            groups: (N,) what it belongs to.
            seed: of the draws.
        """
        _, owner = np.unique(visitors, return_inverse=True)
        _, group = np.unique(groups, return_inverse=True)
        return cls(owner.astype(np.int64), 1.0 / np.bincount(group)[group], np.random.default_rng(seed))

    def mean(self, values: Floats) -> float:
        """The weighted mean of ``values`` (N,)."""
        return float(values @ self._weights / self._weights.sum())

    def means(self, values: Floats) -> Floats:
        """(B,) the weighted mean in each round."""
        return np.asarray(self._drawn @ values / self._drawn.sum(axis=1))

    def estimate(self, values: Floats) -> Estimate:
        """The mean of ``values`` (N,) with its interval."""
        return self.interval(self.mean(values), self.means(values))

    def relative(self, ours: Floats, theirs: Floats) -> Estimate | None:
        """By what share the mean of ``ours`` is above that of ``theirs``; None where theirs may well be 0."""
        base = self.means(theirs)
        if self.mean(theirs) <= 0 or np.quantile(base, 0.025) <= 0:
            return None
        floor = base[base > 0].min()  # a few rounds may draw 0: they count as the smallest seen
        rounds = self.means(ours) / np.maximum(base, floor) - 1
        return self.interval(self.mean(ours) / self.mean(theirs) - 1, rounds)

    def interval(self, value: float, rounds: Floats) -> Estimate:
        """``value`` with the middle 95% of ``rounds`` (B,)."""
        if self.effective_users < FEWEST_USERS:
            return Estimate(value=value)
        low, high = np.quantile(rounds, [0.025, 0.975])
        return Estimate(value=value, low=float(low), high=float(high))
