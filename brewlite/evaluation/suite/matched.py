"""Candidates that neither popularity nor freshness can tell apart, so that what is left is preference.

On the full catalog most targets are found by what is new or sought after, whoever the visitor is. Here a target stands
among items of like age and like recent popularity, as matched controls stand beside the cases of an observational
study (Rosenbaum and Rubin, "Constructing a control group using multivariate matched sampling methods", 1985).

The nearest items alone would not do: a target is mostly the more popular and the newer one of its neighbourhood, as
that is how targets come about. So the place where it stands by each of the two is drawn by lot, and its neighbours are
taken from both sides to suit. A target at the very edge (the newest post of all) has no like, and makes no case.
"""

from __future__ import annotations

import numpy as np

from brewlite.evaluation.baselines import newest, popularity_lately
from brewlite.evaluation.log import EventLog, Floats, Ints
from brewlite.evaluation.splits import Moment, candidates

SEARCHED = 20
"""How many times ``count`` of the nearest items are looked through: those beyond are not alike."""
LEAST_SIDE = 0.25
"""Share of the ``count`` that must be found on each side of the target, in age and in popularity. Ties are on both."""


def matched_candidates(
    log: EventLog, moment: Moment, target: int, first_touch: Ints, rng: np.random.Generator, count: int = 50
) -> Ints:
    """(count,) the catalog rows of ``target`` and of the ``count - 1`` items most like it at ``moment``, shuffled.

    Alike in age (``newest``) and in liking events of the last 60 days, among all that could be shown to the visitor
    then; all of those where they are no more than ``count``. Empty, (0,), where the target has no like: the caller
    passes the case over. ``first_touch`` is that of the whole ``log``.
    Raises ValueError when the target could not be shown.
    """
    shown = candidates(log, moment, first_touch)
    if not shown[target]:
        raise ValueError(f"target {target} could not be shown at {moment.at}")
    rows = np.flatnonzero(shown)
    if len(rows) > count:
        mine = int(np.searchsorted(rows, target))
        likeness = np.stack([_share_below(rule(moment)[rows]) for rule in (popularity_lately, newest)])
        others = _around(likeness - likeness[:, [mine]], mine, rng, count - 1)
        rows = rows[np.append(others, mine)] if len(others) else others
    return rng.permutation(rows)


def _around(offset: Floats, mine: int, rng: np.random.Generator, count: int) -> Ints:
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


def _shares(least: int, rng: np.random.Generator, count: int) -> tuple[int, int]:
    """How many of ``count`` to take from below and from above when the barer side has ``least``.

    Every split is as likely as its mirror image, so the target's rank is 1 or ``count + 1`` as often as the middle
    where both sides are full; always the middle would make it the easiest of all to pick out.
    """
    above = int(rng.integers(max(count - least, 0), min(least, count) + 1)) if 2 * least > count else count // 2
    return count - above, above


def _first_that_fit(sides: Floats, most: Ints, count: int) -> Ints:
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


def _share_below(values: Floats) -> Floats:
    """(C,) the share of ``values`` below each, ties in the middle: where it stands, whatever the scale."""
    _, place, counts = np.unique(values, return_inverse=True, return_counts=True)
    middle = np.cumsum(counts) - counts / 2
    return np.asarray(middle[place] / len(values))
