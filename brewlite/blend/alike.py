"""How alike the items of a list are in age and demand, set against the catalog."""

from __future__ import annotations

from typing import Literal

import numpy as np

from brewlite.retrieval import Signals
from brewlite.retrieval.catalog import Floats, Ints, Mask

FULL, NONE = 0.4, 0.8
"""Spread of the list over that of the catalog at which a list counts as wholly alike, and as not at all. Lists of like
items lie between 0 and 0.6, random ones of 50 around 1 (seven real sites)."""
SIDES: tuple[Literal["left"], Literal["right"]] = ("left", "right")
CERTAIN = 40
"""Items of a list that tell its spread for sure; shorter lists count as less alike."""


def alikeness(signals: Signals, rows: Ints, there: Mask) -> float:
    """0: the list ``rows`` is as mixed as the catalog; 1: its items are of like age and demand.

    What is compared is where the items stand by each, so that no scale matters.
    """
    if len(rows) < 2 or there.sum() < 2:
        return 0.0
    spreads = np.array([_spreads(column, rows, there) for column in (signals.season, signals.age)]).sum(axis=0)
    # Summed, so that one that hardly tells any two items of the catalog apart hardly counts.
    narrow = (NONE - spreads[0] / spreads[1]) / (NONE - FULL) if spreads[1] > 0 else 0.0
    return float(np.clip(narrow, 0.0, 1.0)) * min(1.0, len(rows) / CERTAIN)


def _spreads(column: Floats, rows: Ints, there: Mask) -> tuple[float, float]:
    """Standard deviation of the places that the list's items, and the catalog's, have among all; ties are halved."""
    ordered = np.sort(column[there])

    def spread(values: Floats) -> float:
        below, upto = (np.searchsorted(ordered, values, side=side) for side in SIDES)
        return float((below + upto).std())

    return spread(column[rows]), spread(ordered)
