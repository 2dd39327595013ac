"""``brewlite models fit``: teach a ranker by a recipe."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

import click

from brewlite.cli import options
from brewlite.cli.output import console, print_json, progress_bars, progress_console

if TYPE_CHECKING:
    from brewlite.training.fit import Look, StepFacts


@click.command("fit")
@click.option("--out", type=click.Path(path_type=Path), required=True, help="Folder of the checkpoint.")
@click.option("--data", type=click.Path(path_type=Path), help="Folder of the real sites.  [default: BREWLITE_DATA]")
@click.option("--name", help="What slates call the model.  [default: the folder's name]")
@click.option("--start", help="A checkpoint to go on from.  [default: the base model]")
@click.option("--steps", type=click.IntRange(1), help="Of the last phase.  [default: the recipe's]")
@options.threads
@click.option("--json", "as_json", is_flag=True, help="Print the run's figures as JSON.")
def fit(
    out: Path,
    data: Path | None,
    name: str | None,
    start: str | None,
    steps: int | None,
    threads: int | None,
    as_json: bool,
) -> None:
    """Teach the base model to rank, by brewlite's own recipe.

    Takes an hour or two on two cores. A run that was stopped goes on where it was when the same command is given
    again; its state and its report lie in the folder beside --out that ends with -run.

    \b
    Example:
      brewlite models fit --out my-ranker --data ../shared/data
      brewlite models fit --out better --start my-ranker --data ../shared/data
    """
    import torch

    from brewlite.training.shipping import fit_checkpoint

    if threads is not None:
        torch.set_num_threads(threads)
    with progress_bars() as told, _steps_shown() as tell:
        figures = fit_checkpoint(out, data, name or out.name, start, steps, told, tell)
    if as_json:
        print_json(figures)
        return
    console.print(f"Fitted in {figures['hours']:.2f} hours, {figures['tokens_a_second']:,.0f} tokens a second.")
    console.print(f"Validation NDCG@10 {figures['ndcg_before']:.3f} -> {figures['ndcg_after']:.3f}.")
    console.print(f"Checkpoint: {out}. Report: {figures['report']}.")


@contextmanager
def _steps_shown() -> Iterator[Callable[[str, StepFacts, Look | None, int], None]]:
    """A line that changes on a terminal, every tenth step elsewhere: loss, speed, time left, validation NDCG."""
    with progress_console.status("learning") as status:

        def tell(phase: str, facts: StepFacts, look: Look | None, steps: int) -> None:
            left = (steps - facts.step) * facts.seconds / 60
            words = (
                f"{phase} {facts.step}/{steps}  loss {facts.loss:.3f}  {facts.tokens / facts.seconds:,.0f} tokens/s  "
                f"{left:.0f} min left" + (f"  NDCG@10 {look.ndcg:.3f}" if look is not None else "")
            )
            status.update(words)
            if not progress_console.is_terminal and facts.step % 10 == 0:
                progress_console.print(words)

        yield tell
