"""Numbers and texts as the report prints them."""

from __future__ import annotations

import re

from brewlite.evaluation.statistics import Estimate

_UNSEEN = re.compile(r"[\u200b-\u200f\u202a-\u202e\u2060-\u2069\ufeff\ufff9-\ufffb]")
_CONTROL = re.compile(r"[\x00-\x08\x0b-\x1f\x7f-\x9f\ud800-\udfff\ufffe\uffff]")


def clean(text: str) -> str:
    """``text`` without characters that are invisible or turn the direction of what follows; control characters as �.

    Line breaks and tabs stay. The text is still to be escaped.
    """
    return _CONTROL.sub("\ufffd", _UNSEEN.sub("", text.replace("\r\n", "\n")))


def short(text: str, most: int = 36) -> str:
    """``text`` on one line of at most so many characters: what a drawing has room for."""
    line = " ".join(clean(text).split())
    return line if len(line) <= most else f"{line[: most - 1].rstrip()}…"


def number(value: float) -> str:
    """Three digits that tell something: ``0.312``, ``12.3``, ``2,410``, ``0.0004``."""
    size = abs(value)
    if size < 0.00005:
        return "0"
    if size >= 100:
        return f"{value:,.0f}"
    if size >= 10:
        return f"{value:.1f}"
    if size >= 2:
        return f"{value:.2f}"
    return f"{value:.4f}" if size < 0.0005 else f"{value:.3f}"


def signed(value: float) -> str:
    """With its sign, a real minus: ``+0.029``, ``−0.004``; nothing before 0."""
    text = number(value)
    if text == "0":
        return text
    return text.replace("-", "\u2212") if value < 0 else f"+{text}"


def interval(estimate: Estimate) -> str:
    """``0.280–0.345``; empty where there is none."""
    if estimate.low is None or estimate.high is None:
        return ""
    return f"{number(estimate.low)}–{number(estimate.high)}"


def signed_interval(estimate: Estimate) -> str:
    """``−0.010 to +0.047``; empty where there is none."""
    if estimate.low is None or estimate.high is None:
        return ""
    return f"{signed(estimate.low)} to {signed(estimate.high)}"


def outcome(difference: Estimate, higher_is_better: bool = True) -> str:
    """Of ours less another's: ``better``, ``worse``, ``even`` (0 lies in the interval), ``unsure`` (no interval)."""
    if difference.low is None or difference.high is None:
        return "unsure"
    if difference.low <= 0 <= difference.high:
        return "even"
    return "better" if (difference.value > 0) == higher_is_better else "worse"


def duration(seconds: float) -> str:
    """``17 minutes``, ``2.4 hours``."""
    if seconds < 90:
        return f"{seconds:.0f} seconds"
    return f"{seconds / 60:.0f} minutes" if seconds < 5400 else f"{seconds / 3600:.1f} hours"


def anchor(text: str) -> str:
    """``text`` as an HTML id: letters, digits and hyphens."""
    return re.sub(r"[^a-z0-9]+", "-", text.casefold()).strip("-") or "x"
