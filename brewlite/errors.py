"""Everything brewlite raises on purpose.

    BrewliteError
    ├── UserError               the caller can mend it; the command line exits with 2, HTTP answers 4xx
    │   ├── BadRecord           a row, record or query holds a value that cannot be used
    │   ├── BadSource           a file, table or feed cannot be read at all
    │   ├── BadSettings         brewlite.toml, a BREWLITE_* variable or an option is wrong
    │   ├── UnknownName         no item, user, task, adapter, field or model of that name
    │   ├── ExtraMissing        an optional dependency is not installed
    │   └── WeightsMissing      model weights are not on this machine yet
    ├── WeightsCorrupt          a download or a cached file does not match its SHA-256
    └── StoreError              the database refused, or was written by a newer brewlite

A message names the thing, the value seen, and what to do next.
"""

from __future__ import annotations

from collections.abc import Sequence


class BrewliteError(Exception):
    """Base of everything brewlite raises on purpose."""


class UserError(BrewliteError):
    """Something the caller can mend."""


class BadRecord(UserError):
    """A row, record or query holds a value that cannot be used."""


class BadSource(UserError):
    """A file, table or feed cannot be read at all."""


class BadSettings(UserError):
    """``brewlite.toml``, a ``BREWLITE_*`` variable or an option is wrong."""


class UnknownName(UserError):
    """No item, user, task, adapter, field or model of that name."""

    def __init__(self, what: str, names: str | Sequence[str], known: Sequence[str] = (), hint: str = "") -> None:
        self.what = what
        self.names = (names,) if isinstance(names, str) else tuple(names)
        listed = ", ".join(repr(name) for name in self.names[:20])
        more = f" and {len(self.names) - 20} more" if len(self.names) > 20 else ""
        plural = "" if len(self.names) == 1 else "s"
        message = f"unknown {what}{plural} {listed}{more}"
        if known:
            message += f"; known: {', '.join(known[:20])}"
        super().__init__(f"{message}; {hint}" if hint else message)


class ExtraMissing(UserError):
    """An optional dependency is not installed."""

    def __init__(self, extra: str, needed_for: str) -> None:
        self.extra = extra
        super().__init__(f"{needed_for} needs an optional part: pip install 'brewlite[{extra}]'")


class WeightsMissing(UserError):
    """Model weights are not on this machine yet."""


class WeightsCorrupt(BrewliteError):
    """A download or a cached file does not match its SHA-256."""


class StoreError(BrewliteError):
    """The database refused, or was written by a newer brewlite."""
