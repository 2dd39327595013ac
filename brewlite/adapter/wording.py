"""How an item reads: one line, the most telling things first, numbers as words with their place in the catalog.

Published work found raw counts almost unread by language models, and percentiles read well (DESIGN, section 5).
"""

from __future__ import annotations

import math
import re
from collections.abc import Mapping

from brewlite.adapter.declarations import Field, Standings
from brewlite.adapter.plain import cut, plain, words_of
from brewlite.records import FieldValue, Item

MAX_DESCRIBED = 2_000
"""Characters of an item's long wording; a prompt's token budget is tighter, a sentence encoder's too."""
MAX_SHORT = 160
MAX_WORDED_TAGS = 12
CURRENCY_FIELD = "currency"
"""The key in ``Item.fields`` that holds the sign of an item's money in another currency than the fields'; a second
currency stands under ``NAME_currency`` of the field that is in it."""


def long_wording(item: Item, fields: tuple[Field, ...], noun: str, standings: Standings | None) -> str:
    """Title, kind, place, numbers, price, tags, then the item's text."""
    facts = [wording for field in fields if (wording := word(field, item, plural(noun), standings))]
    tags = [wording for field in fields if field.type == "tags" and (wording := _tags(field, item))]
    notes = [wording for field in fields if field.type == "text" and (wording := _note(field, item))]
    return cut(_sentences(plain(item.title), _with_place(facts, item), *tags, *notes, plain(item.text)), MAX_DESCRIBED)


def short_wording(item: Item, fields: tuple[Field, ...]) -> str:
    """Title and the few facts that a history needs."""
    facts = [text for field in fields if field.in_short and (text := word(field, item, "", None))]
    title = cut(plain(item.title), MAX_SHORT)
    place = [plain(item.place)] if item.place and words_of(item.place) not in words_of(title) else []
    return cut(", ".join([title, *_new(facts[:1], title), *place, *_new(facts[1:], title)]), MAX_SHORT + 80)


def word(field: Field, item: Item, nouns: str, standings: Standings | None) -> str:
    """One fact as words, ``""`` when there is nothing to say (tags and texts have their own place)."""
    value = item.fields.get(field.name) if field.worded else None
    if value is None or field.type in ("tags", "text"):
        return ""
    if isinstance(value, bool):
        return _yes_or_no(field, value)
    if field.type in ("number", "integer", "money") and isinstance(value, (int, float)):
        return _figure(field, float(value), item.fields, nouns, standings)
    if field.type == "date":
        return f"{label(field)} {str(value)[:10]}"
    return plain(str(value))


def label(field: Field) -> str:
    """What the field is called in a sentence."""
    return field.name.replace("_", " ")


def plural(noun: str) -> str:
    """``listing`` -> ``listings``, ``property`` -> ``properties``."""
    if re.search(r"[^aeiou]y$", noun):
        return noun[:-1] + "ies"
    return noun + ("es" if re.search(r"(?:s|x|z|ch|sh)$", noun) else "s")


def counted(unit: str, number: float) -> str:
    """``unit`` as it stands behind ``number``: one bedroom, two bedrooms."""
    if number != 1:
        return unit
    head, space, rest = unit.partition(" ")
    if head.endswith("ies"):
        head = head[:-3] + "y"
    elif head.endswith("s") and not head.endswith("ss"):
        head = head[:-1]
    return head + space + rest


def figure(number: float) -> str:
    """``1450.0`` -> ``1,450``, ``4.8`` -> ``4.8``."""
    if not math.isfinite(number):
        return "unknown"
    return f"{number:,.0f}" if number == int(number) else f"{number:,.2f}".rstrip("0").rstrip(".")


def unit_of(field: Field, fields: Mapping[str, FieldValue]) -> str:
    """The unit of this item's value, where it differs by item."""
    return field.units.get(str(fields.get(field.unit_field, "")), field.unit) if field.unit_field else field.unit


def standing(field: Field, value: float, nouns: str, standings: Standings) -> str:
    """``"cheaper than 70% of this site's listings"``, tens rounded down so that it is true; ``""`` below a half."""
    below = standings.percentile(field.name, value)
    # Ties: what is strictly above is found by asking just above the value.
    up_to = standings.percentile(field.name, math.nextafter(value, math.inf))
    if below is None or up_to is None:
        return ""
    more, less = _comparatives(field)
    share, than = max((100.0 - up_to, less), (below, more))
    tens = int(share + 1e-9) // 10 * 10
    return f"{than} than {tens}% of this site's {nouns}" if tens >= 50 else ""


def _comparatives(field: Field) -> tuple[str, str]:
    if field.type == "money":
        return ("dearer", "cheaper") if field.better == "lower" else ("more", "less")
    return "more", "fewer" if field.type == "integer" else "less"


def _figure(
    field: Field, value: float, fields: Mapping[str, FieldValue], nouns: str, standings: Standings | None
) -> str:
    named = field.values.get(figure(value))
    unit = unit_of(field, fields)
    if field.type == "money":
        sign = fields.get(f"{field.name}_{CURRENCY_FIELD}") or fields.get(CURRENCY_FIELD) or field.currency
        text = f"{sign}{figure(value)}" + (f" {unit}" if unit else "")
        text = text if field.better == "lower" else f"{label(field)} {text}"
    elif named:
        text = named[0]
    else:
        text = f"{figure(value)} {counted(unit, value)}" if unit else f"{label(field)} {_bare(field, value)}"
    if standings is None or field.better is None:
        return text
    place = standing(field, value, nouns, standings)
    return f"{text}, {place}" if place else text


def _bare(field: Field, value: float) -> str:
    """A number that no unit stands behind; a year (``year_built``) has no thousands."""
    is_year = {"year", "built", "since", "founded", "vintage"} & set(field.name.split("_")) and 1000 <= value < 3000
    return f"{value:.0f}" if is_year and value == int(value) else figure(value)


def _yes_or_no(field: Field, value: bool) -> str:
    """A yes is always said; a no only where the field has words for it: most noes are just unknown or usual."""
    words = field.values.get("true" if value else "false")
    if words:
        return words[0]
    return label(field) if value else ""


def _tags(field: Field, item: Item) -> str:
    value = item.fields.get(field.name) if field.worded else None
    if not isinstance(value, list) or not value:
        return ""
    return f"{label(field).capitalize()}: {', '.join(plain(str(tag)) for tag in value[:MAX_WORDED_TAGS])}"


def _note(field: Field, item: Item) -> str:
    value = item.fields.get(field.name) if field.worded else None
    return f"{label(field).capitalize()}: {plain(value)}" if isinstance(value, str) and value else ""


def _sentences(*parts: str) -> str:
    """``parts`` one after the other, each ended as a sentence is."""
    return " ".join(part if part[-1] in ".!?…" else f"{part}." for part in parts if part)


def _with_place(facts: list[str], item: Item) -> str:
    """The facts in one sentence, the place behind the first."""
    place = plain(item.place) if item.place else ""
    if place and words_of(place) in words_of(item.title):
        place = ""
    head = " in ".join(_new(facts[:1], item.title) + ([place] if place else []))
    sentence = ", ".join(text for text in (head, *_new(facts[1:], item.title)) if text)
    return sentence[:1].upper() + sentence[1:]


def _new(facts: list[str], title: str) -> list[str]:
    """The facts the title does not already say."""
    said = f" {words_of(title)} "
    return [fact for fact in facts if f" {words_of(fact)} " not in said]
