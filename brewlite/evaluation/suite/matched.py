"""Candidates that neither popularity nor freshness can tell apart, so that what is left is preference.

On the full catalog most targets are found by what is new or sought after, whoever the visitor is. Here a target stands
among items of like age and like recent popularity, as matched controls stand beside the cases of an observational
study (Rosenbaum and Rubin, "Constructing a control group using multivariate matched sampling methods", 1985); how they
are drawn is told in :mod:`brewlite.blend.matching`. A target at the very edge (the newest post of all) has no like, and
makes no case.
"""

from __future__ import annotations

import numpy as np

from brewlite.blend.matching import around, share_below
from brewlite.evaluation.baselines import newest, popularity_lately
from brewlite.evaluation.log import EventLog, Ints
from brewlite.evaluation.splits import Moment, candidates


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
        likeness = np.stack([share_below(rule(moment)[rows]) for rule in (popularity_lately, newest)])
        others = around(likeness - likeness[:, [mine]], mine, rng, count - 1)
        rows = rows[np.append(others, mine)] if len(others) else others
    return rng.permutation(rows)
