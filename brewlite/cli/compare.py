"""``brewlite bench compare``: what changed between two runs of the suite."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

import click
from rich.markup import escape
from rich.table import Table

from brewlite.cli.output import console, print_json

if TYPE_CHECKING:
    from brewlite.evaluation.suite.compare import Change, Comparison


@click.command()
@click.argument("a", metavar="A.json", type=click.Path(path_type=Path))
@click.argument("b", metavar="B.json", type=click.Path(path_type=Path))
@click.option("--all-methods", is_flag=True, help="Print the baselines and the parts of brewlite too.")
@click.option("--seed", type=int, default=0, show_default=True, help="Of the bootstrap and of the test's flips.")
@click.option("--json", "as_json", is_flag=True, help="Print one JSON document: every method on every task.")
def compare(a: Path, b: Path, all_methods: bool, seed: int, as_json: bool) -> None:
    """Say what changed from report A to report B, and whether beyond noise.

    A and B are the report.json of two runs, or their folders. Only cases that both runs have are compared, case by
    case; the p of a task is corrected for the number of tasks.

    \b
    Example:
      brewlite bench compare before/report.json after/report.json
    """
    from brewlite.evaluation.suite.compare import compare as compared
    from brewlite.evaluation.suite.compare import read_report

    comparison = compared(read_report(a), read_report(b), seed)
    if as_json:
        print_json(comparison)
    else:
        _show(comparison, all_methods)


def _show(comparison: Comparison, all_methods: bool) -> None:
    for side, run in (("A", comparison.a), ("B", comparison.b)):
        made = f"{run.started:%Y-%m-%d %H:%M}"
        console.print(
            f"{side}: {run.model}, suite {run.suite}, seed {run.seed}, brewlite {run.version}, {made}",
            highlight=False,
            markup=False,
        )
    for warning in comparison.warnings:
        console.print(f"[yellow]note:[/yellow] {escape(warning)}", highlight=False)
    shown = [change for change in comparison.changes if all_methods or change.method == comparison.ours]
    if shown:
        console.print(_table(shown, all_methods))
    for refused in comparison.refused:
        console.print(f"[yellow]refused[/yellow] {escape(refused.task)}: {escape(refused.why)}", highlight=False)
    for side, tasks in (("A", comparison.only_a), ("B", comparison.only_b)):
        if tasks:
            console.print(f"only in {side}: {', '.join(tasks)}", highlight=False, markup=False)
    console.print(comparison.verdict[0], highlight=False, markup=False)


def _table(changes: Sequence[Change], with_method: bool) -> Table:
    """What changed beyond noise first; the rest dim."""
    table = Table(caption="B - A on the same cases (95% interval); p corrected over the tasks", caption_justify="left")
    table.add_column("task", overflow="fold")
    if with_method:
        table.add_column("method")
    for column in ("A", "B", "B - A", "p", "cases"):
        table.add_column(column, justify="right", no_wrap=column != "B - A")
    table.add_column("")
    moved = {"better", "worse"}
    for change in sorted(changes, key=lambda change: change.outcome not in moved):
        method = [escape(change.method)] if with_method else []
        table.add_row(escape(change.task), *method, *_cells(change), style="" if change.outcome in moved else "dim")
    return table


def _cells(change: Change) -> list[str]:
    from brewlite.evaluation.suite.pages.wording import number, signed, signed_interval

    interval = signed_interval(change.difference)
    p = "" if change.corrected is None else "<0.001" if change.corrected < 0.001 else f"{change.corrected:.3f}"
    colour = {"better": "green", "worse": "red"}.get(change.outcome)
    outcome = f"[bold {colour}]{change.outcome}[/]" if colour else change.outcome
    difference = signed(change.difference.value) + (f" ({interval})" if interval else "")
    values = [number(change.before), number(change.after), difference]
    return [*values, p, f"{change.cases:,}" if change.cases else "", outcome]
