"""``brewlite models prune`` and ``distil``: a smaller ranker from a larger one."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeVar

import click
from rich.table import Table

from brewlite.cli import options
from brewlite.cli.output import Told, console, print_json, progress_bars, progress_console
from brewlite.weights import DEFAULT_RANKER

if TYPE_CHECKING:
    from brewlite.evaluation.suite.site import BenchSite
    from brewlite.training.distil_report import DistilReport
    from brewlite.training.smaller import PruneReport

Command = TypeVar("Command", bound=Callable[..., Any])

_SITES = (
    click.option(
        "--site",
        "names",
        multiple=True,
        help="A data set, or the database of your own site (site.db). Repeatable.  [default: those marked trained]",
    ),
    options.data,
    click.option("--cache", type=click.Path(path_type=Path), help="For imported sites and teachers' scores."),
    click.option("--encoder", default="default", show_default=True, help="Sentence encoder of the sites, or none."),
)
_SHARED = (
    click.option(
        "--neurons",
        type=click.FloatRange(0, 1, min_open=True),
        default=1.0,
        show_default=True,
        help="Share of each layer's neurons kept.",
    ),
    click.option("--heads", type=click.IntRange(1), help="Key/value groups kept in each layer.  [default: all]"),
    click.option("--grain", type=click.IntRange(1), default=64, show_default=True, help="Neurons go in such blocks."),
    click.option(
        "--by",
        type=click.Choice(["influence", "harm"]),
        default="influence",
        show_default=True,
        help="Layers by how little they change the stream, or by what the ranking loses without each.",
    ),
    click.option(
        "--prompts", type=click.IntRange(1), default=48, show_default=True, help="Real prompts that are measured on."
    ),
    options.threads,
    click.option("--seed", type=click.IntRange(0), default=1, show_default=True, help="Draws the lists."),
    click.option("--json", "as_json", is_flag=True, help="Print the report as one JSON document."),
)


def site_options(command: Command) -> Command:
    """Which sites are read, and where what is made of them is kept."""
    for option in reversed(_SITES):
        command = option(command)
    return command


def _shared(command: Command) -> Command:
    for option in reversed(_SHARED):
        command = option(command)
    return site_options(command)


@click.command()
@click.argument("model", default=DEFAULT_RANKER)
@click.option("--out", type=click.Path(path_type=Path), required=True, help="Folder of the new checkpoint.")
@click.option("--layers", type=click.IntRange(1), help="Layers that are kept.  [default: all]")
@_shared
def prune(model: str, out: Path, layers: int | None, as_json: bool, **said: Any) -> None:
    """Drop the layers, heads and neurons of MODEL that do least on real prompts; nothing is learned.

    What is left is truly smaller and faster, and ranks worse until it is healed: `brewlite models distil` does both.

    \b
    Example:
      brewlite models prune brewlite-135m --layers 24 --neurons 0.8 --out brewlite-24
    """
    from brewlite.training.experiment.student import given
    from brewlite.training.lists import ListConfig
    from brewlite.training.prune import Target
    from brewlite.training.shrinking import ShrinkConfig, base_of
    from brewlite.training.smaller import prune_model

    use_threads(said["threads"])
    with opened_sites(said) as (sites, told):
        if layers is None:
            origin = given(model)
            layers = len(base_of(origin.load, origin.shape)[0].get_decoder().layers)
        target = Target(layers=layers, neurons=said["neurons"], heads=said["heads"])
        each = -(-said["prompts"] // len(sites))
        lists = ListConfig(chosen=each, stated=0, served=each, seed=said["seed"])
        config = ShrinkConfig(measured=said["prompts"], by=said["by"], grain=said["grain"])
        report = prune_model(model, out, target, sites, lists, config, told)
    if as_json:
        print_json(report)
    else:
        _show_pruned(report)


@click.command()
@click.argument("model", default=DEFAULT_RANKER)
@click.option("--out", type=click.Path(path_type=Path), required=True, help="For the report, and a checkpoint a way.")
@click.option(
    "--teacher",
    "teachers",
    multiple=True,
    help="A model, a checkpoint, or similarity (the sentence encoder); NAME=WEIGHT to weigh several.  [default: MODEL]",
)
@click.option("--layers", default="24,18,12", show_default=True, help="Layers after each step.")
@click.option(
    "--way",
    "ways",
    multiple=True,
    type=click.Choice(["steps", "jump", "direct"]),
    help="Step by step, in one jump, or from labels alone. Repeatable.  [default: all three]",
)
@click.option("--tokens", type=click.IntRange(1), default=3_000_000, show_default=True, help="That each way reads.")
@click.option("--step-tokens", type=click.IntRange(1), default=6000, show_default=True, help="Of one learning step.")
@click.option("--rank", type=click.IntRange(1), default=32, show_default=True, help="Of the differences that heal.")
@click.option("--rate", type=float, default=6e-4, show_default=True, help="Learning rate.")
@click.option(
    "--alpha", type=click.FloatRange(0, 1), default=0.7, show_default=True, help="Teacher's part beside labels."
)
@click.option("--temperature", type=float, default=1.0, show_default=True, help="Of the teacher's distribution.")
@click.option("--chosen", type=click.IntRange(0), default=250, show_default=True, help="Labelled lists of each site.")
@click.option("--stated", type=click.IntRange(0), default=100, show_default=True, help="Requests of each site.")
@click.option("--served", type=click.IntRange(0), default=200, show_default=True, help="Unlabelled lists of each site.")
@click.option("--cases", type=click.IntRange(1), default=60, show_default=True, help="Validation cases of each site.")
@_shared
def distil(model: str, out: Path, teachers: tuple[str, ...], ways: tuple[Any, ...], as_json: bool, **said: Any) -> None:
    """Make MODEL smaller and heal it: step by step, in one jump, and, to compare, from labels alone.

    All ways read as many tokens. Writes a table of validation NDCG@10, time and size, and each way's checkpoint. A run
    that was stopped goes on where it was when the same command is given again.

    \b
    Example:
      brewlite models distil brewlite-135m --layers 24,18,12 --neurons 0.67 --out out/distil
      brewlite models distil brewlite-135m --teacher brewlite-135m --teacher similarity=0.5 --way steps --out out/two
    """
    from brewlite.training.distil import WAYS
    from brewlite.training.fit import FitConfig
    from brewlite.training.lists import ListConfig
    from brewlite.training.prune import Schedule
    from brewlite.training.shrinking import ShrinkConfig
    from brewlite.training.smaller import distil_model

    use_threads(said["threads"])
    schedule = Schedule.even(_numbers(said["layers"]), said["neurons"], said["heads"])
    lists = ListConfig(chosen=said["chosen"], stated=said["stated"], served=said["served"], seed=said["seed"])
    fit = FitConfig(
        step_tokens=said["step_tokens"],
        learning_rate=said["rate"],
        teacher=said["alpha"],
        temperature=said["temperature"],
        seed=said["seed"],
    )
    config = ShrinkConfig(
        tokens=said["tokens"], fit=fit, rank=said["rank"], measured=said["prompts"], by=said["by"], grain=said["grain"]
    )
    asked = [_weighed(teacher) for teacher in teachers]
    with opened_sites(said) as (sites, told):
        report = distil_model(
            model, asked, schedule, sites, lists, said["cases"], config, out, ways or tuple(WAYS), said["cache"], told
        )
    progress_console.print(f"wrote {out / 'report.md'}")
    if as_json:
        print_json(report)
    else:
        _show_distilled(report)


@contextmanager
def opened_sites(said: dict[str, Any]) -> Iterator[tuple[Sequence[BenchSite], Told]]:
    """The sites that were named, opened, and a bar for what takes long."""
    from brewlite.evaluation.suite.datasets import bench_cache
    from brewlite.training.experiment.sites import OpenSites
    from brewlite.training.smaller import TRAINED

    with progress_bars() as shown:
        told = _spoken(shown)
        opened = OpenSites(said["data"], said["cache"] or bench_cache(), said["encoder"], told)
        try:
            yield [opened.site(name) for name in said["names"] or TRAINED], told
        finally:
            opened.close()


def _spoken(shown: Told) -> Told:
    """The bar; where that is no terminal, a line now and then, so that a log says how far a long run is."""

    def told(name: str, done: int, total: int, note: str = "") -> None:
        shown(name, done, total, note)
        if not progress_console.is_terminal and (done == total or done % 20 == 0):
            progress_console.print(f"{name}: {done} of {total}")

    return told


def _numbers(text: str) -> list[int]:
    from brewlite.errors import BadSettings

    try:
        return [int(part) for part in text.split(",")]
    except ValueError:
        raise BadSettings(f"--layers is {text!r}: give whole numbers, as in 24,18,12") from None


def _weighed(text: str) -> tuple[str, float]:
    """``NAME`` or ``NAME=WEIGHT``."""
    from brewlite.errors import BadSettings

    name, _, weight = text.partition("=")
    try:
        return name, float(weight or 1)
    except ValueError:
        raise BadSettings(f"--teacher is {text!r}: give NAME or NAME=WEIGHT, as in similarity=0.5") from None


def use_threads(threads: int | None) -> None:
    """Let torch use so many CPU threads; None: as many as it likes."""
    if threads is not None:
        import torch

        torch.set_num_threads(threads)


def _show_pruned(report: PruneReport) -> None:
    shown = Table("layer", report.by, "")
    for facts in report.layers:
        shown.add_row(str(facts.layer), f"{facts.importance:.4f}", "kept" if facts.kept else "dropped")
    console.print(shown)
    before, after = report.before, report.after
    console.print(
        f"{before.layers} -> {after.layers} layers, {_mean(before.neurons):.0f} -> {_mean(after.neurons):.0f} neurons "
        f"and {_mean(before.heads):g} -> {_mean(after.heads):g} key/value groups each; "
        f"{report.parameters_before / 1e6:.1f} -> {report.parameters / 1e6:.1f} million parameters; "
        f"measured on {report.prompts} prompts"
    )
    console.print(f"Checkpoint: {report.checkpoint}. It has not healed yet: see `brewlite models distil`.")


def _show_distilled(report: DistilReport) -> None:
    from brewlite.training.distil_report import COLUMNS, cells

    shown = Table(*COLUMNS)
    for row in report.rows:
        shown.add_row(*cells(row))
    console.print(shown)
    for pair in report.differences:
        console.print(f"{pair.way} less {pair.other}: {pair.ndcg.words(signed=True)}")


def _mean(values: Sequence[int]) -> float:
    return sum(values) / len(values)
