"""How fast a ranker is on this machine, beside the obvious ways to the same scores.

Prompts are random token ids: the time does not depend on what they say. Every round has a new prefix, so that
nothing is reused, except where reuse is what is timed.
"""

from __future__ import annotations

import platform
import statistics
import sys
import time
from collections.abc import Callable, Iterator
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
    size_seconds: float = 40.0
    """No new round of the ways at one size is begun after this long."""


class WayTimes(Struct, frozen=True, kw_only=True, omit_defaults=True):
    """Median seconds for all candidates of one size."""

    shared_prefix: float
    kept_prefix: float
    """The same with the prefix kept from an earlier request."""
    dense_mask: float | UnsetType = UNSET
    one_at_a_time: float | UnsetType = UNSET


class Rounds(Struct, frozen=True, kw_only=True):
    """What the rounds at one size measured."""

    seconds: dict[str, list[float]]
    """By way, one of each round."""
    gemms: list[float]
    """GFLOP/s of the matrix product, by round."""

    def medians(self) -> WayTimes:
        """The median of each way."""
        return WayTimes(**{way: round(statistics.median(times), 4) for way, times in self.seconds.items()})


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
    """Median of a square matrix product of 2,048 in the same dtype, measured in each round."""
    peak_rss_mb: dict[str, float]
    """Most memory the process held up to and with a shared-prefix pass of each size; empty where unknown."""
    candidates: dict[str, WayTimes]


def measure_speed(
    ranker: TorchRanker,
    rng: np.random.Generator,
    config: SpeedConfig | None = None,
    progress: Callable[[str], None] | None = None,
) -> SpeedReport:
    """Time the ways to score, in rounds of one pass of each: what else the machine does meanwhile falls on them all.

    Args:
        ranker: its cache is used, and left with the benchmark's prefixes.
        rng: makes the prompts.
        config: what is timed.
        progress: told what is timed next.
    """
    import torch

    config = config or SpeedConfig()
    tell = progress or _silent
    sizes = sorted(config.candidates)
    memory = {}
    for size in sizes:  # before the slow ways, whose memory is not in question; it sets kernels up as well
        tell(f"memory, {size} candidates")
        ranker.score(_prompt(ranker, rng, config, size))
        memory[size] = _peak_rss_mb()
    rounds = {}
    for size in sizes:
        tell(f"{size} candidates")
        rounds[size] = _rounds(ranker, rng, config, size)
    gemm = statistics.median(rate for found in rounds.values() for rate in found.gemms)
    times = {size: found.medians() for size, found in rounds.items()}
    rates = {size: operations(ranker, config, size) / times[size].shared_prefix / 1e9 for size in sizes}
    best = max(sizes, key=rates.__getitem__)
    return SpeedReport(
        machine=machine_name(),
        model=ranker.name,
        device=str(ranker.device),
        threads=torch.get_num_threads(),
        dtype=str(ranker.dtype).removeprefix("torch."),
        prefix_tokens=config.prefix_tokens,
        candidate_tokens=config.candidate_tokens,
        tokens_per_s=round((config.prefix_tokens + best * config.candidate_tokens) / times[best].shared_prefix, 1),
        peak_fraction=round(rates[best] / gemm, 3),
        peak_size=best,
        gemm_gflops=round(gemm, 1),
        peak_rss_mb={str(size): rss for size, rss in memory.items() if rss is not None},
        candidates={str(size): found for size, found in times.items()},
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


def _rounds(ranker: TorchRanker, rng: np.random.Generator, config: SpeedConfig, size: int) -> Rounds:
    from brewlite.ranker.reference import dense_mask, one_at_a_time

    ways: dict[str, Callable[[RankingPrompt], object]] = {
        "shared_prefix": ranker.score,
        "kept_prefix": ranker.score,  # the same prompt again: its prefix is in the cache
    }
    if size <= DENSE_MASK_LIMIT:
        ways["dense_mask"] = partial(dense_mask, ranker)
    if size <= ONE_AT_A_TIME_LIMIT:
        ways["one_at_a_time"] = partial(one_at_a_time, ranker)
    seconds: dict[str, list[float]] = {way: [] for way in ways}
    gemms: list[float] = []
    begin = time.perf_counter()
    for _ in range(config.repetitions):
        prompt = _prompt(ranker, rng, config, size)
        for way, score in ways.items():
            start = time.perf_counter()
            score(prompt)
            seconds[way].append(time.perf_counter() - start)
        gemms.append(_gemm_rate(ranker))
        if time.perf_counter() - begin > config.size_seconds:
            break
    return Rounds(seconds=seconds, gemms=gemms)


def _gemm_rate(ranker: TorchRanker, repetitions: int = 5) -> float:
    """Median GFLOP/s of a square matrix product in the ranker's dtype, on its device."""
    import torch

    left, right = torch.randn(2, GEMM_SIZE, GEMM_SIZE, device=ranker.device).to(ranker.dtype)
    rates = []
    for _ in range(repetitions + 1):
        start = time.perf_counter()
        left @ right
        _wait(ranker.device)
        rates.append(2 * GEMM_SIZE**3 / (time.perf_counter() - start) / 1e9)
    return statistics.median(rates[1:])


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
