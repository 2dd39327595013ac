"""How alike the items of a list are in age and demand, set against the catalog."""

from __future__ import annotations

import numpy as np

from brewlite.retrieval import Signals
from brewlite.retrieval.catalog import Floats, Ints, Mask

FULL, NONE = 0.4, 0.8
"""Spread of the list over that of the catalog at which a list counts as wholly alike, and as not at all. Lists of like
items lie between 0 and 0.6, random ones of 50 around 1 (seven real sites)."""
CERTAIN = 40
"""Items of a list that tell its spread for sure; shorter lists count as less alike."""


def alikeness(signals: Signals, rows: Ints, there: Mask) -> float:
    """0: the list ``rows`` is as mixed as the catalog; 1: its items are of like age and demand.

    What is compared is where the items stand by each, so that no scale matters.
    """
    if len(rows) < 2 or there.sum() < 2:
        return 0.0
    spreads = [_spread(column, rows, there) for column in (signals.season, signals.age)]
    narrow = (NONE - float(np.mean(spreads))) / (NONE - FULL)
    return float(np.clip(narrow, 0.0, 1.0)) * min(1.0, len(rows) / CERTAIN)


def _spread(column: Floats, rows: Ints, there: Mask) -> float:
    """The spread of the ranks in the list over that in the catalog; 1 where the catalog has none."""
    ordered = np.sort(column[there])
    below = np.searchsorted(ordered, ordered, side="left") + np.searchsorted(ordered, ordered, side="right")
    usual = float(below.std())
    listed = column[rows]
    mine = np.searchsorted(ordered, listed, side="left") + np.searchsorted(ordered, listed, side="right")
    return float(mine.std()) / usual if usual > 0 else 1.0
