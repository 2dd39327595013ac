"""What lies before a home: paving, water, grass, and what has been left standing there."""

from __future__ import annotations

import numpy as np

from brewlite_listing_site.drawing.backdrop import GROUND
from brewlite_listing_site.drawing.buildings import TERRACED, pick
from brewlite_listing_site.drawing.facade import DOORS
from brewlite_listing_site.drawing.light import Light
from brewlite_listing_site.drawing.nature import LEAVES, hedges, sheep, tree, water
from brewlite_listing_site.drawing.shapes import again, circle, dots, line, n, path, rect
from brewlite_listing_site.homes import Home


def street(home: Home, light: Light, rng: np.random.Generator) -> str:
    """The ground in front of ``home``, by neighbourhood, and what stands on it."""
    key = home.hood.key
    if home.kind == "houseboat":
        return ""
    grassy = key in ("orchard", "scholars", "fold", "lanternhill") or home.outdoor == "garden"
    ground = _lawn(home, light, rng) if grassy else _pavement(home, light, rng)
    if key == "weirside" or (key == "harbour" and home.number % 2):
        ground = _bank(light, rng)
    return ground + _things(home, light, rng, grassy)


def _lawn(home: Home, light: Light, rng: np.random.Generator) -> str:
    grass = rect(0, GROUND, 400, 60, light.on("#9db67c")) + path("M0 262q100-14 210-4t190-6v48H0z", light.on("#8ba86c"))
    blades = "".join(f"M{n(rng.uniform(0, 396))} {n(rng.uniform(258, 294))}l1-6" for _ in range(5))
    way = path("M186 240h26l34 60h-84z", light.on("#dccfb4"), ' opacity=".85"')
    return grass + line(blades, light.on("#6f8f57"), 1) + way


def _pavement(home: Home, light: Light, rng: np.random.Generator) -> str:
    out = rect(0, GROUND, 400, 60, light.on("#c9bfb0")) + rect(0, GROUND + 20, 400, 40, light.on("#9c958b"))
    if home.hood.key == "bellgate":
        rows = "".join(f"M{-4 + 5 * (y % 2)} {264 + 9 * y}h410" for y in range(4))
        return out + line(rows, light.on("#b5ada0"), 4.4, ' stroke-dasharray="5 7"')
    rails = line("M0 272h400M0 282h400", light.on("#6d6862"), 1.8)
    return out + rect(0, GROUND + 18, 400, 3, light.on("#e3dacb")) + rails


def _bank(light: Light, rng: np.random.Generator) -> str:
    quay = rect(0, GROUND, 400, 16, light.on("#c4b79f")) + rect(0, GROUND + 13, 400, 5, light.on("#8f8471"))
    return quay + water(light, rng, 400, GROUND + 18, 300)


def _things(home: Home, light: Light, rng: np.random.Generator, grassy: bool) -> str:
    left, right = float(rng.uniform(22, 58)), float(rng.uniform(342, 380))
    kind = {"weirside": "willow", "fold": "pine", "station": "poplar"}.get(home.hood.key, "round")
    out = tree(light, left, GROUND + 6, float(rng.uniform(84, 118)), pick(rng, LEAVES), kind)
    if grassy:
        out += tree(light, right, GROUND + 8, float(rng.uniform(56, 92)), pick(rng, LEAVES))
        if home.kind == "house" and home.hood.key not in TERRACED:
            out += hedges(light, GROUND + 18, pick(rng, LEAVES))
    else:
        out += _lamp(light, right)
    if home.kind == "farm house":
        out += f'<g id="b">{sheep(light, 30, 272)}</g>' + again("b", 36, 12)
        out += again("b", 330, round(rng.uniform(-6, 8)))
    if "bikes" in home.traits:
        out += _bicycle(light, float(rng.uniform(88, 120)), GROUND + 14, pick(rng, DOORS))
    if home.parking in ("street", "driveway") and (home.kind != "house" or home.hood.key not in TERRACED):
        out += _car(light, float(rng.uniform(268, 300)), GROUND + 26, pick(rng, DOORS))
    if home.pets:
        out += _cat(light, float(rng.uniform(236, 262)), GROUND + 12)
    return out


def _lamp(light: Light, x: float) -> str:
    glow = circle(x, 168, 13, light.lit, ' opacity=".35"') if light.name in ("dusk", "rain") else ""
    post = line(f"M{n(x)} {n(GROUND + 4)}v-68", "#3e4448", 2.6) + path(f"M{n(x - 8)} 162l8-8 8 8z", "#3e4448")
    return glow + post + path(f"M{n(x - 6)} 162h12l-2 12h-8z", light.lit)


def _bicycle(light: Light, x: float, base: float, colour: str) -> str:
    ring = "a8 8 0 1 0 16 0a8 8 0 1 0-16 0"
    wheels = line(f"M{n(x - 8)} {n(base - 8)}{ring}m27 0{ring}", "#3e4448", 1.5)
    frame = f"M{n(x)} {n(base - 8)}l9-13h12l6 13m-6-13l-9 13h-12m9-13l3-5m-4 0h7m8 5l-1-7h5"
    return wheels + line(frame, light.on(colour), 1.8)


def _car(light: Light, x: float, base: float, colour: str) -> str:
    body = path(f"M{n(x)} {n(base - 7)}q0-10 11-11l9-11q2-3 6-3h20q4 0 7 3l9 11q14 1 14 11v6h-76z", light.on(colour))
    panes = path(f"M{n(x + 16)} {n(base - 19)}l7-8h10v8zm21 0v-8h9l8 8z", light.glass)
    axles = [(x + 16, base - 2), (x + 60, base - 2)]
    return body + panes + dots(axles, "#3a3d40", 14) + dots(axles, "#b9b9b5", 5)


def _cat(light: Light, x: float, base: float) -> str:
    fur = light.on("#4f4640")
    body = path(f"M{n(x)} {n(base)}q-1-14 6-16l-1-7 4 3 4-3 0 8q3 4 2 15z", fur)
    return body + line(f"M{n(x + 14)} {n(base)}q10 1 8-9", fur, 2.4)
