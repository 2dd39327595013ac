"""How the methods stand on the next-item cases: pooled over tasks, each case once, every data set counting the same."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence

import numpy as np
from msgspec import Struct

from brewlite.evaluation.log import Floats, Ints
from brewlite.evaluation.statistics import FEWEST_USERS, Draws, Estimate
from brewlite.evaluation.suite.report import COVERED, CaseFacts, SuiteReport

NDCG = "ndcg@10"
POOLS = {
    "matched": "Among 50 items of like age and popularity",
    "full": "Among the whole catalog",
}
"""Maker -> heading. Figures of the two are worlds apart, so they are never mixed."""
ROUNDS = 2000
FEWEST_CASES = 5
"""A bin with fewer is not drawn."""


class Pool(Struct, frozen=True, kw_only=True, eq=False):
    """Next-item cases of one maker that all of ``methods`` answered."""

    maker: str
    title: str
    cases: tuple[CaseFacts, ...]
    methods: tuple[str, ...]
    values: Floats
    """(N, M) NDCG@10."""
    asked: int
    """Cases before those were left out that a method did not answer."""
    left_out: dict[str, int]
    """Method -> how many cases it answered."""

    @property
    def sites(self) -> tuple[str, ...]:
        """Data sets."""
        return tuple(dict.fromkeys(case.site for case in self.cases))

    @property
    def visitors(self) -> Ints:
        """(N,) whose each case is."""
        numbers: dict[tuple[str, str], int] = {}
        owners = [numbers.setdefault((case.site, case.visitor), len(numbers)) for case in self.cases]
        return np.array(owners, dtype=np.int64)

    def of(self, chosen: Callable[[CaseFacts], bool]) -> Pool:
        """The part of it that ``chosen`` takes."""
        rows = [row for row, case in enumerate(self.cases) if chosen(case)]
        return Pool(
            maker=self.maker,
            title=self.title,
            cases=tuple(self.cases[row] for row in rows),
            methods=self.methods,
            values=self.values[rows],
            asked=self.asked,
            left_out=self.left_out,
        )


class Standing(Struct, frozen=True, kw_only=True):
    """One method in one pool."""

    method: str
    mean: Estimate
    """Over data sets, each counting the same."""
    ahead: Estimate | None
    """By how much ours is above it, paired; None for ours."""
    wins: int
    ties: int
    losses: int


def pools(report: SuiteReport) -> list[Pool]:
    """Those of :data:`POOLS` of which the report has cases."""
    made = (_pool(report, maker, title) for maker, title in POOLS.items())
    return [pool for pool in made if len(pool.cases) >= FEWEST_CASES]


def _pool(report: SuiteReport, maker: str, title: str) -> Pool:
    cases: dict[str, CaseFacts] = {}
    known: dict[str, dict[str, float]] = {method.name: {} for method in report.methods}
    for result in report.results:
        if result.unit.casefold() != NDCG or result.task.maker != maker:
            continue
        cases |= {case.key: case for case in result.cases}
        for method, values in result.values.items():
            pairs = zip(result.cases, values, strict=True)
            known[method] |= {case.key: value for case, value in pairs if value is not None}
    methods = [name for name, values in known.items() if values and len(values) >= COVERED * len(cases)]
    kept = [key for key in cases if all(key in known[method] for method in methods)]
    matrix = [[known[method][key] for method in methods] for key in kept]
    return Pool(
        maker=maker,
        title=title,
        cases=tuple(cases[key] for key in kept),
        methods=tuple(methods),
        values=np.array(matrix, dtype=np.float64).reshape(len(kept), len(methods)),
        asked=len(cases),
        left_out={name: len(values) for name, values in known.items() if values and name not in methods},
    )


def standings(pool: Pool, ours: str, rng: np.random.Generator) -> list[Standing]:
    """Every method of the pool, best first."""
    means, rounds = _over_sites(pool, rng)
    mine = pool.methods.index(ours) if ours in pool.methods else None
    sure = len(np.unique(pool.visitors)) >= FEWEST_USERS
    rows = []
    for column, method in enumerate(pool.methods):
        ahead, change = None, np.zeros(0)
        if mine is not None and mine != column:
            change = pool.values[:, mine] - pool.values[:, column]
            ahead = _estimate(means[mine] - means[column], rounds[:, mine] - rounds[:, column], sure)
        rows.append(
            Standing(
                method=method,
                mean=_estimate(means[column], rounds[:, column], sure),
                ahead=ahead,
                wins=int((change > 1e-9).sum()),
                ties=int((np.abs(change) <= 1e-9).sum()),
                losses=int((change < -1e-9).sum()),
            )
        )
    return sorted(rows, key=lambda row: -row.mean.value)


def _over_sites(pool: Pool, rng: np.random.Generator) -> tuple[Floats, Floats]:
    """(M,) mean over data sets of the mean over cases, and (B, M) the same in each round of the bootstrap."""
    means, rounds = np.zeros(len(pool.methods)), np.zeros((ROUNDS, len(pool.methods)))
    for site in pool.sites:
        part = pool.of(_on({site}))
        _, owner = np.unique(part.visitors, return_inverse=True)
        sums = np.stack([np.bincount(owner, weights=column) for column in part.values.T], axis=1)  # (U, M)
        counts = np.bincount(owner).astype(np.float64)  # (U,)
        drawn = rng.multinomial(len(counts), np.full(len(counts), 1 / len(counts)), size=ROUNDS)  # (B, U)
        means += part.values.mean(axis=0) / len(pool.sites)
        rounds += drawn @ sums / (drawn @ counts)[:, None] / len(pool.sites)
    return means, rounds


def _estimate(value: float, rounds: Floats, sure: bool) -> Estimate:
    if not sure:
        return Estimate(value=float(value))
    low, high = np.quantile(rounds, [0.025, 0.975])
    return Estimate(value=float(value), low=float(low), high=float(high))


class Point(Struct, frozen=True, kw_only=True):
    """One method in one bin."""

    mean: Estimate
    cases: int


class Trend(Struct, frozen=True, kw_only=True):
    """One panel: the methods over the bins of a facet, on one kind of site."""

    kind: str
    bins: tuple[str, ...]
    points: dict[str, tuple[Point, ...]]
    """Method -> one a bin."""


Bins = Sequence[tuple[str, float, float]]
"""(label, least, below)."""
HISTORY: Bins = (("0", 0, 1), ("1–5", 1, 6), ("6–20", 6, 21), ("21+", 21, np.inf))
MONTHS: Bins = (("under 1", 0, 1), ("1–3", 1, 3), ("3–6", 3, 6), ("over 6", 6, np.inf))


def token_bins(pool: Pool) -> Bins:
    """Four bins of equally many cases, on round numbers of tokens."""
    lengths = [float(case.facets["tokens"]) for case in pool.cases if "tokens" in case.facets]
    if not lengths:
        return ()
    inner = sorted({int(round(edge, -1)) for edge in np.quantile(lengths, [0.25, 0.5, 0.75])})
    edges = [min(lengths), *(edge for edge in inner if min(lengths) < edge < max(lengths)), np.inf]
    last = len(edges) - 2
    return [
        (f"{edges[i]:.0f}+" if i == last else f"{edges[i]:.0f}–{edges[i + 1]:.0f}", edges[i], edges[i + 1])
        for i in range(last + 1)
    ]


def trends(pool: Pool, report: SuiteReport, facet: str, bins: Bins, rng: np.random.Generator) -> Iterator[Trend]:
    """A panel for each kind of site that has cases in at least two of ``bins``."""
    kind_of = {facts.name: facts.kind for facts in report.data}
    for kind in dict.fromkeys(kind_of.get(site, "") for site in pool.sites):
        part = pool.of(_on({site for site in pool.sites if kind_of.get(site, "") == kind}))
        parts = [(label, part.of(_within(facet, least, below))) for label, least, below in bins]
        filled = [(label, each) for label, each in parts if len(each.cases) >= FEWEST_CASES]
        if len(filled) < 2:
            continue
        columns = [_points(each, rng) for _, each in filled]
        points = {method: tuple(column[method] for column in columns) for method in pool.methods}
        yield Trend(kind=kind or "all", bins=tuple(label for label, _ in filled), points=points)


def _on(sites: set[str]) -> Callable[[CaseFacts], bool]:
    return lambda case: case.site in sites


def _within(facet: str, least: float, below: float) -> Callable[[CaseFacts], bool]:
    return lambda case: facet in case.facets and least <= float(case.facets[facet]) < below


def _points(pool: Pool, rng: np.random.Generator) -> dict[str, Point]:
    draws = Draws(pool.visitors, np.ones(len(pool.cases)), rng)
    return {
        method: Point(mean=draws.estimate(pool.values[:, column]), cases=len(pool.cases))
        for column, method in enumerate(pool.methods)
    }
