"""The site's catalog as rows with plain column names, the way any small site would export its own table."""

from __future__ import annotations

from datetime import datetime, timedelta

import numpy as np
from msgspec import Struct

from brewlite_listing_site.grammar import Deck
from brewlite_listing_site.homes import Home, make_homes
from brewlite_listing_site.texts import write_text, write_title
from brewlite_listing_site.town import TOWN

SEED = 20

TAGS = {
    "quiet": "quiet",
    "bright": "bright",
    "river_view": "river view",
    "sea_view": "sea view",
    "park_view": "park view",
    "roofs_view": "view over the roofs",
    "courtyard_view": "courtyard side",
    "meadow_view": "meadow view",
    "top_floor": "top floor",
    "ground_floor": "ground floor",
    "lift": "Elevator",
    "step_free": "step-free",
    "period": "old building",
    "modern": "new building",
    "big_kitchen": "big kitchen",
    "bath": "bathtub",
    "stove": "Indoor fireplace",
    "desk": "workspace",
    "storage": "storage room",
    "bikes": "bike room",
    "laundry": "Washer",
    "family": "good for children",
    "sharers": "good for sharers",
    "piano": "music welcome",
    "bills": "bills included",
    "land": "land",
    "animals": "farm animals",
}
OUTDOOR = {
    "balcony": "Balcony",
    "garden": "Garden",
    "terrace": "terrace",
    "roof terrace": "roof terrace",
    "courtyard": "courtyard",
    "deck": "deck",
}
PARKING = {"garage": "Garage", "driveway": "Parking"}
TYPES = {"flat": "apartment"}


class Listing(Struct, frozen=True, kw_only=True):
    """One home with its words."""

    home: Home
    title: str
    text: str

    @property
    def id(self) -> str:
        """Also the name of its page and its picture."""
        return f"{self.home.number}"


def make_listings(seed: int = SEED) -> list[Listing]:
    """The same 300 listings for the same seed."""
    rng = np.random.default_rng(seed)
    homes, deck = make_homes(rng), Deck(rng)
    taken: set[str] = set()
    written: list[frozenset[str]] = []
    return [
        Listing(home=home, title=write_title(home, rng, deck, taken), text=_fresh_text(home, rng, deck, written))
        for home in homes
    ]


def _fresh_text(home: Home, rng: np.random.Generator, deck: Deck, written: list[frozenset[str]]) -> str:
    """A text that shares less than a quarter of its five-word runs with any other."""
    while True:
        text = write_text(home, rng, deck)
        runs = five_word_runs(text)
        if all(len(runs & other) < 0.25 * min(len(runs), len(other)) for other in written):
            written.append(runs)
            return text


def five_word_runs(text: str) -> frozenset[str]:
    """Every five words in a row, in lower case: what two texts are compared by."""
    words = text.lower().split()
    return frozenset(" ".join(words[i : i + 5]) for i in range(len(words) - 4))


def to_row(listing: Listing, moment: datetime) -> dict[str, object]:
    """``listing`` as a row of the site's table, its dates seen from ``moment``."""
    home = listing.home
    return {
        "id": listing.id,
        "title": listing.title,
        "description": listing.text,
        "offer": "for rent",
        "type": TYPES.get(home.kind, home.kind),
        "room_type": "private room" if home.kind == "room" else "entire home",
        "price": home.price,
        "bedrooms": home.bedrooms,
        "bathrooms": home.bathrooms,
        "size": home.size,
        "floor": home.floor,
        "furnished": home.furnished,
        "amenities": amenities(home),
        "neighbourhood": home.hood.name,
        "city": TOWN,
        "available": (moment + timedelta(days=home.free_in_days)).date().isoformat(),
        "created": (moment - timedelta(days=home.age_days)).isoformat(),
        "image": f"/pictures/{listing.id}.svg",
        "url": f"/homes/{listing.id}",
    }


def amenities(home: Home) -> list[str]:
    """What a visitor may ask for by name."""
    tags = [home.hood.tag] + [TAGS[trait] for trait in sorted(home.traits & TAGS.keys())]
    tags += [OUTDOOR[home.outdoor]] if home.outdoor in OUTDOOR else []
    tags += [PARKING[home.parking]] if home.parking in PARKING else []
    tags += ["Pets allowed"] if home.pets else []
    tags += [f"{home.minutes} min to {home.hood.stops[home.number % 2]}"] if home.minutes <= 4 else []
    return tags
