"""The home itself, seen from the street: block, house, farm house or boat."""

from __future__ import annotations

import numpy as np
from msgspec import structs

from brewlite_listing_site.drawing.backdrop import GROUND
from brewlite_listing_site.drawing.facade import (
    DOORS,
    FLOWERS,
    TILES,
    WALLS,
    Windows,
    awnings,
    balconies,
    chimney,
    door,
    draw_windows,
    flower_boxes,
)
from brewlite_listing_site.drawing.light import Light
from brewlite_listing_site.drawing.nature import LEAVES
from brewlite_listing_site.drawing.shapes import circle, dashes, dots, line, mix, n, paint, path, polygon, rect
from brewlite_listing_site.homes import Home

TERRACED = ("bellgate", "harbour", "tannery", "scholars", "weirside")
"""Where houses stand wall to wall."""


def pick(rng: np.random.Generator, colours: tuple[str, ...]) -> str:
    """One of the colours."""
    return colours[int(rng.integers(len(colours)))]


def block(home: Home, light: Light, rng: np.random.Generator) -> str:
    """A house with flats; the home's own windows are lit."""
    storeys = home.storeys
    high = float(np.clip(178 / storeys, 14, 36))
    columns = 5 if storeys <= 3 else 4 if storeys <= 6 else 3
    wide = columns * (30 if storeys <= 6 else 26) + 14
    left, top = 200 - wide / 2 + float(rng.uniform(-26, 26)), GROUND - high * storeys
    wall, tile, flower = pick(rng, WALLS), pick(rng, TILES), pick(rng, FLOWERS)
    out = rect(left, top, wide, high * storeys, light.on(wall))
    out += rect(left + wide - 9, top, 9, high * storeys, light.on(mix(wall, "#000000", 0.08)))
    out += _roof(home, light, rng, left, top, wide, tile)
    step = (wide - 10) / columns
    w, h = 0.42 * step, 0.58 * high
    own_row = storeys - 1 - (home.floor or 0)
    own = [own_row * columns, own_row * columns + 1] if own_row < storeys - 1 else []
    windows = Windows(
        x=left + 5 + (step - w) / 2, y=top + 0.22 * high, columns=columns, rows=storeys - 1, dx=step, dy=high, w=w, h=h,
        arched=home.built < 1890, shutters=pick(rng, DOORS) if home.built < 1940 and rng.random() < 0.45 else None,
    )  # fmt: skip
    out += draw_windows(light, rng, windows, own)
    sills = [(windows.corner(place)[0], windows.corner(place)[1] + h) for place in own]
    if own and home.outdoor in ("balcony", "terrace"):
        out += balconies(light, [(x - 6, y + 1) for x, y in sills], w + 12, flower)
    elif own:
        out += flower_boxes(light, [(x - 1, y + 2) for x, y in sills], w + 2, flower)
    return out + _street_level(home, light, rng, left, wide, high)


def eye_window(light: Light, x: float, y: float, r: float, glass: str) -> str:
    """A round window in a gable."""
    return circle(x, y, r, glass, f' stroke="{paint(light.on("#f6f0e4"))}" stroke-width="2"')


def _roof(home: Home, light: Light, rng: np.random.Generator, left: float, top: float, wide: float, tile: str) -> str:
    right = left + wide
    if home.outdoor == "roof terrace":
        pots = [(left + dx * wide, top - 14) for dx in (0.16, 0.3, 0.38, 0.84)]
        plants = dots(pots, light.on(pick(rng, LEAVES)), 15)
        iron = light.on("#5a5f66")
        rail = dashes(f"M{n(left)} {n(top - 9)}h{n(wide)}", iron, 10, 1, 7) + rect(left, top - 15, wide, 1, iron)
        return plants + rect(left - 3, top - 5, wide + 6, 7, light.on("#e8dfcf")) + rail
    if home.built > 1960 or home.storeys > 6:
        box = rect(left + 0.62 * wide, top - 16, 26, 14, light.on("#b9b3aa"))
        return box + rect(left - 3, top - 4, wide + 6, 7, light.on(mix(tile, "#cfc6b8", 0.5)))
    if rng.random() < 0.5:
        shape = [(left - 5, top), (left + 10, top - 30), (right - 10, top - 30), (right + 5, top)]
        attic = Windows(x=left + 0.25 * wide - 6, y=top - 21, columns=3, rows=1, dx=0.25 * wide, dy=0, w=12, h=15)
        tops = "".join(f"M{n(attic.corner(i)[0] - 4)} {n(attic.y)}l10-9l10 9z" for i in range(3))
        dormers = path(tops, light.on(mix(tile, "#ffffff", 0.2)))
        return path(polygon(shape), light.on(tile)) + dormers + draw_windows(light, rng, attic)
    shape = [(left - 6, top + 1), (left + wide / 2, top - 44), (right + 6, top + 1)]
    eye = eye_window(light, left + wide / 2, top - 17, 6, light.glass)
    return (
        chimney(light, left + 0.2 * wide, top - 40, tile, "stove" in home.traits)
        + path(polygon(shape), light.on(tile))
        + eye
    )


def _street_level(home: Home, light: Light, rng: np.random.Generator, left: float, wide: float, high: float) -> str:
    tall = max(high * 0.82, 20)
    out = rect(left, GROUND - high, wide, 2, "#000", more=' opacity=".1"')
    middle = left + wide / 2 - 7
    if high >= 26 and home.hood.key in ("bellgate", "harbour", "tannery", "station") and home.floor != 0:
        colour = pick(rng, DOORS)
        shops = [(left + 8, wide / 2 - 22), (middle + 26, left + wide - middle - 36)]
        out += awnings(light, GROUND - 27, shops, colour)
    else:
        step, h = (wide - 10) / 4, 0.52 * high
        low = Windows(
            x=left + 5 + step / 2 - 6, y=GROUND - 0.84 * high, columns=2, rows=1, dx=3 * step, dy=0, w=12, h=h
        )
        out += draw_windows(light, rng, low, (0, 1) if home.floor == 0 else ())
    return out + door(light, middle, GROUND, 15, tall, pick(rng, DOORS))


def house(home: Home, light: Light, rng: np.random.Generator) -> str:
    """A gabled house of two or three storeys; in the old streets with neighbours wall to wall."""
    wall, tile, paint, flower = pick(rng, WALLS), pick(rng, TILES), pick(rng, DOORS), pick(rng, FLOWERS)
    wide = 96.0 + 10 * min(home.bedrooms, 5) - (24 if home.storeys == 3 else 0)
    high = 42.0
    top = GROUND - high * home.storeys
    left = 200 - wide / 2 + float(rng.uniform(-34, 34))
    right, middle = left + wide, left + wide / 2
    gabled = bool(rng.random() < 0.55)
    peak = [(left - 8, top + 3), (middle, top - 0.42 * wide), (right + 8, top + 3)]
    slope = [(left - 8, top + 3), (left + 12, top - 40), (right - 12, top - 40), (right + 8, top + 3)]
    out = _neighbours(home, light, rng, left, right) + _wing(home, light, left, right, tile)
    out += chimney(light, left + 0.2 * wide, top - (44 if gabled else 54), tile, "stove" in home.traits)
    if gabled:
        out += path(
            polygon([(left, GROUND), (left, top), (middle, top - 0.4 * wide), (right, top), (right, GROUND)]),
            light.on(wall),
        )
        out += line(polygon(peak)[:-1], light.on(tile), 7)
        out += eye_window(light, middle, top - 0.1 * wide, 7, light.lit)
    else:
        out += rect(left, top, wide, GROUND - top, light.on(wall)) + path(polygon(slope), light.on(tile))
    out += rect(right - 8, top, 8, GROUND - top, light.on(mix(wall, "#000000", 0.08)))
    columns, dx = (3, 0.28 * wide) if wide > 110 else (2, 0.46 * wide)
    shutters = paint if home.built < 1950 and rng.random() < 0.6 else None
    upper = Windows(
        x=left + 0.15 * wide, y=top + 8, columns=columns, rows=home.storeys - 1, dx=dx, dy=high, w=17, h=22,
        shutters=shutters,
    )  # fmt: skip
    lower = structs.replace(upper, y=GROUND - high + 10, columns=columns - 1, rows=1)
    out += draw_windows(light, rng, upper, (0,)) + draw_windows(light, rng, lower, (0,))
    if home.number % 2:
        out += flower_boxes(light, [(upper.corner(i)[0], upper.y + 24) for i in range(columns)], 17, flower)
    return out + door(light, upper.corner(columns - 1)[0], GROUND, 17, 33, paint)


def _neighbours(home: Home, light: Light, rng: np.random.Generator, left: float, right: float) -> str:
    if home.hood.key not in TERRACED:
        return ""
    out = ""
    for x, w in ((left - 104, 100), (right + 4, 100)):
        top = GROUND - float(rng.uniform(72, 124))
        out += rect(x, top, w, GROUND - top, light.on(pick(rng, WALLS), 0.16))
        out += path(
            polygon([(x - 3, top + 1), (x + w / 2, top - 36), (x + w + 3, top + 1)]), light.on(pick(rng, TILES), 0.16)
        )
        rows = int((GROUND - top) // 40)
        panes = Windows(x=x + 24, y=top + 12, columns=2, rows=rows, dx=38, dy=36, w=13, h=18, far=True)
        out += draw_windows(light, rng, panes)
    return out


def _wing(home: Home, light: Light, left: float, right: float, tile: str) -> str:
    """The garage beside a house that has one."""
    if home.parking != "garage":
        return ""
    slats = "".join(f"M{n(right + 10)} {n(GROUND - y)}h36" for y in (8, 15, 22))
    return (
        rect(right, GROUND - 40, 56, 40, light.on("#e9e0d0"))
        + rect(right - 2, GROUND - 45, 62, 7, light.on(tile))
        + rect(right + 8, GROUND - 30, 40, 30, light.on("#b7c0bd"))
        + line(slats, light.on("#96a19f"), 1)
    )


def farm_house(home: Home, light: Light, rng: np.random.Generator) -> str:
    """Long and low under a big roof, the barn beside it."""
    wall = pick(rng, ("#efe8da", "#d9cdb8", "#e6d3b0", "#cbb9a2"))
    tile, colour = pick(rng, TILES), pick(rng, DOORS)
    left = 92.0 + float(rng.uniform(-20, 20))
    wide, top = 150.0, GROUND - 58
    out = _barn(light, rng, left + wide + 14, tile)
    out += chimney(light, left + 24, top - 62, tile, "stove" in home.traits)
    out += chimney(light, left + 116, top - 58, tile, False)
    roof = [(left - 9, top + 4), (left + 20, top - 48), (left + wide - 20, top - 48), (left + wide + 9, top + 4)]
    out += rect(left, top, wide, 58, light.on(wall)) + path(polygon(roof), light.on(tile))
    stones = "".join(
        f"M{n(rng.uniform(left + 4, left + wide - 14))} {n(rng.uniform(top + 8, GROUND - 6))}h{n(rng.uniform(5, 10))}"
        for _ in range(12)
    )
    out += line(stones, light.on(mix(wall, "#6b5f50", 0.3)), 1.6)
    row = Windows(x=left + 18, y=top + 16, columns=3, rows=1, dx=49, dy=0, w=18, h=20, shutters=colour)
    return out + draw_windows(light, rng, row, (0, 1)) + door(light, left + 92, GROUND, 16, 36, colour)


def _barn(light: Light, rng: np.random.Generator, left: float, tile: str) -> str:
    wood = light.on(pick(rng, ("#a5574a", "#7d6a55", "#8a7a6a")))
    walls = [(left, GROUND), (left, 186), (left + 36, 156), (left + 72, 186), (left + 72, GROUND)]
    gate = f"M{n(left + 20)} {n(GROUND)}v-36h32v36m-32-36l32 36m-32 0l32-36"
    pale = f' stroke="{paint(light.on("#efe8da"))}" stroke-width="1.5"'
    eaves = line(f"M{n(left - 4)} 188l40-34 40 34", light.on(tile), 5)
    return path(polygon(walls), wood) + eaves + path(gate, light.on("#5d4a3e"), pale)


def houseboat(home: Home, light: Light, rng: np.random.Generator) -> str:
    """A barge with a cabin, on the water."""
    hull, cabin = pick(rng, ("#33495e", "#7d3f3a", "#3f5d54", "#4a4457")), pick(rng, WALLS)
    left, deck = 86.0 + float(rng.uniform(-16, 16)), 226.0
    long = 214.0 if home.bedrooms > 1 else 182.0
    body = path(
        f"M{n(left - 16)} {n(deck)}h{n(long + 40)}q-6 32-34 32h{n(-long + 24)}q-26 0-30-32z", light.on(hull)
    ) + path(f"M{n(left - 16)} {n(deck)}h{n(long + 40)}l-1 6h{n(-long - 38)}z", light.on("#f1e6d0"))
    ports = [(left + dx, deck + 16) for dx in range(24, int(long) - 10, 36)]
    holes = dots(ports, light.on("#d8b46a"), 11) + dots(ports, light.lit, 8)
    top = deck - 42
    above = rect(left + 24, top, long - 62, 42, light.on(cabin), 3)
    above += rect(left + 18, top - 6, long - 50, 8, light.on("#5d6872"), 3)
    count = int((long - 80) // 30)
    out = above + draw_windows(
        light, rng, Windows(x=left + 36, y=top + 10, columns=count, rows=1, dx=30, dy=0, w=18, h=18), (0, 1)
    )
    pots = flower_boxes(light, [(left + 40, top - 8), (left + 84, top - 8)], 22, pick(rng, FLOWERS))
    stove = chimney(light, left + 30, top - 26, "#4b5660", "stove" in home.traits)
    flag = line(f"M{n(left + long + 14)} {n(deck)}v-40", light.on("#6b5344"), 2) + path(
        f"M{n(left + long + 14)} {n(deck - 40)}q-9-5-20 0v12q11-5 20 0z", light.on(pick(rng, FLOWERS))
    )
    chairs = line(f"M{n(left + long - 30)} {n(deck)}l5-12h10l5 12m-17-8h14", light.on("#f6f0e4"), 2.2)
    return stove + out + pots + body + holes + flag + chairs
