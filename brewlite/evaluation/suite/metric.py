"""How one answer to one case is judged, and how many of them make a figure."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np

from brewlite.evaluation.log import Floats
from brewlite.evaluation.suite.case import Answer, Case
from brewlite.evaluation.suite.report import Bin
from brewlite.evaluation.suite.site import BenchSite


@dataclass(frozen=True)
class Asked:
    """One case, and what one method answered."""

    case: Case
    answer: Answer
    other: Answer | None
    """The answer to ``case.other``."""
    site: BenchSite


@dataclass(frozen=True)
class MeanMetric:
    """One number a case; the figure is their mean."""

    name: str
    unit: str
    measure: Callable[[Asked], float | None]
    """None: this answer cannot be judged, and counts in no mean."""
    higher_is_better: bool = True
    of_itself: bool = False
    """True: a method is compared with itself, asked in another way, so baselines say nothing about it."""


@dataclass(frozen=True)
class PooledMetric:
    """A figure that only all cases together have: coverage, calibration error."""

    name: str
    unit: str
    gather: Callable[[Asked], Floats | None]
    """What one case contributes, (m, ...) of any m."""
    pool: Callable[[Sequence[Floats]], float]
    """The figure of all contributions; called again for every round of the bootstrap."""
    higher_is_better: bool = True
    zero_is_best: bool = False
    """Too high and too low are as bad as each other: the figure nearest 0 is the best one."""
    curve: Callable[[Sequence[Floats]], tuple[Bin, ...]] | None = None
    of_itself: bool = False


Metric = MeanMetric | PooledMetric


def order(answer: Answer) -> np.ndarray:
    """(C,) positions of the candidates, best first; ties in the candidates' order, which is random in every case."""
    return np.argsort(-answer.scores, kind="stable")
