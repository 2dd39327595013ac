"""The colours of the report: one per kind of method, told apart by the colour-blind, readable in both themes.

The method colours follow Okabe and Ito ("Color Universal Design", 2008), darkened on paper and lightened on black until
they keep a contrast of 4.5. Plots never rely on them alone: markers and dashes differ too.
"""

from __future__ import annotations

from msgspec import Struct

from brewlite.evaluation.suite.report import MethodFacts

LIGHT = {
    "paper": "#faf9f6",
    "card": "#ffffff",
    "ink": "#1d1c1a",
    "soft": "#5c5850",
    "line": "#e3dfd6",
    "quiet": "#b9b4a9",
    "tint": "#f2efe8",
    "mark": "#e7f0f9",
    "link": "#005a96",
    "ours": "#0064a6",
    "part": "#0f7899",
    "alone": "#4d6bb8",
    "rules": "#8a5a00",
    "together": "#a0447a",
    "words": "#00734f",
    "logistic": "#b84400",
    "other": "#6a665e",
    "better": "#00639f",
    "even": "#6a665e",
    "worse": "#b13f00",
    "bar-better": "#5aa6db",
    "bar-even": "#d3cec3",
    "bar-worse": "#e58a50",
    "on-bar": "#1d1c1a",
    "heat-high": "#7fb6e0",
    "heat-low": "#f0a880",
}
DARK = {
    "paper": "#14161a",
    "card": "#1b1e23",
    "ink": "#e9e6e0",
    "soft": "#aaa69d",
    "line": "#33373e",
    "quiet": "#5b5f67",
    "tint": "#23272d",
    "mark": "#1c2c3b",
    "link": "#7fc0f2",
    "ours": "#62b4f0",
    "part": "#58c4d8",
    "alone": "#a3b6f5",
    "rules": "#e5ab45",
    "together": "#e597c4",
    "words": "#3fc79a",
    "logistic": "#ff9257",
    "other": "#a8a49b",
    "better": "#74bdf3",
    "even": "#aaa69d",
    "worse": "#ff9a64",
    "bar-better": "#2f76ae",
    "bar-even": "#474c54",
    "bar-worse": "#b5541e",
    "on-bar": "#ffffff",
    "heat-high": "#1f5f92",
    "heat-low": "#8a4620",
}


class Style(Struct, frozen=True):
    """How a method is drawn."""

    colour: str
    """A key of :data:`LIGHT`."""
    marker: str
    """Matplotlib's."""
    dash: str
    """Matplotlib's line style."""


_BY_START = {
    "popularity": Style("rules", "v", "--"),
    "newest": Style("rules", "v", "--"),
    "random": Style("other", "x", ":"),
    "item-knn": Style("together", "s", "-."),
    "als": Style("together", "s", "-."),
    "bpr": Style("together", "s", "-."),
    "ease": Style("together", "s", "-."),
    "bm25": Style("words", "^", "--"),
    "minilm": Style("words", "^", "--"),
    "logistic": Style("logistic", "D", "-"),
}


def style(method: MethodFacts) -> Style:
    """The same for a method in every plot and table."""
    if method.role == "ours":
        return Style("ours", "o", "-")
    if method.role == "part":
        return Style("part", "P", "-") if "no-model" in method.name else Style("alone", "X", "--")
    found = (made for start, made in _BY_START.items() if method.name.startswith(start))
    return next(found, Style("other", "x", ":"))


def group(method: MethodFacts) -> str:
    """Methods of one kind share it: of each kind only the best is drawn as a coloured line."""
    return method.name if method.role != "baseline" else style(method).colour
