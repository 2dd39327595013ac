"""How fast a ranker is on this machine, beside the obvious ways to the same scores.

Prompts are random token ids: the time does not depend on what they say. Every repetition has a new prefix, so
that nothing is reused, except where reuse is what is timed.
"""

from __future__ import annotations

import platform
import statistics
import sys
import time
from collections.abc import Callable, Iterator, Sequence
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
from msgspec import UNSET, Struct, UnsetType

from brewlite.records import RankingPrompt

if TYPE_CHECKING:
    import torch

    from brewlite.ranker.torch_ranker import TorchRanker

ONE_AT_A_TIME_LIMIT = 20
"""Most candidates that are also scored in a pass each: it takes seconds already."""
DENSE_MASK_LIMIT = 100
"""Most candidates that are also scored under a dense mask: its cost grows with their square."""
GEMM_SIZE = 2048


class SpeedConfig(Struct, frozen=True, kw_only=True):
    """What is timed."""

    prefix_tokens: int = 400
    candidate_tokens: int = 24
    candidates: tuple[int, ...] = (20, 100, 500)
    repetitions: int = 5
    cell_seconds: float = 12.0
    """No new repetition of one way at one size is begun after this long."""


class WayTimes(Struct, frozen=True, kw_only=True, omit_defaults=True):
    """Median seconds for all candidates of one size."""

    shared_prefix: float
    kept_prefix: float
    """The same with the prefix kept from an earlier request."""
    dense_mask: float | UnsetType = UNSET
    one_at_a_time: float | UnsetType = UNSET


class SpeedReport(Struct, frozen=True, kw_only=True):
    """One run of the benchmark."""

    machine: str
    model: str
    device: str
    threads: int
    dtype: str
    prefix_tokens: int
    candidate_tokens: int
    tokens_per_s: float
    """Prefix and candidates, of a shared-prefix pass at its best size."""
    peak_fraction: float
    """Floating-point operations a second of that pass over ``gemm_gflops``."""
    peak_size: int
    """Candidates at that best size."""
    gemm_gflops: float
    """Median of a square matrix product of 2,048 in the same dtype, measured between the passes."""
    peak_rss_mb: dict[str, float]
    """Most memory the process held up to and with the shared-prefix passes of each size; empty where unknown."""
    candidates: dict[str, WayTimes]


def measure_speed(
    ranker: TorchRanker,
    rng: np.random.Generator,
    config: SpeedConfig | None = None,
    progress: Callable[[str], None] | None = None,
) -> SpeedReport:
    """Time shared-prefix scoring at each size, then the slow ways as far as they are bearable.

    Args:
        ranker: its cache is used, and left with the benchmark's prefixes.
        rng: makes the prompts.
        config: what is timed.
        progress: told what is timed next.
    """
    import torch

    from brewlite.ranker.reference import dense_mask, one_at_a_time

    config = config or SpeedConfig()
    tell = progress or _silent
    sizes = sorted(config.candidates)
    gemms: list[float] = []
    cold, kept, memory = {}, {}, {}
    ranker.score(_prompt(ranker, rng, config, sizes[0]))  # the first pass of all sets kernels up
    for size in sizes:
        tell(f"shared prefix, {size} candidates")
        gemms += _gemm_rates(ranker)
        prompts = [_prompt(ranker, rng, config, size) for _ in range(config.repetitions)]
        cold[size] = _median_seconds(ranker.score, prompts, config)
        ranker.score(prompts[0])
        kept[size] = _median_seconds(ranker.score, [prompts[0]] * config.repetitions, config)
        memory[size] = _peak_rss_mb()
    slow: dict[int, dict[str, float]] = {size: {} for size in sizes}
    for way, limit in ((dense_mask, DENSE_MASK_LIMIT), (one_at_a_time, ONE_AT_A_TIME_LIMIT)):
        for size in (size for size in sizes if size <= limit):
            tell(f"{way.__name__.replace('_', ' ')}, {size} candidates")
            prompts = [_prompt(ranker, rng, config, size) for _ in range(config.repetitions)]
            slow[size][way.__name__] = _median_seconds(partial(way, ranker), prompts, config)
    gemm = statistics.median(gemms)
    rates = {size: operations(ranker, config, size) / cold[size] / 1e9 for size in sizes}
    best = max(sizes, key=rates.__getitem__)
    return SpeedReport(
        machine=machine_name(),
        model=ranker.name,
        device=str(ranker.device),
        threads=torch.get_num_threads(),
        dtype=str(ranker.dtype).removeprefix("torch."),
        prefix_tokens=config.prefix_tokens,
        candidate_tokens=config.candidate_tokens,
        tokens_per_s=round((config.prefix_tokens + best * config.candidate_tokens) / cold[best], 1),
        peak_fraction=round(rates[best] / gemm, 3),
        peak_size=best,
        gemm_gflops=round(gemm, 1),
        peak_rss_mb={str(size): rss for size, rss in memory.items() if rss is not None},
        candidates={
            str(size): WayTimes(shared_prefix=cold[size], kept_prefix=kept[size], **slow[size]) for size in sizes
        },
    )


def operations(ranker: TorchRanker, config: SpeedConfig, size: int) -> float:
    """Floating-point operations that scoring ``size`` candidates needs: no padding, no repeated work.

    Two for each weight of the layers and token, the head for each candidate's last token, and attention: four for
    each number of a query and key it sees.
    """
    text = ranker.model.config.get_text_config()
    embedding = ranker.model.get_input_embeddings().weight
    layer_weights = sum(p.numel() for p in ranker.model.get_decoder().parameters()) - embedding.numel()
    prefix, own = config.prefix_tokens, config.candidate_tokens
    seen = prefix * (prefix + 1) / 2 + size * own * (prefix + (own + 1) / 2)  # pairs of query and key
    head_width = getattr(text, "head_dim", None) or text.hidden_size // text.num_attention_heads
    attention = 4 * seen * text.num_attention_heads * head_width * text.num_hidden_layers
    return float(2 * layer_weights * (prefix + size * own) + 2 * embedding.numel() * size + attention)


def _prompt(ranker: TorchRanker, rng: np.random.Generator, config: SpeedConfig, size: int) -> RankingPrompt:
    vocabulary = ranker.model.config.get_text_config().vocab_size
    lead = len(ranker.tokenizer.lead)
    ids = rng.integers(0, vocabulary, config.prefix_tokens - lead + size * config.candidate_tokens).tolist()
    prefix, rest = ids[: config.prefix_tokens - lead], ids[config.prefix_tokens - lead :]
    return RankingPrompt(prefix=tuple(prefix), candidates=tuple(_cut(rest, config.candidate_tokens)))


def _cut(ids: list[int], length: int) -> Iterator[tuple[int, ...]]:
    for start in range(0, len(ids), length):
        yield tuple(ids[start : start + length])


def _median_seconds(
    way: Callable[[RankingPrompt], object], prompts: Sequence[RankingPrompt], config: SpeedConfig
) -> float:
    begin = time.perf_counter()
    seconds: list[float] = []
    for prompt in prompts:
        start = time.perf_counter()
        if seconds and start - begin > config.cell_seconds:
            break
        way(prompt)
        seconds.append(time.perf_counter() - start)
    return round(statistics.median(seconds), 4)


def _gemm_rates(ranker: TorchRanker, repetitions: int = 5) -> list[float]:
    """GFLOP/s of a square matrix product in the ranker's dtype, on its device."""
    import torch

    left, right = torch.randn(2, GEMM_SIZE, GEMM_SIZE, device=ranker.device).to(ranker.dtype)
    rates = []
    for _ in range(repetitions + 1):
        start = time.perf_counter()
        left @ right
        _wait(ranker.device)
        rates.append(2 * GEMM_SIZE**3 / (time.perf_counter() - start) / 1e9)
    return rates[1:]


def _silent(_: str) -> None:
    """Nobody wants to know."""


def _wait(device: torch.device) -> None:
    import torch

    if device.type == "cuda":
        torch.cuda.synchronize(device)


def _peak_rss_mb() -> float | None:
    """The most memory this process has held so far, in MB (1e6 bytes); None where the system does not say."""
    if sys.platform == "win32":
        return None
    import resource

    unit = 1 if sys.platform == "darwin" else 1024
    return round(resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * unit / 1e6, 1)


def machine_name() -> str:
    """Processor and system, for people."""
    name = platform.processor() or platform.machine()
    info = Path("/proc/cpuinfo")
    if info.is_file():
        models = [line.partition(":")[2].strip() for line in info.read_text().splitlines() if "model name" in line]
        name = models[0] if models else name
    return f"{name}, {platform.system()} {platform.machine()}"
