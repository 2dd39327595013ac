"""Limits as people state them, on typed fields: what is said, and what exactly is meant by it."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Sequence
from datetime import UTC, datetime, timedelta
from itertools import cycle

import numpy as np
from msgspec import Struct

from brewlite.evaluation.log import Floats, Mask
from brewlite.evaluation.suite.stated import limit_wordings as said
from brewlite.evaluation.suite.stated.attribute import Attribute
from brewlite.evaluation.suite.stated.split import held_out
from brewlite.evaluation.suite.stated.stock import Stock, values_of
from brewlite.evaluation.suite.stated.words import filled
from brewlite.records import Constraint, Item
from brewlite.wishes import rule_of

LEAST_SHARE, MOST_SHARE = 0.1, 0.85
"""Of the items with a known value must fit: a limit that all or none keep asks nothing."""
NEAR_DATE = 0.05
"""Part of a length of time: items so near to its end are in no pair, as a month has 28 to 31 days."""


class Limit(Struct, frozen=True, kw_only=True):
    """One request with a limit."""

    words: str
    name: str
    """What is limited: ``price at most``."""
    constraints: tuple[Constraint, ...]
    """What is meant; all must hold."""
    attribute: Attribute | None = None
    """Where the limit is a kind of item, of which texts may also speak."""


Draw = Callable[[Stock, np.random.Generator], Limit | None]


def keeps(limit: Limit, stock: Stock) -> Mask:
    """(I,) which items keep to the limit; what is unknown counts as it does for ``brewlite.wishes``."""
    rules = [rule_of(one, stock.at) for one in limit.constraints]
    return np.array([all(rule(item) for rule in rules) for item in stock.items])


def clear(limit: Limit, stock: Stock) -> Mask:
    """(I,) which items plainly keep to it or plainly break it: the value is known, the text says nothing else."""
    if limit.attribute is not None:
        return np.asarray(stock.states(limit.attribute) != 0)
    field = limit.constraints[0].field
    if field != "created":
        return np.array([bool(values_of(item, field)) for item in stock.items])
    moment = datetime.fromisoformat(str(limit.constraints[0].value))
    margin = NEAR_DATE * (stock.at - moment)
    return np.array([item.created is not None and abs(item.created - moment) > margin for item in stock.items])


def drawn(stock: Stock, rng: np.random.Generator) -> Iterator[Limit]:
    """Limits without end, every kind of limit in turn, as far as the site's fields allow."""
    ways = _ways(stock)
    if not ways:
        return
    used: set[str] = set()
    misses = 0
    for way in cycle([ways[place] for place in rng.permutation(len(ways))]):
        limit = way(stock, rng)
        misses = 0 if limit is not None and limit.words not in used else misses + 1
        if misses > 200:
            return
        if misses == 0 and limit is not None:
            used.add(limit.words)
            yield limit


def _ways(stock: Stock) -> list[Draw]:
    kind = stock.site.data.kind
    if kind == "posts":
        dated = any(item.created is not None for item in stock.items)
        return [_since, _lately, _lately, _before, _older] if dated else []
    ways: list[Draw] = [_kind_only, _kind_refused]
    if kind == "listings":
        known = {name for name in said.NUMBERS if np.isfinite(_column(stock, name.split()[0])).sum() > 40}
        ways += [_number(name) for name in said.NUMBERS if name in known]
    return ways


def _number(name: str) -> Draw:
    field = name.split()[0]

    def draw(stock: Stock, rng: np.random.Generator) -> Limit | None:
        values = _column(stock, field)
        values = values[np.isfinite(values)]
        template = _one_of(said.NUMBERS[name], rng)
        value = _round(float(np.quantile(values, rng.uniform(0.2, 0.8))), field)
        if template is None or value < 2 or not held_out(f"{field} {value:g}"):
            return None
        low = _round(0.6 * value, field)
        ops = {"at least": ((">=", value),), "at most": (("<=", value),), "between": ((">=", low), ("<=", value))}
        bounds = ops[name.split(" ", 1)[1]]
        if not LEAST_SHARE <= _share(values, bounds) <= MOST_SHARE:
            return None
        per = " a night" if "short stay" in {str(item.fields.get("offer")) for item in stock.items[:5]} else ""
        words = template.format(n=f"{value:,.0f}", low=f"{low:,.0f}", per=per)
        return Limit(
            words=words, name=name, constraints=tuple(Constraint(field=field, op=op, value=v) for op, v in bounds)
        )

    return draw


def _share(values: Floats, bounds: Sequence[tuple[str, float]]) -> float:
    inside = np.ones(len(values), dtype=np.bool_)
    for op, value in bounds:
        inside &= values >= value if op == ">=" else values <= value
    return float(inside.mean())


def _column(stock: Stock, field: str) -> Floats:
    """(I,) the field's numbers, nan where there is none."""
    values = (item.fields.get(field) for item in stock.items)
    return np.array([v if isinstance(v, float) else np.nan for v in values], dtype=np.float64)


def _round(value: float, field: str) -> float:
    """As people say it: prices to two leading digits or to fives, counts whole."""
    if field != "price":
        return float(round(value))
    step = next(
        step for limit, step in ((100, 5), (400, 10), (1000, 50), (1e5, 1000), (np.inf, 25_000)) if value < limit
    )
    return float(round(value / step) * step)


def _kind_only(stock: Stock, rng: np.random.Generator) -> Limit | None:
    """Only one kind of item, or only one place."""
    attribute = _some_kind(stock, rng)
    if attribute is None:
        return None
    texts = said.ONLY_IN if attribute.role == "place" else said.ONLY_AT if attribute.role == "employer" else said.ONLY
    return _of_kind(attribute, texts, "==", stock, rng)


def _kind_refused(stock: Stock, rng: np.random.Generator) -> Limit | None:
    """Everything but one kind of item, or but one place."""
    attribute = _some_kind(stock, rng)
    if attribute is None or attribute.role == "employer":
        return None
    return _of_kind(attribute, said.NOT_IN if attribute.role == "place" else said.NOT, "!=", stock, rng)


def _of_kind(
    attribute: Attribute, texts: Sequence[str], op: str, stock: Stock, rng: np.random.Generator
) -> Limit | None:
    held = {value for item in stock.items for value in _parts(item, attribute.field) if attribute.has.search(value)}
    template = _one_of(texts, rng)
    if len(held) != 1 or template is None:
        return None
    return Limit(
        words=filled(template, attribute.phrase()),
        name=f"{attribute.field} {'only' if op == '==' else 'refused'}",
        constraints=(Constraint(field=attribute.field, op=op, value=held.pop()),),
        attribute=attribute,
    )


def _some_kind(stock: Stock, rng: np.random.Generator) -> Attribute | None:
    """A kind of building or room, terms of work, a place: what a category says and people set as a condition."""
    fields = ("building", "room_type", "employment", "place")
    kinds = [a for a in stock.attributes if a.field in fields and held_out(a.key) and 0.005 <= stock.share(a) <= 0.8]
    if not kinds:
        return None
    of_field = [a for a in kinds if a.field == rng.choice(sorted({kind.field for kind in kinds}))]
    return of_field[rng.integers(len(of_field))] if of_field else None


def _parts(item: Item, field: str) -> list[str]:
    values = values_of(item, field)
    return [part.strip() for value in values for part in value.split(",")] if field == "place" else values


_UNITS = (("day", 1, (3, 5, 10, 20)), ("week", 7, (1, 2, 3, 6)), ("month", 31, (1, 2, 3, 4, 6)))


def _span(rng: np.random.Generator) -> tuple[str, int]:
    """A length of time in words, and in days as ``brewlite.wishes`` counts it."""
    unit, days, counts = _UNITS[rng.integers(len(_UNITS))]
    count = int(rng.choice(counts))
    return (f"{count} {unit}s" if count > 1 else f"a {unit}"), count * days


def _lately(stock: Stock, rng: np.random.Generator) -> Limit | None:
    """Newer than a length of time."""
    span, days = _span(rng)
    if rng.random() < 0.2:
        span, days = [("this week", 7), ("this month", 31), ("this year", 366)][rng.integers(3)]
        return _dated(said.THIS, span, ">=", stock.at - timedelta(days=days), "posted lately", stock, rng)
    return _dated(said.LATELY, span, ">=", stock.at - timedelta(days=days), "posted lately", stock, rng)


def _older(stock: Stock, rng: np.random.Generator) -> Limit | None:
    """Older than a length of time."""
    span, days = _span(rng)
    return _dated(said.OLDER, span, "<=", stock.at - timedelta(days=days), "older than", stock, rng)


def _since(stock: Stock, rng: np.random.Generator) -> Limit | None:
    """Since a date."""
    text, moment = _date(stock, rng)
    return _dated(said.SINCE, text, ">=", moment, "posted since", stock, rng)


def _before(stock: Stock, rng: np.random.Generator) -> Limit | None:
    """Before a date."""
    text, moment = _date(stock, rng)
    return _dated(said.BEFORE, text, "<=", moment, "posted before", stock, rng)


def _date(stock: Stock, rng: np.random.Generator) -> tuple[str, datetime]:
    """A first of a month on which some items were there already."""
    created = sorted(item.created for item in stock.items if item.created is not None)
    there = created[int(rng.uniform(0.1, 0.9) * len(created))]
    moment = datetime(there.year, there.month, 1, tzinfo=UTC)
    return (f"1 {moment:%B} {moment.year}" if rng.random() < 0.5 else f"{moment:%B} {moment.year}"), moment


def _dated(
    texts: Sequence[str], span: str, op: str, moment: datetime, name: str, stock: Stock, rng: np.random.Generator
) -> Limit | None:
    template = _one_of(texts, rng)
    created = [item.created for item in stock.items if item.created is not None]
    share = np.mean([(one >= moment) == (op == ">=") for one in created])
    least = 12 / len(created)  # dates that leave a dozen posts ask enough
    if template is None or not held_out(f"created {span}") or not least <= share <= 1 - least:
        return None
    constraint = Constraint(field="created", op=op, value=moment.isoformat())
    words = re.sub(r"\b(last|past) an? ", r"\1 ", template.format(span=span))
    return Limit(words=words, name=name, constraints=(constraint,))


def _one_of(texts: Sequence[str], rng: np.random.Generator) -> str | None:
    kept = [text for text in texts if held_out(text)]
    return kept[rng.integers(len(kept))] if kept else None
