"""``brewlite bench train``: how fast training runs on this machine."""

from __future__ import annotations

import click

from brewlite.cli import options
from brewlite.cli.output import console, print_json, progress_console
from brewlite.weights import BASE


@click.command("train")
@click.option("--model", default=BASE, show_default=True, help="Base model: registry name or folder.")
@options.threads
@click.option("--seconds", default=45.0, show_default=True, help="Of each of the two ways.")
@click.option("--full", is_flag=True, help="Learn all weights instead of low-rank differences.")
@click.option("--json", "as_json", is_flag=True, help="Print one JSON object.")
def train_speed(model: str, threads: int | None, seconds: float, full: bool, as_json: bool) -> None:
    """Time training beside the obvious loop: one slate a call, dense mask, autocast (about 2 minutes).

    \b
    Example:
      brewlite bench train --seconds 30
    """
    import torch
    from msgspec import structs

    from brewlite.training.speed import TrainSpeedConfig, measure_training
    from brewlite.weights import locate

    if threads is not None:
        torch.set_num_threads(threads)
    with progress_console.status("timing both ways"):
        found = measure_training(model, locate(model), TrainSpeedConfig(seconds=seconds, full=full))
    if as_json:
        print_json({**structs.asdict(found), "ratio": found.ratio})
        return
    console.print(f"{found.model}, {found.threads} threads, tokens a second (forward, backward, optimizer):")
    console.print(f"  one slate a call, dense mask, autocast   {found.naive:8,.0f}")
    console.print(f"  packed, shared prefix, bfloat16          {found.packed:8,.0f}   {found.ratio:.1f} times")
