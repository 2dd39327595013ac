"""Rooms and studios are drawn from the inside, with the neighbourhood in the window."""

from __future__ import annotations

import numpy as np

from brewlite_listing_site.drawing.backdrop import backdrop
from brewlite_listing_site.drawing.buildings import pick
from brewlite_listing_site.drawing.light import Light, clouds, sky
from brewlite_listing_site.drawing.shapes import circle, ellipse, line, mix, n, path, rect
from brewlite_listing_site.homes import Home

PLASTER = ("#f0e4d2", "#e3dccb", "#d7e0d8", "#f2dfcf", "#dfe3e6", "#ecd9c6")
CLOTH = ("#b5654a", "#5f7f8c", "#7d8f6a", "#c99a4b", "#8c6a83", "#46617a")
WOOD = ("#b98a5e", "#9a6d48", "#caa57a")


def interior(home: Home, light: Light, rng: np.random.Generator) -> str:
    """Wall, floor, the view, and furniture that the home's kind has."""
    wall, wood, cloth = pick(rng, PLASTER), pick(rng, WOOD), pick(rng, CLOTH)
    dim = 0.3 if light.name == "dusk" else 0.0
    indoors = "#ffcf8a"
    plaster = mix(wall, indoors, 0.22) if dim else light.on(wall)
    out = rect(0, 0, 400, 300, plaster) + _window(home, light, rng)
    out += rect(0, 222, 400, 78, mix(wood, indoors, 0.12) if dim else light.on(wood))
    boards = "".join(f"M0 {y}h400" for y in (236, 256, 280))
    out += line(boards, mix(wood, "#4b3524", 0.35), 0.8, ' opacity=".5"') + rect(
        0, 217, 400, 6, mix(plaster, "#ffffff", 0.45)
    )
    if "period" in home.traits:
        out += line("M0 18h400M0 26h400", mix(plaster, "#ffffff", 0.5), 3)
    if home.floor == home.storeys - 1 and home.storeys > 2:
        out += path("M0 0h120L0 130z", mix(plaster, "#000000", 0.07))
    furniture = _bedroom if home.kind == "room" else _studio
    out += furniture(home, light, rng, cloth, wood)
    return f'<g transform="matrix(-1 0 0 1 400 0)">{out}</g>' if rng.random() < 0.5 else out


def _window(home: Home, light: Light, rng: np.random.Generator) -> str:
    """The view: the same sky and backdrop as outside, cut to the frame."""
    x, y, w, h = 150.0 + float(rng.uniform(-16, 16)), 40.0, 132.0, 122.0
    view = sky(light, 400, 300, 240 + float(rng.uniform(-30, 30)), 66) + clouds(light, (170, 78, 9))
    view += backdrop(home.hood.scene, light, rng)
    clip = f'<clipPath id="w"><rect x="{n(x)}" y="{n(y)}" width="{n(w)}" height="{n(h)}"/></clipPath>'
    scene = f'{clip}<g clip-path="url(#w)"><g transform="translate(0 -74)">{view}</g></g>'
    white = mix(light.on("#f8f3e9"), "#ffffff", 0.2)
    frame = (
        f'<path d="M{n(x)} {n(y)}h{n(w)}v{n(h)}h{n(-w)}zm{n(w / 2)} 0v{n(h)}m{n(-w / 2)} {n(-0.66 * h)}h{n(w)}" '
        f'fill="none" stroke="{white}" stroke-width="5"/>'
    )
    curtain = pick(rng, CLOTH)
    cloth = mix(light.on(curtain), "#ffffff", 0.35)
    left = path(f"M{n(x - 18)} {n(y - 10)}h26q2 70-6 142h-22z", cloth, ' opacity=".92"')
    right = path(f"M{n(x + w + 18)} {n(y - 10)}h-26q-2 70 6 142h22z", cloth, ' opacity=".92"')
    rod = line(f"M{n(x - 24)} {n(y - 11)}h{n(w + 48)}", light.on("#5c5148"), 3)
    return scene + frame + rect(x - 8, y + h, w + 16, 7, white) + left + right + rod


def _bedroom(home: Home, light: Light, rng: np.random.Generator, cloth: str, wood: str) -> str:
    dark = mix(wood, "#3d2a1c", 0.35)
    bed = rect(28, 178, 10, 62, dark, 3) + rect(30, 206, 150, 26, "#f5efe4", 6)
    bed += path("M78 204h104v34h-104q-6-17 0-34z", cloth) + rect(40, 196, 40, 16, "#fffaf0", 7)
    bed += line("M88 214h88M90 224h88", mix(cloth, "#ffffff", 0.3), 1.6) + line("M34 236v14M174 236v14", dark, 5)
    desk = rect(292, 190, 92, 6, dark, 2) + line("M298 196v54M378 196v54", dark, 4)
    lamp = line("M362 190v-20l-14-10", "#4a4f55", 2) + path("M338 166l12-12 8 8-8 10z", "#e0b25a")
    books = "".join(
        rect(300 + i * 7, 190 - h, 6, h, c) for i, (h, c) in enumerate(zip((22, 18, 24, 20), CLOTH, strict=False))
    )
    chair = line("M318 250v-24h22v24M318 226v-22", mix(dark, "#000000", 0.15), 3.4)
    return _rug(rng, 220, 266) + bed + desk + lamp + books + chair + _wall_art(rng, 56, 92) + _plant(rng, 270, 250)


def _studio(home: Home, light: Light, rng: np.random.Generator, cloth: str, wood: str) -> str:
    dark = mix(wood, "#3d2a1c", 0.35)
    sofa = rect(26, 184, 118, 40, cloth, 9) + rect(20, 200, 132, 36, mix(cloth, "#000000", 0.1), 9)
    sofa += rect(34, 198, 50, 22, mix(cloth, "#ffffff", 0.16), 6) + rect(
        88, 198, 50, 22, mix(cloth, "#ffffff", 0.16), 6
    )
    sofa += rect(100, 188, 24, 20, pick(rng, CLOTH), 4) + line("M32 236v8M140 236v8", dark, 4)
    cabinets = pick(rng, ("#dfe5df", "#8fa39a", "#f3ece0", "#7f95a3"))
    kitchen = rect(300, 186, 100, 54, cabinets) + rect(296, 180, 104, 7, dark) + rect(312, 96, 88, 40, cabinets, 2)
    kitchen += line("M334 190v46M367 190v46M341 96v40M370 96v40", mix(cabinets, "#4b4036", 0.3), 1)
    kitchen += line("M322 180v-12q0-6 6-6t6 5", "#8a8f94", 2.2) + path("M362 180q-1-12 4-12h14q5 0 4 12z", "#c9705c")
    lamp = line("M226 0v34", "#4a4f55", 1.4) + path("M212 48q0-15 14-15t14 15z", "#e0b25a") if home.number % 2 else ""
    table = ellipse(226, 232, 40, 8, dark) + line("M226 236v26", dark, 4) + _mug(226, 226)
    return _rug(rng, 130, 268) + sofa + kitchen + lamp + table + _wall_art(rng, 62, 96) + _plant(rng, 276, 246)


def _rug(rng: np.random.Generator, x: float, y: float) -> str:
    colour = pick(rng, CLOTH)
    return ellipse(x, y, 120, 17, mix(colour, "#f4ead8", 0.45)) + ellipse(x, y, 100, 12, mix(colour, "#f4ead8", 0.65))


def _wall_art(rng: np.random.Generator, x: float, y: float) -> str:
    ground, sun = pick(rng, CLOTH), pick(rng, ("#e0b25a", "#d4556a", "#f3ede1"))
    frame = rect(x, y, 54, 42, "#fbf7ee", 1, ' stroke="#5c5148" stroke-width="1.6"')
    return (
        frame
        + rect(x + 7, y + 7, 40, 28, mix(ground, "#ffffff", 0.45))
        + circle(x + 32, y + 17, 6, sun)
        + path(f"M{n(x + 7)} {n(y + 35)}v-9q10-9 20-2t20-3v14z", ground)
    )


def _plant(rng: np.random.Generator, x: float, base: float) -> str:
    leaf = pick(rng, ("#5f8a5b", "#6d9460", "#4f7d64"))
    top = n(base - 22)
    blades = "".join(
        f"M{n(x)} {top}q{n(dx / 2)} {n(-26 - up)} {n(dx)} {n(-30 - up)}q{n(-dx / 6)} 18 {n(-dx)} {n(30 + up)}z"
        for dx, up in ((-26, 0), (-14, 16), (0.1, 24), (14, 16), (26, 2))
    )
    pot = path(f"M{n(x - 11)} {n(base - 24)}h22l-4 24h-14z", pick(rng, ("#c67a63", "#e9e0d0", "#5d6872")))
    return path(blades, leaf) + pot


def _mug(x: float, base: float) -> str:
    steam = line(f"M{n(x)} {n(base - 12)}q-3-5 0-9t0-9", "#ffffff", 1.6, ' opacity=".7"')
    return rect(x - 6, base - 10, 12, 11, "#f6f0e4", 2) + steam
