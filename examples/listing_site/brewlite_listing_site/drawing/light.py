"""The time of day of a picture: its sky, and what it does to every colour."""

from __future__ import annotations

from msgspec import Struct

from brewlite_listing_site.drawing.shapes import circle, mix, path, rect


class Light(Struct, frozen=True, kw_only=True):
    """One time of day."""

    name: str
    top: str
    low: str
    """Sky above and at the horizon."""
    sun: str
    tint: str
    """What far and lit things take on."""
    strength: float
    """How much."""
    glass: str
    lit: str
    """Windows: most of them, and those where somebody is at home."""
    water: str

    def on(self, colour: str, more: float = 0.0) -> str:
        """``colour`` in this light; ``more`` for what stands farther off."""
        return mix(colour, self.tint, min(self.strength + more, 1.0))


LIGHTS = {
    "morning": Light(
        name="morning", top="#b9d9e3", low="#fdeedd", sun="#fff6dd", tint="#fbe6d4", strength=0.12,
        glass="#6f8c97", lit="#fdf6e3", water="#93bcc4",
    ),
    "day": Light(
        name="day", top="#8fc4de", low="#e6f3f1", sun="#fffbe8", tint="#dff0f4", strength=0.05,
        glass="#5b7f93", lit="#eaf6f8", water="#6aa7b8",
    ),
    "golden": Light(
        name="golden", top="#f2c6a0", low="#fdeed2", sun="#fff1c4", tint="#f7c48f", strength=0.18,
        glass="#8d6b5e", lit="#fff0b8", water="#a7b3b3",
    ),
    "dusk": Light(
        name="dusk", top="#39456f", low="#d99a86", sun="#fbe9d0", tint="#3f4a73", strength=0.36,
        glass="#39425f", lit="#ffd98a", water="#5a6289",
    ),
    "rain": Light(
        name="rain", top="#a9b8c0", low="#e2e6e3", sun="#eef0ea", tint="#c2cdd0", strength=0.18,
        glass="#62757f", lit="#ffe6ad", water="#8fa3aa",
    ),
}  # fmt: skip


def sky(light: Light, width: float, height: float, sun_x: float, sun_y: float) -> str:
    """Gradient, sun and a few soft clouds."""
    gradient = (
        f'<linearGradient id="s" x2="0" y2="1"><stop stop-color="{light.top}"/>'
        f'<stop offset="1" stop-color="{light.low}"/></linearGradient>'
    )
    halo = circle(sun_x, sun_y, 34, light.sun, ' opacity=".25"') if light.name != "rain" else ""
    disc = circle(sun_x, sun_y, 19, light.sun) if light.name != "rain" else ""
    return f"<defs>{gradient}</defs>" + rect(0, 0, width, height, "url(#s)") + halo + disc


def clouds(light: Light, *where: tuple[float, float, float]) -> str:
    """Flat-bottomed clouds, each by its left end, its base line and its size."""
    puff = mix(light.low, "#ffffff", 0.55 if light.name != "dusk" else 0.05)
    return path("".join(_cloud(*one) for one in where), puff, ' opacity=".75"')


def _cloud(x: float, y: float, size: float) -> str:
    d = f"M{x:.0f} {y:.0f}h{4 * size:.0f}a{size:.0f} {size:.0f} 0 0 0-{size:.0f}-{size:.0f}"
    d += f"a{1.3 * size:.0f} {1.3 * size:.0f} 0 0 0-{2.3 * size:.0f}-{0.3 * size:.0f}"
    return d + f"a{0.9 * size:.0f} {0.9 * size:.0f} 0 0 0-{0.7 * size:.0f} {1.3 * size:.0f}z"
