"""From a matplotlib figure to an SVG that stands in the page: its colours are the page's, its ids its own."""

from __future__ import annotations

import io
import re
import warnings
from typing import Any

from markupsafe import Markup, escape

from brewlite.evaluation.suite.extra import need
from brewlite.evaluation.suite.pages.colours import LIGHT

INK = {name: f"#a1b0{number:02x}" for number, name in enumerate(LIGHT)}
"""What is drawn in place of a CSS variable: colours that nothing else has."""
SETTINGS = {
    "svg.fonttype": "none",
    "svg.hashsalt": "brewlite",
    "text.parse_math": False,
    "font.family": "DejaVu Sans",
    "font.size": 11.0,
    "text.color": INK["ink"],
    "axes.labelcolor": INK["soft"],
    "axes.edgecolor": INK["line"],
    "axes.facecolor": "none",
    "axes.grid": True,
    "axes.axisbelow": True,
    "axes.titlesize": 11.5,
    "axes.titleweight": "bold",
    "axes.titlelocation": "left",
    "axes.spines.top": False,
    "axes.spines.right": False,
    "axes.spines.left": False,
    "grid.color": INK["line"],
    "grid.linewidth": 0.8,
    "xtick.color": INK["soft"],
    "ytick.color": INK["soft"],
    "xtick.major.size": 0,
    "ytick.major.size": 0,
    "figure.facecolor": "none",
    "savefig.facecolor": "none",
}


def drawing(width: float, height: float) -> Any:
    """A matplotlib figure of so many CSS pixels (at most, the page may shrink it)."""
    return need("matplotlib.figure").Figure(figsize=(width / 72, height / 72), dpi=72, layout="constrained")


def settings() -> Any:
    """A context in which figures are made and finished: the same bytes for the same figure, whatever the user's rc."""
    return need("matplotlib").rc_context(SETTINGS)


def finished(figure: Any, name: str, title: str, description: str) -> Markup:
    """``figure`` as one ``<svg>`` element.

    Args:
        figure: made under :func:`settings`.
        name: begins every id, so that several drawings can stand in one page.
        title: read aloud, and shown by a pointer that rests.
        description: read aloud.
    """
    out = io.StringIO()
    with warnings.catch_warnings():
        # A label in a script that matplotlib's font lacks is measured badly; the reader's own font draws it.
        warnings.filterwarnings("ignore", "Glyph .* missing from font", UserWarning)
        figure.savefig(out, format="svg", metadata={"Date": None, "Creator": None})
    drawn = out.getvalue()
    drawn = drawn[drawn.index("<svg") :]
    drawn = re.sub(r"<metadata>.*?</metadata>|<!--.*?-->", "", drawn, flags=re.DOTALL)
    drawn = _own_ids(_page_colours(_page_fonts(drawn)), name)
    view = re.search(r'viewBox="([^"]+)"', drawn)
    assert view is not None, "matplotlib writes a viewBox"
    width = view[1].split()[2]
    head = (
        f'<svg xmlns="http://www.w3.org/2000/svg" xmlns:xlink="http://www.w3.org/1999/xlink" viewBox="{view[1]}" '
        f'role="img" aria-labelledby="{name}-title {name}-desc" style="--natural:{float(width):.0f}px">'
        f'<title id="{name}-title">{escape(title)}</title><desc id="{name}-desc">{escape(description)}</desc>'
    )
    body = drawn[drawn.index(">") + 1 :]
    return Markup(re.sub(r"\n\s*", "\n", head + body))


def _page_colours(drawn: str) -> str:
    for name, ink in INK.items():
        drawn = drawn.replace(ink, f"var(--{name})")
    return drawn


def _page_fonts(drawn: str) -> str:
    """``font: bold 10px 'DejaVu Sans'`` becomes the page's font in the same size and weight."""

    def mine(match: re.Match[str]) -> str:
        size = re.search(r"([\d.]+)px", match[1])
        weight = re.search(r"\b(bold|[1-9]00)\b", match[1])
        heavy = "font-weight:600;" if weight and weight[1] not in ("400", "normal") else ""
        return f"{heavy}font-size:{float(size[1]) if size else 10:g}px;"

    drawn = re.sub(r' transform="rotate\(-0 [^)]*\)"', "", drawn)
    return re.sub(r"font-family: [^;\"]*;? ?", "", re.sub(r"\bfont: ([^;\"]*);?", mine, drawn))


def _own_ids(drawn: str, name: str) -> str:
    """Ids that something refers to begin with ``name``; the others go."""
    used = dict.fromkeys(re.findall(r'(?:url\(|xlink:href=")#([^)"]+)', drawn))
    numbers = {id_: f"{name}-{number}" for number, id_ in enumerate(used)}

    def renamed(match: re.Match[str]) -> str:
        return f' id="{numbers[match[1]]}"' if match[1] in numbers else ""

    drawn = re.sub(r'\sid="([^"]*)"', renamed, drawn)
    return re.sub(r'(url\(|xlink:href=")#([^)"]+)', lambda match: f"{match[1]}#{numbers[match[2]]}", drawn)
