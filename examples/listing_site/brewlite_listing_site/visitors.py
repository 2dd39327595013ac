"""Past visitors, simulated: who they are, what they look for, and what they did on the site."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime, timedelta

import numpy as np
from msgspec import Struct

from brewlite_listing_site.catalog import Listing
from brewlite_listing_site.grammar import expand
from brewlite_listing_site.homes import Home, chance

PAST_VISITORS = 150
PREFIX = "visitor-"
"""Ids of simulated visitors start like this; those of real ones with ``session-``."""
DAYS = 58
"""How far back the log goes."""


class Household(Struct, frozen=True, kw_only=True):
    """A kind of visitor: what such people can pay, need and like."""

    about: str
    budget: tuple[int, int]
    bedrooms: int
    kinds: dict[str, float]
    hoods: dict[str, float]
    likes: tuple[str, ...]
    """Traits, outdoor spaces and ``pets`` that they care for; each visitor has two or three of them."""
    words: tuple[str, ...]


HOUSEHOLDS: tuple[Household, ...] = (
    Household(
        about="student", budget=(430, 820), bedrooms=0, kinds={"room": 1.6, "studio": 0.7},
        hoods={"scholars": 1.0, "tannery": 0.7, "station": 0.3},
        likes=("bills", "bikes", "desk", "furnished", "laundry"),
        words=("a [cheap|affordable] room near the [university|library]", "[a room|somewhere] with nice housemates"),
    ),
    Household(
        about="one person, works in town", budget=(700, 1250), bedrooms=0, kinds={"studio": 1.2, "flat": 1.0},
        hoods={"station": 0.8, "bellgate": 0.8, "harbour": 0.6, "tannery": 0.4},
        likes=("balcony", "lift", "modern", "furnished", "bright", "bikes"),
        words=("[a bright|a small] flat or studio near the tram", "[central|in the middle of things], with a balcony"),
    ),
    Household(
        about="couple, both work from home", budget=(1100, 1750), bedrooms=2, kinds={"flat": 1.3, "house": 0.5},
        hoods={"weirside": 1.0, "lanternhill": 0.6, "orchard": 0.3},
        likes=("quiet", "desk", "river_view", "balcony", "big_kitchen", "bright"),
        words=("quiet, with room for two desks", "[by the river|near the willow path], two bedrooms, calm"),
    ),
    Household(
        about="family with children", budget=(1500, 2700), bedrooms=3, kinds={"house": 1.3, "flat": 0.6},
        hoods={"orchard": 1.1, "weirside": 0.5, "lanternhill": 0.5},
        likes=("garden", "family", "bath", "big_kitchen", "storage", "quiet"),
        words=("a house with a garden, three bedrooms, near a school", "[space|room] for three children and a swing"),
    ),
    Household(
        about="couple with a dog", budget=(1000, 1900), bedrooms=1,
        kinds={"flat": 0.7, "house": 0.9, "farm house": 0.8},
        hoods={"weirside": 0.7, "fold": 0.8, "orchard": 0.5},
        likes=("pets", "garden", "ground_floor", "quiet", "stove", "meadow_view"),
        words=("somewhere the dog is welcome, with a garden", "ground floor or garden, walks from the door"),
    ),
    Household(
        about="retired, knees no longer young", budget=(850, 1600), bedrooms=1, kinds={"flat": 1.2, "house": 0.4},
        hoods={"bellgate": 0.6, "weirside": 0.6, "station": 0.4, "orchard": 0.4},
        likes=("step_free", "lift", "quiet", "ground_floor", "park_view", "bath"),
        words=("no stairs, quiet, shops close by", "a lift or ground floor, [a bath|a green view]"),
    ),
    Household(
        about="sharers, two friends", budget=(900, 1700), bedrooms=2, kinds={"flat": 1.3},
        hoods={"tannery": 0.8, "station": 0.5, "harbour": 0.6, "scholars": 0.5},
        likes=("sharers", "balcony", "roof terrace", "big_kitchen", "laundry", "roofs_view"),
        words=("two equal rooms, a big kitchen, life outside", "a roof terrace or balcony, [music|bars] nearby"),
    ),
    Household(
        about="painter who dreams of the water", budget=(850, 1500), bedrooms=1,
        kinds={"houseboat": 1.5, "farm house": 0.9},
        hoods={"harbour": 0.7, "weirside": 0.7, "fold": 0.6},
        likes=("stove", "deck", "sea_view", "land", "period", "pets"),
        words=("a houseboat, or something as odd", "[a barn|a workshop|water] outside the door, a stove inside"),
    ),
)  # fmt: skip
SHARES = (0.1, 0.2, 0.18, 0.17, 0.12, 0.09, 0.08, 0.06)


class Past(Struct, frozen=True, kw_only=True):
    """One simulated visitor."""

    id: str
    household: Household
    budget: int
    likes: frozenset[str]
    interests: str

    def taste(self, home: Home) -> float:
        """How much the home suits, about -4 (not at all) to 4."""
        kind = self.household.kinds.get(home.kind, -1.8)
        rooms = -1.1 * max(self.household.bedrooms - home.bedrooms, 0)
        over = max(home.price / self.budget - 1.0, 0.0)
        under = max(0.7 - home.price / self.budget, 0.0)
        has = home.traits | {home.outdoor} | ({"pets"} if home.pets else set())
        has |= {"furnished"} if home.furnished else set()
        liked = 0.75 * len(self.likes & has)
        return kind + self.household.hoods.get(home.hood.key, -0.5) + rooms + liked - 5.0 * over - 3.0 * under


def make_visitors(rng: np.random.Generator) -> list[Past]:
    """The simulated visitors."""
    return [_visitor(rng, number) for number in range(1, PAST_VISITORS + 1)]


def _visitor(rng: np.random.Generator, number: int) -> Past:
    household = HOUSEHOLDS[int(rng.choice(len(HOUSEHOLDS), p=np.array(SHARES) / sum(SHARES)))]
    budget = int(rng.integers(*household.budget)) // 25 * 25
    likes = rng.choice(household.likes, size=int(rng.integers(2, 4)), replace=False)
    said = expand(household.words[int(rng.integers(len(household.words)))], {}, rng)
    limit = f", up to ${budget:,}" if chance(rng, 0.6) else ""
    return Past(
        id=f"{PREFIX}{number:03d}",
        household=household,
        budget=budget,
        likes=frozenset(str(like) for like in likes),
        interests=said + limit if chance(rng, 0.7) else "",
    )


def user_rows(visitors: Sequence[Past]) -> list[dict[str, str]]:
    """The visitors as rows of the site's table."""
    return [{"id": who.id, "household": who.household.about, "interests": who.interests} for who in visitors]


def event_rows(
    visitors: Sequence[Past], listings: Sequence[Listing], moment: datetime, rng: np.random.Generator
) -> list[dict[str, str]]:
    """What the visitors did before ``moment``, oldest first: each came one to five times and looked around."""
    rows: list[dict[str, str]] = []
    for who in visitors:
        taste = np.array([who.taste(listing.home) for listing in listings])
        for days in rng.uniform(0.05, DAYS, size=int(rng.integers(1, 5))):
            rows += _visit(who, taste, listings, moment, float(days), rng)
    return sorted(rows, key=lambda row: row["at"])


def _visit(
    who: Past,
    taste: np.ndarray,
    listings: Sequence[Listing],
    moment: datetime,
    days: float,
    rng: np.random.Generator,
) -> list[dict[str, str]]:
    """One visit, ``days`` ago: a handful of listings opened, the best of them saved, some written to."""
    age = np.array([listing.home.age_days for listing in listings]) - days
    there = age > 0
    appeal = np.where(there, taste + 0.9 / (1.0 + np.maximum(age, 0.0) / 7.0), -np.inf)
    odds = np.exp((appeal - appeal.max()) / 1.5)
    count = min(1 + int(rng.poisson(1.85)), int((odds > 1e-9).sum()))
    at = moment - timedelta(days=days)
    rows = []
    for row in rng.choice(len(listings), size=count, replace=False, p=odds / odds.sum()):
        deeds = ["view"]
        if rng.random() < 1 / (1 + np.exp(3.1 - 0.85 * taste[row])):
            deeds.append("save")
            deeds += ["contact"] if rng.random() < 0.38 else []
        elif taste[row] < 1.0 and chance(rng, 0.25):
            deeds.append("dismiss")
        for deed in deeds:
            at += timedelta(seconds=float(rng.uniform(15, 160)))
            rows.append({"user": who.id, "item": listings[row].id, "action": deed, "at": at.isoformat()})
    return [row for row in rows if row["at"] < moment.isoformat()]
