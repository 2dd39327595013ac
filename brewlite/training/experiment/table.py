"""Runs as a table: best first, and of the parameters only those in which they differ."""

from __future__ import annotations

from collections.abc import Sequence

import msgspec
from msgspec import Struct

from brewlite.evaluation.statistics import Estimate
from brewlite.store.runs import Figure, RunRow, Value

ALL = "all sites"
MODEL, BLEND, ADDED = "model", "blend", "added"
LABELS = {
    MODEL: "NDCG@10, model alone",
    BLEND: "NDCG@10, blend",
    ADDED: "the model adds to the blend",
}
"""Metrics of the evaluate stage, as printed."""


class Row(Struct, frozen=True, kw_only=True):
    """One run in the table."""

    run: RunRow
    place: int | None
    """1 is the best; None: it has no figures."""
    said: tuple[str, ...]
    """Of the parameters in which runs differ, in their order."""


class RunTable(Struct, frozen=True, kw_only=True):
    """Runs of one experiment, or of several."""

    differing: tuple[str, ...]
    """Dotted names."""
    rows: tuple[Row, ...]
    sites: tuple[str, ...]
    """Those with figures, over all of them first."""


def table_of(runs: Sequence[RunRow], by: str = MODEL) -> RunTable:
    """``runs``, the best by metric ``by`` first; those without figures behind, the newest first."""
    names = differing(runs)
    judged = [run for run in runs if figure(run, by) is not None]
    judged.sort(key=lambda run: -_value(run, by))
    others = sorted((run for run in runs if figure(run, by) is None), key=lambda run: run.started, reverse=True)
    rows = [
        Row(
            run=run,
            place=place if place <= len(judged) else None,
            said=tuple(worded(run.parameters.get(name)) for name in names),
        )
        for place, run in enumerate([*judged, *others], start=1)
    ]
    sites = dict.fromkeys(each.site for run in runs for each in run.figures if each.metric == by)
    return RunTable(differing=names, rows=tuple(rows), sites=tuple(sorted(sites, key=lambda site: site != ALL)))


def differing(runs: Sequence[RunRow]) -> tuple[str, ...]:
    """The dotted names of parameters that not all of ``runs`` have, or not with the same value."""
    names = dict.fromkeys(name for run in runs for name in run.parameters)
    missing = object()
    return tuple(
        name for name in names if any(run.parameters.get(name, missing) != runs[0].parameters.get(name) for run in runs)
    )


def figure(run: RunRow, metric: str, site: str = ALL) -> Figure | None:
    """The run's figure, where it has one."""
    return next((each for each in run.figures if each.metric == metric and each.site == site), None)


def interval(found: Figure | None, signed: bool = False) -> str:
    """``0.123 (0.101 to 0.140)``; nothing for no figure."""
    return "" if found is None else Estimate(value=found.value, low=found.low, high=found.high).words(signed)


def last_loss(run: RunRow) -> float | None:
    """Mean loss over the last tenth of the run's last curve."""
    curve = next((stage.curve for stage in reversed(run.stages) if stage.curve), ())
    if not curve:
        return None
    last = curve[-max(1, len(curve) // 10) :]
    return sum(point.loss for point in last) / len(last)


def tokens_per_s(run: RunRow) -> float | None:
    """Median over the steps of all the run's curves."""
    rates = sorted(point.tokens_per_s for stage in run.stages for point in stage.curve)
    return rates[len(rates) // 2] if rates else None


def work_minutes(run: RunRow) -> float:
    """Of all the run's stages, shared ones too: what the point would have taken by itself."""
    return sum(stage.seconds for stage in run.stages) / 60


def worded(value: Value) -> str:
    """A parameter's value for people."""
    if value is None:
        return ""
    if isinstance(value, str):
        return value
    if isinstance(value, float):
        return f"{value:g}"
    return msgspec.json.encode(value).decode().replace('"', "")


def state(run: RunRow) -> str:
    """In a word or two, with the reason of a failure."""
    return f"{run.state}: {run.why}" if run.why else run.state


def _value(run: RunRow, by: str) -> float:
    found = figure(run, by)
    return found.value if found is not None else 0.0
