"""Hard limits on items: whether one fits, and limits given as filters."""

from __future__ import annotations

import difflib
import math
import re
from collections.abc import Callable, Mapping, Sequence
from datetime import datetime
from functools import lru_cache
from typing import Any

from brewlite.adapter import Field
from brewlite.adapter.dates import parse_date
from brewlite.adapter.plain import words_of
from brewlite.adapter.values import declared_name
from brewlite.errors import BadRecord
from brewlite.records import Constraint, FieldValue, Item, as_utc

CREATED = Field(name="created", type="date", words=("posted", "listed", "added", "published"))
EXPIRES = Field(
    name="expires", type="date", words=("expires", "closes", "closing", "closing date", "deadline", "apply")
)
PLACE = Field(name="place", type="category", words=("place",))
OF_EVERY_ITEM = (CREATED, EXPIRES, PLACE)
"""What limits may speak of besides an adapter's fields."""

_ORDERS: dict[str, Callable[[Any, Any], bool]] = {"<=": lambda a, b: a <= b, ">=": lambda a, b: a >= b}
_CLOCKED = re.compile(r"\d{4}-\d{2}-\d{2}[T ]\d{2}:\d{2}")
_NEGATIONS = frozenset({"!=", "not in"})


def allows(constraint: Constraint, item: Item, at: datetime) -> bool:
    """Whether ``item`` keeps to ``constraint``. What is not known fails a positive limit and passes a negation.

    A tag field is equal to each of its tags, a place to each of its parts (``Angaston, South Australia``). ``at`` is
    the moment that the word ``now`` stands for in a filter on a date.
    """
    return rule_of(constraint, at)(item)


def rule_of(constraint: Constraint, at: datetime) -> Callable[[Item], bool]:
    """As :func:`allows`, for many items: ``no smoking`` may be hundreds of tags, and a catalog thousands of items."""
    field, op = constraint.field, constraint.op
    if op in _ORDERS:
        return lambda item: _ordered(constraint, _held(item, field), at)
    wanted = list(constraint.value) if isinstance(constraint.value, (list, tuple)) else [constraint.value]
    texts = frozenset(_told(str(one)) for one in wanted if _plain(one))
    others = [one for one in wanted if not _plain(one)]

    def same(value: FieldValue) -> bool:
        if not isinstance(value, str):
            return any(_same(value, one) for one in wanted)
        return _told(value) in texts or any(_same(value, one) for one in others)

    negated = op in _NEGATIONS
    return lambda item: any(map(same, _held(item, field))) is not negated


def parse_filters(filters: Mapping[str, Any], fields: Sequence[Field]) -> tuple[Constraint, ...]:
    """``field -> value`` or ``field -> {"min": .., "max": .., "in": [..], "not": ..}`` as constraints.

    Raises BadRecord for a field or key that does not exist, and a value that does not suit its field.
    """
    by_name = {field.name: field for field in (*fields, *OF_EVERY_ITEM)}
    found: list[Constraint] = []
    for name, wanted in filters.items():
        if name not in by_name:
            close = difflib.get_close_matches(str(name), by_name, 1)
            hint = f"; did you mean {close[0]!r}?" if close else ""
            raise BadRecord(f"filter {name!r} is no field; fields: {', '.join(by_name)}{hint}")
        found += _parsed(by_name[name], wanted)
    return tuple(found)


def _parsed(field: Field, wanted: Any) -> list[Constraint]:
    if not isinstance(wanted, Mapping):
        wanted = {"in": wanted} if isinstance(wanted, (list, tuple, set)) else {"is": wanted}
    if not wanted:
        raise BadRecord(f"filter {field.name!r} is empty: give it a value, or any of min, max, in, not")
    return [_one(field, str(key), value) for key, value in wanted.items()]


def _one(field: Field, key: str, value: Any) -> Constraint:
    if key in ("min", "max"):
        if field.type not in ("number", "integer", "money", "date"):
            raise BadRecord(f"filter {field.name!r} has {key!r}: {field.name} is a {field.type}, use in or not")
        return Constraint(field=field.name, op=">=" if key == "min" else "<=", value=_value(field, value))
    many = isinstance(value, (list, tuple, set))
    if key not in ("in", "not", "is") or (key == "in" and not many) or (key == "is" and many):
        known = "min, max, in (a list), not"
        raise BadRecord(f"filter {field.name!r} has {key!r}: {value!r}: not one of {known}")
    negated = key == "not"
    if not many:
        return Constraint(field=field.name, op="!=" if negated else "==", value=_value(field, value))
    values = [_value(field, one) for one in value]
    if not values:
        raise BadRecord(f"filter {field.name!r} has an empty list: name at least one value")
    if len(values) == 1:
        return Constraint(field=field.name, op="!=" if negated else "==", value=values[0])
    texts = [one if isinstance(one, str) else _figure(one) for one in values]
    return Constraint(field=field.name, op="not in" if negated else "in", value=texts)


def _value(field: Field, value: Any) -> FieldValue:
    if field.type in ("number", "integer", "money"):
        number = _number(value)
        if number is None:
            raise BadRecord(f"filter {field.name!r} has {value!r}: not a number")
        return number
    if field.type == "boolean":
        flag = {"true": True, "false": False}.get(str(value).casefold(), value)
        if not isinstance(flag, bool):
            raise BadRecord(f"filter {field.name!r} has {value!r}: not true or false")
        return flag
    if field.type == "date" and value != "now":
        try:
            return parse_date(value).isoformat()
        except ValueError as error:
            raise BadRecord(f"filter {field.name!r} has {value!r}: {error}") from None
    if isinstance(value, (str, int, float)) and not isinstance(value, bool) and str(value).strip():
        return declared_name(str(value), field)  # "Entire home/apt" is looked for as it was imported
    raise BadRecord(f"filter {field.name!r} has {value!r}: not a text")


def _held(item: Item, field: str) -> list[FieldValue]:
    """What the item holds under ``field``; empty when it is not known."""
    if field in item.fields:
        value = item.fields[field]
        return list(value) if isinstance(value, list) else [value]
    if field in ("created", "expires"):
        moment = item.created if field == "created" else item.expires
        return [] if moment is None else [as_utc(moment).isoformat()]
    if field == "place" and item.place:
        return list(dict.fromkeys((item.place, *item.place.split(","))))
    return []


def _ordered(constraint: Constraint, held: Sequence[FieldValue], at: datetime) -> bool:
    if len(held) != 1:
        return False
    value, limit = held[0], constraint.value
    if isinstance(value, str) or isinstance(limit, str):
        moments = (_moment(value, at), _moment(limit, at))
        return None not in moments and _ORDERS[constraint.op](*moments)
    if isinstance(value, (bool, list)) or isinstance(limit, (bool, list)):
        return False
    return _ORDERS[constraint.op](value, limit)


def _moment(value: object, at: datetime) -> datetime | None:
    return as_utc(at) if value == "now" else _instant(value)


def _instant(value: object) -> datetime | None:
    try:
        return as_utc(datetime.fromisoformat(value)) if isinstance(value, str) else None
    except ValueError:
        return None


def _same(value: FieldValue, wanted: FieldValue) -> bool:
    if isinstance(value, bool) or isinstance(wanted, bool):
        return value is wanted or str(value).casefold() == str(wanted).casefold()
    if isinstance(value, float | int) or isinstance(wanted, float | int):
        number = _number(wanted)
        return number is not None and _number(value) == number
    one, other = str(value), str(wanted)
    if _CLOCKED.match(one) and _CLOCKED.match(other) and (moment := _instant(one)) is not None:
        return moment == _instant(other)  # each may name a zone of its own
    return _told(one) == _told(other)


def _plain(value: FieldValue) -> bool:
    """Whether it is a text, and no moment."""
    return isinstance(value, str) and not _CLOCKED.match(value)


@lru_cache(maxsize=65_536)
def _told(text: str) -> tuple[str, str]:
    """What a text is told from others by."""
    return words_of(text), marks_of(text)


def marks_of(text: str) -> str:
    """What tells ``C``, ``C++`` and ``C#`` apart; of a text without a word, all of it."""
    return "".join(mark for mark in text if mark in "+#") if words_of(text) else text.strip()


def _number(value: object) -> float | None:
    try:
        number = float(value) if isinstance(value, (str, int, float)) and not isinstance(value, bool) else math.nan
    except (ValueError, OverflowError):
        return None
    return number if math.isfinite(number) else None


def _figure(value: FieldValue) -> str:
    return f"{value:.15g}" if isinstance(value, float) else str(value).casefold()
