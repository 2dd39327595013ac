"""Does it hold on every site? The same question to many sites, and what brewlite is worth on each and on their average.

The suite's tasks each ask a little of much; this asks next-item cases alone, many of them, so that small differences
show. Sites count alike, visitors are drawn for the intervals, and every difference is paired.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Literal

import numpy as np
from msgspec import Struct

from brewlite.evaluation.log import Floats, Mask
from brewlite.evaluation.statistics import Draws, Estimate
from brewlite.evaluation.suite.report import SuiteReport, TaskResult
from brewlite.evaluation.suite.task import SuiteTask

View = Literal["matched", "full"]
VIEWS: dict[View, str] = {
    "matched": "among 50 items of like age and popularity",
    "full": "among everything that could be shown",
}
SITES = ("airbnb_barossa", "airbnb_singapore", "stackexchange_travel", "jobs_views", "stackexchange_beer")
"""Asked where none are named. The last two are kept out of training."""
OURS, WITHOUT, ALONE = "brewlite", "brewlite-no-model", "llm"
ALL = "all"
GROUPS: dict[str, tuple[int, int | None]] = {
    ALL: (0, None),
    "0": (0, 1),
    "1-5": (1, 6),
    "0-5": (0, 6),
    "6-20": (6, 21),
    "21+": (21, None),
}
"""Events of the visitor before the moment: at least, and fewer than."""
GOALS = {"0-5": 0.06, "6-20": 0.04, "21+": 0.02}
"""How far above the best baseline we mean to be."""


IN_SAMPLE = "a checkpoint and its weight in the blend are chosen by the validation part: what it adds there flatters it"


class AcrossConfig(Struct, frozen=True, kw_only=True):
    """What is asked."""

    sites: tuple[str, ...] = SITES
    views: tuple[View, ...] = ("matched", "full")
    cases: int = 60
    """Of each site and view, at most; evenly over lengths of history and months."""
    part: Literal["test", "validation"] = "test"
    """``test``: the last fifth of each log, by which nothing may be chosen."""
    seed: int = 0
    """Draws the cases."""


class MethodRow(Struct, frozen=True, kw_only=True):
    """One method on one group of cases."""

    method: str
    label: str
    role: str
    """``ours``, ``part`` or ``baseline``."""
    ndcg: Estimate
    ours_less: Estimate | None
    """brewlite less this method; None for brewlite itself. Where no model was asked brewlite is its first stage."""
    relative: Estimate | None


class GroupRows(Struct, frozen=True, kw_only=True):
    """Every method on the cases of one view, one group of visitors, and one site or all."""

    view: View
    group: str
    site: str
    """Empty: all, each counting alike."""
    cases: int
    sites: int
    rows: tuple[MethodRow, ...]
    """Those that answered all the cases."""

    def row(self, method: str) -> MethodRow | None:
        """That of ``method``."""
        return next((row for row in self.rows if row.method == method), None)

    @property
    def best(self) -> MethodRow | None:
        """The best baseline: picked on these very cases, which favours it a little."""
        return max((r for r in self.rows if r.role == "baseline"), key=lambda r: r.ndcg.value, default=None)


class AcrossReport(Struct, frozen=True, kw_only=True):
    """One run."""

    model: str
    part: str
    seed: int
    seconds: float
    machine: str
    partial: bool
    labels: dict[str, str]
    """Site -> as printed."""
    trained: tuple[str, ...]
    """Sites that the model may have learned from, before the cut."""
    groups: tuple[GroupRows, ...]
    notes: tuple[str, ...]

    def find(self, view: str, group: str = ALL, site: str = "") -> GroupRows | None:
        """The rows of one view, group and site; None where there was no case."""
        asked = (view, group, site)
        return next((each for each in self.groups if (each.view, each.group, each.site) == asked), None)


def across_tasks(config: AcrossConfig) -> list[SuiteTask]:
    """One task a view, over all the sites."""
    total = config.cases * len(config.sites)
    return [
        SuiteTask(
            name=view, family="across sites", about=f"The next choice {VIEWS[view]}", data=config.sites, maker=view,
            metric="ndcg@10", quick=total, full=total, options={"part": config.part, "seed": config.seed},
        )
        for view in config.views
    ]  # fmt: skip


def across_report(report: SuiteReport, config: AcrossConfig) -> AcrossReport:
    """The figures by view, group and site, from a run of :func:`across_tasks`."""
    groups: list[GroupRows] = []
    for result in report.results:
        for group, where in _groups(result):
            groups += _of_group(report, result, group, where)
    return AcrossReport(
        model=report.model,
        part=config.part,
        seed=report.seed,
        seconds=report.seconds,
        machine=report.machine,
        partial=report.partial,
        labels={data.name: data.label or data.name for data in report.data},
        trained=tuple(data.name for data in report.data if data.trained),
        groups=tuple(groups),
        notes=report.notes + ((IN_SAMPLE,) if config.part == "validation" else ()),
    )


def _groups(result: TaskResult) -> Iterator[tuple[str, Mask]]:
    history = np.array([float(case.facets["history"]) for case in result.cases])
    for group, (least, below) in GROUPS.items():
        yield group, (history >= least) & (history < (np.inf if below is None else below))


def _of_group(report: SuiteReport, result: TaskResult, group: str, where: Mask) -> Iterator[GroupRows]:
    """All sites together, then each by itself."""
    of_site = np.array([case.site for case in result.cases])
    for site in ("", *result.task.data):
        here = where & (of_site == site) if site else where
        if here.any():
            yield _rows(report, result, group, site, here)


def _rows(report: SuiteReport, result: TaskResult, group: str, site: str, here: Mask) -> GroupRows:
    cases = [result.cases[place] for place in np.flatnonzero(here).tolist()]
    sites = [case.site for case in cases]
    draws = Draws.groups_alike([case.visitor for case in cases], sites, [report.seed, len(cases)])
    values: dict[str, Floats] = {}
    for name, column in result.values.items():
        found = np.array([np.nan if value is None else value for value in column])[here]
        if np.isfinite(found).all():
            values[name] = found
    mine = OURS if OURS in values else WITHOUT
    ours = values.get(mine)
    rows = [
        MethodRow(
            method=method.name,
            label=method.label,
            role=method.role,
            ndcg=draws.estimate(values[method.name]),
            ours_less=draws.estimate(ours - values[method.name]) if ours is not None and method.name != mine else None,
            relative=draws.relative(ours, values[method.name]) if ours is not None and method.name != mine else None,
        )
        for method in report.methods
        if method.name in values
    ]
    view: View = "matched" if result.task.name == "matched" else "full"
    return GroupRows(view=view, group=group, site=site, cases=len(cases), sites=len(set(sites)), rows=tuple(rows))


def beyond_noise(change: Estimate | None) -> bool:
    """Whether it is above 0 in 95% of the draws."""
    return change is not None and change.low is not None and change.low > 0


def verdict(report: AcrossReport) -> list[str]:
    """The questions that a site's owner would ask, and what the figures answer."""
    said: list[str] = []
    for view, where in VIEWS.items():
        said += _verdict(report, view, where)
    return said


def _verdict(report: AcrossReport, view: View, where: str) -> Iterator[str]:
    everyone = report.find(view)
    if everyone is None:
        return
    ours = everyone.row(OURS) or everyone.row(WITHOUT)
    best = everyone.best
    if ours is not None and best is not None:
        yield (
            f"{where.capitalize()}, {everyone.sites} sites alike: {ours.label} {ours.ndcg.words()}, the best baseline, "
            f"{best.label}, {best.ndcg.value:.3f}: {_less(best)}."
        )
    each = [found for site in report.labels if (found := report.find(view, ALL, site)) is not None]
    adds = [row.ours_less for found in each if (row := found.row(WITHOUT)) is not None and row.ours_less is not None]
    if adds and _less(everyone.row(WITHOUT)):
        yield (
            f"The language model adds {_less(everyone.row(WITHOUT))} there; something on "
            f"{sum(change.value > 0 for change in adds)} of {len(adds)} sites, beyond noise on "
            f"{sum(map(beyond_noise, adds))}."
        )
    for group, goal in GOALS.items():
        found = report.find(view, group)
        rival = found.best if found is not None else None
        if found is not None and rival is not None and rival.relative is not None:
            yield (
                f"Visitors with {group} events: {rival.relative.value:+.0%} against {rival.label}, the best baseline "
                f"there ({goal:+.0%} is the goal), {found.cases} cases."
            )


def as_markdown(report: AcrossReport) -> str:
    """The report as tables."""
    mark = " PARTIAL: interrupted." if report.partial else ""
    lines = [f"Model {report.model}, {report.part} part, seed {report.seed}, {report.machine}.{mark}", ""]
    for view, where in VIEWS.items():
        everyone = report.find(view)
        if everyone is None:
            continue
        lines += [f"NDCG@10 {where}, {everyone.sites} sites alike, 95% intervals over visitors", ""]
        lines += [*markdown_table(*method_table(report, view)), ""]
        lines += [*markdown_table(*site_table(report, view)), ""]
    said = [f"- {sentence}" for sentence in (*verdict(report), *report.notes)]
    return "\n".join([*lines, *said]) + "\n"


def method_table(report: AcrossReport, view: View) -> tuple[list[str], list[list[str]]]:
    """Every method by length of history; the best first."""
    groups = [found for group in GROUPS if (found := report.find(view, group)) is not None]
    everyone = groups[0]
    heads = ["method", *(f"{g.group} ({g.cases})" for g in groups), "brewlite less it"]
    rows = []
    for row in sorted(everyone.rows, key=lambda row: -row.ndcg.value):
        rows.append([row.label, *(_value(group.row(row.method)) for group in groups), _less(row)])
    return heads, rows


def site_table(report: AcrossReport, view: View) -> tuple[list[str], list[list[str]]]:
    """Every site: brewlite, its parts, the best baseline, and what the model adds."""
    heads = ["site", "cases", "brewlite", "no model", "model alone", "model adds", "best baseline", "brewlite less it"]
    rows = []
    for site, label in report.labels.items():
        found = report.find(view, ALL, site)
        if found is None:
            continue
        without, best = found.row(WITHOUT), found.best
        known = [_value(found.row(name)) for name in (OURS, WITHOUT, ALONE)]
        rival = f"{best.label} {best.ndcg.value:.3f}" if best is not None else ""
        name = label if site in report.trained else f"{label} (never learned from)"
        rows.append([name, str(found.cases), *known, _less(without), rival, _less(best)])
    return heads, rows


def markdown_table(heads: Sequence[str], rows: Sequence[Sequence[str]]) -> list[str]:
    """Lines of a table."""
    return [f"| {' | '.join(line)} |" for line in (heads, ["---"] * len(heads), *rows)]


def _value(row: MethodRow | None) -> str:
    return "" if row is None else f"{row.ndcg.value:.3f}"


def _less(row: MethodRow | None) -> str:
    return "" if row is None or row.ours_less is None else row.ours_less.words(signed=True)
