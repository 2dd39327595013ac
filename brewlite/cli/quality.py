"""``brewlite bench quality``: the suite of ranking tasks."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from brewlite.cli import options
from brewlite.cli.folders import check_folder
from brewlite.cli.output import console, print_json, progress_bars, progress_console
from brewlite.weights import DEFAULT_RANKER

if TYPE_CHECKING:
    from rich.console import Console
    from rich.table import Table

    from brewlite.evaluation.suite.report import SuiteReport, TaskResult

WIDTH = 140
"""Of the table where it is not printed to a terminal."""


@click.command()
@click.option(
    "--suite", type=click.Choice(["quick", "full"]), default="quick", show_default=True, help="How many cases."
)
@click.option("--model", default=DEFAULT_RANKER, show_default=True, help="Name, folder, pulled hub id, or none.")
@click.option("--device", default="auto", show_default=True, help="auto, cpu or cuda.")
@click.option("--dtype", default="auto", show_default=True, help="auto, float32, bfloat16 or float16.")
@options.threads
@click.option("--baselines/--no-baselines", default=True, show_default=True, help="The methods to beat, too.")
@click.option(
    "--task", "patterns", multiple=True, metavar="NAME", help="Only tasks of this name or family. Repeatable."
)
@options.data
@options.cache
@click.option(
    "--report",
    "out",
    type=click.Path(path_type=Path),
    default=Path("out"),
    show_default=True,
    help="Folder for report.html, report.json and report.xlsx.",
)
@click.option("--cases", type=click.FloatRange(0, min_open=True), default=1.0, show_default=True, help="Times as many.")
@options.seed
@click.option("--list", "only_list", is_flag=True, help="Print the tasks and end.")
@click.option("--json", "as_json", is_flag=True, help="Print the whole report as one JSON document.")
def quality(patterns: tuple[str, ...], only_list: bool, as_json: bool, out: Path, **said: Any) -> None:
    """Run the suite: more than 120 ranking tasks on real logs, beside baselines, with 95% intervals.

    quick takes under 20 minutes on two cores. full takes hours: stop it when you like, the next run goes on where it
    was, as everything that the model has said is kept.

    \b
    Example:
      brewlite bench quality --suite quick --report out/
      brewlite bench quality --task "stated interests" --model none
    """
    from brewlite.evaluation.suite.pages import write_report
    from brewlite.evaluation.suite.registry import chosen

    tasks = chosen(patterns)
    if only_list:
        _list(tasks, as_json)
        return
    check_folder("--report", out)
    report = _run(tasks, said)
    for path in write_report(report, out):
        progress_console.print(f"wrote {path}")
    if as_json:
        print_json(report)
    else:
        _show(report)


def _run(tasks: Any, said: dict[str, Any]) -> SuiteReport:
    from brewlite.evaluation.suite.datasets import bench_cache, find_data
    from brewlite.evaluation.suite.run import Suite, SuiteConfig
    from brewlite.ranker import load_ranker

    data = find_data(said["data"])
    config = SuiteConfig(suite=said["suite"], seed=said["seed"], baselines=said["baselines"], cases=said["cases"])
    with progress_console.status("loading the model"):
        ranker = None
        if said["model"] != "none":
            ranker = load_ranker(said["model"], device=said["device"], dtype=said["dtype"], threads=said["threads"])
    with progress_bars(lines="tasks") as progress:
        return Suite(tasks, data, said["cache"] or bench_cache(), ranker, config, progress=progress).run()


def _list(tasks: Any, as_json: bool) -> None:
    from rich.table import Table

    if as_json:
        print_json(tasks)
        return
    table = Table(box=None, pad_edge=False, header_style="dim")
    for head in ("task", "family", "metric", "quick", "full", "asks"):
        table.add_column(head, justify="right" if head in ("quick", "full") else "left", no_wrap=head != "asks")
    for task in tasks:
        table.add_row(task.name, task.family, task.metric, f"{task.quick}", f"{task.full:,}", task.about)
    _wide().print(table)
    console.print(f"{len(tasks)} tasks, with their numbers of cases in the quick and the full suite")


def _wide() -> Console:
    """The console; in a file, one with room for a table."""
    return console if console.is_terminal else type(console)(width=WIDTH)


def _show(report: SuiteReport) -> None:
    mark = " · PARTIAL: interrupted" if report.partial else ""
    console.print(
        f"{report.suite} suite, model {report.model}, seed {report.seed}: {len(report.results)} tasks in "
        f"{report.seconds / 60:.1f} minutes on {report.machine}{mark}"
    )
    families = list(dict.fromkeys(result.task.family for result in report.results))
    for family in families:
        _wide().print(_table(report, [r for r in report.results if r.task.family == family], family))
    _wide().print(_standings(report))
    for note in report.notes:
        console.print(f"note: {note}", highlight=False)
    console.print("In words:")
    for sentence in report.verdict:
        console.print(f"- {sentence}", highlight=False)


def _table(report: SuiteReport, results: list[TaskResult], family: str) -> Table:
    """Ours with its interval, its parts, and the best baseline; all the others are in the report's files."""
    from rich.table import Table

    table = Table(title=family, title_justify="left", box=None, pad_edge=False, header_style="dim")
    for head in ("task", "n", "metric", "brewlite", "no model", "llm", "best baseline", "random"):
        table.add_column(head, justify="right" if head in ("n", "no model", "llm", "random") else "left", no_wrap=True)
    baselines = [method.name for method in report.methods if method.role == "baseline"]
    marks = {"higher": "", "lower": " (low)", "nearest 0": " (near 0)"}
    for result in results:
        best = next(iter(result.best(baselines)), None)
        metric = result.task.metric + marks[result.best_is]
        table.add_row(
            result.task.name,
            str(result.n),
            metric,
            _cell(result, "brewlite", interval=True),
            _cell(result, "brewlite-no-model"),
            _cell(result, "llm"),
            f"{best} {_cell(result, best, interval=True)}" if best is not None else "",
            _cell(result, "random"),
        )
    return table


def _standings(report: SuiteReport) -> Table:
    """Every method on the tasks over all sites, each with its interval."""
    from rich.table import Table

    over_all = [result for result in report.results if result.task.name.startswith("all/")]
    table = Table(title="every method, over all sites", title_justify="left", box=None, pad_edge=False)
    table.add_column("method", no_wrap=True)
    for result in over_all:
        table.add_column(f"{result.task.name}\n{result.unit}, n={result.n}", no_wrap=True)
    for method in report.methods:
        table.add_row(method.label, *(_cell(result, method.name, interval=True) for result in over_all))
    return table


def _cell(result: TaskResult, name: str, interval: bool = False) -> str:
    estimate = result.figures.get(name)
    if estimate is None:
        return ""
    value = f"[bold]{estimate.value:.3f}[/bold]" if name in result.best() else f"{estimate.value:.3f}"
    if not interval or estimate.low is None or estimate.high is None:
        return value
    return f"{value} [dim]{estimate.low:.3f}-{estimate.high:.3f}[/dim]"
