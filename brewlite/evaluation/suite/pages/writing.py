"""Three files of one report."""

from __future__ import annotations

from math import isfinite
from pathlib import Path
from typing import NamedTuple

import msgspec
from msgspec import structs

from brewlite.errors import BadSettings
from brewlite.evaluation.statistics import Estimate
from brewlite.evaluation.suite.pages.page import page
from brewlite.evaluation.suite.pages.workbook import write_workbook
from brewlite.evaluation.suite.report import Compared, SuiteReport, TaskResult


class Written(NamedTuple):
    """Where they are."""

    json: Path
    html: Path
    xlsx: Path


def write_report(report: SuiteReport, folder: Path) -> Written:
    """Write ``report.json``, ``report.html`` and ``report.xlsx`` into ``folder``, which is made where it is missing.

    ``report.json`` read back equals ``report``, less figures that are not finite: JSON has none. The same report gives
    the same bytes.

    Raises:
        BadSettings: the folder cannot be written to.
        ExtraMissing: the extra ``bench`` is not installed.
    """
    report = structs.replace(report, results=tuple(_finite(result) for result in report.results))
    written = Written(json=folder / "report.json", html=folder / "report.html", xlsx=folder / "report.xlsx")
    try:
        folder.mkdir(parents=True, exist_ok=True)
        written.json.write_bytes(msgspec.json.format(msgspec.json.encode(report), indent=1))
        written.html.write_text(page(report), encoding="utf-8")
        write_workbook(report, written.xlsx)
    except OSError as error:
        raise BadSettings(
            f"--report {folder}: {error.strerror or error}; choose a folder that can be written"
        ) from error
    return written


def _finite(result: TaskResult) -> TaskResult:
    """Without figures, comparisons, values and points of a curve that are not finite."""
    figures = {name: _estimate(each) for name, each in result.figures.items()}
    compared = {name: _compared(each) for name, each in result.compared.items()}
    return structs.replace(
        result,
        figures={name: each for name, each in figures.items() if each is not None},
        compared={name: each for name, each in compared.items() if each is not None},
        values={
            name: tuple(value if value is not None and isfinite(value) else None for value in values)
            for name, values in result.values.items()
        },
        curves={
            name: tuple(each for each in curve if isfinite(each.predicted) and isfinite(each.observed))
            for name, curve in result.curves.items()
        },
    )


def _estimate(estimate: Estimate | None) -> Estimate | None:
    if estimate is None or not isfinite(estimate.value):
        return None
    bounds = (estimate.low, estimate.high)
    whole = all(bound is None or isfinite(bound) for bound in bounds)
    return estimate if whole else Estimate(value=estimate.value)


def _compared(compared: Compared) -> Compared | None:
    absolute = _estimate(compared.absolute)
    if absolute is None:
        return None
    return structs.replace(compared, absolute=absolute, relative=_estimate(compared.relative))
