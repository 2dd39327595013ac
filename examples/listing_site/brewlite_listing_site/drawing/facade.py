"""Walls with windows: what blocks and houses have in common."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from msgspec import Struct

from brewlite_listing_site.drawing.light import Light
from brewlite_listing_site.drawing.shapes import (
    Point,
    again,
    arches,
    boxes,
    dashes,
    dots,
    line,
    mix,
    n,
    paint,
    path,
    rect,
)

WALLS = ("#ecdcc0", "#d99a78", "#c67a63", "#a9bfae", "#e2b765", "#8faabd", "#f3ede1", "#c39aa0", "#d8cdb9", "#e7c9a9")
TILES = ("#8a4f3d", "#a45c45", "#5d6872", "#4b5660", "#77604f")
DOORS = ("#2f5d62", "#8c3f3a", "#38536f", "#c08a3e", "#4d6b4a", "#6a4a63")
FLOWERS = ("#d4556a", "#e08a4a", "#e9c46a", "#c86fa0")


class Windows(Struct, frozen=True, kw_only=True):
    """The windows of one facade: a grid."""

    x: float
    y: float
    """The upper left corner of the first."""
    columns: int
    rows: int
    dx: float
    dy: float
    """From one window to the next."""
    w: float
    h: float
    arched: bool = False
    shutters: str | None = None
    far: bool = False
    """Too far off for glazing bars."""

    def corner(self, place: int) -> Point:
        """Upper left corner of one window, counted row by row."""
        return self.x + place % self.columns * self.dx, self.y + place // self.columns * self.dy


def draw_windows(light: Light, rng: np.random.Generator, windows: Windows, home: Sequence[int] = ()) -> str:
    """Frames, panes and bars; those at the places in ``home`` are lit, some others too when it is dark."""
    one = windows
    share = 0.0 if one.far else {"dusk": 0.3, "rain": 0.2, "golden": 0.1}.get(light.name, 0.03)
    lit = [one.corner(i) for i in range(one.columns * one.rows) if i in home or rng.random() < share]
    name = f"f{one.x:.0f}"
    row = f'<g id="{name}">{_row(light, one)}</g>' if one.rows > 1 else _row(light, one)
    out = row + "".join(again(name, 0, down * one.dy) for down in range(1, one.rows))
    return out + (_panes(light, one, lit, light.lit) if lit else "")


def _row(light: Light, one: Windows) -> str:
    """The uppermost row of windows, all of them dark."""
    every = [one.corner(i) for i in range(one.columns)]
    if not one.shutters:
        return _panes(light, one, every, light.glass)
    wing = 0.38 * one.w
    wings = [(x + side, y) for x, y in every for side in (-wing - 2, one.w + 2)]
    return _panes(light, one, every, light.glass) + path(boxes(wings, wing, one.h), light.on(one.shutters))


def _panes(light: Light, one: Windows, corners: Sequence[Point], glass: str) -> str:
    """Windows as one path: panes filled, frame and glazing bars as its outline."""
    shape = arches if one.arched else boxes
    d = "".join(
        shape([corner], one.w, one.h) + ("" if one.far else f"m{n(one.w / 2)} 0v{n(-one.h if one.arched else one.h)}")
        for corner in corners
    )
    return path(d, glass, f' stroke="{paint(light.on("#f6f0e4"))}" stroke-width="1.6"')


def flower_boxes(light: Light, sills: Sequence[Point], w: float, colour: str) -> str:
    """Geraniums under windows; ``sills`` are their lower left corners."""
    leaves = path(boxes([(x, y - 1) for x, y in sills], w, 3), light.on("#5f8a5b"))
    wood = path(boxes([(x, y + 1) for x, y in sills], w, 3), light.on("#7a5a48"))
    blooms = "".join(f"M{n(x + 2)} {n(y - 1)}h{n(w - 4)}" for x, y in sills)
    return leaves + wood + line(blooms, light.on(colour), 3.6, ' stroke-dasharray="0 5"')


def balconies(light: Light, slabs: Sequence[Point], w: float, flower: str) -> str:
    """Slabs with a railing and a plant; ``slabs`` are their left ends."""
    iron = light.on("#4a4f55")
    bars = dashes("".join(f"M{n(x)} {n(y - 5)}h{n(w)}" for x, y in slabs), iron, 10, 0.9, 3)
    rails = path(boxes([(x, y - 11) for x, y in slabs], w, 1), iron)
    plants = dots([(x + w - 5, y - 9) for x, y in slabs], light.on("#6d9460"), 8)
    plants += dots([(x + w - 6, y - 12) for x, y in slabs], light.on(flower), 4)
    return path(boxes([(x - 2, y) for x, y in slabs], w + 4, 3), light.on("#cfc6b8")) + plants + bars + rails


def door(light: Light, x: float, base: float, w: float, h: float, colour: str) -> str:
    """A door with a light in it, and a step."""
    frame = f' stroke="{paint(light.on("#f6f0e4"))}" stroke-width="2.4"'
    pane = rect(x + 0.25 * w, base - 0.85 * h, 0.5 * w, 0.3 * h, light.lit)
    return (
        rect(x, base - h, w, h, light.on(colour), more=frame)
        + pane
        + rect(x - 4, base - 2, w + 8, 3, light.on("#b9b0a2"))
    )


def awnings(light: Light, y: float, shops: Sequence[Point], colour: str) -> str:
    """Striped shop blinds over windows; ``shops`` are left ends and widths."""
    glass = "".join(f"M{n(x + 2)} {n(y + 2)}h{n(w - 4)}v22h{n(4 - w)}z" for x, w in shops)
    blinds = "".join(f"M{n(x)} {n(y - 2)}h{n(w)}l3 8h{n(-w - 6)}z" for x, w in shops)
    stripes = dashes("".join(f"M{n(x + 4)} {n(y + 2)}h{n(w - 6)}" for x, w in shops), light.on("#f6f0e4"), 8, 4, 4)
    return path(glass, light.lit) + path(blinds, light.on(colour)) + stripes


def chimney(light: Light, x: float, top: float, tile: str, smoke: bool) -> str:
    """A stack, and a thread of smoke when there is a fire below."""
    stack = rect(x, top, 11, 26, light.on(mix(tile, "#c67a63", 0.5))) + rect(x - 1.5, top - 3, 14, 4, light.on(tile))
    curl = f"M{n(x + 5)} {n(top - 5)}c-6-8 6-12 0-20s5-11 1-17"
    return stack + (line(curl, mix(light.low, "#ffffff", 0.4), 3.2, ' opacity=".6"') if smoke else "")
