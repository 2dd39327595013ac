"""A study for people: a table, a plot, and one page that shows both without a network."""

from __future__ import annotations

from collections.abc import Sequence
from io import BytesIO
from pathlib import Path
from typing import Any

import msgspec
from jinja2 import Environment

from brewlite.errors import BadSettings
from brewlite.evaluation.statistics import Estimate
from brewlite.evaluation.suite.extra import need
from brewlite.evaluation.suite.studies import Setting
from brewlite.evaluation.suite.study_report import ALL, JUDGED, StudyCost, StudyFigure, StudyReport, chance

COLOURS = ("#0072b2", "#d55e00", "#009e73", "#cc79a7")
"""Of the kinds (Okabe and Ito 2008): told apart by colour-blind readers, and seen on white and on black."""
INK = "#4d4e4f"
"""Of lines and words. No other part of the plot has it, so that the page can give it the reader's own colour."""
MARKS = ("o", "s", "^", "D")
LABELS = {"ndcg@10": "NDCG@10", "auc": "AUC"}
KIND_LABELS = {ALL: "all kinds, each counting alike"}


def headings(report: StudyReport, brief: bool = False) -> list[str]:
    """The table's columns; ``brief``: without the metric that the study is not about."""
    metrics = _metrics(report, brief)
    of_method = [LABELS[metrics[0]], f"change from {report.reference}", *(LABELS[metric] for metric in metrics[1:])]
    columns = [f"{name}: {column}" for name in JUDGED for column in of_method]
    return [report.axis, *columns, "tokens: prefix + candidates", "seconds"]


def table_rows(report: StudyReport, kind: str, brief: bool = False) -> list[list[str]]:
    """The table of one kind, as text; one row a setting."""
    first, *others = _metrics(report, brief)
    rows = []
    for setting in report.settings:
        cells = [str(setting)]
        for method in JUDGED:
            figure = figure_of(report, setting, kind, method)
            cells.append(figure.figures[first].words())
            cells.append(figure.change[first].words(signed=True) if figure.change else "")
            cells += [f"{figure.figures[metric].value:.3f}" for metric in others]
        cost = cost_at(report, setting, kind)
        cells.append(f"{cost.prefix_tokens:,.0f} + {cost.candidate_tokens:,.0f}")
        cells.append(f"{cost.seconds:.2f}" if cost.seconds is not None else "")
        rows.append(cells)
    return rows


def _metrics(report: StudyReport, brief: bool) -> list[str]:
    """The study's own first."""
    return [report.metric] if brief else sorted(LABELS, key=lambda metric: metric != report.metric)


def caption(report: StudyReport, kind: str) -> str:
    """What the table of one kind rests on."""
    facts = next(facts for facts in report.kinds if facts.kind == kind)
    return (
        f"{KIND_LABELS.get(kind, kind)} · cases: {facts.cases}, visitors: {facts.visitors} ({', '.join(facts.sites)})"
    )


def figure_of(report: StudyReport, setting: Setting, kind: str, method: str) -> StudyFigure:
    """The figure of one setting, kind and method."""
    return next(f for f in report.figures if (f.setting, f.kind, f.method) == (setting, kind, method))


def cost_at(report: StudyReport, setting: Setting, kind: str) -> StudyCost:
    """The cost of one setting on one kind."""
    return next(cost for cost in report.costs if (cost.setting, cost.kind) == (setting, kind))


def draw(report: StudyReport) -> Any:
    """The plot, a matplotlib Figure: one panel for each method's quality and one for the cost.

    Raises:
        ExtraMissing: matplotlib is not installed.
    """
    figure_module, ticker = need("matplotlib.figure"), need("matplotlib.ticker")
    figure = figure_module.Figure(figsize=(13, 4.4), layout="constrained")
    panels = figure.subplots(1, len(JUDGED) + 1, gridspec_kw={"width_ratios": [1.25] * len(JUDGED) + [1]})
    for panel, (method, label) in zip(panels, JUDGED.items(), strict=False):
        _draw_quality(panel, report, method)
        panel.set_title(label)
        panel.sharey(panels[0])
    panels[0].set_ylabel(f"{LABELS[report.metric]}, 95% interval")
    _draw_cost(panels[-1], report)
    for panel in panels:
        panel.set_xticks(range(len(report.settings)), [str(setting) for setting in report.settings])
        panel.set_xlabel(report.axis)
        panel.yaxis.set_major_locator(ticker.MaxNLocator(6))
        panel.spines[["top", "right"]].set_visible(False)
        panel.grid(axis="y", alpha=0.25)
    handles, labels = panels[0].get_legend_handles_labels()
    figure.legend(handles, labels, loc="outside lower center", ncols=len(labels), frameon=False)
    return figure


def _draw_quality(panel: Any, report: StudyReport, method: str) -> None:
    kinds = [facts.kind for facts in report.kinds]
    for number, kind in enumerate(kinds):
        estimates = [figure_of(report, setting, kind, method).figures[report.metric] for setting in report.settings]
        values = [estimate.value for estimate in estimates]
        low, high = zip(*map(_reach, estimates), strict=True)
        # Side by side, so that intervals of several kinds at one setting can be told apart.
        places = [place + 0.09 * (number - (len(kinds) - 1) / 2) for place in range(len(values))]
        panel.errorbar(places, values, yerr=[low, high], capsize=2, label=_label(kind), **_style(kind, number))
    lengths = [cost_at(report, setting, kinds[-1]).candidates for setting in report.settings]
    luck = [chance(report.metric, length) for length in lengths]
    panel.plot(range(len(luck)), luck, linestyle=":", color=INK, alpha=0.8, label="by chance")


def _reach(estimate: Estimate) -> tuple[float, float]:
    """How far the interval goes below the value, and above it; a few skewed cases may leave the value outside."""
    low, high = (estimate.value if bound is None else bound for bound in (estimate.low, estimate.high))
    return max(0.0, estimate.value - low), max(0.0, high - estimate.value)


def _draw_cost(panel: Any, report: StudyReport) -> None:
    for number, facts in enumerate(report.kinds):
        costs = [cost_at(report, setting, facts.kind).seconds for setting in report.settings]
        timed = [(place, seconds) for place, seconds in enumerate(costs) if seconds is not None]
        if timed:
            panel.plot(*zip(*timed, strict=True), **_style(facts.kind, number))
    panel.set_title("cost")
    panel.set_ylabel("seconds for one request, median")
    panel.set_ylim(bottom=0)


def _label(kind: str) -> str:
    return "all kinds" if kind == ALL else kind


def _style(kind: str, number: int) -> dict[str, Any]:
    if kind == ALL:
        return {"color": INK, "marker": "o", "linewidth": 2.2}
    return {"color": COLOURS[number % len(COLOURS)], "marker": MARKS[number % len(MARKS)], "linewidth": 1.3}


def pictures(report: StudyReport) -> tuple[bytes, bytes]:
    """The plot as SVG, without a background, and as PNG on white. The same report gives the same SVG."""
    matplotlib = need("matplotlib")
    ink = dict.fromkeys(("text.color", "axes.labelcolor", "axes.edgecolor", "xtick.color", "ytick.color"), INK)
    settings = {"svg.fonttype": "none", "svg.hashsalt": "brewlite", "font.family": "sans-serif", "font.size": 10, **ink}
    vector, raster = BytesIO(), BytesIO()
    with matplotlib.rc_context(settings):
        figure = draw(report)
        figure.savefig(vector, format="svg", transparent=True, metadata={"Date": None})
        figure.savefig(raster, format="png", dpi=150, facecolor="white")
    return vector.getvalue(), raster.getvalue()


def write_study(report: StudyReport, folder: Path) -> list[Path]:
    """Write ``study-NAME`` as .json, .svg, .png and .html into ``folder``, and say where.

    Raises:
        BadSettings: the folder cannot be written to.
        ExtraMissing: matplotlib is not installed.
    """
    try:
        folder.mkdir(parents=True, exist_ok=True)
        # The figures first: hours of work shall not be lost with a picture that cannot be drawn.
        written = [_write(report, folder, "json", msgspec.json.format(msgspec.json.encode(report), indent=2))]
        vector, raster = pictures(report)
        for suffix, content in (("svg", vector), ("png", raster), ("html", page(report, vector).encode())):
            written.append(_write(report, folder, suffix, content))
    except OSError as error:
        raise BadSettings(f"--out {folder}: {error.strerror or error}; choose a folder that can be written") from error
    return written


def _write(report: StudyReport, folder: Path, suffix: str, content: bytes) -> Path:
    path = folder / f"study-{report.study}.{suffix}"
    path.write_bytes(content)
    return path


def page(report: StudyReport, vector: bytes) -> str:
    """One HTML page that shows the plot and the tables, light or dark as the reader's system is."""
    picture = vector.decode()
    picture = picture[picture.index("<svg") :].replace(INK, "currentColor")
    environment = Environment(autoescape=True, trim_blocks=True, lstrip_blocks=True)
    return environment.from_string(_PAGE).render(
        report=report,
        picture=picture,
        facts=facts(report),
        notes=notes(report),
        headings=headings(report),
        tables=[(caption(report, kind.kind), table_rows(report, kind.kind)) for kind in reversed(report.kinds)],
    )


def facts(report: StudyReport) -> str:
    """What ran, in one line."""
    mark = " PARTIAL: interrupted." if report.partial else ""
    return (
        f"{', '.join(report.models)}; seed {report.seed}; {report.cases_asked} cases a kind asked for; validation part "
        f"of each log; brewlite {report.version}; {report.machine}; {report.started:%Y-%m-%d %H:%M} UTC.{mark}"
    )


def notes(report: StudyReport) -> Sequence[str]:
    """How to read the figures."""
    return (
        "The value is the mean over cases; behind it the middle 95% of 2,000 bootstrap rounds over visitors. A change "
        "is paired: both settings on the same cases and in the same rounds.",
        "Seconds are medians of a few requests with nothing reused, on whatever else the machine was doing.",
        *report.notes,
    )


_PAGE = """<!doctype html>
<html lang="en">
<meta charset="utf-8">
<meta name="viewport" content="width=device-width">
<title>brewlite study: {{ report.study }}</title>
<style>
  :root { color-scheme: light dark }
  body { font: 15px/1.5 system-ui, sans-serif; max-width: 80rem; margin: 2rem auto; padding: 0 1rem }
  svg { width: 100%; height: auto }
  .wide { overflow-x: auto }
  table { border-collapse: collapse; margin: 1.5rem 0; font-variant-numeric: tabular-nums; font-size: 13px }
  caption { text-align: left; font-weight: 600; padding: .4rem 0 }
  th, td { padding: .3rem .7rem; text-align: right; border-bottom: 1px solid #8884; white-space: nowrap }
  th { vertical-align: bottom; white-space: normal; font-weight: 500 }
  th:first-child, td:first-child { text-align: left }
  .facts { opacity: .75 }
</style>
<h1>{{ report.study }}</h1>
<p>{{ report.about }}.</p>
<p class="facts">{{ facts }}</p>
{{ picture | safe }}
{% for caption, rows in tables %}
<div class="wide"><table>
  <caption>{{ caption }}</caption>
  <tr>{% for heading in headings %}<th>{{ heading }}</th>{% endfor %}</tr>
  {% for row in rows %}
  <tr>{% for cell in row %}<td>{{ cell }}</td>{% endfor %}</tr>
  {% endfor %}
</table></div>
{% endfor %}
{% for note in notes %}<p class="facts">{{ note }}</p>
{% endfor %}
</html>
"""
