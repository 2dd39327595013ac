"""Titles and texts of the listings: sentences that fit the home's facts, no two listings alike."""

from __future__ import annotations

import re

import numpy as np

from brewlite_listing_site.grammar import Deck, expand
from brewlite_listing_site.homes import Home, chance
from brewlite_listing_site.phrases import CLOSERS, HOOKS, LIVELY, NOUNS, OPENERS, PLACES, TRAITS, VIEWS

SHORTEST, LONGEST = 40, 90
"""Words in a text."""
NUMBERS = ("no", "one", "two", "three", "four", "five", "six", "seven", "eight", "nine", "ten", "eleven", "twelve")
FLOORS: tuple[str, ...] = (
    "ground",
    "first",
    "second",
    "third",
    "fourth",
    "fifth",
    "sixth",
    "seventh",
    "eighth",
    "ninth",
    "tenth",
)
FLOORS += ("eleventh", "twelfth")
BEFORE_EIGHT = re.compile(r"\b([Aa]) (?=8|11\b|18\b|18\d\d)")


def facts_of(home: Home) -> dict[str, str]:
    """What the templates may name, worded."""
    beds = NUMBERS[home.bedrooms]
    bedrooms = f"{beds} bedroom{'' if home.bedrooms == 1 else 's'}"
    mates = f"{NUMBERS[home.mates]} housemate{'' if home.mates == 1 else 's'}"
    return {
        "beds": beds,
        "Beds": beds.capitalize(),
        "bedrooms": bedrooms,
        "Bedrooms": bedrooms.capitalize(),
        "size": str(home.size),
        "floor": f"{FLOORS[home.floor or 0]} floor",
        "Floor": f"{FLOORS[home.floor or 0].capitalize()}-floor",
        "street": home.street.split(" ", 1)[1],
        "storeys": NUMBERS[home.storeys],
        "storeys_words": "one floor" if home.storeys == 1 else f"{NUMBERS[home.storeys]} floors",
        "built": str(home.built),
        "decade": f"{home.built // 10 * 10}s",
        "mates_words": f"with {mates}" if home.mates > 1 else "with one other person in the home",
        "Mates_words": f"There are {mates}" if home.mates > 1 else "There is one housemate",
        "mates_with": f"with {NUMBERS[home.mates]} of us" if home.mates > 1 else "with me",
        "stop": home.hood.stops[home.number % 2],
        "line": home.hood.line,
        "minutes": "one minute" if home.minutes == 1 else f"{minutes_word(home.minutes)} minutes",
    }


def minutes_word(minutes: int) -> str:
    """Small numbers in words, larger ones in digits."""
    return NUMBERS[minutes] if minutes < len(NUMBERS) else str(minutes)


def write_title(home: Home, rng: np.random.Generator, deck: Deck, taken: set[str]) -> str:
    """A title of 3 to 12 words that no other listing has."""
    facts = facts_of(home)
    pools = [HOOKS[topic] for topic in sorted(topics_of(home)) if topic in HOOKS] + [HOOKS[home.hood.key]]
    while True:
        noun = expand(deck.draw(NOUNS[home.kind]), facts, rng)
        hook = expand(deck.draw(pools[int(rng.integers(len(pools)))]), facts, rng)
        title = f"{noun} {hook}".replace(" ,", ",").replace(",,", ",")
        if title not in taken:
            taken.add(title)
            return tidy(title)


def write_text(home: Home, rng: np.random.Generator, deck: Deck) -> str:
    """Opener, two to four things about the home, a word on the place, and perhaps a last remark; 40 to 90 words."""
    while True:
        facts = facts_of(home)
        topics = sorted(topics_of(home))
        rng.shuffle(topics)
        about = [expand(deck.draw(TRAITS[topic]), facts, rng) for topic in topics[: int(rng.integers(2, 5))]]
        view = [expand(deck.draw(VIEWS[trait]), facts, rng) for trait in sorted(home.traits) if trait in VIEWS]
        place = [expand(deck.draw(places_of(home)), facts, rng)]
        orders = [about + view + place, place + about + view, about[:1] + place + view + about[1:]]
        last = [expand(deck.draw(CLOSERS), facts, rng)] if chance(rng, 0.45) else []
        text = tidy(" ".join([expand(deck.draw(OPENERS[home.kind]), facts, rng), *orders[int(rng.integers(3))], *last]))
        if SHORTEST <= len(text.split()) <= LONGEST:
            return text


def places_of(home: Home) -> list[str]:
    """What can be said of the neighbourhood; its noise only where the home itself is not quiet."""
    lively = [] if "quiet" in home.traits else LIVELY.get(home.hood.key, [])
    return PLACES[home.hood.key] + lively


def topics_of(home: Home) -> set[str]:
    """Names of the sentence pools that are true of ``home``."""
    topics = set(home.traits) | {home.condition, "furnished" if home.furnished else "unfurnished"}
    topics |= {"pets"} if home.pets else ({"no_pets"} if home.number % 3 == 0 else set())
    topics |= {home.outdoor, {"none": "no parking"}.get(home.parking, home.parking)}
    if home.kind in ("house", "farm house", "houseboat"):
        topics -= {"no parking"}
    if home.kind == "room":
        topics -= {"furnished", "unfurnished", "no parking", "big_kitchen"} if home.number % 2 else {"unfurnished"}
    return topics & TRAITS.keys()


def tidy(text: str) -> str:
    """A capital letter at the start and after every full stop or question mark; "an" before 8, 11 and 18."""
    text = BEFORE_EIGHT.sub(r"\1n ", text)
    out = []
    start = True
    for letter in text:
        out.append(letter.upper() if start and letter.isalpha() else letter)
        start = (start and not letter.isalnum()) or letter in ".!?"
    return "".join(out)
