"""Whether a difference between two methods on the same cases could be luck: the paired sign-flip test.

Where two methods are equally good, each visitor's differences would as likely have come out with the other sign.
(Fisher, "The Design of Experiments", 1935, section 21; for ranking metrics: Smucker, Allan and Carterette, "A
Comparison of Statistical Significance Tests for Information Retrieval Evaluation", CIKM 2007.)
"""

from __future__ import annotations

from collections.abc import Sequence
from itertools import product

import numpy as np

from brewlite.evaluation.log import Floats, Ints

FLIPS = 10_000
"""Random flips; with so few visitors that there are no more ways than this, all of them are taken."""
_AT_ONCE = 1000


def sign_flip(differences: Floats, visitors: Ints, rng: np.random.Generator, flips: int = FLIPS) -> float:
    """Two-sided p of the mean of ``differences`` (N,) being 0, the signs of one visitor's cases flipped together.

    ``visitors`` (N,) says whose each case is. The p of random flips is never below 1 / (flips + 1). Without a case, or
    where no visitor's differences sum to anything, it is 1.
    """
    if len(differences) != len(visitors):
        raise ValueError(f"{len(differences)} differences, {len(visitors)} visitors: one visitor a case is needed")
    if not len(differences):
        return 1.0
    _, owner = np.unique(visitors, return_inverse=True)
    sums = np.bincount(owner, weights=differences)  # (U,)
    sums = sums[np.abs(sums) > 1e-12]  # a visitor whose sum is 0 changes nothing
    if not len(sums):
        return 1.0
    least = abs(sums.sum()) - 1e-9 * np.abs(sums).sum()  # rounding must not break ties
    if 2 ** len(sums) <= flips:
        signs = np.array(list(product((-1.0, 1.0), repeat=len(sums))))  # (2^U, U)
        return float(np.mean(np.abs(signs @ sums) >= least))
    as_far = sum(
        int(np.count_nonzero(np.abs(_signs(min(_AT_ONCE, flips - start), len(sums), rng) @ sums) >= least))
        for start in range(0, flips, _AT_ONCE)
    )
    return (as_far + 1) / (flips + 1)  # the order that was seen is one of the ways


def holm(p_values: Sequence[float]) -> tuple[float, ...]:
    """``p_values`` of one family of tests, adjusted so that any false alarm among them is as rare as a p says.

    Holm, "A Simple Sequentially Rejective Multiple Test Procedure", Scandinavian Journal of Statistics 6, 1979.
    """
    adjusted = [0.0] * len(p_values)
    highest = 0.0
    for place, row in enumerate(sorted(range(len(p_values)), key=lambda row: p_values[row])):
        highest = max(highest, min(1.0, (len(p_values) - place) * p_values[row]))
        adjusted[row] = highest
    return tuple(adjusted)


def _signs(rows: int, columns: int, rng: np.random.Generator) -> Floats:
    """(rows, columns) of -1.0 and 1.0."""
    return rng.integers(0, 2, size=(rows, columns)).astype(np.float64) * 2 - 1
