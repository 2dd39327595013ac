"""Dates as sources write them -> aware datetimes in UTC."""

from __future__ import annotations

import math
import re
from contextlib import suppress
from datetime import MAXYEAR, UTC, date, datetime, time, timedelta
from email.utils import parsedate_to_datetime
from typing import Literal

from brewlite.records import as_utc

DateOrder = Literal["day first", "month first"]

_NUMERIC = re.compile(r"^(\d{1,2})([./-])(\d{1,2})\2(\d{4})(?:[,\sT]+(.+))?$")
_NAMED = re.compile(
    r"^(?:[a-z]+,?\s+)??(?:(?P<day>\d{1,2})(?:st|nd|rd|th)?(?:\s+of)?[\s-]+(?P<month>[a-z]{3,9})\.?|"
    r"(?P<month2>[a-z]{3,9})\.?\s+(?P<day2>\d{1,2})(?:st|nd|rd|th)?)[,\s-]+(?P<year>\d{4})(?:[,\s]+(?:at\s+)?(?P<time>.+))?$",
    re.IGNORECASE,
)
_LOOSE = re.compile(r"^(\d{4})[-/](\d{1,2})(?:[-/](\d{1,2})(?:[T\s]+(.+))?)?$")
_CLOCK = re.compile(r"\d{1,2}:\d{2}|\dT\d{2}|^\d{9,}")
"""A time of day, or seconds since 1970."""
_SPAN = re.compile(r"^\d{4}(?:[-/](\d{1,2}))?$")
"""A month, or a year."""
_FIGURES = re.compile(r"^\d{4,19}(?:\.\d+)?$")
_COMPACT = re.compile(r"^[12]\d{3}[01]\d[0-3]\d$")
_MONTH_NAMES = "january february march april may june july august september october november december"
MONTHS = {name: number for number, name in enumerate(_MONTH_NAMES.split(" "), start=1)}
MONTHS |= {name[:3]: number for name, number in MONTHS.items()} | {"sept": 9}


def parse_date(raw: object, order: DateOrder | None = None) -> datetime:
    """``raw`` as a moment in UTC; read as :func:`as_written` does."""
    return as_utc(as_written(raw, order))


def as_written(raw: object, order: DateOrder | None = None) -> datetime:
    """``raw`` as a moment in the zone it names, so that its day stays the day it was written as; without one, in UTC.

    ISO 8601, RFC 2822, ``"2014-12-12 20:12:32 UTC"``, ``"3 April 2021"``, ``"April 3, 2021"``, ``20210403``, a bare
    year or month (its first day), seconds (milli-, micro-, nanoseconds) since 1970. ``"31/12/2021"`` and
    ``"12/31/2021"`` are clear; ``"03/04/2021"`` is refused unless ``order`` says which comes first, since a wrong
    guess would go unseen. ``"03.04.2021"`` is day first: nobody writes dots the other way round. Raises ValueError
    with what ``raw`` is not.
    """
    if isinstance(raw, datetime):
        return _zoned(raw)
    if isinstance(raw, date):
        return datetime(raw.year, raw.month, raw.day, tzinfo=UTC)
    if isinstance(raw, (int, float)) and not isinstance(raw, bool):
        return _from_figures(float(raw))
    text = " ".join(str(raw).split())
    if _FIGURES.match(text):
        return _from_figures(float(text))
    return _read(text, order)


def last_moment(raw: object, moment: datetime) -> datetime:
    """The end of what ``raw`` named and :func:`parse_date` read as ``moment``: of a day without a clock, its midnight.

    ``"valid through 2026-11-24"`` holds all that day, ``"2026-11"`` all that month, ``"2026"`` all that year.
    """
    if isinstance(raw, (str, int)) and (span := _SPAN.match(str(raw).strip())) and moment.year < MAXYEAR:
        year, month = (moment.year, moment.month + 1) if span[1] else (moment.year + 1, 1)
        return moment.replace(year=year + month // 13, month=month % 13 + month // 13)
    is_day = not isinstance(raw, datetime) and not _CLOCK.search(str(raw))
    return moment + timedelta(days=1) if is_day and moment.time() == time() and moment.year < MAXYEAR else moment


def _zoned(moment: datetime) -> datetime:
    utc = as_utc(moment)  # refuses a moment that lies beyond the calendar there
    return moment if moment.tzinfo is not None else utc


def _read(text: str, order: DateOrder | None) -> datetime:
    text = re.sub(r"^(\d{4}-\d{2}-\d{2})Z$", r"\1", text)  # a day is one of UTC
    zoned = re.sub(r"\s*\b(?:UTC|GMT)$", "+00:00", re.sub(r"\s+([+-]\d{2}:?\d{2})$", r"\1", text))
    if match := _LOOSE.match(zoned):
        return _at(int(match[1]), int(match[2]), int(match[3] or 1), match[4])
    if match := _NUMERIC.match(zoned):
        day, month = _day_and_month(int(match[1]), int(match[3]), match[2], order)
        return _at(int(match[4]), month, day, match[5])
    if (match := _NAMED.match(zoned)) and (name := (match["month"] or match["month2"]).casefold()) in MONTHS:
        with suppress(ValueError):  # a zone by its name (EST) is read below
            return _at(int(match["year"]), MONTHS[name], int(match["day"] or match["day2"]), match["time"])
    try:
        return _zoned(parsedate_to_datetime(text))
    except (ValueError, TypeError, IndexError, OverflowError):
        raise ValueError("not a date") from None


def _day_and_month(first: int, second: int, mark: str, order: DateOrder | None) -> tuple[int, int]:
    if first > 12 or mark == "." or first == second:
        return first, second
    if second > 12:
        return second, first
    if order is None:
        raise ValueError('a date with day or month first? say which with adapter.dates = "day first" or "month first"')
    return (first, second) if order == "day first" else (second, first)


def _at(year: int, month: int, day: int, clock: str | None) -> datetime:
    stamp = f"{year:04d}-{month:02d}-{day:02d}"
    if clock:
        half = re.search(r"\s*([ap])\.?m\.?$", clock, re.IGNORECASE)
        hours, colon, rest = (clock[: half.start()] if half else clock).partition(":")
        if half and hours.isdigit():
            hours = str(int(hours) % 12 + (12 if half[1].casefold() == "p" else 0))
        stamp += f"T{hours.zfill(2)}{colon or ':00'}{rest}"
    try:
        return _zoned(datetime.fromisoformat(stamp))
    except (ValueError, OverflowError):
        raise ValueError("not a date") from None


def _from_figures(number: float) -> datetime:
    if 1000 <= number < 3000 and number == int(number):
        return _at(int(number), 1, 1, None)
    if _COMPACT.match(compact := f"{number:.0f}"):
        return _at(int(compact[:4]), int(compact[4:6]), int(compact[6:]), None)
    return _from_epoch(number)


def _from_epoch(number: float) -> datetime:
    # Below this (1973) stand row numbers and a spreadsheet's day counts, not moments of a site's life.
    if not math.isfinite(number) or number < 1e8:
        raise ValueError("not a date")
    for _ in range(3):
        if number < 1e11:
            break
        number /= 1000.0
    try:
        return datetime(1970, 1, 1, tzinfo=UTC) + timedelta(seconds=number)
    except OverflowError:
        raise ValueError("not a date") from None
