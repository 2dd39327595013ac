"""What a run of the suite says: plain data, written as JSON and drawn as HTML and a workbook."""

from __future__ import annotations

from collections.abc import Collection
from datetime import datetime
from math import isfinite

from msgspec import Struct

from brewlite.evaluation.statistics import Estimate
from brewlite.evaluation.suite.case import Facet
from brewlite.evaluation.suite.task import SuiteTask

COVERED = 0.6
"""A method that answered a smaller share of the cases is never called the best: the others were asked other things."""
FORMAT = 1
"""Raised when a field changes its meaning; ``bench compare`` refuses to compare two formats."""


class MethodFacts(Struct, frozen=True, kw_only=True):
    """One column."""

    name: str
    label: str
    role: str
    """``ours`` (brewlite as it is served), ``part`` (a part of it: the model alone, the first stage alone) or
    ``baseline``."""


class DataFacts(Struct, frozen=True, kw_only=True):
    """One data set."""

    name: str
    label: str
    kind: str
    items: int
    events: int
    users: int
    cut: datetime | None
    digest: str
    trained: bool


class Compared(Struct, frozen=True, kw_only=True):
    """brewlite against one method, on the cases that both answered."""

    absolute: Estimate
    """Mean difference, paired; above 0: brewlite's value is higher (which is better or worse as the metric says)."""
    relative: Estimate | None
    wins: int
    ties: int
    losses: int
    """Cases in which brewlite's value is better, the same, worse."""


class CaseFacts(Struct, frozen=True, kw_only=True):
    """One case, as a row."""

    key: str
    site: str
    visitor: str
    facets: dict[str, Facet]


class Bin(Struct, frozen=True, kw_only=True):
    """One bin of a calibration curve."""

    predicted: float
    observed: float
    count: int


class TaskResult(Struct, frozen=True, kw_only=True):
    """One task. A method that cannot be asked (it reads no words, has no model) is left out of it."""

    task: SuiteTask
    unit: str
    """What the values are: ``ndcg@10``, ``share of pairs``, ``seconds``."""
    higher_is_better: bool
    n: int
    visitors: int
    figures: dict[str, Estimate]
    compared: dict[str, Compared]
    cases: tuple[CaseFacts, ...]
    values: dict[str, tuple[float | None, ...]]
    """Method -> one value a case, in the order of ``cases``; None where it did not answer."""
    curves: dict[str, tuple[Bin, ...]] = {}
    notes: tuple[str, ...] = ()
    zero_is_best: bool = False
    """The figure nearest 0 is the best one, whatever ``higher_is_better`` says."""

    @property
    def best_is(self) -> str:
        """``higher``, ``lower`` or ``nearest 0``."""
        return "nearest 0" if self.zero_is_best else "higher" if self.higher_is_better else "lower"

    def answered(self, method: str) -> int:
        """Cases with a value; all of them for a metric that has none a case."""
        values = self.values.get(method)
        return self.n if values is None else sum(value is not None for value in values)

    def best(self, among: Collection[str] | None = None) -> list[str]:
        """The methods with the best figure, several where they are level; ``among``: of these alone.

        Only of those that answered enough of the cases (:data:`COVERED`), with a figure that is a number.
        """
        worth = {
            name: -abs(figure.value) if self.zero_is_best else figure.value * (1 if self.higher_is_better else -1)
            for name, figure in self.figures.items()
            if (among is None or name in among) and self.answered(name) >= COVERED * self.n and isfinite(figure.value)
        }
        top = max(worth.values(), default=None)
        return [name for name, value in worth.items() if value == top]


class WorstCase(Struct, frozen=True, kw_only=True):
    """A case on which brewlite did badly and another method well."""

    task: str
    key: str
    ours: float
    best: str
    """The method that did best."""
    best_value: float
    target: str
    """What should have stood on top, as text."""
    picked: tuple[str, ...]
    """What stood on top instead, as text."""
    prompt: str
    """What the model read, shortened."""
    ours_rank: int | None = None
    best_rank: int | None = None


class SuiteReport(Struct, frozen=True, kw_only=True):
    """One run."""

    format: int = FORMAT
    suite: str
    version: str
    """Of brewlite."""
    model: str
    """The ranker's name, or ``none``."""
    seed: int
    started: datetime
    seconds: float
    machine: str
    partial: bool
    """True when the run was interrupted: the tasks that were finished."""
    methods: tuple[MethodFacts, ...]
    data: tuple[DataFacts, ...]
    results: tuple[TaskResult, ...]
    worst: tuple[WorstCase, ...]
    verdict: tuple[str, ...]
    """The figures in plain words."""
    notes: tuple[str, ...]


def leading(report: SuiteReport) -> str:
    """The method whose figures are the headline: ``ours``, or the first part of it where no model was run."""
    roles = {method.role: method.name for method in reversed(report.methods)}  # of each role the first
    return roles.get("ours") or roles.get("part") or report.methods[0].name
