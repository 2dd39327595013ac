"""Trees, hills, water and what lives on them."""

from __future__ import annotations

from itertools import pairwise

import numpy as np

from brewlite_listing_site.drawing.light import Light
from brewlite_listing_site.drawing.shapes import circle, dots, ellipse, line, mix, n, path, rect

LEAVES = ("#7d9b6a", "#93a86b", "#5f8a6b", "#a8a25c", "#6d9480", "#c08a4e")


def tree(light: Light, x: float, base: float, size: float, leaf: str, kind: str = "round") -> str:
    """One tree whose trunk stands at ``x``, ``base``; ``size`` is its height."""
    trunk = light.on("#6b5344")
    leaf = light.on(leaf)
    dark = mix(leaf, "#2e3f3a", 0.18)
    if kind == "poplar":
        body = ellipse(x, base - 0.55 * size, 0.15 * size, 0.46 * size, leaf)
        return line(f"M{n(x)} {n(base)}v{n(-0.4 * size)}", trunk, 0.05 * size) + body
    if kind == "pine":
        tiers = "".join(
            f"M{n(x - w * size)} {n(base - y * size)}h{n(2 * w * size)}L{n(x)} {n(base - (y + 0.42) * size)}z"
            for y, w in ((0.15, 0.24), (0.36, 0.19), (0.57, 0.13))
        )
        return rect(x - 0.03 * size, base - 0.2 * size, 0.06 * size, 0.2 * size, trunk) + path(tiers, dark)
    if kind == "willow":
        crown = ellipse(x, base - 0.62 * size, 0.4 * size, 0.34 * size, leaf)
        hang = "".join(
            f"M{n(x + dx * size)} {n(base - 0.62 * size)}q{n(0.06 * size * (1 if dx > 0 else -1))} {n(0.2 * size)} 0"
            f" {n(drop * size)}"
            for dx, drop in ((-0.33, 0.42), (-0.2, 0.34), (-0.07, 0.28), (0.08, 0.3), (0.21, 0.36), (0.34, 0.44))
        )
        return line(f"M{n(x)} {n(base)}v{n(-0.5 * size)}", trunk, 0.07 * size) + crown + line(hang, dark, 0.05 * size)
    sides = dots([(x - 0.2 * size, base - 0.48 * size), (x + 0.2 * size, base - 0.5 * size)], dark, 0.38 * size)
    stem = line(f"M{n(x)} {n(base)}v{n(-0.5 * size)}", trunk, 0.07 * size)
    return stem + sides + circle(x, base - 0.62 * size, 0.3 * size, leaf)


def hills(light: Light, width: float, base: float, heights: tuple[float, ...], colour: str, far: float) -> str:
    """One rolling ridge across the picture."""
    step = width / (len(heights) - 1)
    d = f"M0 {n(base)}V{n(base - heights[0])}"
    for before, height in pairwise(heights):
        d += f"c{n(step / 2)} 0 {n(step / 2)} {n(before - height)} {n(step)} {n(before - height)}"
    return path(f"{d}V{n(base)}z", light.on(colour, far))


def water(light: Light, rng: np.random.Generator, width: float, top: float, bottom: float) -> str:
    """A sheet of water with light on it."""
    glints = "".join(
        f"M{n(rng.uniform(0, width - 40))} {n(rng.uniform(top + 5, bottom - 3))}h{n(rng.uniform(8, 34))}"
        for _ in range(7)
    )
    sheet = rect(0, top, width, bottom - top, light.water)
    return sheet + line(glints, mix(light.water, light.low, 0.6), 1.6, ' opacity=".8"')


def sheep(light: Light, x: float, y: float) -> str:
    """A grazing sheep."""
    wool, dark = light.on("#f4efe6"), light.on("#4a4340")
    legs = line(f"M{n(x - 4)} {n(y)}v5M{n(x + 4)} {n(y)}v5", dark, 1.4)
    return legs + ellipse(x, y - 1, 8, 5.5, wool) + ellipse(x + 8, y - 2, 3, 2.4, dark)


def birds(light: Light, x: float, y: float) -> str:
    """Three gulls."""
    one = "q4-5 8 0q4-5 8 0"
    return line(
        f"M{n(x)} {n(y)}{one}M{n(x + 26)} {n(y + 9)}{one}M{n(x + 38)} {n(y - 6)}{one}", light.on("#53616a"), 1.4
    )


def hedges(light: Light, base: float, leaf: str) -> str:
    """A clipped hedge on either side of the way."""
    return line(f"M12 {n(base - 7)}h114M276 {n(base - 7)}h112", light.on(mix(leaf, "#2e3f3a", 0.2)), 15)
