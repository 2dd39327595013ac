"""``brewlite models quantize``: fewer bits a weight, behind a gate."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from brewlite.cli import options
from brewlite.cli.output import console, print_json, progress_bars
from brewlite.errors import BadSettings

if TYPE_CHECKING:
    from brewlite.evaluation.suite.site import BenchSite
    from brewlite.training.quantize import GateReport


@click.command()
@click.argument("name")
@click.option("--kind", type=click.Choice(["int8", "nf4"]), default="int8", show_default=True)
@click.option(
    "--out", type=click.Path(file_okay=False, path_type=Path), required=True, help="Folder for the checkpoint."
)
@click.option("--db", help="Judge on this site's own log.  [default: the data sets in --data]")
@options.data
@click.option("--site", "only", multiple=True, metavar="NAME", help="Only this data set. Repeatable.")
@options.cache
@click.option("--cases", type=click.IntRange(1), default=100, show_default=True, help="Of each site, at most.")
@options.seed
@click.option("--json", "as_json", is_flag=True, help="Print the gate's report as one JSON document.")
def quantize(name: str, kind: Any, out: Path, as_json: bool, **said: Any) -> None:
    """Quantize the model or checkpoint NAME, and save it only if it ranks as well.

    Both are asked about choices in the validation part of the logs. When NDCG@10 falls by more than 0.5%, nothing is
    saved, a table shows where it falls, and the exit code is 2.

    \b
    Example:
      brewlite models quantize brewlite-135m --kind int8 --out models/brewlite-135m-int8
      brewlite models quantize brewlite-135m --kind nf4 --out models/small --db site.db
    """
    from brewlite.evaluation.suite.datasets import bench_cache
    from brewlite.training.quantize import GateConfig, quantize_model

    if said["db"] and (said["only"] or said["data"]):
        raise BadSettings("--db judges on that site alone, --site and --data on data sets: give one or the other")
    cache = said["cache"] or bench_cache()
    config = GateConfig(cases=said["cases"], seed=said["seed"])
    with progress_bars() as progress:
        sites = _sites(said, cache, progress)
        try:
            report = quantize_model(name, kind, out, sites, config, cache / "scores", progress)
        finally:
            for site in sites:
                site.recommender.close()
    if as_json:
        print_json(report)
    else:
        _show(report)
    if not report.passed:
        click.echo(f"brewlite: not saved: {report.why}", err=True)
        sys.exit(2)
    click.echo(f"wrote {out}", err=True)


def _sites(said: dict[str, Any], cache: Path, progress: Any) -> list[BenchSite]:
    """The site of --db, or the data sets that are there and have a log."""
    from brewlite.evaluation.suite.datasets import DATA, find_data, open_site
    from brewlite.training.experiment.sites import own_site

    if said["db"]:
        return [own_site(said["db"])]
    data = find_data(said["data"])
    names = said["only"] or [
        each.name for each in DATA if each.events is not None and (data / each.name / each.items).is_file()
    ]
    return [open_site(name, data, cache, progress=progress) for name in names]


def _show(report: GateReport) -> None:
    from rich.table import Table

    table = Table(title=f"{report.model}, {report.kind}: NDCG@10 of the model by itself", title_justify="left")
    table.add_column("site", overflow="fold")
    for head in ("cases", "before", "after", "change", "blend\nbefore,\nafter", "agree-\nment", "same\nfirst"):
        table.add_column(head, justify="right", no_wrap=True)
    for row in (*report.sites, report.over_all):
        table.add_row(
            row.site,
            str(row.cases),
            f"{row.before.value:.4f}",
            f"{row.after.value:.4f}",
            f"{row.relative:+.2%}",
            f"{row.blend_before:.4f}\n{row.blend_after:.4f}",
            f"{row.agreement:.3f}",
            f"{row.same_first:.0%}",
        )
    console.print(table)
    if report.worst:
        worst = Table(title="where most is lost", title_justify="left")
        for head in ("site", "chosen", "place before", "after", "NDCG@10 before", "after"):
            worst.add_column(head, justify="left" if head in ("site", "chosen") else "right")
        for case in report.worst:
            ranks = (str(case.rank_before), str(case.rank_after))
            worst.add_row(case.site, case.chosen[:60], *ranks, f"{case.before:.3f}", f"{case.after:.3f}")
        console.print(worst)
    change = report.over_all.change
    if change.low is not None:
        console.print(f"change of NDCG@10 over all sites, 95% interval: {change.low:+.4f} to {change.high:+.4f}")
    console.print(report.why, highlight=False, markup=False)
