"""``brewlite evaluate``: how good it is on the site's own log."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from brewlite.cli import options
from brewlite.cli.output import console, print_json, progress_bars
from brewlite.cli.site import open_site, site_options, site_settings
from brewlite.errors import BadSettings

if TYPE_CHECKING:
    from rich.table import Table

    from brewlite.evaluation.report import Evaluation
    from brewlite.evaluation.statistics import Estimate
    from brewlite.recommender import Recommender


@click.command()
@site_options
@click.option("--split", type=float, default=0.8, show_default=True, help="Share of the log before the cut.")
@click.option("--cases", type=int, default=300, show_default=True, help="How many moments to replay.")
@options.seed
@click.option("--methods", metavar="A,B,..", help="Only these. Default: all.")
@click.option("--no-model", is_flag=True, help="Leave the language model out: seconds in place of minutes.")
@click.option("--candidates", type=int, help="How many items the model reads at each moment.")
@click.option("--ranker", help="A model's name or folder. Default: the site's.")
@click.option("--json", "as_json", is_flag=True, help="Print one JSON document.")
@click.option(
    "--out",
    type=click.Path(dir_okay=False, writable=True, path_type=Path),
    help="Write the JSON document to this file too.",
)
def evaluate(config: str | None, db: str | None, adapter: str | None, **said: Any) -> None:
    """Replay the site's log and compare brewlite with simple rules.

    Nothing is written to the database. Ctrl-C ends early and prints what was finished.

    \b
    Example:
      brewlite evaluate --db site.db --split 0.8 --cases 300 --out report.json
    """
    from brewlite.evaluation import EvaluationConfig
    from brewlite.evaluation import evaluate as run
    from brewlite.evaluation.site import METHODS

    out: Path | None = said["out"]
    if out is not None and not out.parent.is_dir():
        raise BadSettings(f"--out {out}: there is no folder {out.parent}; make it first")
    with _opened(config, db, adapter, said) as site, progress_bars() as progress:
        asked = EvaluationConfig(
            split=said["split"],
            cases=said["cases"],
            seed=said["seed"],
            methods=tuple(name.strip() for name in said["methods"].split(",")) if said["methods"] else METHODS,
            use_model=not said["no_model"],
        )
        report = run(site, asked, progress)
    if said["as_json"]:
        print_json(report)
    else:
        _show(report)
    if out is not None:
        _write(report, out)


@contextmanager
def _opened(config: str | None, db: str | None, adapter: str | None, said: dict[str, Any]) -> Iterator[Recommender]:
    """The site, read with the number of candidates that is asked for."""
    from msgspec.structs import replace

    from brewlite.recommender import Recommender

    ranker = "none" if said["no_model"] else said["ranker"]
    with open_site(config, db, adapter, ranker=ranker) as site:
        count = said["candidates"]
        if count is None:
            yield site
            return
        if count < 1:
            raise BadSettings(f"--candidates is {count}: at least 1 is needed")
        narrowed = replace(site.config, retrieval=replace(site.config.retrieval, candidates=count))
        where = str(site_settings(config, db, adapter).db)
        with Recommender.open(where, site.adapter, ranker=ranker or "default", config=narrowed) as other:
            yield other


def _write(report: Evaluation, out: Path) -> None:
    import msgspec

    try:
        out.write_bytes(msgspec.json.format(msgspec.json.encode(report), indent=2))
    except OSError as error:
        raise BadSettings(f"--out {out}: {error.strerror or error}; choose a file that can be written") from error


def _show(report: Evaluation) -> None:
    mark = " · PARTIAL: interrupted" if report.partial else ""
    console.print(
        f"{report.cases} cases of {report.users} visitors after {report.cut:%Y-%m-%d %H:%M} UTC (split "
        f"{report.split:g}, seed {report.seed}); a median of {report.candidates:,.0f} candidates each{mark}"
    )
    console.print(_table(report, "all", "All visitors, in their natural mix"))
    for group in report.groups:
        if group.cases:
            title = f"{group.name} events before · cases: {group.cases} · visitors: {group.users}"
            console.print(_table(report, group.name, f"{title} · {group.share:.0%} of the natural mix"))
    for note in report.notes:
        console.print(f"note: {note}", highlight=False, markup=False)
    console.print("In words ('finds': the item chosen next stands among the first ten):")
    for sentence in report.verdict or ("brewlite was not among the methods.",):
        console.print(f"- {sentence}", highlight=False, markup=False)


def _table(report: Evaluation, group: str, title: str) -> Table:
    from rich.table import Table

    from brewlite.evaluation.metrics import METRICS

    table = Table(title=title, title_justify="left", caption="mean (95% interval)", caption_justify="left")
    table.add_column("")
    for metric in METRICS:
        table.add_column(metric.upper(), justify="right")
    best = {metric: max(rows[group][metric].value for rows in report.figures.values()) for metric in METRICS}
    for method, label in report.labels.items():
        row = report.figures[method][group]
        table.add_row(label, *(_cell(row[metric], row[metric].value == best[metric]) for metric in METRICS))
    return table


def _cell(estimate: Estimate, best: bool) -> str:
    value = f"[bold]{estimate.value:.3f}[/bold]" if best else f"{estimate.value:.3f}"
    return value if estimate.low is None else f"{value} [dim]({estimate.low:.3f}-{estimate.high:.3f})[/dim]"
