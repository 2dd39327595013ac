"""The report as an .xlsx workbook. Texts are written as texts: one that begins with ``=`` computes nothing."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import Any

import numpy as np
from msgspec import Struct

from brewlite.evaluation.statistics import Estimate
from brewlite.evaluation.suite.extra import need
from brewlite.evaluation.suite.pages.standing import pools, standings
from brewlite.evaluation.suite.pages.wording import clean, outcome
from brewlite.evaluation.suite.report import CaseFacts, SuiteReport, TaskResult, leading

MOST_ROWS = 1_048_576
"""Of a sheet, by the format."""
MOST_CHARACTERS = 32_767
"""Of a cell, by the format."""
Value = str | float | int | bool | None


class _Column(Struct, frozen=True):
    head: str
    width: float
    format: str = ""
    """A key of :data:`_FORMATS`."""


_FORMATS = {"value": "0.0000", "signed": "+0.0000;-0.0000;0.0000", "percent": "+0.0%;-0.0%;0.0%", "count": "#,##0"}


def write_workbook(report: SuiteReport, path: Path) -> None:
    """Sheets Summary, Tasks, Cases, Data and Worst. Raises OSError when ``path`` cannot be written."""
    xlsxwriter = need("xlsxwriter")
    as_texts = {"strings_to_numbers": False, "strings_to_formulas": False, "strings_to_urls": False}
    path.parent.mkdir(parents=True, exist_ok=True)
    book = xlsxwriter.Workbook(str(path), {**as_texts, "in_memory": True})
    book.set_properties(
        {"title": f"brewlite {clean(report.suite)} suite", "created": report.started.replace(tzinfo=None)}
    )
    writer = _Writer(book)
    _summary(writer, report)
    writer.sheet("Tasks", _TASKS, _task_rows(report))
    writer.sheet("Cases", _case_columns(report), _case_rows(report))
    writer.sheet("Data", _DATA, _data_rows(report))
    writer.sheet("Worst", _WORST, _worst_rows(report))
    try:
        book.close()
    except xlsxwriter.exceptions.FileCreateError as error:
        raise OSError(str(error)) from error


class _Writer:
    """Sheets with frozen heads, filters and number formats."""

    def __init__(self, book: Any) -> None:
        self._book = book
        self.head = book.add_format({"bold": True, "text_wrap": True, "valign": "top", "bottom": 1})
        self.title = book.add_format({"bold": True, "font_size": 14})
        self.wrap = book.add_format({"text_wrap": True, "valign": "top"})
        self.formats = {name: book.add_format({"num_format": form}) for name, form in _FORMATS.items()}
        self.formats["wrap"] = self.wrap

    def plain(self, name: str) -> Any:
        """A sheet of its own shape."""
        return self._book.add_worksheet(name)

    def sheet(self, name: str, columns: Sequence[_Column], rows: Iterable[Sequence[Value]]) -> None:
        """A table from the first row on."""
        sheet = self._book.add_worksheet(name)
        for place, column in enumerate(columns):
            sheet.set_column(place, place, column.width, self.formats.get(column.format))
        self.table(sheet, 0, columns, rows)
        sheet.freeze_panes(1, 1)

    def table(self, sheet: Any, top: int, columns: Sequence[_Column], rows: Iterable[Sequence[Value]]) -> int:
        """Head and rows from row ``top`` on, with a filter; returns the first row below it."""
        for place, column in enumerate(columns):
            sheet.write_string(top, place, _text(column.head), self.head)
        last = top
        for last, row in enumerate(rows, start=top + 1):
            if last >= MOST_ROWS:
                last -= 1
                break
            for place, value in enumerate(row):
                self.write(sheet, last, place, value, columns[place].format)
        sheet.autofilter(top, 0, max(last, top), len(columns) - 1)
        return last + 1

    def write(self, sheet: Any, row: int, place: int, value: Value, form: str = "") -> None:
        """One cell; None leaves it empty."""
        if isinstance(value, str):
            sheet.write_string(row, place, _text(value), self.formats.get(form))
        elif isinstance(value, bool):
            sheet.write_string(row, place, "yes" if value else "no")
        elif value is not None and np.isfinite(value):
            sheet.write_number(row, place, value, self.formats.get(form))


def _text(value: str) -> str:
    return clean(value)[:MOST_CHARACTERS]


_STANDING = (
    _Column("method", 40),
    _Column("mean NDCG@10", 16, "value"),
    _Column("low", 12, "value"),
    _Column("high", 12, "value"),
    _Column("brewlite less it", 16, "signed"),
    _Column("low", 12, "signed"),
    _Column("high", 12, "signed"),
    _Column("beyond noise", 16),
    _Column("cases won", 12, "count"),
    _Column("tied", 12, "count"),
    _Column("lost", 12, "count"),
)


def _summary(writer: _Writer, report: SuiteReport) -> None:
    sheet = writer.plain("Summary")
    for place, column in enumerate(_STANDING):
        sheet.set_column(place, place, column.width)
    writer.write(sheet, 0, 0, f"How well brewlite ranks with {report.model}")
    sheet.write_string(0, 0, _text(f"How well brewlite ranks with {report.model}"), writer.title)
    facts: list[tuple[str, Value]] = [
        ("suite", report.suite),
        ("model", report.model),
        ("seed", report.seed),
        ("started (UTC)", f"{report.started:%Y-%m-%d %H:%M}"),
        ("minutes", round(report.seconds / 60, 1)),
        ("machine", report.machine),
        ("brewlite", report.version),
        ("partial", report.partial),
        ("tasks", len(report.results)),
    ]
    row = 2
    for name, value in facts:
        writer.write(sheet, row, 0, name)
        writer.write(sheet, row, 1, value)
        row += 1
    for heading, lines in (("In words", report.verdict), ("Notes", report.notes)):
        sheet.write_string(row + 1, 0, heading, writer.head)
        for row_, line in enumerate(lines, start=row + 2):
            writer.write(sheet, row_, 0, line)
        row += 2 + len(lines)
    _standings(writer, sheet, row + 1, report)
    sheet.freeze_panes(1, 0)


def _standings(writer: _Writer, sheet: Any, row: int, report: SuiteReport) -> None:
    """The overview's figures, a table a pool; the filter is the last one's."""
    labels = {facts.name: facts.label for facts in report.methods}
    rng = np.random.default_rng(report.seed)
    for pool in pools(report):
        sheet.write_string(row, 0, f"{pool.title}: {len(pool.cases)} cases", writer.head)
        rows = [
            (
                labels[each.method],
                *_estimate(each.mean),
                *_estimate(each.ahead),
                outcome(each.ahead) if each.ahead is not None else None,
                *((each.wins, each.ties, each.losses) if each.ahead is not None else (None, None, None)),
            )
            for each in standings(pool, leading(report), rng)
        ]
        row = writer.table(sheet, row + 1, _STANDING, rows) + 1


_TASKS = (
    _Column("task", 32),
    _Column("family", 20),
    _Column("asks", 50),
    _Column("unit", 18),
    _Column("better is", 10),
    _Column("method", 34),
    _Column("role", 10),
    _Column("value", 11, "value"),
    _Column("low", 11, "value"),
    _Column("high", 11, "value"),
    _Column("cases", 9, "count"),
    _Column("answered", 10, "count"),
    _Column("visitors", 10, "count"),
    _Column("brewlite less it", 16, "signed"),
    _Column("low", 11, "signed"),
    _Column("high", 11, "signed"),
    _Column("relative", 11, "percent"),
    _Column("low", 11, "percent"),
    _Column("high", 11, "percent"),
    _Column("beyond noise", 14),
    _Column("cases won", 11, "count"),
    _Column("tied", 9, "count"),
    _Column("lost", 9, "count"),
)


def _task_rows(report: SuiteReport) -> Iterable[Sequence[Value]]:
    for result in report.results:
        for facts in report.methods:
            figure = result.figures.get(facts.name)
            if figure is None:
                continue
            told = (result.task.name, result.task.family, result.task.about, result.unit)
            yield (
                *told,
                result.best_is,
                facts.label,
                facts.role,
                *_estimate(figure),
                result.n,
                _answered(result, facts.name),
                result.visitors,
                *_compared(result, facts.name),
            )


def _answered(result: TaskResult, method: str) -> int | None:
    values = result.values.get(method)
    return None if values is None else sum(value is not None for value in values)


def _compared(result: TaskResult, method: str) -> tuple[Value, ...]:
    compared = result.compared.get(method)
    if compared is None:
        return (None,) * 10
    return (
        *_estimate(compared.absolute),
        *_estimate(compared.relative),
        outcome(compared.absolute, result.higher_is_better),
        compared.wins,
        compared.ties,
        compared.losses,
    )


def _estimate(estimate: Estimate | None) -> tuple[float | None, float | None, float | None]:
    return (None, None, None) if estimate is None else (estimate.value, estimate.low, estimate.high)


def _facets(report: SuiteReport) -> list[str]:
    return list(dict.fromkeys(name for result in report.results for case in result.cases for name in case.facets))


def _case_columns(report: SuiteReport) -> tuple[_Column, ...]:
    return (
        _Column("task", 32),
        _Column("unit", 14),
        _Column("case", 40),
        _Column("site", 22),
        _Column("visitor", 24),
        *(_Column(name, 12) for name in _facets(report)),
        *(_Column(facts.label, 13, "value") for facts in report.methods),
    )


def _case_rows(report: SuiteReport) -> Iterable[Sequence[Value]]:
    """Of tasks that have a value a case; the others have figures only."""
    facets = _facets(report)
    for result in report.results:
        columns = [result.values.get(facts.name) for facts in report.methods]
        for place, case in enumerate(result.cases):
            values = (column[place] if column is not None else None for column in columns)
            yield (result.task.name, result.unit, *_case(case, facets), *values)


def _case(case: CaseFacts, facets: Sequence[str]) -> tuple[Value, ...]:
    return (case.key, case.site, case.visitor, *(case.facets.get(name) for name in facets))


_DATA = (
    _Column("data set", 26),
    _Column("label", 22),
    _Column("kind", 12),
    _Column("items", 12, "count"),
    _Column("events", 12, "count"),
    _Column("visitors", 12, "count"),
    _Column("cut (UTC)", 18),
    _Column("trained on, before the cut", 18),
    _Column("digest", 22),
)


def _data_rows(report: SuiteReport) -> Iterable[Sequence[Value]]:
    for data in report.data:
        cut = f"{data.cut:%Y-%m-%d %H:%M}" if data.cut is not None else None
        yield (data.name, data.label, data.kind, data.items, data.events, data.users, cut, data.trained, data.digest)


_WORST = (
    _Column("task", 28),
    _Column("case", 32),
    _Column("brewlite", 10, "value"),
    _Column("best value", 10, "value"),
    _Column("best method", 24),
    _Column("brewlite's rank", 12, "count"),
    _Column("its rank", 12, "count"),
    _Column("should stand on top", 50, "wrap"),
    _Column("stood there", 60, "wrap"),
    _Column("what the model read", 80, "wrap"),
)


def _worst_rows(report: SuiteReport) -> Iterable[Sequence[Value]]:
    labels = {facts.name: facts.label for facts in report.methods}
    for case in report.worst:
        best = labels.get(case.best, case.best)
        ranks = (case.ours_rank, case.best_rank)
        picked = "\n".join(case.picked)
        yield (case.task, case.key, case.ours, case.best_value, best, *ranks, case.target, picked, case.prompt)
