"""Calibration: of what is said to be chosen with a chance of 20%, a fifth should be chosen.

Methods that state probabilities take part: brewlite and its parts, and the language model alone, whose log-odds of
"yes" against "no" are read as they are. What happened: the visitor chose the target and none of the other candidates.
On lists of 50 the base rate is thus 0.02, and who says 0.02 of everything is calibrated and knows nothing; the Brier
skill score is measured against just that.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

from brewlite.evaluation.log import Floats
from brewlite.evaluation.suite.metric import Asked, MeanMetric, Metric, PooledMetric
from brewlite.evaluation.suite.next_item import BY_KIND, WITH_EVENTS, asked_anyway
from brewlite.evaluation.suite.report import Bin
from brewlite.evaluation.suite.task import Maker, SuiteTask

BINS = 15


def stated(asked: Asked) -> Floats | None:
    """(C, 2) what was said of each candidate, and 1 for what was chosen; None for a method that says no chances."""
    answer = asked.answer
    said = answer.probability
    if said is None and answer.log_odds is not None:
        said = 1 / (1 + np.exp(-answer.log_odds))
    if said is None:
        return None
    chosen = np.array([id_ in asked.case.good for id_ in answer.ids], dtype=np.float64)
    return np.column_stack([said, chosen])


def curve(parts: Sequence[Floats]) -> tuple[Bin, ...]:
    """Bins of as equal a number of candidates as ties allow: equal probabilities are never parted."""
    if not len(parts):
        return ()
    said, chosen = np.concatenate(parts).T
    order = np.argsort(said, kind="stable")
    edges = said[order][[len(said) * place // BINS for place in range(1, BINS)]]
    which = np.searchsorted(edges, said, side="left")
    bins = [which == place for place in range(BINS)]
    return tuple(
        Bin(predicted=float(said[b].mean()), observed=float(chosen[b].mean()), count=int(b.sum()))
        for b in bins
        if b.any()
    )


def ece(parts: Sequence[Floats]) -> float:
    """Expected calibration error: the mean gap between what bins say and what came, weighted by their size.

    Naeini, Cooper and Hauskrecht, "Obtaining well calibrated probabilities using Bayesian binning", AAAI 2015; with
    bins of equal mass as in Nguyen and O'Connor, "Posterior calibration and exploratory analysis", EMNLP 2015.
    """
    bins = curve(parts)
    total = sum(one.count for one in bins)
    return float(sum(one.count * abs(one.predicted - one.observed) for one in bins) / total) if total else np.nan


def brier(asked: Asked) -> float | None:
    """Mean squared distance of what was said from what came. Brier, Monthly Weather Review 1950."""
    pairs = stated(asked)
    return None if pairs is None else float(np.square(pairs[:, 0] - pairs[:, 1]).mean())


def skill(parts: Sequence[Floats]) -> float:
    """Brier skill score: 1 - Brier / (base rate * (1 - base rate)); 0 for who says the base rate of everything."""
    said, chosen = np.concatenate(parts).T
    base = float(chosen.mean())
    return float(1 - np.square(said - chosen).mean() / (base * (1 - base))) if 0 < base < 1 else float("nan")


def overstated(parts: Sequence[Floats]) -> float:
    """Mean of what was said, less the share that was chosen (the base rate)."""
    said, chosen = np.concatenate(parts).T
    return float(said.mean() - chosen.mean())


METRICS: tuple[Metric, ...] = (
    PooledMetric(name="ece", unit="expected calibration error", gather=stated, pool=ece, higher_is_better=False,
                 curve=curve),
    MeanMetric(name="brier", unit="Brier score", measure=brier, higher_is_better=False),
    PooledMetric(name="brier-skill", unit="Brier skill score", gather=stated, pool=skill),
    PooledMetric(name="overstated", unit="said less observed", gather=stated, pool=overstated, higher_is_better=False,
                 zero_is_best=True),
)  # fmt: skip
MAKERS: dict[str, Maker] = {}


def _task(name: str, about: str, metric: str, data: Sequence[str] = WITH_EVENTS, **more: Any) -> SuiteTask:
    return SuiteTask(
        name=f"calibration/{name}", family="calibration", about=about, data=tuple(data), maker="matched",
        metric=metric, quick=asked_anyway("matched", data), full=300 * len(data), **more,
    )  # fmt: skip


TASKS: tuple[SuiteTask, ...] = (
    _task("ece", "How far are stated chances from what came? Lists of 50: one in 50 is chosen", "ece"),
    *(_task(f"{kind}-ece", f"{kind.capitalize()}: how far are stated chances from what came?", "ece", sets)
      for kind, sets in BY_KIND.items()),
    _task("brier", "Mean squared error of stated chances; the base rate of 0.02 alone gets 0.0196", "brier"),
    _task("brier-skill", "The same as a share of the base rate's: 0 is no better than always saying it",
          "brier-skill"),
    _task("overstated", "The mean stated chance, less the share that was chosen: 0 is right on the whole",
          "overstated"),
)  # fmt: skip
