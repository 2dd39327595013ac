"""Steerability: how often what fits a request rises above its twin that does not, by kind of request."""

from __future__ import annotations

from collections.abc import Callable, Iterator

import numpy as np
from msgspec import Struct

from brewlite.evaluation.suite.pages.tables import Column, columns
from brewlite.evaluation.suite.pages.wording import short
from brewlite.evaluation.suite.report import CaseFacts, SuiteReport

STEERED = "stated interests"
"""Family of tasks about what visitors said."""


class HeatCell(Struct, frozen=True, kw_only=True):
    """A share with a tint: 0.5 is chance, and has none."""

    value: str
    percent: int
    """Of the tint, 0 to 100."""
    above: bool


class HeatRow(Struct, frozen=True, kw_only=True):
    """One kind of request."""

    label: str
    about: str
    n: int
    cells: tuple[HeatCell | None, ...]


class HeatGroup(Struct, frozen=True, kw_only=True):
    """The same cases, grouped in one way."""

    title: str
    rows: tuple[HeatRow, ...]


class _Judged(Struct, frozen=True):
    """One case of a request."""

    task: str
    about: str
    kind: str
    case: CaseFacts
    values: dict[str, float]


_LANGUAGES = {"en": "English", "de": "German", "fr": "French", "es": "Spanish"}


def _language(one: _Judged) -> str:
    said = str(one.case.facets.get("language", ""))
    return _LANGUAGES.get(said, said)


_HEAT: tuple[tuple[str, Callable[[_Judged], str], Callable[[_Judged], str]], ...] = (
    ("What is asked", lambda one: one.task, lambda one: one.about),
    ("How it is said", lambda one: str(one.case.facets.get("request", "")), lambda one: ""),
    ("In which language", _language, lambda one: ""),
    ("Where", lambda one: one.kind, lambda one: ""),
)
"""Title, label of a case's row (empty: in none), and a line below it."""


def heat(report: SuiteReport) -> tuple[tuple[Column, ...], tuple[HeatGroup, ...]]:
    """How often what fits rises above its twin: a row for each kind of request, pooled over tasks."""
    judged = list(_judged(report))
    shown = tuple(head for head in columns(report) if any(head.name in one.values for one in judged))
    groups: list[HeatGroup] = []
    for title, label_of, about_of in _HEAT:
        found: dict[str, list[_Judged]] = {}
        for one in judged:
            found.setdefault(label_of(one), []).append(one)
        found.pop("", None)
        rows = tuple(
            HeatRow(
                label=short(label, 60),
                about=short(about_of(ones[0]), 90),
                n=len(ones),
                cells=tuple(_heat_cell([o.values[head.name] for o in ones if head.name in o.values]) for head in shown),
            )
            for label, ones in found.items()
        )
        if rows and (len(rows) > 1 or not groups):
            groups.append(HeatGroup(title=title, rows=rows))
    return shown, tuple(groups)


def _judged(report: SuiteReport) -> Iterator[_Judged]:
    """Cases of requests that are judged by pairs, of which more in order is better."""
    kinds = {facts.name: facts.kind for facts in report.data}
    for result in report.results:
        if result.task.family != STEERED or "pair" not in result.unit or not result.higher_is_better:
            continue
        asked = result.task.name.rpartition("/")[2].replace("-", " ")
        about = result.task.about.rpartition(": ")[2]
        for place, case in enumerate(result.cases):
            values = {name: column[place] for name, column in result.values.items()}
            there = {name: value for name, value in values.items() if value is not None}
            yield _Judged(asked, about, kinds.get(case.site, ""), case, there)


def _heat_cell(values: list[float]) -> HeatCell | None:
    if not values:
        return None
    mean = float(np.mean(values))
    return HeatCell(value=f"{mean:.2f}", percent=min(100, round(200 * abs(mean - 0.5))), above=mean >= 0.5)
