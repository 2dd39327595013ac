"""``brewlite bench sites``: many next-item cases on several sites, beside every baseline."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any, get_args

import click

from brewlite.cli import options
from brewlite.cli.folders import check_folder
from brewlite.cli.output import console, print_json, progress_bars, progress_console
from brewlite.errors import BadSettings
from brewlite.weights import DEFAULT_RANKER

if TYPE_CHECKING:
    from brewlite.evaluation.suite.across_sites import AcrossReport

WIDTH = 160
"""Of the tables where they are not printed to a terminal."""


@click.command()
@click.option("--model", default=DEFAULT_RANKER, show_default=True, help="Name, folder, pulled hub id, or none.")
@click.option("--site", "names", multiple=True, metavar="NAME", help="Only this data set. Repeatable.")
@click.option("--view", "views", multiple=True, type=click.Choice(["matched", "full"]), help="Only this. Repeatable.")
@click.option("--cases", type=click.IntRange(1), default=60, show_default=True, help="Of each site and view, at most.")
@click.option(
    "--part",
    type=click.Choice(["test", "validation"]),
    default="test",
    show_default=True,
    help="Of the logs. Choose nothing by test.",
)
@options.threads
@options.data
@options.cache
@options.seed
@click.option(
    "--out",
    type=click.Path(file_okay=False, path_type=Path),
    default=Path("out"),
    show_default=True,
    help="Folder for sites.json and sites.md.",
)
@click.option("--json", "as_json", is_flag=True, help="Print the report as one JSON document.")
def sites(out: Path, as_json: bool, **said: Any) -> None:
    """What visitors of several sites chose next: brewlite, its parts and every baseline, by site and by history.

    What the model has said is kept: a run that was stopped goes on where it was. A case takes the model 2 to 3 seconds
    on two cores.

    \b
    Example:
      brewlite bench sites --cases 60 --out out/
      brewlite bench sites --site jobs_views --view full --model none
    """
    check_folder("--out", out)
    report = _run(said)
    _write(report, out)
    progress_console.print(f"wrote {out / 'sites.json'} and sites.md")
    if as_json:
        print_json(report)
    else:
        _show(report)


def _write(report: AcrossReport, out: Path) -> None:
    import msgspec

    from brewlite.evaluation.suite.across_sites import as_markdown

    try:
        out.mkdir(parents=True, exist_ok=True)
        (out / "sites.json").write_bytes(msgspec.json.format(msgspec.json.encode(report), indent=2) + b"\n")
        (out / "sites.md").write_text(as_markdown(report), encoding="utf-8")
    except OSError as error:
        raise BadSettings(f"--out {out}: {error.strerror or error}; choose a folder that can be written") from error


def _run(said: dict[str, Any]) -> AcrossReport:
    from brewlite.evaluation.suite.across_sites import VIEWS, AcrossConfig, View, across_report, across_tasks
    from brewlite.evaluation.suite.datasets import bench_cache, data_set, find_data
    from brewlite.evaluation.suite.run import Suite, SuiteConfig
    from brewlite.ranker import load_ranker

    names = tuple(dict.fromkeys(said["names"])) or AcrossConfig().sites
    for name in names:
        if data_set(name).events is None:
            raise BadSettings(f"data set {name!r} has no log, so nobody chose anything there: name another --site")
    views: tuple[View, ...] = tuple(view for view in get_args(View) if view in (said["views"] or VIEWS))
    config = AcrossConfig(sites=names, views=views, cases=said["cases"], part=said["part"], seed=said["seed"])
    data = find_data(said["data"])
    with progress_console.status("loading the model"):
        ranker = load_ranker(said["model"], threads=said["threads"]) if said["model"] != "none" else None
    with progress_bars(lines="tasks") as progress:
        suite = Suite(
            across_tasks(config),
            data,
            said["cache"] or bench_cache(),
            ranker,
            SuiteConfig(seed=said["seed"]),
            progress=progress,
        )
        return across_report(suite.run(), config)


def _show(report: AcrossReport) -> None:
    from rich.table import Table

    from brewlite.evaluation.suite.across_sites import VIEWS, method_table, site_table, verdict

    wide = console if console.is_terminal else type(console)(width=WIDTH)
    mark = " · PARTIAL: interrupted" if report.partial else ""
    console.print(f"model {report.model}, {report.part} part, seed {report.seed}, {report.machine}{mark}")
    for view, where in VIEWS.items():
        if report.find(view) is None:
            continue
        for title, (heads, rows) in (
            (f"NDCG@10 {where}, by events of history (cases)", method_table(report, view)),
            ("by site", site_table(report, view)),
        ):
            table = Table(title=title, title_justify="left", box=None, pad_edge=False, header_style="dim")
            for place, head in enumerate(heads):
                table.add_column(head, justify="left" if place == 0 else "right")
            for row in rows:
                table.add_row(*row)
            wide.print(table)
    console.print("In words:")
    for sentence in verdict(report):
        console.print(f"- {sentence}", highlight=False)
    for note in report.notes:
        console.print(f"note: {note}", highlight=False)
