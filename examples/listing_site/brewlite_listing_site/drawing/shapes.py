"""The few SVG shapes that the pictures are made of, written short: a picture has 4 KB."""

from __future__ import annotations

import re
from collections.abc import Iterable

Point = tuple[float, float]
OPEN = (
    '<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {} {}" fill="none"><style>.r{{stroke-linecap:round}}</style>'
)
"""How a picture starts: lines are not filled, and those of class ``r`` have round ends."""
SPARE_ZERO = re.compile(r"(?<![\d.])(-?)0\.")


def n(value: float) -> str:
    """A coordinate: whole numbers are fine enough here, except for the smallest things."""
    text = f"{value:.1f}" if abs(value) < 4 else f"{value:.0f}"
    return text[:-2] if text.endswith(".0") else text


def rect(x: float, y: float, w: float, h: float, fill: str, rx: float = 0, more: str = "") -> str:
    """A rectangle, ``rx`` its corners' radius."""
    if not rx:
        return path(f"M{n(x)} {n(y)}h{n(w)}v{n(h)}h{n(-w)}z", fill, more)
    corner = f' rx="{n(rx)}"'
    return f'<rect x="{n(x)}" y="{n(y)}" width="{n(w)}" height="{n(h)}" fill="{paint(fill)}"{corner}{more}/>'


def circle(x: float, y: float, r: float, fill: str, more: str = "") -> str:
    """A disc."""
    return f'<circle cx="{n(x)}" cy="{n(y)}" r="{n(r)}" fill="{paint(fill)}"{more}/>'


def ellipse(x: float, y: float, rx: float, ry: float, fill: str, more: str = "") -> str:
    """An oval."""
    return f'<ellipse cx="{n(x)}" cy="{n(y)}" rx="{n(rx)}" ry="{n(ry)}" fill="{paint(fill)}"{more}/>'


def path(d: str, fill: str = "none", more: str = "") -> str:
    """A path of SVG commands."""
    return f'<path fill="{paint(fill)}" d="{tight(d)}"{more}/>'


def line(d: str, colour: str, width: float, more: str = "") -> str:
    """An unfilled path with round ends."""
    return f'<path class="r" stroke="{paint(colour)}" stroke-width="{n(width)}" d="{tight(d)}"{more}/>'


def dashes(d: str, colour: str, width: float, on: float, off: float) -> str:
    """Lines cut into equal pieces: a row of windows, a railing. Each stroke of ``d`` starts with a piece."""
    cut = f"{n(on)} {n(off)}"
    return f'<path stroke="{paint(colour)}" stroke-width="{n(width)}" stroke-dasharray="{cut}" d="{tight(d)}"/>'


def dots(places: Iterable[Point], colour: str, size: float) -> str:
    """Many equal dots."""
    return line("".join(f"M{n(x)} {n(y)}z" for x, y in places), colour, size)


def again(name: str, x: float, y: float) -> str:
    """The group ``name`` once more, elsewhere."""
    along = f' x="{n(x)}"' if x else ""
    return f'<use href="#{name}"{along} y="{y:g}"/>'


def tight(d: str) -> str:
    """Path commands without the spaces and zeros that they can do without."""
    return SPARE_ZERO.sub(r"\1.", d).replace(" -", "-")


def polygon(points: Iterable[Point]) -> str:
    """Path commands of a closed shape."""
    return "M" + "L".join(f"{n(x)} {n(y)}" for x, y in points) + "z"


def boxes(corners: Iterable[Point], w: float, h: float) -> str:
    """Path commands of many equal rectangles: windows, tiles."""
    return "".join(f"M{n(x)} {n(y)}h{n(w)}v{n(h)}h{n(-w)}z" for x, y in corners)


def arches(corners: Iterable[Point], w: float, h: float) -> str:
    """Path commands of many equal windows with round tops."""
    r = w / 2
    return "".join(f"M{n(x)} {n(y + h)}v{n(r - h)}a{n(r)} {n(r)} 0 0 1 {n(w)} 0v{n(h - r)}z" for x, y in corners)


def mix(one: str, other: str, share: float) -> str:
    """The colour ``share`` of the way from ``one`` to ``other``, all ``#rrggbb``."""
    pairs = ((int(one[i : i + 2], 16), int(other[i : i + 2], 16)) for i in (1, 3, 5))
    return "#" + "".join(f"{round(a + (b - a) * share):02x}" for a, b in pairs)


def paint(colour: str) -> str:
    """``#rrggbb`` as the nearest ``#rgb``: half the bytes, and nobody sees it."""
    if len(colour) != 7 or colour[0] != "#":
        return colour
    return "#" + "".join(f"{round(int(colour[i : i + 2], 16) / 17):x}" for i in (1, 3, 5))
