"""Units that rows and visitors write beside numbers, and what converts into what."""

from __future__ import annotations

import re
from functools import lru_cache

HOURS_A_YEAR, DAYS_A_YEAR, WEEKS_A_YEAR, MONTHS_A_YEAR = 2080.0, 260.0, 52.0, 12.0
"""Of work: 40 hours in 52 weeks. A month's pay or rent is a year's through 12, a week's through 52."""

_PERIODS = {
    "hour": ("hour", "hr", "h", "hourly", "ph", "hur", "stunde", "heure", "hora"),
    "day": ("day", "daily", "pd", "tag", "jour", "día"),
    "night": ("night", "nightly", "pn", "nights", "nacht", "nuit", "noche"),
    "week": ("week", "wk", "weekly", "pw", "p w", "wee", "woche", "semaine", "semana"),
    "month": ("month", "mo", "mth", "mon", "monthly", "pcm", "pm", "p m", "p c m", "calendar month",
              "monat", "mtl", "monatlich", "mois", "mes"),
    "year": ("year", "yr", "yearly", "annum", "annual", "annually", "pa", "p a", "y", "ann",
             "jahr", "jährlich", "année", "año"),
}  # fmt: skip
_A_YEAR = {"hour": HOURS_A_YEAR, "day": DAYS_A_YEAR, "week": WEEKS_A_YEAR, "month": MONTHS_A_YEAR, "year": 1.0}

# measure -> (dimension, how many of the dimension's base unit, names with _ for a space)
_MEASURES: dict[str, tuple[str, float, str]] = {
    "m²": ("area", 1.0, "m² m2 sqm sq_m sq_metre sq_meter square_metre square_meter qm mtk"),
    "sq ft": ("area", 0.09290304, "sq_ft sqft ft² ft2 square_foot square_feet sq_feet sf ftk"),
    "acres": ("area", 4046.8564224, "acre ac acres"),
    "ha": ("area", 10_000.0, "ha hectare"),
    "m": ("length", 1.0, "m metre meter"),
    "km": ("length", 1000.0, "km kilometre kilometer kms"),
    "miles": ("length", 1609.344, "mi mile"),
    "ft": ("length", 0.3048, "ft foot feet"),
    "minutes": ("time", 60.0, "min minute"),
    "hours": ("time", 3600.0, "h hr hour"),
    "seconds": ("time", 1.0, "s sec second"),
    "kg": ("mass", 1.0, "kg kilo kilogram"),
    "lb": ("mass", 0.45359237, "lb pound"),
}


def _names() -> dict[str, str]:
    found: dict[str, str] = {}
    for measure, (_, _, names) in _MEASURES.items():
        for name in (spelt.replace("_", " ") for spelt in names.split()):
            found.setdefault(name, measure)
            found.setdefault(name + "s", measure)
    return found


_MEASURE_NAMES = _names()
_PERIOD_NAMES = {name: period for period, names in _PERIODS.items() for name in names}
_PERIOD_LEAD = re.compile(
    r"^(?:(?:an|a|per|each|every|pro|im|je|die|par|la|al|a la|à la|por)\s+|/\s*|p\.\s*)", re.IGNORECASE
)


@lru_cache(maxsize=4096)
def period_of(unit: str) -> str | None:
    """``"a month"``, ``"/mo"``, ``"pcm"`` -> ``"month"``; None for what is no period of time."""
    said = unit.strip().casefold()
    names = (re.sub(r"[\s./]+", " ", name).strip() for name in (said, _PERIOD_LEAD.sub("", said)))
    return next((_PERIOD_NAMES[name] for name in names if name in _PERIOD_NAMES), None)


@lru_cache(maxsize=4096)
def measure_of(unit: str) -> str | None:
    """``"sqft"``, ``"square feet"``, ``"sq ft of land"`` -> ``"sq ft"``; None for what is no known measure."""
    bare = unit.strip().casefold().partition(" of ")[0]
    return _MEASURE_NAMES.get(re.sub(r"[\s.]+", " ", bare).strip())


def column_period(column: str) -> str | None:
    """The period that a column's name gives its money: ``rent_pcm``, ``hourlyRate``; None when it names none."""
    return next((found for word in column_words(column) if len(word) > 1 and (found := period_of(word))), None)


def column_measure(column: str) -> str | None:
    """The measure that a column's name ends with: ``lot_sqft``, ``square_feet``; None when it names none."""
    words = column_words(column)
    return measure_of(" ".join(words[-2:])) or (measure_of(words[-1]) if words and len(words[-1]) > 1 else None)


def column_words(column: str) -> list[str]:
    """``hourlyRate`` and ``hourly_rate`` as ``hourly``, ``rate``."""
    return [word.casefold() for word in re.findall(r"[A-Z]?[^\W_A-Z]+|[A-Z]+(?![a-z])", column)]


def between_periods(amount: float, period: str, wanted: str) -> float | None:
    """``amount`` a ``period`` as so much a ``wanted`` period, or None: a night's price says nothing of a month's."""
    if period == wanted:
        return amount
    if period in _A_YEAR and wanted in _A_YEAR:
        return amount * _A_YEAR[period] / _A_YEAR[wanted]
    return None


def between_measures(amount: float, measure: str, wanted: str) -> float | None:
    """``amount`` of ``measure`` in ``wanted`` ones, or None when they measure different things."""
    dimension, factor, _ = _MEASURES[measure]
    wanted_dimension, wanted_factor, _ = _MEASURES[wanted]
    if measure == wanted:
        return amount
    return amount * factor / wanted_factor if dimension == wanted_dimension else None
