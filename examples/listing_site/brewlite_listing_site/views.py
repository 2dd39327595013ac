"""What the templates are given: everything worded and counted, nothing left to decide."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime

from msgspec import Struct

from brewlite import Item, Pick, Slate
from brewlite_listing_site import wording
from brewlite_listing_site.desk import Deeds


class Part(Struct, frozen=True, kw_only=True):
    """One thing that spoke for or against a home."""

    label: str
    value: float
    share: float
    """Of the longest bar, 0 to 100."""


class Card(Struct, frozen=True, kw_only=True):
    """One home in a list."""

    id: str
    title: str
    price: str
    kind: str
    district: str
    facts: list[str]
    tags: list[str]
    image: str
    url: str
    listed: str
    new: bool
    seen: bool
    saved: bool
    contacted: bool
    rank: int = 0
    """0 in a list without ranks."""
    before: int = 0
    """Its place in the usual order; 0 when it has none."""
    moved: str = ""
    reason: str = ""
    """What sets it apart from the others of the list, in a few words."""
    parts: list[Part] = []


class Chip(Struct, frozen=True, kw_only=True):
    """A hard limit that was understood, and the wish without it."""

    text: str
    without: str


class Page(Struct, frozen=True, kw_only=True):
    """A list of homes."""

    heading: str
    lead: str
    cards: list[Card]
    wish: str = ""
    chips: list[Chip] = []
    notes: list[str] = []
    how: str = ""
    """How the list was made, in one sentence."""
    slate: str = ""
    degraded: bool = False
    more: str = ""
    personal: bool = False


def card(item: Item, deeds: Deeds, now: datetime, slate: str = "") -> Card:
    """``item`` for a list."""
    return Card(
        id=item.id,
        title=item.title,
        price=wording.money(item),
        kind=wording.kind_of(item),
        district=wording.district(item),
        facts=wording.facts(item, now.date()),
        tags=wording.tags(item)[:4],
        image=item.image or "",
        url=f"/homes/{item.id}?slate={slate}" if slate else f"/homes/{item.id}",
        listed=wording.listed(item, now),
        new=item.created is not None and (now - item.created).days < 4,
        seen=item.id in deeds.seen,
        saved=item.id in deeds.saved,
        contacted=item.id in deeds.contacted,
    )


def ranked_card(pick: Pick, before: Mapping[str, int], deeds: Deeds, now: datetime, slate: str) -> Card:
    """``pick`` with its rank before and after, and what made the difference."""
    was = before.get(pick.item.id, 0)
    plain = card(pick.item, deeds, now, slate)
    values = {name: getattr(plain, name) for name in plain.__struct_fields__}
    reason = pick.reason[:1].upper() + pick.reason[1:]
    told = {"rank": pick.rank, "before": was, "moved": moved(was, pick.rank), "reason": reason, "parts": parts(pick)}
    return Card(**values | told)


def moved(before: int, after: int) -> str:
    """``was 41st, now 3rd``."""
    if not before:
        return f"now {wording.ordinal(after)}"
    if before == after:
        return f"was {wording.ordinal(before)}, still is"
    return f"was {wording.ordinal(before)}, now {wording.ordinal(after)}"


def parts(pick: Pick) -> list[Part]:
    """What spoke for the home, loudest first; what is as good as nothing is left out."""
    told = {name: value for name, value in pick.sources.items() if abs(value) >= 0.02}
    longest = max((abs(value) for value in told.values()), default=1.0)
    found = [
        Part(label=wording.PARTS.get(name, name), value=value, share=round(100 * abs(value) / longest, 1))
        for name, value in told.items()
    ]
    return sorted(found, key=lambda part: -abs(part.value))


def usual_page(items: Sequence[Item], deeds: Deeds, now: datetime, total: int, more: str) -> Page:
    """The list that everybody sees."""
    return Page(
        heading="Homes in Wrenmouth",
        lead=f"All {total}, what people look for most and what is new coming first.",
        cards=[card(item, deeds, now) for item in items],
        more=more,
    )


def own_page(slate: Slate, wish: str, before: Sequence[str], deeds: Deeds, now: datetime) -> Page:
    """The list that was made for one visitor."""
    places = {id_: place for place, id_ in enumerate(before, start=1)}
    cards = [ranked_card(pick, places, deeds, now, slate.id) for pick in slate.picks]
    return Page(
        heading="As you wish" if wish else "For you",
        lead=_lead(wish, deeds, len(cards)),
        cards=cards,
        wish=wish,
        chips=[
            Chip(text=wording.limit(limit), without=wording.without(wish, limit.words))
            for limit in slate.understood
            if limit.words
        ],
        notes=[note for note in slate.notes if not note.startswith("visitor ")],
        how=_how(slate),
        slate=slate.id,
        degraded=slate.degraded,
        personal=True,
    )


def _lead(wish: str, deeds: Deeds, count: int) -> str:
    homes = "home" if count == 1 else "homes"
    if not count:
        return "No home fits all of that. Take a limit away, or say it more loosely."
    if wish and deeds.count:
        return f"{count} {homes}, ordered by your words and by what you looked at."
    if wish:
        return f"{count} {homes}, ordered by your words."
    return f"{count} {homes}, ordered by what you looked at, saved and turned down."


def _how(slate: Slate) -> str:
    seconds = slate.timing.get("total", 0.0) / 1000
    who = "the simple signals alone" if slate.degraded or slate.model == "none" else f"{slate.model} on this machine"
    return f"Ranked by {who} in {seconds:.1f} s."
