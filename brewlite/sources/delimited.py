"""CSV and its relatives: any delimiter, quoted line ends, large fields, ragged rows."""

from __future__ import annotations

import csv
import re
from collections.abc import Iterator

from brewlite.errors import BadSource
from brewlite.sources.files import SourceFile
from brewlite.sources.rows import BadRow, SourceRow, distinct

DELIMITERS = ",;\t|"
"""Tried in this order."""
MAX_FIELD = 16_000_000
"""Characters. A longer field is nearly always a quote that was opened and never closed."""


class _Lines:
    """Lines for the CSV parser, which can be put back: a stray quote must not swallow the rows behind it."""

    def __init__(self, lines: Iterator[str]) -> None:
        self._lines = lines
        self._waiting: list[str] = []
        self._taken: list[str] = []

    def __iter__(self) -> Iterator[str]:
        return self

    def __next__(self) -> str:
        line = self._waiting.pop() if self._waiting else next(self._lines)
        self._taken.append(line)
        return line

    def start_record(self) -> None:
        self._taken.clear()

    def put_back_all_but_first(self) -> None:
        self._waiting.extend(reversed(self._taken[1:]))

    def put_back(self, line: str) -> None:
        self._waiting.append(line)


def read_delimited(
    file: SourceFile, encoding: str | None, delimiter: str | None = None
) -> Iterator[SourceRow | BadRow]:
    """Rows of a file whose first line names the columns. ``delimiter`` None: the one that parts the first line."""
    lines = _Lines(file.lines(file.checked_encoding(encoding)))
    csv.field_size_limit(max(csv.field_size_limit(), MAX_FIELD))
    delimiter, names = _header(lines, delimiter)
    number = 0
    for cells in _records(lines, delimiter):
        number += 1
        if isinstance(cells, str):
            yield BadRow(number=number, reason=cells)
        elif not any(cell.strip() for cell in cells):
            continue
        elif len(cells) < len(names) or any(cell.strip() for cell in cells[len(names) :]):
            yield BadRow(number=number, reason=f"{len(cells)} cells where the header has {len(names)}")
        else:
            yield SourceRow(number=number, values=dict(zip(names, cells, strict=False)))
    if number == 0:
        raise BadSource(f"{file.path} has a header and no rows")


def _header(lines: _Lines, delimiter: str | None) -> tuple[str, list[str]]:
    first = ""
    for line in lines:
        first = line.lstrip("\ufeff")
        # Excel's own way to name the delimiter.
        named = re.fullmatch(r"sep=(.)\s*", first)
        if named:
            delimiter = named[1]
        elif first.strip():
            break
    lines.put_back(first)
    delimiter = delimiter or _delimiter_of(first)
    cells = next(_records(lines, delimiter), "there is none")
    if isinstance(cells, str):
        raise BadSource(f"the first line does not name columns: {cells}")
    return delimiter, distinct(cells)


def _delimiter_of(line: str) -> str:
    bare = re.sub(r'"(?:[^"]|"")*"', "", line)
    return max(DELIMITERS, key=lambda mark: (bare.count(mark), -DELIMITERS.index(mark)))


def _records(lines: _Lines, delimiter: str) -> Iterator[list[str] | str]:
    """Cells of each record, or what is wrong with it; the parser goes on in the line after its first."""
    while True:
        reader = csv.reader(lines, delimiter=delimiter, strict=True)
        try:
            while True:
                lines.start_record()
                yield next(reader)
        except StopIteration:
            return
        except csv.Error as error:
            lines.put_back_all_but_first()
            yield _explained(str(error))


def _explained(error: str) -> str:
    if "unexpected end" in error or "field larger" in error:
        return "a quote is opened and never closed"
    if "expected after" in error:
        return 'a quote stands inside a quoted cell: write it twice ("")'
    return f"not CSV: {error}"
