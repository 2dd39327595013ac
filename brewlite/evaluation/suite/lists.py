"""What the lists are like: who is shown at all, how popular, how alike, how new.

The top ten of the whole catalog, one list a case. Coverage and the Gini coefficient grow with the number of lists, so
they are compared within a column only; resampled lists repeat each other, so their intervals reach further down.
"""

from __future__ import annotations

import zlib
from collections.abc import Sequence

import numpy as np

from brewlite.evaluation.log import Floats, Ints, to_micros
from brewlite.evaluation.suite.metric import Asked, MeanMetric, Metric, PooledMetric
from brewlite.evaluation.suite.next_item import BY_KIND, asked_anyway
from brewlite.evaluation.suite.task import Maker, SuiteTask

TOP = 10


def top_of(asked: Asked) -> Ints:
    """(<= 10,) catalog rows of the best, ties broken by lot (the case's own), without what must not be shown."""
    scores = asked.answer.scores
    lot = np.random.default_rng([2, zlib.crc32(asked.case.key.encode())]).random(len(scores))
    best = np.lexsort((lot, -scores))[:TOP]
    return np.array([asked.site.row[asked.answer.ids[p]] for p in best if np.isfinite(scores[p])], dtype=np.int64)


def likes(asked: Asked) -> Ints:
    """(I,) liking events of every item strictly before the case's moment."""
    assert asked.case.query.at is not None, "queries of the suite name their moment"
    past = asked.site.log.before(to_micros(asked.case.query.at)).liked()
    return np.bincount(past.items, minlength=len(asked.site.row))


def shown(asked: Asked) -> Floats | None:
    """(10, 3) one row an item of the top: the site (as a number), the item, and how many could be shown."""
    rows = top_of(asked)
    if not len(rows):
        return None
    site = np.full(len(rows), zlib.crc32(asked.site.name.encode()), dtype=np.float64)
    return np.column_stack([site, rows, np.full(len(rows), len(asked.answer.ids))])


def coverage(parts: Sequence[Floats]) -> float:
    """Distinct items in all top tens over the items that could be shown; the mean over sites.

    Ge, Delgado-Battenfeld and Jannach, "Beyond accuracy", RecSys 2010.
    """
    return float(np.mean([len(np.unique(items)) / most for items, most in _by_site(parts)]))


def gini(parts: Sequence[Floats]) -> float:
    """Gini coefficient of how often each item that could be shown is shown; the mean over sites.

    0: all as often; towards 1: a few have all the room. Fleder and Hosanagar, Management Science 2009.
    """
    return float(np.mean([_gini(items, most) for items, most in _by_site(parts)]))


def _by_site(parts: Sequence[Floats]) -> list[tuple[Ints, int]]:
    """For each site the items shown, one entry each time, and the most that could be shown at once."""
    rows = np.concatenate(parts)
    sites = [rows[rows[:, 0] == site] for site in np.unique(rows[:, 0])]
    return [(one[:, 1].astype(np.int64), int(one[:, 2].max())) for one in sites]


def _gini(items: Ints, most: int) -> float:
    counts = np.unique(items, return_counts=True)[1]
    most = max(most, len(counts))
    every = np.sort(np.concatenate([np.zeros(most - len(counts)), counts]))
    ranks = np.arange(1, most + 1)
    return float(((2 * ranks - most - 1) @ every) / (most * every.sum()))


def percentiles(asked: Asked) -> tuple[Floats, dict[str, float]]:
    """How popular each item is among those that could be shown, 0 to 100 with ties in the middle; by row, by id."""
    rows = np.array([asked.site.row[id_] for id_ in asked.answer.ids], dtype=np.int64)
    counts = likes(asked)
    among = np.sort(counts[rows])
    below, upto = np.searchsorted(among, counts, side="left"), np.searchsorted(among, counts, side="right")
    shares = 100.0 * (below + upto) / (2 * len(among))
    return shares, dict(zip(asked.answer.ids, shares[rows].tolist(), strict=True))


def popular(asked: Asked) -> float | None:
    """Mean popularity percentile of the top ten."""
    rows = top_of(asked)
    return float(percentiles(asked)[0][rows].mean()) if len(rows) else None


def more_popular(asked: Asked) -> float | None:
    """The same, less the percentile of what the visitor really chose: above 0 is more popular than people want."""
    rows, (shares, by_id) = top_of(asked), percentiles(asked)
    chosen = [by_id[id_] for id_ in asked.case.good if id_ in by_id]
    return float(shares[rows].mean() - np.mean(chosen)) if len(rows) and chosen else None


def diversity(asked: Asked) -> float | None:
    """1 - mean cosine of two items of the top ten, by their texts. Ziegler et al., WWW 2005 (intra-list similarity)."""
    vectors = asked.site.vectors[top_of(asked)].astype(np.float64)
    norms = np.linalg.norm(vectors, axis=1)
    vectors = vectors[norms > 0] / norms[norms > 0, None]
    if len(vectors) < 2:
        return None
    pairs = np.triu_indices(len(vectors), 1)
    return float(1 - (vectors @ vectors.T)[pairs].mean())


def novelty(asked: Asked) -> float | None:
    """Mean bits of surprise of the top ten: -log2 of each item's share of the liking events so far.

    Vargas and Castells, "Rank and relevance in novelty and diversity metrics", RecSys 2011; one event is added to
    every item, so that what nobody touched has a share too.
    """
    rows = top_of(asked)
    counts = likes(asked) + 1.0
    return float(-np.log2(counts[rows] / counts.sum()).mean()) if len(rows) else None


METRICS: tuple[Metric, ...] = (
    PooledMetric(name="coverage", unit="share of the catalog shown", gather=shown, pool=coverage),
    PooledMetric(name="gini", unit="Gini of exposure", gather=shown, pool=gini, higher_is_better=False),
    MeanMetric(name="popularity", unit="popularity percentile", measure=popular, higher_is_better=False),
    MeanMetric(name="popularity-lift", unit="percentile above the chosen", measure=more_popular,
               higher_is_better=False),
    MeanMetric(name="diversity", unit="1 - mean cosine", measure=diversity),
    MeanMetric(name="novelty", unit="bits", measure=novelty),
)  # fmt: skip
MAKERS: dict[str, Maker] = {}
_ABOUT = {
    "coverage": "how much of the catalog do all top tens together show?",
    "gini": "how unevenly is the room shared out?",
    "popularity": "how popular is what is shown?",
    "popularity-lift": "is it more popular than what visitors choose?",
    "diversity": "how unlike are the ten items of a list?",
    "novelty": "how little known is what is shown?",
}

TASKS: tuple[SuiteTask, ...] = tuple(
    SuiteTask(
        name=f"lists/{kind}-{metric}", family="lists", about=f"{kind.capitalize()}: {about}", data=sets,
        maker="full", metric=metric, quick=asked_anyway("full", sets), full=300 * len(sets),
    )
    for kind, sets in BY_KIND.items() for metric, about in _ABOUT.items()
)  # fmt: skip
