"""What the site's log says of every item at a moment, whoever asks: how sought after, how new, how long untouched."""

from __future__ import annotations

import numpy as np

from brewlite.retrieval.catalog import Floats, Mask, Moment

LONG_AGO = 3650.0
"""Days; older than that is all the same."""
HOUR = 0.05
"""Days, about: what is added before the logarithm where hours are to be told apart."""


def demand(moment: Moment, window_days: float) -> dict[str, Floats]:
    """The columns of :class:`brewlite.retrieval.Signals` that are the same for every visitor, (N,) float32 each."""
    season, ever = moment.popularity(window_days), moment.popularity()
    age = _age(moment)
    idle = np.minimum(age, moment.idle_days)
    columns = {
        "surge": np.log1p(moment.decayed_popularity(window_days / 20)),
        "week": np.log1p(moment.popularity(7.0)),
        "month": np.log1p(moment.popularity(30.0)),
        "season": np.log1p(season),
        "ever": np.log1p(ever),
        "untouched": ever == 0,
        "rivals": np.log1p(_above(season, moment.eligible)),
        "idle": np.log1p(idle),
        "idle_hours": np.log(HOUR + idle),
        "trend": _trend(moment, season),
        "age": np.log1p(age),
        "age_hours": np.log(HOUR + age),
        "newer": np.log1p(_above(-age, moment.eligible)),
    }
    return {name: np.asarray(column, dtype=np.float32) for name, column in columns.items()}


def _age(moment: Moment) -> Floats:
    """(N,) days; where nothing tells when an item came, the middle of those of which something does."""
    days = moment.age_days
    known = np.isfinite(days)
    middle = float(np.median(days[known & moment.exists])) if (known & moment.exists).any() else 0.0
    age: Floats = np.minimum(np.where(known, days, np.float32(middle)), LONG_AGO)
    return age


def _above(values: Floats, there: Mask) -> Floats:
    """(N,) how many of the items that are there have a higher value."""
    ordered = np.sort(values[there])
    above: Floats = (len(ordered) - np.searchsorted(ordered, values, side="right")).astype(np.float32)
    return above


def _trend(moment: Moment, likes: Floats) -> Floats:
    """(N,) cosine to the mean of what is liked (``likes`` (N,)), less what all items have in common."""
    vectors, total = moment.catalog.vectors, float(likes.sum())
    if total == 0.0 or vectors.shape[1] == 1 or not moment.eligible.any():
        return np.zeros(len(vectors), dtype=np.float32)
    there = moment.eligible.astype(np.float32)
    direction = (likes / total - there / there.sum()) @ vectors
    return np.asarray(vectors @ (direction / max(float(np.linalg.norm(direction)), 1e-9)), dtype=np.float32)
