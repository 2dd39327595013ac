"""The report's tables as rows of text and marks: what the template and the workbook put into cells."""

from __future__ import annotations

from collections.abc import Sequence

from msgspec import Struct

from brewlite.evaluation.suite.pages.colours import style
from brewlite.evaluation.suite.pages.plots import Methods
from brewlite.evaluation.suite.pages.wording import (
    anchor,
    clean,
    interval,
    number,
    outcome,
    signed,
    signed_interval,
)
from brewlite.evaluation.suite.report import MethodFacts, SuiteReport, TaskResult

WORDS = {
    "better": ("▲", "better"),
    "even": ("≈", "within noise"),
    "worse": ("▼", "worse"),
    "unsure": ("?", "too few visitors"),
}
"""Outcome -> its mark and its word: never told by colour alone."""


class Column(Struct, frozen=True, kw_only=True):
    """One method as a heading."""

    name: str
    label: str
    role: str
    colour: str
    marker: str
    dash: str
    """Matplotlib's names: the legends draw the same."""


class Cell(Struct, frozen=True, kw_only=True):
    """One figure."""

    value: str
    interval: str
    best: bool = False
    cases: int | None = None
    """When not all were answered."""


class Against(Struct, frozen=True, kw_only=True):
    """brewlite less the best baseline of one task."""

    outcome: str
    mark: str
    word: str
    rival: str
    difference: str
    interval: str


class TaskRow(Struct, frozen=True, kw_only=True):
    """One task."""

    id: str
    name: str
    about: str
    unit: str
    best_is: str
    """See :class:`TaskResult`."""
    n: int
    visitors: int
    against: Against | None
    cells: tuple[Cell | None, ...]
    """In the order of the columns."""
    notes: tuple[str, ...]


class Family(Struct, frozen=True, kw_only=True):
    """Tasks under one heading."""

    id: str
    name: str
    rows: tuple[TaskRow, ...]
    counts: tuple[tuple[str, str, str, int], ...]
    """(outcome, mark, word, tasks) against the best baseline, where there are any."""


class Outcomes(Struct, frozen=True, kw_only=True):
    """In how many tasks brewlite stands beyond noise above one method, level with it, below it."""

    method: str
    better: int
    even: int
    worse: int


def columns(report: SuiteReport) -> tuple[Column, ...]:
    """brewlite, its parts, then the baselines in the order of the run."""
    order = {"ours": 0, "part": 1, "baseline": 2}
    return tuple(_column(facts) for facts in sorted(report.methods, key=lambda facts: order.get(facts.role, 3)))


def _column(facts: MethodFacts) -> Column:
    look = style(facts)
    return Column(
        name=facts.name,
        label=clean(facts.label),
        role=facts.role,
        colour=look.colour,
        marker=look.marker,
        dash=look.dash,
    )


def families(report: SuiteReport) -> tuple[Family, ...]:
    """All tasks, in the order of the run, under their headings."""
    heads, methods = columns(report), {facts.name: facts for facts in report.methods}
    made = []
    for name in dict.fromkeys(result.task.family for result in report.results):
        rows = tuple(_row(result, heads, methods) for result in report.results if result.task.family == name)
        seen = [row.against.outcome for row in rows if row.against is not None]
        counts = tuple((key, *WORDS[key], seen.count(key)) for key in WORDS if key in seen)
        made.append(Family(id=f"family-{anchor(name)}", name=clean(name), rows=rows, counts=counts))
    return tuple(made)


def _row(result: TaskResult, heads: Sequence[Column], methods: Methods) -> TaskRow:
    best = result.best()
    cells: list[Cell | None] = []
    for head in heads:
        figure = result.figures.get(head.name)
        if figure is None:
            cells.append(None)
            continue
        count = result.answered(head.name)
        cells.append(
            Cell(
                value=number(figure.value),
                interval=interval(figure),
                best=head.name in best,
                cases=count if count != result.n else None,
            )
        )
    return TaskRow(
        id=f"task-{anchor(result.task.name)}",
        name=clean(result.task.name),
        about=clean(result.task.about),
        unit=clean(result.unit),
        best_is=result.best_is,
        n=result.n,
        visitors=result.visitors,
        against=_against(result, methods),
        cells=tuple(cells),
        notes=tuple(map(clean, result.notes)),
    )


def _against(result: TaskResult, methods: Methods) -> Against | None:
    rival = next(iter(result.best([name for name, facts in methods.items() if facts.role == "baseline"])), None)
    if rival is None or rival not in result.compared:
        return None
    difference = result.compared[rival].absolute
    how = outcome(difference, result.higher_is_better)
    mark, word = WORDS[how]
    return Against(
        outcome=how,
        mark=mark,
        word=word,
        rival=clean(methods[rival].label),
        difference=signed(difference.value),
        interval=signed_interval(difference),
    )


def outcomes(report: SuiteReport) -> list[Outcomes]:
    """Tasks on which brewlite is beyond noise better, even, worse, for each method; the hardest to beat last."""
    made = []
    for facts in report.methods:
        seen = [
            outcome(result.compared[facts.name].absolute, result.higher_is_better)
            for result in report.results
            if facts.name in result.compared
        ]
        if seen:
            even = seen.count("even") + seen.count("unsure")
            counts = Outcomes(method=facts.name, better=seen.count("better"), even=even, worse=seen.count("worse"))
            made.append(counts)
    return sorted(made, key=lambda row: (row.better - row.worse) / (row.better + row.even + row.worse), reverse=True)


def is_cost(result: TaskResult) -> bool:
    """Whether it measures seconds or tokens."""
    return result.task.family.casefold() == "cost" or result.unit.split(",")[0] in ("seconds", "tokens")
