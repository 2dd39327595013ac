"""How facts are told on the pages."""

from __future__ import annotations

import re
from datetime import date, datetime

from brewlite import Constraint, Item

MONTHS = "Jan Feb March April May June July Aug Sept Oct Nov Dec".split()  # noqa: SIM905
KINDS = {
    "apartment": "Flat",
    "studio": "Studio",
    "house": "House",
    "farm house": "Farm house",
    "houseboat": "Houseboat",
}
PARTS = {
    "wish": "Fits your words",
    "words": "Names what you asked for",
    "interests": "Fits what you like in general",
    "similarity": "Like what you looked at",
    "covisit": "Liked by people who liked the same",
    "popularity": "Sought after lately",
    "freshness": "New on the site",
    "seen": "Not new to you",
    "model": "The language model's opinion",
}
OURS = {
    "Indoor fireplace": "fireplace",
    "Elevator": "lift",
    "Washer": "washing machine",
    "Pets allowed": "pets welcome",
}


def ordinal(number: int) -> str:
    """``1st``, ``12th``, ``43rd``."""
    if number % 100 in (11, 12, 13):
        return f"{number}th"
    return f"{number}{ {1: 'st', 2: 'nd', 3: 'rd'}.get(number % 10, 'th') }"


def money(item: Item) -> str:
    """``$1,150``."""
    price = item.fields.get("price")
    return f"${price:,.0f}" if isinstance(price, float) else "Price on request"


def kind_of(item: Item) -> str:
    """``Flat``, ``Room``, ``Houseboat`` ..."""
    if item.fields.get("room_type") == "private room":
        return "Room"
    return KINDS.get(str(item.fields.get("type")), "Home")


def district(item: Item) -> str:
    """``Weir Side``."""
    return (item.place or "").split(",")[0]


def facts(item: Item, today: date) -> list[str]:
    """The few facts of a card: rooms, size, floor, when."""
    found = [rooms(item), f"{number(item, 'area'):.0f} m²" if number(item, "area") else "", floor(item)]
    return [fact for fact in (*found, free(item, today)) if fact]


def rooms(item: Item) -> str:
    """``2 bedrooms``; nothing for a studio or a room, whose kind says it."""
    beds = number(item, "bedrooms")
    if not beds or kind_of(item) == "Room":
        return ""
    return "1 bedroom" if beds == 1 else f"{beds:.0f} bedrooms"


def floor(item: Item) -> str:
    """``ground floor``, ``3rd floor``."""
    if "floor" not in item.fields:
        return ""
    level = number(item, "floor")
    return f"{ordinal(int(level))} floor" if level else "ground floor"


def free(item: Item, today: date) -> str:
    """``free now``, ``free from 3 Jan``."""
    told = item.fields.get("available")
    if not isinstance(told, str):
        return ""
    day = datetime.fromisoformat(told).date()
    return "free now" if day <= today else f"free from {day.day}\u00a0{MONTHS[day.month - 1]}"


def number(item: Item, field: str) -> float:
    """The field's number; 0 where it is not known."""
    value = item.fields.get(field)
    return float(value) if isinstance(value, (int, float)) else 0.0


def tags(item: Item) -> list[str]:
    """What else it has, in lower case, most telling first."""
    found = item.fields.get("amenities")
    known = [OURS.get(tag, tag) for tag in found] if isinstance(found, list) else []
    rare = sorted(known, key=lambda tag: ("view" not in tag, tag not in RARE))
    return [tag[0].lower() + tag[1:] for tag in rare] + (["furnished"] if item.fields.get("furnished") is True else [])


RARE = {"quiet", "fireplace", "Garden", "roof terrace", "Balcony", "deck", "pets welcome", "music welcome", "step-free"}


def listed(item: Item, now: datetime) -> str:
    """``new today``, ``listed 3 days ago``."""
    if item.created is None:
        return ""
    days = (now - item.created).days
    if days < 14:
        return ("new today", "new since yesterday")[days] if days < 2 else f"listed {days} days ago"
    return f"listed {days // 7} weeks ago" if days < 60 else f"listed {days // 30} months ago"


def limit(constraint: Constraint) -> str:
    """A limit that was understood: the visitor's own words, and what they were taken to mean where that differs."""
    meant = f"{constraint.field.replace('_', ' ')} {constraint.op} {constraint.value}"
    return constraint.words.strip() or meant


JOINTS = re.compile(r"\b(?:a|an|the|and|or|but|with)\s*(?=[,;.]|$)|(?<=[,;.])\s*(?:and|or|but)\b", re.IGNORECASE)


def without(wish: str, words: str) -> str:
    """``wish`` less ``words``, which may stand apart in it, and less the commas and joints that held them."""
    left = wish
    for part in [words] if words.lower() in wish.lower() else words.split(", "):
        left = re.sub(rf"(?<!\w){re.escape(part)}(?!\w)", " ", left, count=1, flags=re.IGNORECASE)
    for _ in range(4):
        left = re.sub(r"\s+", " ", JOINTS.sub(" ", left)).strip(" ,;.")
        left = re.sub(r"\s*[,;.](?:\s*[,;.])+", ",", left)
    return re.sub(r"\s+,", ",", left)
