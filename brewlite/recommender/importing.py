"""How the recommender's imports read a source, and who watches them."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import TypedDict

from brewlite.intake import Progress, Rejection
from brewlite.sources import Rows, read_rows


class ImportOptions(TypedDict, total=False):
    """How a source is read (see :func:`brewlite.sources.read_rows`), and who watches."""

    table: str | None
    sql: str | None
    encoding: str | None
    format: str | None
    progress: Callable[[Progress], None] | None
    on_reject: Callable[[Rejection], None] | None


class Watching(TypedDict):
    """Who watches the rows come in."""

    progress: Callable[[Progress], None] | None
    on_reject: Callable[[Rejection], None] | None


def opened(source: str | Path, options: ImportOptions) -> tuple[Rows, Watching]:
    """The rows of ``source``, and who watches them come in."""
    rows = read_rows(
        source,
        table=options.get("table"),
        sql=options.get("sql"),
        encoding=options.get("encoding"),
        format=options.get("format"),
    )
    return rows, Watching(progress=options.get("progress"), on_reject=options.get("on_reject"))
