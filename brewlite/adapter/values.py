"""One value of a row -> what a typed field holds."""

from __future__ import annotations

import html
import json
import re
from collections.abc import Mapping, Sequence
from functools import lru_cache

from brewlite.adapter.dates import DateOrder, as_written
from brewlite.adapter.declarations import Field
from brewlite.adapter.numbers import CURRENCY_SIGNS, Money, parse_money, parse_number
from brewlite.adapter.plain import cut, plain, words_of
from brewlite.adapter.units import between_periods, column_measure, column_period, column_words, period_of
from brewlite.records import FieldValue

MAX_FIELD_TEXT = 2_000
"""Characters of a text field; what is longer belongs into the item's text and is cut here."""
MAX_CATEGORY = 200
"""Characters of a category or tag."""
MAX_TAGS = 200

_NO_VALUE = frozenset({"", "null", "none", "n/a", "#n/a", "\\n", "-", "--", "—"})
_NO_DATE = frozenset({"0000-00-00", "0000-00-00 00:00:00"})
_TRUE = frozenset({"true", "t", "yes", "y", "1", "on", "✓", "✔", "x", "ja", "oui", "sí", "sì", "si", "sim", "tak"})
_FALSE = frozenset({"false", "f", "no", "n", "0", "off", "✗", "✘", "nein", "non", "nee", "não", "nej", "nie"})
_ANGLED = re.compile(r"<([^<>]+)>")
_BRACED = re.compile(r'"((?:[^"\\]|\\.)*)"|([^,]+)')


def is_missing(raw: object, missing: Sequence[str]) -> bool:
    """Whether ``raw`` says nothing: empty, a null marker of databases, or one of the declared ``missing`` values."""
    if raw is None or (isinstance(raw, (list, tuple, dict)) and not raw):
        return True
    if isinstance(raw, (list, tuple, dict)):
        return False
    text = str(raw).strip().casefold()
    return text in _NO_VALUE or any(text == value.strip().casefold() for value in missing)


def read_value(
    field: Field, raw: object, column: str = "", order: DateOrder | None = None
) -> tuple[FieldValue | None, str | None]:
    """(the value, the currency sign it named) of ``raw`` in ``field``; (None, None) where it says nothing.

    A ``column`` whose name carries a unit (``hourly_rate``, ``lot_sqft``) gives it to values that carry none.
    Raises ValueError with what ``raw`` is not: ``"not money"``.
    """
    if isinstance(raw, (list, tuple)):
        raw = [part for part in raw if part is not None]
    if is_missing(raw, field.missing):
        return None, None
    if field.type == "money":
        money = _named_number(field, raw)
        if money is None:
            parsed = parse_money(_first(raw))
            return in_period(parsed, field, column), parsed.currency or column_currency(column)
        return money, column_currency(column)
    return _plain_value(field, raw, column, order), None


def in_period(money: Money, field: Field, column: str = "") -> float:
    """The amount in the field's own period: ``$30 an hour`` is 62,400 in a field of unit ``"a year"``."""
    period, wanted = money.period or column_period(column), period_of(field.unit)
    converted = between_periods(money.amount, period, wanted) if period and wanted else None
    return money.amount if converted is None else round(converted, 2)


def column_currency(column: str) -> str | None:
    """The currency sign that a column's name gives its money: ``price_gbp``, ``salaryEUR``; None when it names none."""
    codes = (word for word in column_words(column) if len(word) > 2)
    return next((CURRENCY_SIGNS[code] for code in codes if code in CURRENCY_SIGNS), None)


def _plain_value(field: Field, raw: object, column: str, order: DateOrder | None) -> FieldValue | None:
    if field.type == "tags":
        return parse_tags(raw, field) or None
    single = _first(raw)
    if field.type in ("number", "integer"):
        return _number(field, single, column)
    if field.type == "boolean":
        return parse_boolean(single, field)
    if field.type == "date":
        return None if str(single).strip() in _NO_DATE else as_written(single, order).isoformat()
    if field.type == "category":
        many = raw if isinstance(raw, (list, tuple)) else [single]
        known = (found for part in many if (found := _names(field).get(words_of(plain(str(part)[: 5 * MAX_CATEGORY])))))
        return next(known, None) or category(", ".join(str(part) for part in many), field)
    joined = ", ".join(str(part) for part in raw) if isinstance(raw, (list, tuple)) else str(raw)
    return cut(plain(joined[: 5 * MAX_FIELD_TEXT]), MAX_FIELD_TEXT) or None


def _number(field: Field, raw: object, column: str) -> float:
    named = _named_number(field, raw)
    number = parse_number(raw, field.unit, column_measure(column) or "") if named is None else named
    if field.type == "integer" and number != int(number):
        raise ValueError("not a whole number")
    return number


def _named_number(field: Field, raw: object) -> float | None:
    key = _names(field).get(words_of(raw)) if field.values and isinstance(raw, str) else None
    return None if key is None else float(key)


def parse_boolean(raw: object, field: Field) -> bool:
    """``raw`` as yes or no, in common signs or the field's own words. Raises ValueError."""
    if isinstance(raw, bool):
        return raw
    if isinstance(raw, (int, float)) and raw in (0, 1):
        return bool(raw)
    text = str(raw).strip().casefold()
    if text in _TRUE or text in _FALSE:
        return text in _TRUE
    named = _names(field).get(words_of(text))
    if named is None:
        raise ValueError("neither yes nor no")
    return named == "true"


def category(raw: object, field: Field) -> str | None:
    """``raw`` under the name the field declares for it; ``some_code`` becomes words. None when nothing is left."""
    text = plain(str(raw)[: 5 * MAX_CATEGORY])
    known = _names(field).get(words_of(text))
    if known is not None:
        return known
    return cut(text.replace("_", " ") if " " not in text else text, MAX_CATEGORY) or None


def declared_name(text: str, field: Field) -> str:
    """``text`` by the name that the field declares for it, as an import keeps it; where it declares none, as it is."""
    return (category(text, field) or text) if field.values else text


def parse_tags(raw: object, field: Field) -> list[str]:
    """Tags of a list, a JSON list, ``{a,"b c"}``, ``<a><b>``, or text parted by ``|``, ``;`` or ``,``; no repeats."""
    parts = [_tag_name(part) for part in raw] if isinstance(raw, (list, tuple)) else split_tags(str(raw))
    tags: dict[str, str] = {}
    for part in parts:
        tag = category(part, field) if part else None
        if tag and tag.casefold() not in _NO_VALUE:
            tags.setdefault(tag.casefold(), tag)
    return list(tags.values())[:MAX_TAGS]


def split_tags(text: str) -> list[str]:
    """The tags in ``text``, whichever way they are parted."""
    text = text.strip()
    if text.startswith("[") and text.endswith("]"):
        try:
            return [_tag_name(part) for part in json.loads(text)]
        except ValueError:
            return [part.strip(" '\"") for part in text[1:-1].split(",")]
    if text.startswith("{") and text.endswith("}"):
        return [quoted or bare.strip() for quoted, bare in _BRACED.findall(text[1:-1])]
    if "</" in text:  # a list in HTML: what its elements say
        return [part.strip() for part in _ANGLED.split(text)[::2]]
    if text.startswith("<") and text.endswith(">"):
        return _ANGLED.findall(text)
    text = html.unescape(text)  # before it is parted: "Arts &amp; Crafts" has no semicolon of its own
    mark = next((mark for mark in "|;" if mark in text), ",")
    return text.split(mark)


def _tag_name(part: object) -> str:
    """A tag of a JSON list; schema.org writes ``{"name": "Wifi", "value": true}``."""
    if isinstance(part, Mapping):
        return str(part.get("name") or "") if part.get("value", True) not in (False, "false", "False") else ""
    return "" if part is None else str(part)


def _first(raw: object) -> object:
    return raw[0] if isinstance(raw, (list, tuple)) and raw else raw


def _names(field: Field) -> dict[str, str]:
    return _names_of(tuple((key, tuple(names)) for key, names in field.values.items()))


@lru_cache(maxsize=256)
def _names_of(values: tuple[tuple[str, tuple[str, ...]], ...]) -> dict[str, str]:
    """Every name of every declared value, in comparable form -> the declared value."""
    found: dict[str, str] = {}
    for key, names in values:
        for name in (key, *names):
            found.setdefault(words_of(name), key)
    return found
