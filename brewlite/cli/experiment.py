"""``brewlite experiment``: one file, one command, one table."""

from __future__ import annotations

import sys
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from brewlite.cli import options
from brewlite.cli.output import console, print_json, progress_bars
from brewlite.errors import BadSettings, UnknownName

if TYPE_CHECKING:
    from brewlite.store.runs import RunRow

WORK = Path("experiments")
WIDTH = 200
"""Of the table where it is not printed to a terminal."""
_work = click.option(
    "--work",
    type=click.Path(file_okay=False, path_type=Path),
    default=WORK,
    show_default=True,
    help="Folder for the stages, the database of runs and the tables.",
)


@click.group()
def experiment() -> None:
    """Run grids of data -> fit -> distil -> prune -> quantize -> evaluate, and read one table.

    \b
    Example:
      brewlite experiment run examples/experiment.toml
      brewlite experiment show
    """


@experiment.command()
@click.argument("file", type=click.Path(path_type=Path))
@_work
@options.data
@click.option("--cache", type=click.Path(path_type=Path), help="For imported sites and teachers' scores.")
@click.option("--json", "as_json", is_flag=True, help="Print the runs as one JSON document.")
def run(file: Path, work: Path, data: Path | None, cache: Path | None, as_json: bool) -> None:
    """Run every point of FILE's grid; what an earlier run has done is not done again.

    Stop it when you like (Ctrl-C, or a kill): the same command goes on where it was. runs.html and runs.xlsx in --work
    are written anew after each run.

    \b
    Example:
      brewlite experiment run examples/experiment.toml
    """
    from brewlite.evaluation.suite.datasets import bench_cache
    from brewlite.evaluation.suite.extra import need
    from brewlite.training.experiment.file import read_experiment
    from brewlite.training.experiment.pages import write_tables
    from brewlite.training.experiment.run import Workshop
    from brewlite.training.experiment.stages import STAGES

    read = read_experiment(file, STAGES)
    need("xlsxwriter")  # told now, not after hours
    with progress_bars(lines="runs") as tell:
        workshop = Workshop(
            work, STAGES, data, cache or bench_cache(), tell, lambda runs: _written(write_tables(runs, work))
        )
        try:
            done = workshop.run(read)
            known = workshop.store.runs(read.top.name)
        except KeyboardInterrupt:
            raise BadSettings("stopped: the same command goes on where it was") from None
        finally:
            workshop.close()
    if as_json:
        print_json(done)
    else:
        _show(known, read.top.by, {each.id for each in done})
        click.echo(f"tables: {work / 'runs.html'}, {work / 'runs.xlsx'}")
    if failed := [each for each in done if each.state == "failed"]:
        click.echo(f"brewlite: {len(failed)} of {len(done)} runs failed: {failed[0].why}", err=True)
        sys.exit(2)


def _written(paths: Sequence[Path]) -> None:
    """The tables are there; the bars go on."""


@experiment.command()
@click.argument("name", required=False)
@_work
@click.option(
    "--by", type=click.Choice(["model", "blend"]), default="model", show_default=True, help="What is put first."
)
@click.option("--json", "as_json", is_flag=True, help="Print the runs as one JSON document.")
def show(name: str | None, work: Path, by: str, as_json: bool) -> None:
    """Print the runs, best first, with the parameters in which they differ.

    NAME is an experiment's, or a run's id: then everything about that run is printed.

    \b
    Example:
      brewlite experiment show
      brewlite experiment show first-look --by blend
    """
    from brewlite.store.runs import RunStore
    from brewlite.training.experiment.run import DATABASE

    if not (work / DATABASE).is_file():
        raise BadSettings(f"no experiment was run in {work}: name the folder with --work")
    with RunStore(work / DATABASE) as store:
        runs = store.runs()
    names = list(dict.fromkeys(each.experiment for each in runs))
    one = next((each for each in runs if each.id == name), None)
    if name is not None and one is None and name not in names:
        raise UnknownName("experiment or run", name, names)
    chosen = [one] if one is not None else [each for each in runs if name in (None, each.experiment)]
    if as_json:
        print_json(chosen)
    elif one is not None:
        _show_one(one)
    else:
        for each in names:
            if own := [found for found in chosen if found.experiment == each]:
                _show(own, by)


def _show(runs: list[RunRow], by: str, fresh: set[str] | None = None) -> None:
    """The table; runs of this call are marked where there are others."""
    from rich.markup import escape
    from rich.table import Table

    from brewlite.training.experiment import table as tables

    made = tables.table_of(runs, by)
    table = Table(title=f"{runs[0].experiment}: {len(runs)} runs, by {tables.LABELS[by]}", title_justify="left")
    for head in (
        "",
        "run",
        *made.differing,
        "model alone",
        "blend",
        "model adds",
        "loss",
        "tokens/s",
        "minutes",
        "state",
    ):
        table.add_column(head, overflow="fold")
    for row in made.rows:
        found = row.run
        loss, rate = tables.last_loss(found), tables.tokens_per_s(found)
        mark = "*" if fresh and len(fresh) < len(runs) and found.id in fresh else ""
        table.add_row(
            str(row.place or "") + mark,
            found.id,
            *map(escape, row.said),
            tables.interval(tables.figure(found, tables.MODEL)).replace(" (", "\n("),
            tables.interval(tables.figure(found, tables.BLEND)).replace(" (", "\n("),
            tables.interval(tables.figure(found, tables.ADDED), signed=True).replace(" (", "\n("),
            f"{loss:.3f}" if loss is not None else "",
            f"{rate:,.0f}" if rate is not None else "",
            f"{tables.work_minutes(found):,.1f}",
            escape(tables.state(found)),
            style="bold" if row.place == 1 else "",
        )
    wide = console if console.is_terminal else type(console)(width=WIDTH)
    wide.print(table)


def _show_one(found: RunRow) -> None:
    """Every parameter, stage and figure of one run."""
    from rich.markup import escape
    from rich.table import Table

    from brewlite.training.experiment import table as tables

    console.print(f"{found.experiment}, run {found.id}: {tables.state(found)}", highlight=False, markup=False)
    code = " ".join(found.code.values())
    console.print(
        f"brewlite {code}; {found.machine}; {found.started:%Y-%m-%d %H:%M} UTC", highlight=False, markup=False
    )
    for title, lines in (("parameters", _said(found.parameters)), *_stages(found), ("data", _said(found.data))):
        if lines:
            table = Table(title=title, title_justify="left", show_header=False, box=None)
            for key, value in lines:
                table.add_row(escape(key), escape(value))
            console.print(table)
    if found.figures:
        table = Table("site", "figure", "value", "cases", title="figures", title_justify="left")
        for each in found.figures:
            label = tables.LABELS.get(each.metric, each.metric)
            value = tables.interval(each, signed=each.metric == tables.ADDED)
            table.add_row(escape(each.site), label, value, str(each.cases))
        console.print(table)


def _said(values: Any) -> list[tuple[str, str]]:
    from brewlite.training.experiment.table import worded

    return [(str(key), worded(value)) for key, value in values.items()]


def _stages(found: RunRow) -> list[tuple[str, list[tuple[str, str]]]]:
    return [
        (
            f"{stage.stage} {stage.key}, {stage.seconds:,.0f} s{', shared' if stage.shared else ''}",
            _said({key: value for key, value in stage.facts.items() if key != "looks"}),
        )
        for stage in found.stages
    ]
