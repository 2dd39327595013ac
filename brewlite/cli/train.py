"""``brewlite train``: the site's own ranker, learned from its own log."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from brewlite.cli.output import console, print_json, progress_bars, progress_console
from brewlite.cli.site import open_site, site_options
from brewlite.errors import BadRecord, BadSettings

if TYPE_CHECKING:
    from rich.console import Console

    from brewlite.blend import LearnedBlend
    from brewlite.training.versions import Version, Versions


@click.command()
@site_options
@click.option(
    "--minutes", type=click.FloatRange(0, 10_000, min_open=True), default=20.0, show_default=True, help="For it all."
)
@click.option("--steps", type=click.IntRange(1), help="Of learning.  [default: as many as the minutes allow]")
@click.option("--examples", type=click.IntRange(20), default=1500, show_default=True, help="Learned from, at most.")
@click.option("--cases", type=click.IntRange(30), default=200, show_default=True, help="That decide, at most.")
@click.option(
    "--seed", type=click.IntRange(0), default=0, show_default=True, help="Chooses the examples and the cases."
)
@click.option(
    "--models-dir",
    type=click.Path(file_okay=False, path_type=Path),
    help="Where versions are kept.  [default: beside the database, in site.db.models]",
)
@click.option("--rollback", is_flag=True, help="Use again the ranker that was used before; nothing is learned.")
@click.option("--list", "only_list", is_flag=True, help="Print what was learned so far; nothing is learned.")
@click.option("--json", "as_json", is_flag=True, help="Print JSON.")
def train(config: str | None, db: str | None, adapter: str | None, **said: Any) -> None:
    """Learn from the site's own log, and use what was learned only if it ranks better.

    The last fifth of the log decides: the ranker in use and the new one are asked what visitors chose then. Every
    version is kept. A run that was stopped goes on where it was when the same command is given again. The blend's
    weights are learned anew as well, and used at once where they explain choices better.

    \b
    Example:
      brewlite train --db site.db
      brewlite train --db site.db --minutes 60
      brewlite train --db site.db --rollback
    """
    from brewlite.training.versions import Versions

    if said["rollback"] and said["only_list"]:
        raise BadSettings("--rollback and --list are two commands: give one of them")
    with open_site(config, db, adapter, ranker="none") as site:
        versions = Versions(site.store, said["models_dir"])
        if said["rollback"]:
            _roll_back(versions, said["as_json"])
        elif said["only_list"]:
            _list(versions, said["as_json"])
        else:
            _learn(site, versions, said)


def _learn(site: Any, versions: Versions, said: dict[str, Any]) -> None:
    from msgspec import structs

    from brewlite.recommender.learning import learn_and_keep
    from brewlite.training.own_site import learn
    from brewlite.training.plan import OwnSiteConfig

    config = OwnSiteConfig(**{name: said[name] for name in ("minutes", "steps", "examples", "cases", "seed")})
    try:
        with progress_bars(lines="learning") as progress:
            version = learn(site, config, said["models_dir"], progress)
    except BadRecord:  # too short a log for a ranker; the blend needs less
        _tell(learn_and_keep(site, said["seed"]), progress_console)
        raise
    blend = learn_and_keep(site, said["seed"])
    if said["as_json"]:
        learned = {"choices": blend.cases, "visitors": blend.visitors} if blend is not None else None
        print_json({**structs.asdict(version), "blend": learned})
        return
    console.print(f"version {version.number}: {version.verdict}", highlight=False, markup=False, soft_wrap=True)
    console.print(
        f"learned from {version.examples} choices before {version.cut:%Y-%m-%d %H:%M} UTC in {version.steps} steps "
        f"(loss {version.losses[0]:.3f} to {version.losses[1]:.3f}), {version.seconds / 60:.1f} minutes",
        highlight=False,
    )
    if version.share is not None:
        console.print(version.share.words(), highlight=False, markup=False, soft_wrap=True)
    _tell(blend, console)
    for note in version.notes:
        console.print(f"note: {note}", highlight=False, markup=False)
    if version.promoted:
        console.print("A service that is running takes it up when it is started again. Back: brewlite train --rollback")


def _tell(blend: LearnedBlend | None, where: Console) -> None:
    """Say that ``blend`` is used, where one was learned."""
    if blend is not None:
        where.print(
            f"blend learned from {blend.cases:,} choices of {blend.visitors:,} visitors: it is used from now on, "
            f"whichever ranker is",
            highlight=False,
            soft_wrap=True,
        )


def _roll_back(versions: Versions, as_json: bool) -> None:
    before = versions.rollback()
    if as_json:
        print_json({"in_use": before or None})
    else:
        console.print(f"in use again: {f'version {before}' if before else 'the shipped ranker'}", highlight=False)


def _list(versions: Versions, as_json: bool) -> None:
    from msgspec import structs

    found = versions.all()
    if as_json:
        print_json([{**structs.asdict(version), "in_use": versions.in_use(version)} for version in found])
        return
    from rich.table import Table

    table = Table("version", "made", "old", "new", "at least", "cases", "steps", box=None, header_style="dim")
    table.add_column("what became of it", no_wrap=True)
    for version in found:
        table.add_row(*_row(version, versions.in_use(version)))
    console.print(table)
    console.print("old, new: NDCG@10 of the ranker then in use and of the new one; at least: its gain, beyond doubt")
    if not versions.pointer:
        console.print("in use: the shipped ranker")


def _row(version: Version, in_use: bool) -> tuple[str, ...]:
    """One line of the list; figures are NDCG@10."""
    found = version.comparison
    least = "-" if found.least_gain is None else f"{found.least_gain:+.3f}"
    became = "in use" if in_use else "was used" if version.promoted else "not better"
    return (
        version.name, f"{version.created:%Y-%m-%d %H:%M}", f"{found.old:.3f}", f"{found.new:.3f}", least,
        str(found.cases), str(version.steps), became,
    )  # fmt: skip
