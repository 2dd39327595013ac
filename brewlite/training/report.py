"""A fitting run as one page: curves of loss, validation NDCG and speed. No network, light and dark."""

from __future__ import annotations

from collections.abc import Sequence
from html import escape
from pathlib import Path

from brewlite.training.fit import Fitting

WIDTH, HEIGHT, MARGIN = 640, 220, 44
SMOOTHED = 0.9
"""Share of the running mean that the next point keeps: single steps hold a handful of slates."""

_STYLE = """
:root { color-scheme: light dark; --ink: #1d2433; --paper: #fff; --line: #2563eb; --dim: #8a93a6; }
@media (prefers-color-scheme: dark) { :root { --ink: #e6e9f0; --paper: #14171f; --line: #7aa2ff; --dim: #6b7488; } }
body { font: 15px/1.5 system-ui, sans-serif; color: var(--ink); background: var(--paper); max-width: 46rem;
  margin: 2rem auto; padding: 0 1rem; }
svg { width: 100%; height: auto; } text { fill: var(--dim); font-size: 12px; }
.curve { fill: none; stroke: var(--line); stroke-width: 2; } .axis { stroke: var(--dim); stroke-width: 1; }
table { border-collapse: collapse; } td { padding: .1rem 1rem .1rem 0; }
"""


def write_report(runs: Sequence[tuple[str, Fitting]], path: Path) -> None:
    """Write the page of ``runs``, (name of the phase, its run) each, in the order in which they were made."""
    steps = [facts for _, run in runs for facts in run.history]
    loss = _smoothed([facts.loss for facts in steps])
    speed = _smoothed([facts.tokens / facts.seconds for facts in steps])
    looks, before = [], 0
    for _, run in runs:
        looks += [(before + look.step, look.ndcg) for look in run.looks]
        before += run.step
    tokens, seconds = sum(facts.tokens for facts in steps), sum(facts.seconds for facts in steps)
    rows = [
        ("steps", f"{len(steps):,}"),
        ("slates", f"{sum(facts.slates for facts in steps):,}"),
        ("tokens", f"{tokens:,}"),
        ("hours of steps", f"{seconds / 3600:.2f}"),
        ("tokens a second", f"{tokens / max(seconds, 1e-9):,.0f}"),
        *((f"validation NDCG@10 after {step:,} steps", f"{value:.3f}") for step, value in (looks[:1] + looks[-1:])),
    ]
    table = "".join(f"<tr><td>{escape(name)}</td><td>{value}</td></tr>" for name, value in rows)
    page = (
        f"<!doctype html><html lang=en><meta charset=utf-8><title>Training</title><style>{_STYLE}</style>"
        f"<h1>Training</h1><p>Phases: {escape(', '.join(name for name, _ in runs))}.</p><table>{table}</table>"
        f"{_curve('Loss by step, smoothed', list(enumerate(loss, 1)))}"
        f"{_curve('NDCG@10 on held-out examples', looks)}"
        f"{_curve('Tokens a second, smoothed', list(enumerate(speed, 1)))}</html>"
    )
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(page, encoding="utf-8")


def _smoothed(values: Sequence[float]) -> list[float]:
    kept: list[float] = []
    for value in values:
        kept.append(value if not kept else SMOOTHED * kept[-1] + (1 - SMOOTHED) * value)
    return kept


def _curve(title: str, points: Sequence[tuple[int, float]]) -> str:
    """One line as inline SVG; a sentence where there are too few points."""
    if len(points) < 2:
        return f"<h2>{escape(title)}</h2><p>Too few points.</p>"
    left, right = points[0][0], points[-1][0]
    low, high = min(value for _, value in points), max(value for _, value in points)
    across, up = (WIDTH - 2 * MARGIN) / max(right - left, 1), (HEIGHT - 2 * MARGIN) / max(high - low, 1e-9)
    line = " ".join(f"{MARGIN + (x - left) * across:.1f},{HEIGHT - MARGIN - (y - low) * up:.1f}" for x, y in points)
    floor = HEIGHT - MARGIN
    return (
        f"<h2>{escape(title)}</h2><svg viewBox='0 0 {WIDTH} {HEIGHT}' role=img aria-label='{escape(title)}'>"
        f"<line class=axis x1={MARGIN} y1={floor} x2={WIDTH - MARGIN} y2={floor} />"
        f"<polyline class=curve points='{line}' /><text x=2 y={MARGIN + 4}>{high:,.3g}</text>"
        f"<text x=2 y={floor + 4}>{low:,.3g}</text><text x={MARGIN} y={HEIGHT - 24}>{left:,}</text>"
        f"<text x={WIDTH - MARGIN} y={HEIGHT - 24} text-anchor=end>{right:,}</text></svg>"
    )
