"""A whole picture: sky, backdrop, home and street; and the town's panorama."""

from __future__ import annotations

import numpy as np

from brewlite_listing_site.drawing.backdrop import GROUND, backdrop
from brewlite_listing_site.drawing.buildings import block, farm_house, house, houseboat
from brewlite_listing_site.drawing.interior import interior
from brewlite_listing_site.drawing.light import LIGHTS, Light, clouds, sky
from brewlite_listing_site.drawing.nature import birds, water
from brewlite_listing_site.drawing.shapes import OPEN
from brewlite_listing_site.drawing.street import street
from brewlite_listing_site.homes import Home, choose

OUTSIDE = {
    "flat": block,
    "studio": block,
    "room": block,
    "house": house,
    "farm house": farm_house,
    "houseboat": houseboat,
}


def draw(home: Home, seed: int) -> str:
    """``home`` as an SVG of at most 4 KB; the same for the same seed."""
    rng = np.random.default_rng([seed, home.number])
    light = _light(home, rng)
    if home.kind == "room" or (home.kind == "studio" and home.number % 5 < 2):
        return OPEN.format(400, 300) + interior(home, light, rng) + "</svg>"
    x = float(rng.uniform(50, 350))
    out = sky(light, 400, GROUND, x, float(rng.uniform(50, 96)))
    left = (float(rng.uniform(10, 150)), float(rng.uniform(44, 90)), float(rng.uniform(8, 13)))
    right = (float(rng.uniform(220, 340)), float(rng.uniform(34, 80)), float(rng.uniform(6, 11)))
    out += clouds(light, left, right)
    out += backdrop(home.hood.scene, light, rng)
    if home.kind == "houseboat":
        out += water(light, rng, 400, 222, 300)
    if home.hood.key in ("harbour", "weirside", "lanternhill"):
        out += birds(light, float(rng.uniform(40, 300)), float(rng.uniform(40, 90)))
    return OPEN.format(400, 300) + out + OUTSIDE[home.kind](home, light, rng) + street(home, light, rng) + "</svg>"


def _light(home: Home, rng: np.random.Generator) -> Light:
    odds = {"morning": 0.28, "day": 0.34, "golden": 0.16, "dusk": 0.15, "rain": 0.07}
    if "bright" in home.traits:
        odds |= {"rain": 0.0, "dusk": 0.05}
    return LIGHTS[choose(rng, odds)]


def draw_town(homes: list[Home], seed: int, light: str = "golden") -> str:
    """A wide picture of the town from the water: one home beside the other, hill and harbour behind."""
    rng = np.random.default_rng(seed)
    chosen = LIGHTS[light]
    width = 1600
    out = sky(chosen, width, GROUND, 1180, 84)
    spots = [(x + rng.uniform(-40, 40), rng.uniform(40, 84), rng.uniform(9, 15)) for x in (120, 420, 830, 1330)]
    out += clouds(chosen, *spots)
    out += backdrop("hill", chosen, rng, width) + birds(chosen, 640, 60)
    for place, home in enumerate(homes):
        draw_home = OUTSIDE[home.kind]
        out += f'<g transform="translate({-110 + place * 128} 0)">{draw_home(home, chosen, rng)}</g>'
    out += water(chosen, rng, width, GROUND, 300)
    return OPEN.format(width, 300) + out + "</svg>"
