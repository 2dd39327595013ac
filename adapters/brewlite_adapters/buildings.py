"""Kinds of building, coarse enough to be limits: a visitor's "house" is a cottage and a villa too."""

from __future__ import annotations

import re

BUILDINGS: dict[str, tuple[str, ...]] = {
    "house": ("houses", "detached house", "single family home"),
    "apartment": ("apartments", "flat", "flats", "condo", "condos", "condominium"),
    "townhouse": ("townhouses", "townhome", "townhomes", "row house", "terraced house"),
    "land": ("building plot", "vacant land", "building land"),
    "mobile home": ("mobile homes", "manufactured home", "trailer home"),
    "hotel": ("hotels", "hotel room"),
    "hostel": ("hostels",),
    "bed and breakfast": ("b&b", "bnb"),
    "farm": ("farms", "ranch", "farm stay"),
}
"""Building -> how visitors name it. What is not here (cottage, loft) is a wish for the model, not a limit."""

# In this order: an aparthotel is a hotel before it is an apartment, a townhouse is no plain house.
_SIGNS = (
    ("bed and breakfast", r"bed (?:and|&) breakfast|b&b"),
    ("hostel", r"hostel"),
    ("hotel", r"hotel|resort|motel"),
    ("townhouse", r"town ?hou?s?e|townhomes?|row ?hou?s?e|rowhome|terraced"),
    ("mobile home", r"\bmobile|manufactured|trailer|\bcamper|\brv\b"),
    ("apartment", r"apartment|\bapt\b|\bflat\b|condo|\bloft\b|rental unit|\bunit\b|studio|penthouse|maisonette"),
    ("farm", r"\bfarm|ranch"),
    ("land", r"\bland\b|\blots?\b|\bplot\b|acreage"),
    (
        "house",
        r"hou?s?e\b|homes?\b|cottage|villa|bungalow|cabin|chalet|single family|detached|guest ?house|castle|barn",
    ),
)
_COMPILED = tuple((building, re.compile(sign, re.IGNORECASE)) for building, sign in _SIGNS)


def building_of(kind: str, title: str) -> str | None:
    """The building that a listing's type names; where it has none, its title (``Condo in Bedok · 2 bedrooms``)."""
    named = kind.replace("_", " ").replace("/", " ") or (title.partition(" in ")[0] if " · " in title else "")
    return next((building for building, sign in _COMPILED if sign.search(named)), None)
