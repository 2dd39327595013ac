"""``brewlite models weigh``: how much a checkpoint should count for beside the simple signals."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import click

from brewlite.cli import options
from brewlite.cli.output import console, print_json, progress_bars

if TYPE_CHECKING:
    from brewlite.training.weighing import Weighed


@click.command()
@click.argument("checkpoint")
@options.data
@click.option("--site", "only", multiple=True, metavar="NAME", help="Only this one of the recipe's sites. Repeatable.")
@options.cache
@click.option(
    "--cases",
    type=click.IntRange(1),
    default=100,
    show_default=True,
    help="Choices among like items, of each site, at most.",
)
@click.option(
    "--whole",
    type=click.IntRange(0),
    default=60,
    show_default=True,
    help="Choices from the whole catalog, of each site, at most.",
)
@click.option("--requests", type=click.IntRange(0), default=20, show_default=True, help="Of each site, at most.")
@click.option("--seed", type=int, default=0, show_default=True, help="Chooses the cases.")
@click.option("--json", "as_json", is_flag=True, help="Print what was learned as one JSON document.")
def weigh(
    checkpoint: str,
    data: Path | None,
    only: tuple[str, ...],
    cache: Path | None,
    cases: int,
    whole: int,
    requests: int,
    seed: int,
    as_json: bool,
) -> None:
    """Learn how much CHECKPOINT should count for beside the simple signals, and write it into its manifest.

    It is asked about choices in the validation part of the logs, among like items and from the whole catalog, and
    about requests; once beside signals that have learned from the site's log, once beside the shipped weights. What
    it adds is told by cross-validation: each fifth of the visitors is judged by weights of the other four.

    \b
    Example:
      brewlite models weigh my-ranker --data ../shared/data
    """
    from brewlite.evaluation.suite.datasets import bench_cache, find_data
    from brewlite.training.recipe import SHIPPED, opened
    from brewlite.training.weighing import WeighingConfig, own_checkpoint, weigh_checkpoint

    own_checkpoint(checkpoint)  # sites may take long to open
    folder, cache = find_data(data), cache or bench_cache()
    names = only or [share.site for share in SHIPPED.sites]
    config = WeighingConfig(cases=cases, whole=whole, requests=requests, seed=seed)
    with progress_bars() as progress:
        sites = [opened(name, folder, cache) for name in names]
        try:
            found = weigh_checkpoint(checkpoint, sites, cache / "scores", config, progress)
        finally:
            for site in sites:
                site.recommender.close()
    if as_json:
        print_json(found)
        return
    _show(found)
    click.echo(f"wrote {checkpoint}", err=True)


def _show(found: Weighed) -> None:
    from rich.table import Table

    both = (found.learned, found.unlearned)
    table = Table("site", "adds (NDCG@10)", "adds without a log", title="What the model adds", title_justify="left")
    for name in found.learned.by_site:
        table.add_row(name, *(one.by_site[name].words(signed=True) for one in both))
    table.add_row("each counting alike", *(one.adds.words(signed=True) for one in both), end_section=True)
    for kind in found.learned.by_kind:
        table.add_row(kind, *(one.by_kind[kind].words(signed=True) for one in both))
    console.print(table)
    for where, one in zip(("", "Without a log: "), both, strict=True):
        weights = one.weights
        console.print(
            f"{where}its log-odds count {weights.base:.2f} times, {weights.asked:+.2f} where something was asked for, "
            f"{weights.alike:+.2f} in a list of like items ({one.cases} cases)."
        )
