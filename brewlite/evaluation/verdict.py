"""The figures in plain words: whether brewlite finds more than a simple rule would, and how sure that is."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from brewlite.evaluation.report import ALL, FOUND, OURS, Difference
from brewlite.evaluation.statistics import Estimate

Figures = Mapping[str, Mapping[str, Mapping[str, Estimate]]]


def verdict(figures: Figures, differences: Sequence[Difference], labels: Mapping[str, str]) -> tuple[str, ...]:
    """For all visitors and each history length: against newest first and against the best baseline there.

    The best baseline is picked on the same cases, which favours it a little: the bar is high on purpose.
    """
    found = [d for d in differences if d.metric == FOUND]
    sentences = []
    for group in dict.fromkeys(d.group for d in found):
        here = {d.rival: d for d in found if d.group == group}
        if any(d.absolute.low is None for d in here.values()):
            sentences.append(f"On {_visitors(group)} too few were replayed to say anything.")
            continue
        baselines = [rival for rival in here if rival not in OURS]
        best = max(baselines, key=lambda rival: figures[rival][group][FOUND].value, default=None)
        for rival in dict.fromkeys(r for r in ("newest", best) if r in here):
            name = labels[rival] + (", the best baseline here," if rival == best else "")
            sentences.append(sentence(here[rival], labels[here[rival].ours], name, figures))
        if group == ALL and "brewlite-no-model" in here:
            rival = "itself without the language model"
            sentences.append(sentence(here["brewlite-no-model"], "brewlite", rival, figures))
    return tuple(sentences)


def sentence(difference: Difference, ours: str, rival: str, figures: Figures) -> str:
    """One comparison: "On visitors with 1-5 events brewlite finds 12% fewer than newest first: ..."."""
    mine = _per_hundred(figures[difference.ours][difference.group][FOUND].value)
    theirs = _per_hundred(figures[difference.rival][difference.group][FOUND].value)
    whom = f"On {_visitors(difference.group)}"
    figure = f"{mine} of 100 against {theirs} (95% sure: {_between(difference)})"
    change = difference.absolute
    if (change.low or 0) <= 0 <= (change.high or 0):
        return f"{whom} {ours} and {rival} cannot be told apart: {figure}."
    more = "more" if change.value > 0 else "fewer"
    amount = "" if difference.relative is None else f"{abs(difference.relative.value):.0%} "
    return f"{whom} {ours} finds {amount}{more} than {rival.rstrip(',')}: {figure}."


def _visitors(group: str) -> str:
    if group == ALL:
        return "all visitors"
    return "visitors with no history" if group == "0" else f"visitors with {group} events"


def _per_hundred(share: float) -> str:
    return f"{100 * share:.0f}" if share >= 0.0995 or share == 0 else f"{100 * share:.1f}"


def _between(difference: Difference) -> str:
    """``between 4% and 19% fewer``; in items of 100 where the rival finds next to nothing."""
    change, unit = difference.relative or difference.absolute, "%" if difference.relative else " of 100"
    low, high = round(100 * (change.low or 0)), round(100 * (change.high or 0))
    if low == high == 0:
        return f"less than 1{unit} either way"
    if low < 0 < high:
        return f"between {-low}{unit} fewer and {high}{unit} more"
    least, most = sorted((abs(low), abs(high)))
    return f"between {least}{unit} and {most}{unit} {'more' if high > 0 else 'fewer'}"
