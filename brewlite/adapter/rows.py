"""Reading a row by column names that differ in case, punctuation and depth."""

from __future__ import annotations

import difflib
from collections.abc import Iterator, Mapping, Sequence
from functools import lru_cache

from brewlite.adapter.declarations import Row
from brewlite.errors import BadRecord, UnknownName

MAX_DEPTH = 5
"""Levels of a nested row (JSON-LD) that are looked into."""


@lru_cache(maxsize=4096)
def column_key(name: str) -> str:
    """``"Job.ID"`` and ``"job_id"`` are one column. ``@`` stays: JSON-LD's ``@type`` is not a ``type``."""
    return "".join(sign for sign in name.casefold() if sign.isalnum() or sign == "@")


class RowView:
    """A row of one source, with the caller's mapping laid over it."""

    __slots__ = ("_columns", "_mapping", "_origins", "row")

    def __init__(self, row: Row, mapping: Mapping[str, str] | None, targets: Sequence[str]) -> None:
        self.row = row
        self._columns: dict[str, tuple[str, object]] = {}
        self._origins: dict[str, tuple[str, object]] = {}
        for name, value in _flat(row, "", MAX_DEPTH):
            self._columns.setdefault(column_key(name), (name, value))
        self._mapping = {self._target(target, targets): column for target, column in (mapping or {}).items()}

    def _target(self, target: str, targets: Sequence[str]) -> str:
        if target in targets:
            return target
        key = column_key(target)
        for known in targets:
            if column_key(known) == key:
                return known
        close = difflib.get_close_matches(target, targets, 1)
        raise UnknownName(
            "field in the mapping", target, known=targets, hint=f"did you mean {close[0]!r}?" if close else ""
        )

    def read(self, target: str, columns: Sequence[str]) -> tuple[str, object] | None:
        """(column as the source spells it, value) for ``target``: the mapped column, else the first with a value."""
        found = self._mapped(self._mapping[target], target) if target in self._mapping else self._first(columns)
        if found is not None:
            self._origins[target] = found
        return found

    def origin(self, target: str) -> tuple[str, object] | None:
        """(column, value) that ``target`` was last read from; None where it was not, or had no value."""
        return self._origins.get(target)

    def is_mapped(self, target: str) -> bool:
        """Whether the caller named a column for ``target``."""
        return target in self._mapping

    def has(self, column: str) -> bool:
        """Whether the source has such a column, with a value or without."""
        return column_key(column) in self._columns

    def value(self, *columns: str) -> object | None:
        """The first value among ``columns``, as read."""
        found = self.read("", columns)
        return None if found is None else found[1]

    def listing(self) -> str:
        """The columns there are, for messages."""
        names = [str(name) for name in self.row]
        return ", ".join(names[:30]) + (f" and {len(names) - 30} more" if len(names) > 30 else "")

    def _first(self, columns: Sequence[str]) -> tuple[str, object] | None:
        found = (self._columns.get(column_key(column)) for column in columns)
        return next((one for one in found if one is not None and not _empty(one[1])), None)

    def _mapped(self, column: str, target: str) -> tuple[str, object] | None:
        if column in self.row:
            value = self.row[column]
            return None if _empty(value) else (column, value)
        found = self._columns.get(column_key(column))
        if found is None:
            raise BadRecord(f"no column {column!r} for {target}; columns: {self.listing()}")
        return None if _empty(found[1]) else found


def _flat(row: Mapping[str, object], prefix: str, depth: int) -> Iterator[tuple[str, object]]:
    """Column -> value, nested ones by dotted names; of a list of objects, the first one's."""
    for name, value in row.items():
        path = f"{prefix}{name}"
        inner = value[0] if isinstance(value, (list, tuple)) and value and isinstance(value[0], Mapping) else value
        if not isinstance(value, Mapping):
            yield path, value
        if isinstance(inner, Mapping) and depth > 1:
            yield from _flat(inner, f"{path}.", depth - 1)


def _empty(value: object) -> bool:
    if isinstance(value, str):
        return not value.strip()
    return value is None or (isinstance(value, (list, tuple)) and not value)
