"""What a source gives: rows, and places where a row should have been."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from decimal import Decimal
from uuid import UUID

from msgspec import Struct

from brewlite.adapter import Row
from brewlite.errors import BadSource


class SourceRow(Struct, frozen=True, kw_only=True):
    """One row as read: strings from CSV, typed values from elsewhere, nested ones from JSON."""

    number: int
    """Counts from 1; a header is not counted."""
    values: Row


class BadRow(Struct, frozen=True, kw_only=True):
    """A row that could not be read, and why."""

    number: int
    reason: str


class Rows(Iterator["SourceRow | BadRow"]):
    """The rows of a source, read as they are asked for."""

    def __init__(
        self, rows: Iterator[SourceRow | BadRow], name: str, share: Callable[[], float | None] = lambda: None
    ) -> None:
        self._rows = rows
        self._share = share
        # Read now, so that a source which cannot be read says so before anything is done with it.
        self._first = next(rows, None)
        if self._first is None:
            raise BadSource(f"{name} holds no rows")

    def __iter__(self) -> Iterator[SourceRow | BadRow]:
        return self

    def __next__(self) -> SourceRow | BadRow:
        if self._first is not None:
            first, self._first = self._first, None
            return first
        return next(self._rows)

    @property
    def share(self) -> float | None:
        """How much of the source has been read, 0 to 1; None when that is not known."""
        return self._share()


def plain_value(value: object) -> object:
    """A driver's value as text files give theirs: numbers, texts, dates. Bytes that are no text become hex digits."""
    if isinstance(value, Decimal):
        return int(value) if value.is_finite() and value == value.to_integral_value() else float(value)
    if isinstance(value, UUID):
        return str(value)
    if isinstance(value, (bytes, memoryview)):
        try:
            text = bytes(value).decode("utf-8")
        except UnicodeDecodeError:
            return bytes(value).hex()
        return text if "\0" not in text else bytes(value).hex()
    return value


def distinct(names: Sequence[object]) -> list[str]:
    """Column names without repeats: a second ``price`` is ``price (2)``, one without a name is ``column 3``."""
    seen: set[str] = set()
    named: list[str] = []
    for place, raw in enumerate(names, 1):
        name = str(raw).strip() or f"column {place}"
        again = 2
        unique = name
        while unique in seen:
            unique, again = f"{name} ({again})", again + 1
        seen.add(unique)
        named.append(unique)
    return named
