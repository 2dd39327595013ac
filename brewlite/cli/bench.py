"""``brewlite bench``: how fast the model is on this machine, and how well it ranks."""

from __future__ import annotations

from typing import TYPE_CHECKING

import click
from rich.table import Table

from brewlite.cli import options
from brewlite.cli.compare import compare
from brewlite.cli.output import console, print_json, progress_console
from brewlite.cli.quality import quality
from brewlite.cli.sites import sites
from brewlite.cli.study import study
from brewlite.cli.train_speed import train_speed
from brewlite.weights import DEFAULT_RANKER

if TYPE_CHECKING:
    from brewlite.evaluation.speed import SpeedReport, WayTimes


@click.group()
def bench() -> None:
    """Measure how fast brewlite is on this machine, and how well it ranks.

    \b
    Example:
      brewlite bench speed
      brewlite bench quality --suite quick --report out/
      brewlite bench sites --cases 60 --out out/
      brewlite bench compare before/report.json out/report.json
      brewlite bench train
    """


for command in (quality, sites, compare, study, train_speed):
    bench.add_command(command)


@bench.command()
@click.option("--model", default=DEFAULT_RANKER, show_default=True, help="Registry name, folder or pulled hub id.")
@click.option("--device", default="auto", show_default=True, help="auto, cpu or cuda.")
@click.option("--dtype", default="auto", show_default=True, help="auto, float32, bfloat16 or float16.")
@options.threads
@click.option("--prefix-tokens", type=click.IntRange(1), default=400, show_default=True)
@click.option("--candidate-tokens", type=click.IntRange(1), default=24, show_default=True)
@click.option(
    "--candidates", type=click.IntRange(1), multiple=True, default=(20, 100, 500), show_default=True, help="Sizes."
)
@click.option("--seed", default=0, show_default=True, help="Of the random prompts.")
@click.option("--json", "as_json", is_flag=True, help="Print one JSON object.")
def speed(
    model: str,
    device: str,
    dtype: str,
    threads: int | None,
    prefix_tokens: int,
    candidate_tokens: int,
    candidates: tuple[int, ...],
    seed: int,
    as_json: bool,
) -> None:
    """Time scoring of 20, 100 and 500 candidates behind one prefix, beside the slow ways (under 5 minutes).

    One at a time is timed up to 20 candidates, a dense mask up to 100. Seconds are medians.

    \b
    Example:
      brewlite bench speed --json
    """
    import numpy as np

    from brewlite.evaluation.speed import SpeedConfig, measure_speed
    from brewlite.ranker.torch_ranker import TorchRanker

    config = SpeedConfig(prefix_tokens=prefix_tokens, candidate_tokens=candidate_tokens, candidates=candidates)
    with progress_console.status("loading the model") as status:
        ranker = TorchRanker.load(model, device=device, dtype=dtype, threads=threads)
        report = measure_speed(ranker, np.random.default_rng(seed), config, status.update)
    if as_json:
        print_json(report)
    else:
        _print(report)


def _print(report: SpeedReport) -> None:
    console.print(f"{report.model} in {report.dtype} on {report.machine}, {report.threads} threads")
    table = Table("candidates", "shared prefix", "prefix kept", "dense mask", "one at a time", "peak memory")
    for size, times in report.candidates.items():
        memory = report.peak_rss_mb.get(size)
        table.add_row(size, *_cells(times), f"{memory:,.0f} MB" if memory else "")
    console.print(table)
    console.print(
        f"{report.tokens_per_s:,.0f} tokens/s and {report.peak_fraction:.0%} of a matrix product's "
        f"{report.gemm_gflops:,.0f} GFLOP/s, at {report.peak_size} candidates"
    )


def _cells(times: WayTimes) -> list[str]:
    ways = (times.shared_prefix, times.kept_prefix, times.dense_mask, times.one_at_a_time)
    return [f"{seconds:.3f} s" if isinstance(seconds, float) else "" for seconds in ways]
