"""What a request costs: seconds and tokens, for lists of 20, 60 and 100 candidates.

Everything is measured anew in every run (``fresh``): a score that was kept says nothing about time. The model alone is
not asked: it would read the same prompts once more.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from brewlite.evaluation.log import Floats
from brewlite.evaluation.suite.case import Case
from brewlite.evaluation.suite.metric import Asked, MeanMetric, Metric, PooledMetric
from brewlite.evaluation.suite.preference import matched_cases
from brewlite.evaluation.suite.site import BenchSite
from brewlite.evaluation.suite.task import Maker, SuiteTask

SITES = ("airbnb_barossa",)
"""The longest texts: an upper bound for the others."""
QUICK = {20: 3, 60: 2, 100: 2}
"""Number of candidates -> cases in the quick suite."""


def sized(task: SuiteTask, site: BenchSite, count: int, rng: np.random.Generator) -> Sequence[Case]:
    """Next-item cases with lists of as many ``candidates``."""
    return matched_cases(site, count, candidates=int(task.options["candidates"]))


def seconds(asked: Asked) -> Floats | None:
    """(1,) of this request; None where it was not measured."""
    answer = asked.answer
    return np.array([answer.seconds]) if answer.seconds > 0 and not answer.kept else None


def median(parts: Sequence[Floats]) -> float:
    """Half of the requests are faster."""
    return float(np.median(np.concatenate(parts)))


def slow(parts: Sequence[Floats]) -> float:
    """The 95th percentile: one request in twenty is slower."""
    return float(np.quantile(np.concatenate(parts), 0.95))


def prefix_tokens(asked: Asked) -> float | None:
    """Tokens of the prompt's prefix; None for a method that reads none."""
    return float(asked.answer.prefix_tokens) if asked.answer.prefix_tokens else None


def candidate_tokens(asked: Asked) -> float | None:
    """Tokens of all candidates together; None for a method that reads none."""
    return float(asked.answer.candidate_tokens) if asked.answer.candidate_tokens else None


METRICS: tuple[Metric, ...] = (
    PooledMetric(name="seconds", unit="seconds, median", gather=seconds, pool=median, higher_is_better=False),
    PooledMetric(name="seconds-95", unit="seconds, 95th percentile", gather=seconds, pool=slow,
                 higher_is_better=False),
    MeanMetric(name="prefix-tokens", unit="tokens", measure=prefix_tokens, higher_is_better=False),
    MeanMetric(name="candidate-tokens", unit="tokens", measure=candidate_tokens, higher_is_better=False),
)  # fmt: skip
MAKERS: dict[str, Maker] = {"sized": sized}


def _task(name: str, about: str, metric: str, size: int) -> SuiteTask:
    return SuiteTask(
        name=f"cost/{name}", family="cost", about=about, data=SITES, maker="sized", metric=metric,
        quick=QUICK[size], full=40,
        options={"candidates": size, "fresh": True, "without": "llm", "one at a time": size == min(QUICK)},
    )  # fmt: skip


TASKS: tuple[SuiteTask, ...] = (
    *(_task(f"seconds-{size}", f"A request with {size} candidates: half of them take no longer", "seconds", size)
      for size in QUICK),
    _task("seconds-60-slow", "A request with 60 candidates: one in twenty takes longer", "seconds-95", 60),
    _task("prefix-tokens", "What the model reads about the visitor", "prefix-tokens", 60),
    *(_task(f"tokens-{size}", f"What the model reads of {size} candidates", "candidate-tokens", size)
      for size in QUICK),
)  # fmt: skip
