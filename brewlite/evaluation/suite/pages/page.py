"""The report as one HTML page that needs nothing else: no network, no font, no script of others."""

from __future__ import annotations

import base64
import hashlib
from importlib.resources import files
from typing import Any

import jinja2
import numpy as np
from markupsafe import Markup
from msgspec import Struct

from brewlite.evaluation.suite.pages.colours import DARK, LIGHT, group
from brewlite.evaluation.suite.pages.plots import (
    Methods,
    calibration_plot,
    cost_plot,
    standing_plot,
    trend_plot,
)
from brewlite.evaluation.suite.pages.standing import (
    HISTORY,
    MONTHS,
    Bins,
    Pool,
    Standing,
    Trend,
    pools,
    standings,
    token_bins,
    trends,
)
from brewlite.evaluation.suite.pages.steering import heat
from brewlite.evaluation.suite.pages.tables import (
    WORDS,
    Column,
    TaskRow,
    columns,
    families,
    is_cost,
    outcomes,
)
from brewlite.evaluation.suite.pages.wording import (
    anchor,
    clean,
    duration,
    interval,
    number,
    outcome,
    signed,
    signed_interval,
)
from brewlite.evaluation.suite.report import SuiteReport, leading

SHOWN = 7
"""Lines in colour in a plot."""


class PoolView(Struct, frozen=True, kw_only=True):
    """The overview of one pool."""

    id: str
    pool: Pool
    rows: list[Standing]
    plot: Markup


class Section(Struct, frozen=True, kw_only=True):
    """Panels of one facet."""

    id: str
    title: str
    lead: str
    empty: str
    panels: list[tuple[Trend, Markup]]
    shown: list[Column]
    """The methods in colour."""
    methods: list[Column]
    """All that are drawn."""


def page(report: SuiteReport) -> str:
    """The whole page; the same report gives the same bytes."""
    script, styles = _asset("page.js"), _asset("page.css")
    digest = base64.b64encode(hashlib.sha256(script.encode()).digest()).decode()
    view = _view(report)
    template = _environment().from_string(_asset("page.html.jinja"))
    return template.render(
        view, script=Markup(script), styles=Markup(styles), script_digest=digest, light=LIGHT, dark=DARK
    )


def _asset(name: str) -> str:
    return files(__package__).joinpath(name).read_text(encoding="utf-8")


def _environment() -> jinja2.Environment:
    environment = jinja2.Environment(
        autoescape=True, undefined=jinja2.StrictUndefined, trim_blocks=True, lstrip_blocks=True
    )
    environment.filters |= {
        "clean": clean,
        "number": number,
        "interval": interval,
        "signed": signed,
        "signed_interval": signed_interval,
        "anchor": anchor,
        "duration": duration,
    }
    environment.globals |= {"outcome": outcome, "words": WORDS}
    return environment


def _view(report: SuiteReport) -> dict[str, Any]:
    methods = {facts.name: facts for facts in report.methods}
    ours, rng = leading(report), np.random.default_rng(report.seed)
    found = pools(report)
    overviews = [_overview(pool, ours, methods, rng) for pool in found]
    heads = columns(report)
    heat_columns, heat_groups = heat(report)
    return {
        "report": report,
        "ours": ours,
        "methods": methods,
        "columns": heads,
        "families": families(report),
        "overviews": overviews,
        "against": outcomes(report),
        "cases_against": {row.method: row for view in overviews[:1] for row in view.rows},
        "sections": [
            _section(kind, found, overviews, report, methods, rng) for kind in ("history", "months", "tokens")
        ],
        "calibration": _calibration(report, methods),
        "heat_columns": heat_columns,
        "heat_groups": heat_groups,
        "cost": _cost(report, heads),
        "cost_plot": _cost_plot(report, overviews, methods),
        "facts": {facts.name: facts for facts in report.data},
        "cases": len({(result.task.maker, case.key) for result in report.results for case in result.cases}),
    }


def _overview(pool: Pool, ours: str, methods: Methods, rng: np.random.Generator) -> PoolView:
    rows = standings(pool, ours, rng)
    name = f"standing-{anchor(pool.maker)}"
    return PoolView(id=name, pool=pool, rows=rows, plot=standing_plot(name, pool.title, rows, methods))


_SECTIONS = {
    "history": (
        "How much history helps",
        "NDCG@10 by how many things the visitor had done before, for each kind of site.",
        "events before",
    ),
    "months": (
        "Does it age?",
        "NDCG@10 by the months between the cut, after which nothing was learned, and the moment of asking.",
        "months since the cut",
    ),
    "tokens": (
        "Context length",
        "NDCG@10 by the tokens of the prompt that stands before the candidates: visitor, history, question.",
        "tokens of context",
    ),
}


def _section(
    facet: str,
    found: list[Pool],
    overviews: list[PoolView],
    report: SuiteReport,
    methods: Methods,
    rng: np.random.Generator,
) -> Section:
    title, lead, axis = _SECTIONS[facet]
    panels: list[tuple[Trend, Markup]] = []
    shown: list[str] = []
    if found:
        shown = _in_colour(overviews[0].rows, methods)
        bins: Bins = {"history": HISTORY, "months": MONTHS}.get(facet) or token_bins(found[0])
        made = list(trends(found[0], report, facet, bins, rng))
        panels = [(trend, trend_plot(f"{facet}-{anchor(trend.kind)}", trend, shown, methods, axis)) for trend in made]
    drawn = found[0].methods if found else ()
    heads = columns(report)
    return Section(
        id=facet,
        title=title,
        lead=lead,
        empty=f"No two groups of at least five cases with a known number of {axis}: nothing to draw.",
        panels=panels,
        shown=[head for head in heads if head.name in shown],
        methods=[head for head in heads if head.name in drawn],
    )


def _in_colour(rows: list[Standing], methods: Methods) -> list[str]:
    """brewlite, its parts, and the best baseline of each kind, at most :data:`SHOWN`."""
    best: dict[str, str] = {}
    order = {"ours": 0, "part": 1, "baseline": 2}
    for row in sorted(rows, key=lambda row: (order.get(methods[row.method].role, 3), -row.mean.value)):
        best.setdefault(group(methods[row.method]), row.method)
    return list(best.values())[:SHOWN]


class Calibration(Struct, frozen=True, kw_only=True):
    """Every curve of the run."""

    panels: list[tuple[str, str, Markup]]
    """(task, what it asks, plot)."""
    shown: list[Column]


def _calibration(report: SuiteReport, methods: Methods) -> Calibration:
    panels, drawn = [], set()
    for place, result in enumerate(report.results):
        curves = {name: curve for name, curve in result.curves.items() if curve and name in methods}
        if curves:
            name, about = clean(result.task.name), clean(result.task.about)
            panels.append((name, about, calibration_plot(f"curve-{place}", name, curves, methods)))
            drawn |= set(curves)
    return Calibration(panels=panels, shown=[head for head in columns(report) if head.name in drawn])


def _cost(report: SuiteReport, heads: tuple[Column, ...]) -> dict[str, Any]:
    """Methods as rows, tasks of cost as columns."""
    rows: list[TaskRow] = [
        row
        for family in families(report)
        for row in family.rows
        if row.id in {f"task-{anchor(result.task.name)}" for result in report.results if is_cost(result)}
    ]
    lines = [(head, [row.cells[place] for row in rows]) for place, head in enumerate(heads)]
    return {"tasks": rows, "lines": [(head, cells) for head, cells in lines if any(cells)]}


def _cost_plot(report: SuiteReport, overviews: list[PoolView], methods: Methods) -> tuple[str, Markup] | None:
    """What was timed, and the drawing."""
    timed = next((r for r in report.results if is_cost(r) and r.unit.startswith("seconds")), None)
    if timed is None or not overviews:
        return None
    rows = [
        (row.method, timed.figures[row.method].value, row.mean)
        for row in overviews[0].rows
        if row.method in timed.figures and timed.figures[row.method].value > 0
    ]
    if len(rows) < 3:  # the table says it better
        return None
    shown = _in_colour(overviews[0].rows, methods)
    return clean(timed.task.about).rstrip("."), cost_plot("cost-plot", "Quality against seconds", rows, shown, methods)
