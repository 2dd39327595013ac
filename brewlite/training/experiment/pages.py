"""The growing table of all runs as files: one page without a network, light or dark, and one workbook."""

from __future__ import annotations

import os
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import Any

from jinja2 import Environment
from markupsafe import Markup

from brewlite.errors import BadSettings
from brewlite.evaluation.suite.extra import need
from brewlite.store.runs import CurvePoint, RunRow, Value
from brewlite.training.experiment.table import (
    ADDED,
    ALL,
    BLEND,
    LABELS,
    MODEL,
    RunTable,
    figure,
    interval,
    last_loss,
    state,
    table_of,
    tokens_per_s,
    worded,
    work_minutes,
)

PAGE, WORKBOOK = "runs.html", "runs.xlsx"
_WIDTH, _HEIGHT, _POINTS = 160.0, 36.0, 80
_TEXTS = {"strings_to_numbers": False, "strings_to_formulas": False, "strings_to_urls": False}
Cell = str | float | int | None


def write_tables(runs: Sequence[RunRow], work: Path) -> list[Path]:
    """Write ``runs.html`` and ``runs.xlsx`` into ``work``, each whole or not at all, and say where.

    Raises:
        BadSettings: they cannot be written.
        ExtraMissing: xlsxwriter is not installed.
    """
    paths = [work / PAGE, work / WORKBOOK]
    try:
        for path, write in zip(paths, (_write_page, _write_workbook), strict=True):
            fresh = path.with_name(f".{path.name}.new")
            write(runs, fresh)
            os.replace(fresh, path)
    except OSError as error:
        raise BadSettings(f"the tables cannot be written to {work}: {error.strerror or error}") from error
    return paths


def spark(curve: Sequence[CurvePoint], title: str) -> Markup:
    """The losses of ``curve`` as a small SVG in the colour of the text around it; nothing for less than two steps."""
    if len(curve) < 2:
        return Markup("")
    size = max(1, len(curve) // _POINTS)
    losses = [_mean([point.loss for point in curve[start : start + size]]) for start in range(0, len(curve), size)]
    low, high = min(losses), max(losses)
    across, down = _WIDTH / max(len(losses) - 1, 1), (_HEIGHT - 4) / ((high - low) or 1.0)
    points = " ".join(f"{n * across:.1f},{2 + (high - loss) * down:.1f}" for n, loss in enumerate(losses))
    told = f"{title}: loss {curve[0].loss:.3f} at step {curve[0].step}, {curve[-1].loss:.3f} at step {curve[-1].step}"
    return Markup(
        '<svg viewBox="0 0 {0:.0f} {1:.0f}" width="{0:.0f}" height="{1:.0f}" role="img"><title>{2}</title>'
        '<polyline points="{3}" fill="none" stroke="currentColor" stroke-width="1.5"/></svg>'
    ).format(_WIDTH, _HEIGHT, told, points)


def page(runs: Sequence[RunRow]) -> str:
    """One table for each experiment, the newest experiment first."""
    names = sorted({run.experiment: run.started for run in runs}.items(), key=lambda pair: pair[1], reverse=True)
    tables = []
    for name, _ in names:
        made = table_of([run for run in runs if run.experiment == name])
        tables.append((name, made, [_cells(made, place) for place in range(len(made.rows))]))
    environment = Environment(autoescape=True, trim_blocks=True, lstrip_blocks=True)
    return environment.from_string(_PAGE).render(
        tables=tables, labels=LABELS, worded=worded, state=state, interval=interval, all=ALL, model=MODEL, blend=BLEND,
        added=ADDED, figure=figure,
    )  # fmt: skip


def _cells(table: RunTable, place: int) -> dict[str, Any]:
    row = table.rows[place]
    curves = [(stage.stage, spark(stage.curve, stage.stage)) for stage in row.run.stages if stage.curve]
    rate, loss = tokens_per_s(row.run), last_loss(row.run)
    return {
        "row": row,
        "curves": curves,
        "loss": f"{loss:.3f}" if loss is not None else "",
        "rate": f"{rate:,.0f}" if rate is not None else "",
        "minutes": f"{work_minutes(row.run):,.1f}",
        "started": f"{row.run.started:%Y-%m-%d %H:%M}",
        "code": " ".join(row.run.code.values()),
    }


def _write_page(runs: Sequence[RunRow], path: Path) -> None:
    path.write_text(page(runs), encoding="utf-8")


def _write_workbook(runs: Sequence[RunRow], path: Path) -> None:
    """Sheets Runs, Figures, Parameters, Stages and Curves."""
    book = need("xlsxwriter").Workbook(str(path), {**_TEXTS, "in_memory": True})
    head = book.add_format({"bold": True, "bottom": 1})
    for name, heads, rows in (
        ("Runs", *_runs_sheet(runs)),
        ("Figures", ("experiment", "run", "site", "metric", "value", "low", "high", "cases"), _figure_rows(runs)),
        ("Parameters", ("experiment", "run", "parameter", "value"), _parameter_rows(runs)),
        ("Stages", ("experiment", "run", "stage", "key", "seconds", "shared", "fact", "value"), _stage_rows(runs)),
        ("Curves", ("stage", "key", "step", "loss", "tokens a second"), _curve_rows(runs)),
    ):
        sheet = book.add_worksheet(name)
        sheet.freeze_panes(1, 0)
        last = 0
        for last, row in enumerate([heads, *rows]):
            for column, cell in enumerate(row):
                _write(sheet, last, column, cell, head if last == 0 else None)
        sheet.autofilter(0, 0, max(last, 1), len(heads) - 1)
        sheet.set_column(0, len(heads) - 1, 16)
    book.close()


def _write(sheet: Any, row: int, column: int, cell: Cell, form: Any) -> None:
    if isinstance(cell, str):
        sheet.write_string(row, column, cell[:32_767], form)
    elif cell is not None:
        sheet.write_number(row, column, cell, form)


def _runs_sheet(runs: Sequence[RunRow]) -> tuple[tuple[str, ...], list[tuple[Cell, ...]]]:
    """One line a run, with the parameters in which any two runs differ."""
    made = table_of(runs)
    metrics = [(metric, site) for metric in (MODEL, BLEND, ADDED) for site in made.sites]
    heads = (
        *(
            "experiment",
            "run",
            "state",
            "why",
            "started (UTC)",
            "version",
            "commit",
            "minutes",
            "loss",
            "tokens a second",
        ),
        *(f"{LABELS[metric]}: {site}" for metric, site in metrics),
        *made.differing,
    )
    rows = []
    for row in made.rows:
        run = row.run
        found = [figure(run, metric, site) for metric, site in metrics]
        code = run.code.get("version", ""), run.code.get("commit", "")
        told = (run.experiment, run.id, run.state, run.why, f"{run.started:%Y-%m-%d %H:%M}", *code)
        measured = (work_minutes(run), last_loss(run), tokens_per_s(run))
        values = [each.value if each is not None else None for each in found]
        rows.append((*told, *measured, *values, *(_cell(run.parameters.get(name)) for name in made.differing)))
    return heads, rows


def _figure_rows(runs: Sequence[RunRow]) -> Iterable[tuple[Cell, ...]]:
    for run in runs:
        for each in run.figures:
            yield (run.experiment, run.id, each.site, each.metric, each.value, each.low, each.high, each.cases)


def _parameter_rows(runs: Sequence[RunRow]) -> Iterable[tuple[Cell, ...]]:
    for run in runs:
        for name, value in (*run.parameters.items(), *((f"data of {site}", mark) for site, mark in run.data.items())):
            yield (run.experiment, run.id, name, _cell(value))


def _stage_rows(runs: Sequence[RunRow]) -> Iterable[tuple[Cell, ...]]:
    for run in runs:
        for stage in run.stages:
            told = (run.experiment, run.id, stage.stage, stage.key, stage.seconds, "yes" if stage.shared else "no")
            yield from ((*told, name, _cell(value)) for name, value in (stage.facts or {"": None}).items())


def _curve_rows(runs: Sequence[RunRow]) -> Iterable[tuple[Cell, ...]]:
    curves = {stage.key: stage for run in runs for stage in run.stages if stage.curve}
    for key, stage in curves.items():
        yield from ((stage.stage, key, point.step, point.loss, point.tokens_per_s) for point in stage.curve)


def _cell(value: Value) -> Cell:
    return value if isinstance(value, (int, float)) and not isinstance(value, bool) else worded(value)


def _mean(values: Sequence[float]) -> float:
    return sum(values) / len(values)


_PAGE = """<!doctype html>
<html lang="en">
<meta charset="utf-8">
<meta name="viewport" content="width=device-width">
<title>brewlite experiments</title>
<style>
  :root { color-scheme: light dark; --line: #8884; --soft: color-mix(in srgb, CanvasText 62%, Canvas) }
  body { font: 15px/1.5 system-ui, sans-serif; margin: 2rem auto; padding: 0 1.5rem; max-width: 110rem }
  .wide { overflow-x: auto }
  table { border-collapse: collapse; font-variant-numeric: tabular-nums; font-size: 13px }
  th, td { padding: .35rem .7rem; border-bottom: 1px solid var(--line); text-align: left; vertical-align: top }
  th { font-weight: 600; white-space: nowrap }
  td.n { white-space: nowrap }
  tr.best td { font-weight: 600 }
  .soft, summary { color: var(--soft) }
  .failed { max-width: 30rem }
  svg { color: #2a7ab8; display: block }
  details table { margin: .5rem 0 }
  code { font-size: 12px }
</style>
<h1>Experiments</h1>
<p class="soft">Validation part of each site's log only; behind a figure the middle 95% of a bootstrap over visitors.
Of the parameters only those are shown in which runs of one experiment differ.</p>
{% for name, table, cells in tables %}
<h2>{{ name }}</h2>
<div class="wide"><table>
  <tr><th>place</th><th>run</th>{% for each in table.differing %}<th>{{ each }}</th>{% endfor %}
  {% for site in table.sites %}<th>{{ labels[model] }}: {{ site }}</th>{% endfor %}
  <th>{{ labels[blend] }}: {{ all }}</th><th>{{ labels[added] }}</th><th>loss</th><th>curves</th><th>tokens/s</th>
  <th>minutes</th><th>started (UTC)</th><th>code</th><th>state</th></tr>
  {% for cell in cells %}{% set run = cell.row.run %}
  <tr{% if cell.row.place == 1 %} class="best"{% endif %}>
    <td>{{ cell.row.place or "" }}</td><td><code>{{ run.id }}</code></td>
    {% for said in cell.row.said %}<td>{{ said }}</td>{% endfor %}
    {% for site in table.sites %}<td class="n">{{ interval(figure(run, model, site)) }}</td>{% endfor %}
    <td class="n">{{ interval(figure(run, blend)) }}</td><td class="n">{{ interval(figure(run, added), True) }}</td>
    <td>{{ cell.loss }}</td>
    <td>{% for stage, drawn in cell.curves %}<span class="soft">{{ stage }}</span>{{ drawn }}{% endfor %}</td>
    <td>{{ cell.rate }}</td><td>{{ cell.minutes }}</td><td class="n">{{ cell.started }}</td><td>{{ cell.code }}</td>
    <td class="failed">{{ state(run) }}
      <details><summary>everything</summary><table>
        {% for stage in run.stages %}
        <tr><th>{{ stage.stage }}</th><td><code>{{ stage.key }}</code>{{ " shared" if stage.shared }},
          {{ "%.0f"|format(stage.seconds) }} s</td></tr>
        {% for key, value in stage.facts.items() %}
        <tr><td>{{ key }}</td><td>{{ worded(value) }}</td></tr>
        {% endfor %}
        {% endfor %}
        <tr><th>parameters</th><td></td></tr>
        {% for key, value in run.parameters.items() %}
        <tr><td>{{ key }}</td><td>{{ worded(value) }}</td></tr>
        {% endfor %}
        {% for key, value in run.data.items() %}<tr><td>data of {{ key }}</td><td>{{ value }}</td></tr>{% endfor %}
        <tr><td>machine</td><td>{{ run.machine }}</td></tr>
      </table></details>
    </td>
  </tr>
  {% endfor %}
</table></div>
{% else %}
<p>No run yet.</p>
{% endfor %}
</html>
"""
