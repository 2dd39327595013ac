"""``brewlite models teachers``: what teachers are worth, before anything is learned from them."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from brewlite.cli import options
from brewlite.cli.output import console, print_json
from brewlite.cli.smaller import opened_sites, site_options, use_threads
from brewlite.weights import BASE, DEFAULT_RANKER

if TYPE_CHECKING:
    from brewlite.training.judged_teachers import TeacherReport


@click.command()
@click.argument("asked", nargs=-1, metavar="TEACHER...")
@site_options
@click.option("--cases", type=click.IntRange(1), default=60, show_default=True, help="Validation cases of each site.")
@options.threads
@options.seed
@click.option("--json", "as_json", is_flag=True, help="Print the report as one JSON document.")
def teachers(asked: tuple[str, ...], as_json: bool, **said: Any) -> None:
    """Judge TEACHERs, each alone and all averages of them, by what visitors chose next.

    A teacher is a model, a checkpoint of any architecture, or `similarity`, the sentence encoder: as `--teacher` of
    `brewlite models distil`. Without names the encoder and the ranker that ships are judged. What models say is kept.

    \b
    Example:
      brewlite models teachers similarity brewlite-135m
      brewlite models teachers similarity brewlite-135m ./another-fitted-model --cases 40
    """
    from brewlite.evaluation.suite.datasets import bench_cache
    from brewlite.training.experiment.student import tokens_of
    from brewlite.training.judged_teachers import judge_teachers
    from brewlite.training.smaller import SIMILARITY

    use_threads(said["threads"])
    cache: Path = said["cache"] or bench_cache()
    named = asked or (SIMILARITY, DEFAULT_RANKER)
    with opened_sites(said) as (sites, told):
        report = judge_teachers(named, sites, tokens_of(BASE), said["cases"], cache, said["seed"], told)
    if as_json:
        print_json(report)
    else:
        _show(report)


def _show(report: TeacherReport) -> None:
    from rich.table import Table

    shown = Table("teachers", "NDCG@10", *report.sites)
    for column in shown.columns[1:]:
        column.justify = "right"
    for group in report.groups:
        shown.add_row(
            " + ".join(group.teachers), group.ndcg.words(), *(f"{group.by_site[site]:.3f}" for site in report.sites)
        )
    console.print(shown)
    for share in report.shares:
        console.print(
            f"{share.teacher} adds {share.adds.words(signed=True)} to the average of the others.",
            highlight=False,
            markup=False,
        )
    console.print(
        f"{report.cases} choices of the logs' validation parts; 95% intervals over visitors.", highlight=False
    )
