"""From answers to figures: means with intervals, paired differences, wins and losses."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

from brewlite.evaluation.log import Floats, Mask
from brewlite.evaluation.statistics import FEWEST_USERS, Draws, Estimate
from brewlite.evaluation.suite.case import Case
from brewlite.evaluation.suite.metric import Asked, MeanMetric, Metric, PooledMetric
from brewlite.evaluation.suite.report import Bin, CaseFacts, Compared, TaskResult
from brewlite.evaluation.suite.task import SuiteTask

POOLED_ROUNDS = 300
SAME = 1e-9
"""Values nearer than this are a tie."""

Answers = Mapping[str, Sequence[Asked | None]]
"""Method -> what it answered, case by case."""


def judge(
    task: SuiteTask, metric: Metric, cases: Sequence[Case], answers: Answers, ours: str, seed: Sequence[int]
) -> TaskResult:
    """The result of one task.

    Args:
        task: as declared.
        metric: the task's.
        cases: (N,)
        answers: of every method, (N,) each.
        ours: the method that the others are compared with.
        seed: of the bootstrap's draws; the same for every method, so that differences are paired.
    """
    visitors = np.unique([case.visitor for case in cases], return_inverse=True)[1].astype(np.int64)
    common: dict[str, Any] = {
        "task": task,
        "unit": metric.unit,
        "higher_is_better": metric.higher_is_better,
        "n": len(cases),
        "visitors": int(visitors.max(initial=-1)) + 1,
        "cases": tuple(_facts(case, answers, place) for place, case in enumerate(cases)),
    }
    if isinstance(metric, PooledMetric):
        gathered = {name: [_gathered(metric, asked) for asked in row] for name, row in answers.items()}
        gathered = {name: parts for name, parts in gathered.items() if any(part is not None for part in parts)}
        curves = {name: _curve(metric, parts) for name, parts in gathered.items()}
        return TaskResult(
            **common,
            zero_is_best=metric.zero_is_best,
            figures={name: _pooled(metric, parts, visitors, seed) for name, parts in gathered.items()},
            compared={},
            values={},
            curves={name: curve for name, curve in curves.items() if curve},
        )
    values = {name: _values(metric, row) for name, row in answers.items()}
    values = {name: column for name, column in values.items() if np.isfinite(column).any()}
    return TaskResult(
        **common,
        figures={name: _mean(column, visitors, seed) for name, column in values.items()},
        compared={
            name: compare(values[ours], column, visitors, metric.higher_is_better, seed)
            for name, column in values.items()
            if ours in values and name != ours and not metric.of_itself
        },
        values={name: tuple(_plain(value) for value in column) for name, column in values.items()},
    )


def compare(
    ours: Floats, theirs: Floats, visitors: np.ndarray, higher_is_better: bool, seed: Sequence[int]
) -> Compared:
    """``ours`` against ``theirs``, (N,) with nan where one did not answer, on the cases that both answered."""
    both = np.isfinite(ours) & np.isfinite(theirs)
    if not both.any():
        return Compared(absolute=Estimate(value=0.0), relative=None, wins=0, ties=0, losses=0)
    draws = _draws(visitors[both], seed)
    change = ours[both] - theirs[both]
    better = change if higher_is_better else -change
    return Compared(
        absolute=draws.estimate(change),
        relative=draws.relative(ours[both], theirs[both]),
        wins=int((better > SAME).sum()),
        ties=int((np.abs(better) <= SAME).sum()),
        losses=int((better < -SAME).sum()),
    )


def _values(metric: MeanMetric, row: Sequence[Asked | None]) -> Floats:
    measured = [metric.measure(asked) if asked is not None else None for asked in row]
    return np.array([np.nan if value is None else value for value in measured], dtype=np.float64)


def _plain(value: float) -> float | None:
    return float(value) if np.isfinite(value) else None


def _mean(column: Floats, visitors: np.ndarray, seed: Sequence[int]) -> Estimate:
    there: Mask = np.isfinite(column)
    return _draws(visitors[there], seed).estimate(column[there])


def _draws(visitors: np.ndarray, seed: Sequence[int]) -> Draws:
    return Draws(visitors, np.ones(len(visitors)), np.random.default_rng(list(seed)))


def _gathered(metric: PooledMetric, asked: Asked | None) -> Floats | None:
    return None if asked is None else metric.gather(asked)


def _pooled(
    metric: PooledMetric, parts: Sequence[Floats | None], visitors: np.ndarray, seed: Sequence[int]
) -> Estimate:
    """The figure of all parts, and the middle 95% of what it is when visitors are drawn anew, less the bias of that.

    The bias is estimated as in Efron and Tibshirani, "An Introduction to the Bootstrap", 1993, chapter 10.
    """
    owners: dict[int, list[Floats]] = {}
    for owner, part in zip(visitors, parts, strict=True):
        if part is not None:
            owners.setdefault(int(owner), []).append(part)
    value = float(metric.pool([part for own in owners.values() for part in own]))
    if len(owners) < FEWEST_USERS:
        return Estimate(value=value)
    rng, groups = np.random.default_rng(list(seed)), list(owners.values())
    rounds = []
    for _ in range(POOLED_ROUNDS):
        drawn = rng.integers(0, len(groups), len(groups))
        rounds.append(float(metric.pool([part for group in drawn for part in groups[group]])))
    # Drawn anew, some visitors come twice: coverage falls and calibration error grows. That shift is taken out.
    low, high = np.nanquantile(rounds, [0.025, 0.975]) + value - np.nanmean(rounds)
    return Estimate(value=value, low=float(low), high=float(high))


def _curve(metric: PooledMetric, parts: Sequence[Floats | None]) -> tuple[Bin, ...]:
    return metric.curve([part for part in parts if part is not None]) if metric.curve is not None else ()


def _facts(case: Case, answers: Answers, place: int) -> CaseFacts:
    """The case as a row; ``tokens`` is the length of its prompt's prefix and longest-known list."""
    asked = [row[place] for row in answers.values()]
    tokens = max((a.answer.prefix_tokens for a in asked if a is not None), default=0)
    facets = {**case.facets, "tokens": float(tokens)} if tokens else case.facets
    return CaseFacts(key=case.key, site=case.site, visitor=case.visitor, facets=facets)
