"""How new and how wanted an item is now, in words."""

from __future__ import annotations

import numpy as np

from brewlite.retrieval import Moment
from brewlite.retrieval.catalog import Floats


def standing_words(age_days: float, percentile: float) -> str:
    """How new and how wanted, in words; ``percentile`` is the share (0 to 100) of items less wanted."""
    words = []
    if np.isfinite(age_days):
        words.append(_age_words(age_days))
    if percentile >= 10:
        words.append(f"lately more wanted than {int(percentile // 10 * 10)}%")
    elif percentile >= 0:
        words.append("hardly wanted lately")
    return ", ".join(words)


def _age_words(days: float) -> str:
    if days < 1:
        return "new today"
    units = ((14, 1.0, "day"), (60, 7.0, "week"), (730, 30.44, "month"), (np.inf, 365.25, "year"))
    length, unit = next((length, unit) for limit, length, unit in units if days < limit)
    count = int(days // length)
    return f"{count} {unit}{'s' if count != 1 else ''} old"


def percentiles(counts: Floats, moment: Moment) -> Floats:
    """Share (0 to 100) of the items there with a lower count, (N,); -1 everywhere when nothing was liked lately."""
    there = np.sort(counts[moment.exists])
    if not len(there) or there[-1] <= 0:
        return np.full(len(counts), -1.0, dtype=np.float32)
    return (100.0 * np.searchsorted(there, counts, side="left") / len(there)).astype(np.float32)
