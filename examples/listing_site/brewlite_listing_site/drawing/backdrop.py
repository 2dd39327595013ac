"""What lies behind a home: one backdrop for each neighbourhood."""

from __future__ import annotations

import numpy as np

from brewlite_listing_site.drawing.light import Light
from brewlite_listing_site.drawing.nature import LEAVES, hills, water
from brewlite_listing_site.drawing.shapes import boxes, circle, dots, line, n, path, polygon, rect

GROUND = 240.0
"""Where the ground meets the home."""


def backdrop(scene: str, light: Light, rng: np.random.Generator, width: float = 400) -> str:
    """The far and the middle distance of ``scene``, down to the ground."""
    ridge = tuple(float(h) for h in rng.uniform(50, 96, 5))
    far = hills(light, width, GROUND, ridge, "#8fa9ad", 0.45)
    return far + SCENES[scene](light, rng, width)


def gables(light: Light, rng: np.random.Generator, width: float, low: float, high: float, colour: str) -> str:
    """A row of pointed roofs, as a silhouette with a few windows."""
    d, panes, x = f"M-6 {n(GROUND)}", "", -6.0
    while x < width:
        w, h = float(rng.uniform(24, 44)), float(rng.uniform(low, high))
        d += f"V{n(GROUND - h)}l{n(w / 2)} {n(-0.42 * w)}L{n(x + w)} {n(GROUND - h)}"
        panes += f"M{n(x + 0.3 * w)} {n(GROUND - h + 8)}h5v7h-5z"
        x += w
    d += f"V{n(GROUND)}z"
    return path(d, light.on(colour, 0.3)) + path(panes, light.lit, ' opacity=".55"')


def harbour(light: Light, rng: np.random.Generator, width: float) -> str:
    """The sea, masts, and a lighthouse."""
    masts = "".join(
        f"M{n(x)} 200v{n(-rng.uniform(36, 66))}m-7 {n(rng.uniform(10, 18))}h14"
        for x in np.arange(18, width, 46) + rng.uniform(-8, 8)
    )
    tower = path(f"M{n(width - 52)} 188l4-52h10l4 52z", light.on("#f1ebe0", 0.15))
    top = rect(width - 50, 128, 14, 9, light.on("#c9705c")) + circle(width - 43, 132, 2.5, light.lit)
    return water(light, rng, width, 186, GROUND) + tower + top + line(masts, light.on("#5c5148", 0.1), 1.8)


def oldtown(light: Light, rng: np.random.Generator, width: float) -> str:
    """Roofs around the cathedral."""
    x = float(rng.uniform(40, width - 80))
    spire = polygon([(x, GROUND), (x, 118), (x + 13, 62), (x + 26, 118), (x + 26, GROUND)])
    clock = circle(x + 13, 136, 7, light.on("#f6eedd", 0.1)) + line(f"M{n(x + 13)} 136v-4m0 4h3", "#5b4a42", 1.2)
    return path(spire, light.on("#a08f86", 0.3)) + clock + gables(light, rng, width, 50, 92, "#b08a76")


def river(light: Light, rng: np.random.Generator, width: float) -> str:
    """A mill chimney among trees."""
    x = float(rng.uniform(30, width - 90))
    mill = rect(x, 150, 62, 90, light.on("#b57f68", 0.3)) + rect(x + 48, 112, 9, 60, light.on("#9d6c5a", 0.3))
    return mill + wood(light, rng, width, "poplar")


def wood(light: Light, rng: np.random.Generator, width: float, kind: str = "round") -> str:
    """A loose row of trees, round ones or poplars."""
    xs = np.arange(8, width, 46) + rng.uniform(-16, 16, len(np.arange(8, width, 46)))
    tops = rng.uniform(34, 60, len(xs))
    leaf = LEAVES[int(rng.integers(len(LEAVES) - 1))]
    trees = list(zip(xs, tops, strict=True))
    trunks = line("".join(f"M{n(x)} {n(GROUND)}v{n(-top)}" for x, top in trees), light.on("#6b5344", 0.25), 4)
    if kind == "poplar":
        crowns = "".join(f"M{n(x)} {n(GROUND - 24)}v{n(-1.2 * top)}" for x, top in trees)
        return trunks + line(crowns, light.on(leaf, 0.25), 17)
    big = [(float(x), GROUND - float(top)) for x, top in trees]
    sides = [(x + side, y + 10) for x, y in big for side in (-13, 13)]
    return trunks + dots(sides, light.on(leaf, 0.22), 26) + dots(big, light.on(leaf, 0.3), 38)


def hill(light: Light, rng: np.random.Generator, width: float) -> str:
    """Houses stacked up a slope, and the bay beside it."""
    slope = path(f"M0 {n(GROUND)}V96C{n(width * 0.3)} 96 {n(width * 0.5)} 190 {n(width)} 206V{n(GROUND)}z",
                 light.on("#8ea47f", 0.25))  # fmt: skip
    walls = ("#efe3d0", "#dca98c", "#c9d3cc", "#e6c58b")
    places = [(float(rng.uniform(4, width * 0.62)), float(rng.uniform(4, 62))) for _ in range(9)]
    corners = [(x, 104 + 0.2 * x + down) for x, down in places]
    homes = "".join(path(boxes(corners[i::2], 20, 17), light.on(walls[int(rng.integers(4))], 0.22)) for i in (0, 1))
    homes += path("".join(f"M{n(x - 3)} {n(y)}h26l-6-9h-14z" for x, y in corners), light.on("#a8654f", 0.25))
    return water(light, rng, width, 188, GROUND) + slope + homes


def works(light: Light, rng: np.random.Generator, width: float) -> str:
    """Saw-tooth roofs and a chimney with a stork's nest."""
    teeth = "".join(f"M{n(x)} {n(GROUND)}v-74l34-24v98z" for x in np.arange(-10, width, 34))
    x = float(rng.uniform(60, width - 80))
    stack = path(f"M{n(x)} {n(GROUND)}l4-168h10l4 168z", light.on("#a76a55", 0.2))
    nest = path(f"M{n(x - 1)} 74q10-9 20 0z", light.on("#6d5a4a", 0.1))
    return path(teeth, light.on("#b59a8c", 0.35)) + stack + nest


def orchard(light: Light, rng: np.random.Generator, width: float) -> str:
    """Apple trees in rows, with apples."""
    apples = dots(zip(rng.uniform(0, width, 5), rng.uniform(176, 208, 5), strict=True), light.on("#c8523f"), 4.4)
    return hills(light, width, GROUND, (60, 44, 66, 48, 58), "#9db27c", 0.3) + wood(light, rng, width) + apples


def towers(light: Light, rng: np.random.Generator, width: float) -> str:
    """High-rises with rows of lights."""
    d, panes, x = "", "", -8.0
    while x < width:
        w, h = float(rng.uniform(34, 56)), float(rng.uniform(70, 150))
        d += f"M{n(x)} {n(GROUND)}v{n(-h)}h{n(w)}v{n(h)}z"
        panes += "".join(f"M{n(x + 6)} {n(GROUND - h + dy)}h{n(w - 14)}" for dy in range(10, int(h) - 30, 14))
        x += w + float(rng.uniform(2, 14))
    glow = line(panes, light.lit, 2.4, ' stroke-dasharray="4 5" opacity=".6"')
    return path(d, light.on("#9aa7b4", 0.32)) + glow


def green(light: Light, rng: np.random.Generator, width: float) -> str:
    """The library's dome behind the trees."""
    x = float(rng.uniform(60, width - 120))
    base = rect(x, 150, 92, 90, light.on("#dccfb6", 0.25))
    dome = path(f"M{n(x + 16)} 150a30 30 0 0 1 60 0z", light.on("#7fa596", 0.2))
    dome += rect(x + 44, 110, 4, 12, light.on("#7fa596"))
    pillars = line("".join(f"M{n(x + dx)} 158v70" for dx in (12, 29, 46, 63, 80)), light.on("#f1e8d6", 0.15), 5)
    return base + dome + pillars + wood(light, rng, width)


def meadow(light: Light, rng: np.random.Generator, width: float) -> str:
    """Fields behind fields."""
    near = tuple(float(h) for h in rng.uniform(26, 54, 4))
    stones = f"M0 {n(GROUND - 20)}q{n(width / 4)}-18 {n(width / 2)} 2t{n(width / 2)}-10"
    walls = line(stones, light.on("#8c877c", 0.2), 3, ' stroke-dasharray="7 3"')
    far = hills(light, width, GROUND, (70, 84, 60, 78, 88), "#a5b985", 0.3)
    return far + hills(light, width, GROUND, near, "#8fa969", 0.1) + walls


SCENES = {
    "harbour": harbour,
    "oldtown": oldtown,
    "river": river,
    "hill": hill,
    "works": works,
    "orchard": orchard,
    "towers": towers,
    "green": green,
    "meadow": meadow,
}
