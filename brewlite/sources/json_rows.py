"""JSON Lines, and JSON files that hold a list of objects."""

from __future__ import annotations

import json
from collections.abc import Iterator, Sequence
from typing import Any

import msgspec

from brewlite.errors import BadSource
from brewlite.sources.files import SourceFile
from brewlite.sources.linked_data import is_linked_data, nodes_of
from brewlite.sources.rows import BadRow, SourceRow


def read_json_lines(file: SourceFile, encoding: str | None) -> Iterator[SourceRow | BadRow]:
    """One object a line. A file that holds one list instead is read as that."""
    checked = file.checked_encoding(encoding)
    number = 0
    for line in file.lines(checked):
        text = line.strip().lstrip("\ufeff")
        if number == 0 and text.startswith("["):
            yield from read_json(file, encoding)
            return
        if text:
            number += 1
            yield _row(number, text)


def read_json(file: SourceFile, encoding: str | None) -> Iterator[SourceRow | BadRow]:
    """The objects of a list, of the one list in an object, of JSON-LD; or one object a line."""
    text = file.text(encoding).lstrip("\ufeff")
    try:
        document = decoded(text)
    except ValueError as error:
        first, _, more = text.lstrip().partition("\n")
        if more.strip() and isinstance(_row(1, first), SourceRow):
            yield from read_json_lines(file, encoding)
            return
        raise BadSource(f"{file.path} is not JSON: {error}") from error
    if is_linked_data(document):
        yield from objects(nodes_of(document))
        return
    yield from objects(_list_in(document))


def objects(values: Sequence[Any]) -> Iterator[SourceRow | BadRow]:
    """A row for every object; anything else is a bad row."""
    for number, value in enumerate(values, 1):
        if isinstance(value, dict):
            yield SourceRow(number=number, values=value)
        else:
            yield BadRow(number=number, reason=f"not an object but {_shown(value)}")


def decoded(text: str) -> Any:
    """``text`` as JSON, with the NaN and the raw line ends that other programs write. Raises ValueError."""
    try:
        return msgspec.json.decode(text)
    except (msgspec.DecodeError, RecursionError, UnicodeEncodeError):
        try:
            return json.loads(text, strict=False)
        except RecursionError:
            raise ValueError("nested too deeply") from None


def _row(number: int, text: str) -> SourceRow | BadRow:
    try:
        value = decoded(text)
    except ValueError as error:
        return BadRow(number=number, reason=f"not JSON: {error}")
    if not isinstance(value, dict):
        return BadRow(number=number, reason=f"not an object but {_shown(value)}")
    return SourceRow(number=number, values=value)


def _list_in(document: Any) -> Sequence[Any]:
    """The rows of a document: itself, the one list of objects inside (``{"items": [...]}``), or the single object."""
    if isinstance(document, list):
        return document
    if not isinstance(document, dict):
        raise BadSource(f"expected a list of objects, found {_shown(document)}")
    lists = [value for value in document.values() if isinstance(value, list) and value and isinstance(value[0], dict)]
    return lists[0] if len(lists) == 1 else [document]


def _shown(value: object) -> str:
    text = json.dumps(value, ensure_ascii=False, default=str)
    return text if len(text) <= 60 else text[:57] + "..."
