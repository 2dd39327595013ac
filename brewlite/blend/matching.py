"""Items around one that neither demand nor age can tell from it, drawn so that its own place among them is by lot.

The nearest items alone would not do: what is chosen is mostly the more popular and the newer one of its neighbourhood,
as that is how choices come about. So the place where it stands by each of the two is drawn by lot, and its neighbours
are taken from both sides to suit. What stands at the very edge (the newest post of all) has no like.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

Matrix = NDArray[np.float64]
Ints = NDArray[np.int64]

SEARCHED = 20
"""How many times ``count`` of the nearest items are looked through: those beyond are not alike."""
LEAST_SIDE = 0.25
"""Share of the ``count`` that must be found on each side of the one, in age and in demand. Ties are on both."""


def around(offset: Matrix, mine: int, rng: np.random.Generator, count: int) -> Ints:
    """(count,) positions nearest to 0 in ``offset`` (2, C), without ``mine``; (0,) where one side is too bare."""
    shuffled = rng.permutation(offset.shape[1])  # equally near items: any of them
    shuffled = shuffled[shuffled != mine]
    distance = np.square(offset[:, shuffled]).sum(axis=0)
    near = shuffled[np.argsort(distance, kind="stable")[: SEARCHED * count]]
    sides = np.sign(offset[:, near])
    room = np.stack([(sides <= 0).sum(axis=1), (sides >= 0).sum(axis=1)], axis=1)  # (2, 2): below, above
    if room.min() < LEAST_SIDE * count:
        return np.zeros(0, dtype=np.int64)
    chosen = _first_that_fit(sides, np.array([_shares(int(least), rng, count) for least in room.min(axis=1)]), count)
    rest = np.setdiff1d(np.arange(len(near)), chosen)[: count - len(chosen)]  # near an edge: the nearest there are
    return np.asarray(near[np.concatenate([chosen, rest])])


def share_below(values: Matrix) -> Matrix:
    """(C,) the share of ``values`` below each, ties in the middle: where it stands, whatever the scale."""
    _, place, counts = np.unique(values, return_inverse=True, return_counts=True)
    middle = np.cumsum(counts) - counts / 2
    return np.asarray(middle[place] / len(values))


def _shares(least: int, rng: np.random.Generator, count: int) -> tuple[int, int]:
    """How many of ``count`` to take from below and from above when the barer side has ``least``.

    Every split is as likely as its mirror image, so the one's rank is 1 or ``count + 1`` as often as the middle
    where both sides are full; always the middle would make it the easiest of all to pick out.
    """
    above = int(rng.integers(max(count - least, 0), min(least, count) + 1)) if 2 * least > count else count // 2
    return count - above, above


def _first_that_fit(sides: Matrix, most: Ints, count: int) -> Ints:
    """The first at most ``count`` columns of ``sides`` (2, N) of which no side has more than ``most`` (2, 2) says."""
    left: list[list[int]] = most.tolist()
    picked: list[int] = []
    for column, (popular, fresh) in enumerate(sides.T.astype(int).tolist()):
        taken = [(0, popular)] * (popular != 0) + [(1, fresh)] * (fresh != 0)
        if all(left[which][side > 0] for which, side in taken):
            for which, side in taken:
                left[which][side > 0] -= 1
            picked.append(column)
            if len(picked) == count:
                break
    return np.array(picked, dtype=np.int64)
