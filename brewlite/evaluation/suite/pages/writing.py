"""Three files of one report."""

from __future__ import annotations

from pathlib import Path
from typing import NamedTuple

import msgspec

from brewlite.errors import BadSettings
from brewlite.evaluation.suite.pages.page import page
from brewlite.evaluation.suite.pages.workbook import write_workbook
from brewlite.evaluation.suite.report import SuiteReport


class Written(NamedTuple):
    """Where they are."""

    json: Path
    html: Path
    xlsx: Path


def write_report(report: SuiteReport, folder: Path) -> Written:
    """Write ``report.json``, ``report.html`` and ``report.xlsx`` into ``folder``, which is made where it is missing.

    ``report.json`` read back equals ``report``. The same report gives the same bytes.

    Raises:
        BadSettings: the folder cannot be written to.
        ExtraMissing: the extra ``bench`` is not installed.
    """
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
