"""The sentences that texts and titles are made of, from the files in ``words/``: pools by topic."""

from __future__ import annotations

import tomllib
from functools import cache
from importlib.resources import files

Pools = dict[str, list[str]]


@cache
def pools(file: str, section: str) -> Pools:
    """Topic -> templates."""
    text = files("brewlite_listing_site").joinpath("words", f"{file}.toml").read_text(encoding="utf-8")
    section_pools: Pools = tomllib.loads(text)[section]
    return section_pools


OPENERS = pools("openers", "openers")
PLACES = pools("places", "places")
LIVELY = pools("places", "lively")
VIEWS = pools("places", "views")
TRAITS = pools("homes", "traits")
CLOSERS = pools("homes", "closers")["any"]
NOUNS = pools("titles", "nouns")
HOOKS = pools("titles", "hooks")
