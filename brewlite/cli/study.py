"""``brewlite bench study``: how quality and cost move with one thing at a time."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from brewlite.cli import options
from brewlite.cli.folders import check_folder
from brewlite.cli.output import console, print_json, progress_bars, progress_console
from brewlite.weights import DEFAULT_RANKER

if TYPE_CHECKING:
    from brewlite.evaluation.suite.site import BenchSite
    from brewlite.evaluation.suite.study_report import StudyReport
    from brewlite.evaluation.suite.study_run import Progress
    from brewlite.ranker import Ranker

SITES = {
    "listings": ("airbnb_barossa", "airbnb_singapore"),
    "posts": ("stackexchange_travel", "stackexchange_beer"),
    "jobs": ("jobs_views",),
}
"""Kind -> the data sets that a study reads: those with enough visitors in their validation part."""


@click.command()
@click.argument("name")
@click.option(
    "--model",
    "models",
    multiple=True,
    default=(DEFAULT_RANKER,),
    show_default=True,
    help="Name, folder or pulled hub id. Repeat it for model-size and training-data.",
)
@click.option("--device", default="auto", show_default=True, help="auto, cpu or cuda.")
@click.option("--dtype", default="auto", show_default=True, help="auto, float32, bfloat16 or float16.")
@options.threads
@options.data
@click.option("--cache", type=click.Path(path_type=Path), help="For imported sites, kept scores and timings.")
@click.option(
    "--kind", "kinds", multiple=True, type=click.Choice(list(SITES)), help="Only these kinds of site. Repeatable."
)
@click.option("--cases", type=click.IntRange(1), default=24, show_default=True, help="For each kind of site.")
@options.seed
@click.option(
    "--out",
    type=click.Path(file_okay=False, path_type=Path),
    default=Path("out"),
    show_default=True,
    help="Folder for study-NAME.json, .svg, .png and .html.",
)
@click.option("--json", "as_json", is_flag=True, help="Print the report as one JSON document.")
def study(name: str, models: tuple[str, ...], out: Path, as_json: bool, **said: Any) -> None:
    """Vary one thing and measure what it gives and costs: a table, a plot and a page.

    NAME is history-events, history-tokens, history-policy, candidate-tokens, candidates, model-size or training-data.
    Every setting is asked the same cases, of the validation part of each log. What the model has said is kept: a run
    that was stopped goes on where it was, and Ctrl-C writes what is finished.

    \b
    Example:
      brewlite bench study history-policy --cases 24 --out out/
      brewlite bench study model-size --model smollm2-135m --model ./my-model
      brewlite bench study training-data --model smollm2-135m --model ./fit-90 --model ./fit-360
    """
    from brewlite.evaluation.suite.datasets import bench_cache, find_data
    from brewlite.evaluation.suite.extra import need
    from brewlite.evaluation.suite.studies import find_study
    from brewlite.evaluation.suite.study_plots import write_study
    from brewlite.evaluation.suite.study_run import StudyConfig, run_study

    check_folder("--out", out)
    chosen, data, cache = find_study(name), find_data(said["data"]), said["cache"] or bench_cache()
    need("matplotlib")  # told now, not after the model has worked for minutes
    config = StudyConfig(cases=said["cases"], seed=said["seed"])
    sets = [site for kind in said["kinds"] or SITES for site in SITES[kind]]
    with progress_bars() as progress:

        def sites_of(model: str) -> Sequence[BenchSite]:
            return _opened(sets, _loaded(model, said), data, cache, progress)

        report = run_study(chosen, models, sites_of, config, cache / "studies" / "times.jsonl", progress)
    for path in write_study(report, out):
        progress_console.print(f"wrote {path}")
    if as_json:
        print_json(report)
    else:
        show(report)


def _loaded(model: str, said: dict[str, Any]) -> Ranker:
    """The model, without a memory for prefixes: every request costs what it would cost a visitor never seen."""
    from brewlite.ranker.torch_ranker import TorchRanker, TorchRankerConfig

    config = TorchRankerConfig(cache_bytes=0)
    return TorchRanker.load(model, said["device"], said["dtype"], said["threads"], config)


def _opened(names: Sequence[str], ranker: Ranker, data: Path, cache: Path, progress: Progress) -> list[BenchSite]:
    from brewlite.evaluation.suite.datasets import open_site
    from brewlite.evaluation.suite.kept import KeptScores

    kept = KeptScores(ranker, cache / "scores")
    sites = []
    for done, name in enumerate(names):
        progress("data sets", done, len(names))
        sites.append(open_site(name, data, cache, kept, progress))
    progress("data sets", len(names), len(names))
    return sites


def show(report: StudyReport) -> None:
    """Print one table a kind, all kinds together first."""
    from rich.table import Table

    from brewlite.evaluation.suite.study_plots import caption, facts, headings, notes, table_rows

    console.print(f"{report.study}: {report.about}", highlight=False, markup=False)
    console.print(facts(report), highlight=False, markup=False)
    for kind in reversed(report.kinds):
        table = Table(title=caption(report, kind.kind), title_justify="left")
        for place, heading in enumerate(headings(report, brief=True)):
            table.add_column(heading, justify="left" if place == 0 else "right", min_width=8 if place == 0 else None)
        for row in table_rows(report, kind.kind, brief=True):
            table.add_row(*(cell.replace(" (", "\n(") for cell in row))
        console.print(table)
    for note in notes(report):
        console.print(f"note: {note}", highlight=False, markup=False)
