"""The homes themselves: what each one is, drawn from a seeded generator so that its facts agree with each other."""

from __future__ import annotations

from typing import Literal

import numpy as np
from msgspec import Struct

from brewlite_listing_site.town import NEIGHBOURHOODS, Neighbourhood

Kind = Literal["studio", "flat", "house", "room", "farm house", "houseboat"]
Condition = Literal["new", "renovated", "good", "dated"]

CONDITION_RENT = {"new": 1.14, "renovated": 1.07, "good": 1.0, "dated": 0.89}
OUTDOOR_RENT = {"none": 1.0, "balcony": 1.03, "courtyard": 1.01, "terrace": 1.06, "garden": 1.06, "roof terrace": 1.09}
OUTDOOR_RENT["deck"] = 1.02


class Home(Struct, frozen=True, kw_only=True):
    """One home to rent. Everything the texts, the price and the picture may speak of."""

    number: int
    kind: Kind
    hood: Neighbourhood
    street: str
    bedrooms: int
    bathrooms: int
    size: int
    """m²; of a room in a shared home: the room's."""
    floor: int | None
    """0 is the ground floor; None where the home is a building of its own."""
    storeys: int
    """Of the building."""
    built: int
    condition: Condition
    furnished: bool
    pets: bool
    outdoor: str
    parking: str
    lift: bool
    mates: int
    """Others living there; 0 for a home of one's own."""
    minutes: int
    """Walk to the nearest stop."""
    traits: frozenset[str]
    """Everything else worth a sentence: ``quiet``, ``river_view``, ``fireplace`` ..."""
    price: int
    """$ a month."""
    age_days: float
    """How long before the catalog's moment it was listed."""
    free_in_days: int
    """When one can move in, seen from the catalog's moment; may be negative."""


def chance(rng: np.random.Generator, share: float) -> bool:
    """True in ``share`` of the draws."""
    return bool(rng.random() < share)


def choose(rng: np.random.Generator, weights: dict[str, float]) -> str:
    """One of the keys, by weight."""
    names = list(weights)
    odds = np.array([weights[name] for name in names], dtype=float)
    return names[int(rng.choice(len(names), p=odds / odds.sum()))]


def make_homes(rng: np.random.Generator) -> list[Home]:
    """All homes of the town, in random order, numbered from 1."""
    plan = [(hood, kind) for hood in NEIGHBOURHOODS for kind, count in hood.kinds.items() for _ in range(count)]
    order = rng.permutation(len(plan))
    return [make_home(rng, place + 1, *plan[at]) for place, at in enumerate(order)]


def make_home(rng: np.random.Generator, number: int, hood: Neighbourhood, kind: str) -> Home:
    """One home: layout first, then what it has, then what that costs."""
    bedrooms, size = layout(rng, kind)
    storeys, floor = building(rng, kind, hood)
    built = year_built(rng, kind, hood)
    condition = choose(rng, {"new": 1.0} if built > 2017 else {"renovated": 0.34, "good": 0.42, "dated": 0.24})
    outdoor = outdoor_space(rng, kind, floor, storeys)
    lift = floor is not None and storeys >= 4 and (built > 1965 or chance(rng, 0.3))
    draft = Home(
        number=number,
        kind=kind,  # type: ignore[arg-type]
        hood=hood,
        street=f"{int(rng.integers(1, 89))} {hood.streets[int(rng.integers(len(hood.streets)))]}",
        bedrooms=bedrooms,
        bathrooms=2 if bedrooms >= 3 and size >= 90 and chance(rng, 0.7) else 1,
        size=size,
        floor=floor,
        storeys=storeys,
        built=built,
        condition=condition,  # type: ignore[arg-type]
        furnished=chance(rng, {"room": 0.8, "studio": 0.6, "houseboat": 0.85}.get(kind, 0.3)),
        pets=chance(rng, {"farm house": 0.85, "house": 0.6, "houseboat": 0.5, "room": 0.2}.get(kind, 0.35)),
        outdoor=outdoor,
        parking=parking_space(rng, kind, hood),
        lift=lift,
        mates=int(rng.integers(1, 5)) if kind == "room" else 0,
        minutes=int(rng.integers(12, 26)) if hood.key == "fold" else int(rng.integers(1, 10)),
        traits=frozenset(),
        price=0,
        age_days=float(min(118.0, rng.gamma(1.25, 21.0) + rng.random() * 0.4)),
        free_in_days=int(rng.integers(-25, 75)),
    )
    settled = replaced(draft, traits=traits_of(rng, draft))
    return replaced(settled, price=monthly_price(rng, settled))


def replaced(home: Home, **changes: object) -> Home:
    """``home`` with some values changed."""
    values = {name: getattr(home, name) for name in home.__struct_fields__}
    return Home(**(values | changes))


def layout(rng: np.random.Generator, kind: str) -> tuple[int, int]:
    """Bedrooms and m² that go together."""
    if kind == "studio":
        return 0, int(rng.integers(22, 43))
    if kind == "room":
        return 1, int(rng.integers(9, 23))
    if kind == "houseboat":
        bedrooms = 1 + int(chance(rng, 0.4))
        return bedrooms, int(24 + 15 * bedrooms + rng.integers(0, 14))
    if kind == "flat":
        bedrooms = int(choose(rng, {"1": 0.4, "2": 0.38, "3": 0.18, "4": 0.04}))
        return bedrooms, int(24 + 21 * bedrooms + rng.integers(-3, 15))
    bedrooms = int(choose(rng, {"2": 0.3, "3": 0.45, "4": 0.2, "5": 0.05}))
    roomy = 26 if kind == "farm house" else 8
    return bedrooms, int(roomy + 30 * bedrooms + rng.integers(-4, 24))


def building(rng: np.random.Generator, kind: str, hood: Neighbourhood) -> tuple[int, int | None]:
    """Storeys of the building, and the home's floor in it."""
    if kind == "houseboat":
        return 1, None
    if kind in ("house", "farm house"):
        return int(choose(rng, {"2": 0.75, "3": 0.25})) if kind == "house" else 2, None
    tallest = {"station": 12, "harbour": 6, "tannery": 6, "lanternhill": 4}.get(hood.key, 5)
    storeys = int(rng.integers(3, tallest + 1)) if kind != "room" else int(rng.integers(2, 5))
    return storeys, int(rng.integers(0, storeys))


def year_built(rng: np.random.Generator, kind: str, hood: Neighbourhood) -> int:
    """A year that suits the neighbourhood."""
    if kind == "farm house":
        return int(rng.integers(1790, 1912))
    spans = {
        "bellgate": (1720, 1910),
        "station": (1984, 2024),
        "harbour": (1870, 2016),
        "orchard": (1924, 2021),
        "tannery": (1890, 2020),
    }
    low, high = spans.get(hood.key, (1880, 2015))
    return int(rng.integers(low, high + 1))


def outdoor_space(rng: np.random.Generator, kind: str, floor: int | None, storeys: int) -> str:
    """Balconies above, gardens below."""
    if kind == "houseboat":
        return "deck"
    if kind in ("house", "farm house"):
        return choose(rng, {"garden": 0.75, "courtyard": 0.15, "terrace": 0.1})
    if kind == "room":
        return choose(rng, {"none": 0.5, "garden": 0.25, "balcony": 0.15, "courtyard": 0.1})
    if floor == 0:
        return choose(rng, {"none": 0.3, "garden": 0.3, "courtyard": 0.25, "terrace": 0.15})
    if floor == storeys - 1:
        return choose(rng, {"none": 0.35, "balcony": 0.35, "roof terrace": 0.3})
    return choose(rng, {"none": 0.45, "balcony": 0.5, "terrace": 0.05})


def parking_space(rng: np.random.Generator, kind: str, hood: Neighbourhood) -> str:
    """Scarce in the old centre, plain at the farms."""
    if kind == "farm house":
        return choose(rng, {"driveway": 0.8, "garage": 0.2})
    if kind == "house" and hood.key != "bellgate":
        return choose(rng, {"none": 0.2, "street": 0.3, "driveway": 0.35, "garage": 0.15})
    if hood.key == "bellgate":
        return "none"
    return choose(rng, {"none": 0.5, "street": 0.35, "garage": 0.15})


def traits_of(rng: np.random.Generator, home: Home) -> frozenset[str]:
    """What else there is to say about ``home``; every trait has sentences in :mod:`phrases`."""
    own = home.kind != "room"
    whole = home.floor is None
    high = home.floor is not None and home.floor >= 2
    seen = home.hood.views[int(rng.integers(len(home.hood.views)))]
    low_view = seen in ("courtyard_view", "park_view", "meadow_view") or home.hood.key == "weirside"
    shares = {
        "quiet": home.hood.quiet + (0.1 if seen == "courtyard_view" else 0.0),
        "bright": 0.55 if high or whole else 0.2,
        seen: 0.85 if high or low_view or home.hood.key == "lanternhill" else (0.0 if home.floor == 0 else 0.3),
        "top_floor": 1.0 if home.floor == home.storeys - 1 and home.storeys > 2 else 0.0,
        "ground_floor": 1.0 if home.floor == 0 else 0.0,
        "stairs": 1.0 if high and not home.lift else 0.0,
        "lift": 1.0 if home.lift and high else 0.0,
        "step_free": 0.6 if home.floor == 0 or home.lift else 0.0,
        "period": 1.0 if home.built < 1935 and home.kind != "houseboat" else 0.0,
        "modern": 1.0 if home.built > 2005 and home.kind != "houseboat" else 0.0,
        "big_kitchen": 0.4 if home.bedrooms >= 2 and own else 0.0,
        "small_kitchen": 0.45 if home.kind in ("studio", "houseboat") else 0.0,
        "bath": 0.35 if home.size >= 60 and own else 0.0,
        "stove": 0.6 if home.kind in ("farm house", "houseboat") else (0.3 if home.built < 1935 and own else 0.0),
        "desk": 0.35 if home.kind != "houseboat" else 0.15,
        "storage": 0.22 if own else 0.1,
        "bikes": 0.3 if home.hood.key != "fold" else 0.05,
        "laundry": 0.3,
        "family": 0.6 if home.bedrooms >= 3 and home.hood.key in ("orchard", "weirside", "lanternhill") else 0.0,
        "sharers": 0.3 if home.kind == "flat" and home.bedrooms >= 2 else 0.0,
        "piano": 0.12 if home.size >= 55 and own else 0.0,
        "bills": 0.75 if home.kind == "room" else 0.12,
        "land": 0.7 if home.kind == "farm house" else 0.0,
        "animals": 0.5 if home.kind == "farm house" else 0.0,
    }
    return frozenset(trait for trait, share in shares.items() if chance(rng, share))


def monthly_price(rng: np.random.Generator, home: Home) -> int:
    """$ a month, rounded to 5: size first, then place, state, and what people pay extra for."""
    if home.kind == "room":
        base = 275 + 12.5 * home.size + (70 if "bills" in home.traits else 0) - 14 * home.mates
    else:
        base = 235 + 14.5 * home.size**0.97 + 70 * (home.bathrooms - 1)
    factor = home.hood.rent * CONDITION_RENT[home.condition] * OUTDOOR_RENT[home.outdoor]
    factor *= {"houseboat": 0.92, "farm house": 0.86, "house": 1.02}.get(home.kind, 1.0)
    factor *= 1.06 if home.furnished and home.kind != "room" else 1.0
    factor *= 1.05 if {"sea_view", "river_view"} & home.traits else 1.0
    factor *= 0.93 if "stairs" in home.traits and (home.floor or 0) >= 3 else 1.0
    factor *= 1.03 if home.parking in ("driveway", "garage") else 1.0
    return int(5 * round(base * factor * rng.normal(1.0, 0.07) / 5))
