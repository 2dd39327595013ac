"""Pairs of real items that are alike in everything but what was asked for."""

from __future__ import annotations

import numpy as np

from brewlite.evaluation.log import Ints
from brewlite.evaluation.suite.stated.stock import Stock

LOOKED_AT = 60
"""Fitting items whose twins are looked for, drawn at random."""
TWINS_LOOKED_AT = 1500

Pair = tuple[int, int]


def nearest_pairs(stock: Stock, fitting: Ints, others: Ints, count: int, rng: np.random.Generator) -> list[Pair]:
    """At most ``count`` pairs (row that fits, its twin among ``others``), the most alike first; no row twice."""
    if not len(fitting) or not len(others):
        return []
    left = rng.permutation(fitting)[:LOOKED_AT]
    right = rng.permutation(others)[:TWINS_LOOKED_AT]
    distance = stock.distances(left, right)
    pairs: list[Pair] = []
    while len(pairs) < min(count, len(left), len(right)):
        row, column = divmod(int(distance.argmin()), distance.shape[1])
        if not np.isfinite(distance[row, column]):
            break
        pairs.append((int(left[row]), int(right[column])))
        distance[row, :], distance[:, column] = np.inf, np.inf
    return pairs


def like_the_twins(stock: Stock, pool: Ints, pairs: list[Pair], count: int) -> list[int]:
    """At most ``count`` rows of ``pool``, not in the pairs, most like the pairs' second items: a history."""
    taken = {row for pair in pairs for row in pair}
    free = np.array([row for row in pool if row not in taken], dtype=np.int64)
    if not len(free):
        return []
    nearness = stock.distances(np.array([twin for _, twin in pairs]), free).mean(axis=0)
    return [int(row) for row in free[np.argsort(nearness, kind="stable")[:count]]]


def shuffled(pairs: list[Pair], rng: np.random.Generator) -> list[int]:
    """The rows of all pairs in random order."""
    return [int(row) for row in rng.permutation([row for pair in pairs for row in pair])]
