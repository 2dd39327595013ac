"""The drawings of the report. Each is one SVG of the width of a phone, so that several stand side by side or below."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
from markupsafe import Markup

from brewlite.evaluation.statistics import Estimate
from brewlite.evaluation.suite.pages.colours import style
from brewlite.evaluation.suite.pages.standing import Standing, Trend
from brewlite.evaluation.suite.pages.svg import INK, drawing, finished, settings
from brewlite.evaluation.suite.pages.wording import clean, number, short
from brewlite.evaluation.suite.report import Bin, MethodFacts

Methods = Mapping[str, MethodFacts]
PANEL = (350, 275)
"""CSS pixels of a panel."""
TICKS = tuple(step / 20 for step in range(0, 21))
STRETCHED = (0.0, 0.002, 0.01, 0.02, 0.05, 0.1, 0.2, 0.3, 0.4, 0.6, 0.8, 1.0)
BAR = 24
"""CSS pixels of a bar and the space around it."""


def standing_plot(name: str, title: str, rows: Sequence[Standing], methods: Methods) -> Markup:
    """A bar a method with its interval, best on top."""
    with settings():
        figure = drawing(450, 50 + BAR * len(rows))
        axes = figure.subplots()
        for place, row in enumerate(reversed(rows)):
            facts = methods[row.method]
            ours = facts.role == "ours"
            colour = INK[style(facts).colour]
            axes.barh(place, row.mean.value, height=0.66, color=colour, alpha=1.0 if ours else 0.55, linewidth=0)
            _whisker(axes, row.mean, place)
            axes.annotate(
                number(row.mean.value),
                (max(row.mean.high or 0, row.mean.value), place),
                xytext=(5, 0),
                textcoords="offset points",
                va="center",
                fontsize=10.5,
                fontweight="bold" if ours else "normal",
                color=INK["ink" if ours else "soft"],
            )
        _method_ticks(axes, [methods[row.method] for row in reversed(rows)])
        axes.set_xlim(0, 1.14 * max([row.mean.high or row.mean.value for row in rows] + [0.01]))
        axes.set_xlabel("mean NDCG@10, 95% interval")
        best = ", ".join(f"{methods[row.method].label} {number(row.mean.value)}" for row in rows[:3])
        return finished(figure, name, title, f"Bars, best first: {clean(best)}. All figures stand in the table.")


def trend_plot(name: str, trend: Trend, shown: Sequence[str], methods: Methods, axis: str) -> Markup:
    """Lines over the bins: ``shown`` in their colours, ours with its interval, all others thin and grey."""
    with settings():
        figure = drawing(*PANEL)
        axes = figure.subplots()
        places = range(len(trend.bins))
        for method, points in trend.points.items():
            if method not in shown:
                axes.plot(places, [point.mean.value for point in points], color=INK["quiet"], linewidth=0.8, zorder=1)
        for method in reversed(shown):
            _line(axes, places, [point.mean for point in trend.points[method]], methods[method])
        cases = next(iter(trend.points.values()))
        labels = [f"{label}\nn={point.cases}" for label, point in zip(trend.bins, cases, strict=True)]
        axes.set_xticks(list(places), labels)
        axes.set_xlim(-0.3, len(trend.bins) - 0.7)
        axes.set_ylim(bottom=0)
        axes.grid(visible=False, axis="x")
        axes.set_xlabel(axis)
        axes.set_title(f"{short(trend.kind.capitalize())}, NDCG@10")
        return finished(figure, name, f"{short(trend.kind)}: NDCG@10 by {axis}", _trend_in_words(trend, shown, methods))


def calibration_plot(name: str, title: str, curves: Mapping[str, Sequence[Bin]], methods: Methods) -> Markup:
    """How often what was said came true, against how likely it was said to be; on the diagonal all is well.

    Where most of what is said is small, both axes are stretched there (square roots).
    """
    with settings():
        figure = drawing(PANEL[0], PANEL[0])
        axes = figure.subplots()
        most = max((each.count for curve in curves.values() for each in curve), default=1)
        for method, curve in curves.items():
            look = style(methods[method])
            points = sorted(curve, key=lambda each: each.predicted)
            x, y = [each.predicted for each in points], [each.observed for each in points]
            axes.plot(x, y, color=INK[look.colour], linestyle=look.dash, linewidth=1.8, zorder=3)
            sizes = [18 + 60 * each.count / max(most, 1) for each in points]
            marks = {"marker": look.marker, "color": INK[look.colour], "linewidths": 0, "clip_on": False}
            axes.scatter(x, y, s=sizes, alpha=0.8, zorder=3, **marks)
        _square_axes(axes, [each for curve in curves.values() for each in curve])
        axes.set_xlabel("probability said")
        axes.set_title("share that came true")
        names = " and ".join(methods[method].label for method in curves)
        return finished(figure, name, title, clean(f"Calibration curves of {names} beside the diagonal."))


def _square_axes(axes: Any, points: Sequence[Bin]) -> None:
    """The same scale both ways, and the diagonal."""
    top = min(1.0, 1.1 * max((max(each.predicted, each.observed) for each in points), default=1.0))
    ticks = [tick for tick in TICKS if tick <= top]
    if points and np.median([each.predicted for each in points]) < 0.25 * top:
        for scale in (axes.set_xscale, axes.set_yscale):
            scale("function", functions=(lambda x: np.sqrt(np.maximum(x, 0)), np.square))
        ticks = [tick for tick in STRETCHED if tick <= top]
    while len(ticks) > 6:
        ticks = ticks[::2]
    axes.set_xlim(0, top)
    axes.set_ylim(0, top)
    axes.set_xticks(ticks, [f"{tick:g}" for tick in ticks])
    axes.set_yticks(ticks, [f"{tick:g}" for tick in ticks])
    axes.set_aspect("equal")
    axes.plot([0, top], [0, top], color=INK["soft"], linewidth=1, linestyle=(0, (3, 3)))
    end = ticks[-1]
    axes.annotate("as said", (end, end), xytext=(-10, 2), textcoords="offset points", ha="right", color=INK["soft"])


def cost_plot(
    name: str, title: str, rows: Sequence[tuple[str, float, Estimate]], named: Sequence[str], methods: Methods
) -> Markup:
    """Quality against seconds, on a logarithmic axis; ``named`` are labelled. Up and to the left is good."""
    with settings():
        figure = drawing(620, 340)
        axes = figure.subplots()
        for method, seconds, quality in rows:
            facts = methods[method]
            look, ours = style(facts), facts.role == "ours"
            axes.scatter(
                [seconds],
                [quality.value],
                s=110 if ours else 46,
                marker=look.marker,
                color=INK[look.colour],
                alpha=1.0 if method in named else 0.55,
                linewidths=1.5 if look.marker == "x" else 0,
            )
        axes.set_xscale("log")
        axes.set_ylim(0, 1.1 * max(quality.value for _, _, quality in rows))
        least, most = (end(seconds for _, seconds, _ in rows) for end in (min, max))
        axes.set_xlim(least / 1.6, most * max(8.0, (most / least) ** 0.35))
        axes.xaxis.set_major_formatter(lambda value, _: f"{value:g} s")
        axes.xaxis.set_minor_formatter(lambda value, _: "")
        axes.tick_params(which="minor", size=0)
        _name_points(axes, [row for row in rows if row[0] in named], methods)
        axes.set_xlabel("time a request, each step ten times as long")
        axes.set_title("mean NDCG@10")
        said = "; ".join(f"{methods[m].label} {number(s)} s, {number(q.value)}" for m, s, q in rows)
        return finished(figure, name, title, clean(f"Points, seconds and NDCG@10: {said}."))


def _name_points(axes: Any, rows: Sequence[tuple[str, float, Estimate]], methods: Methods) -> None:
    """Labels to the right of the points, pushed apart where they would lie on each other, tied by a thin line."""
    height = 1.1 * max(quality.value for _, _, quality in rows)
    step, free = height * 0.058, float("inf")
    for method, seconds, quality in sorted(rows, key=lambda row: -row[2].value):
        free = min(free - step, quality.value)
        ours = methods[method].role == "ours"
        axes.annotate(
            short(methods[method].label),
            (seconds, quality.value),
            xytext=(seconds * 1.35, free),
            va="center",
            fontsize=10,
            fontweight="bold" if ours else "normal",
            color=INK["ink" if ours else "soft"],
            arrowprops={"arrowstyle": "-", "color": INK["quiet"], "linewidth": 0.7, "shrinkA": 1, "shrinkB": 5},
        )


def _whisker(axes: Any, estimate: Estimate, place: float) -> None:
    if estimate.low is not None and estimate.high is not None:
        axes.plot([estimate.low, estimate.high], [place, place], color=INK["ink"], linewidth=1.1, alpha=0.75)


def _line(axes: Any, x: Sequence[float], means: Sequence[Estimate], facts: MethodFacts) -> None:
    look, ours = style(facts), facts.role == "ours"
    colour = INK[look.colour]
    for place, mean in zip(x, means, strict=True):
        if ours and mean.low is not None and mean.high is not None:
            axes.plot([place, place], [mean.low, mean.high], color=colour, linewidth=7, alpha=0.25)
    axes.plot(
        x,
        [mean.value for mean in means],
        color=colour,
        linestyle=look.dash,
        linewidth=2.6 if ours else 1.5,
        marker=look.marker,
        markersize=7 if ours else 5,
        markeredgewidth=1.2 if look.marker == "x" else 0,
        zorder=4 if ours else 3,
    )


def _method_ticks(axes: Any, methods: Sequence[MethodFacts]) -> None:
    axes.set_yticks(range(len(methods)), [short(facts.label) for facts in methods])
    for text, facts in zip(axes.get_yticklabels(), methods, strict=True):
        text.set_color(INK["ink"])
        text.set_fontweight("bold" if facts.role == "ours" else "normal")
    axes.set_ylim(-0.6, len(methods) - 0.4)
    axes.grid(visible=False, axis="y")


def _trend_in_words(trend: Trend, shown: Sequence[str], methods: Methods) -> str:
    lines = []
    for method in shown:
        points = zip(trend.bins, trend.points[method], strict=True)
        lines.append(
            f"{methods[method].label}: "
            + ", ".join(f"{number(point.mean.value)} at {label}" for label, point in points)
        )
    return clean("; ".join(lines) + ".")
