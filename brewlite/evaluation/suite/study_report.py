"""What a study says: plain data, and how the outcomes of its cases become figures."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime

import numpy as np
from msgspec import Struct

from brewlite.evaluation.log import Floats
from brewlite.evaluation.metrics import METRICS, Places
from brewlite.evaluation.statistics import Draws, Estimate
from brewlite.evaluation.suite.case import Answer
from brewlite.evaluation.suite.studies import Setting

JUDGED = {"brewlite": "brewlite", "llm": "the language model alone"}
"""What a study tells the quality of: name -> label."""
SHOWN_METRICS = ("ndcg@10", "auc")
ALL = "all"
"""The kinds together, each counting alike."""


class StudyFigure(Struct, frozen=True, kw_only=True):
    """The quality of one setting on one kind of site."""

    setting: Setting
    kind: str
    method: str
    """A key of JUDGED."""
    figures: dict[str, Estimate]
    """Metric -> mean, with its interval over visitors."""
    change: dict[str, Estimate]
    """Metric -> mean difference to the reference, on the same cases and draws; empty for the reference."""


class StudyCost(Struct, frozen=True, kw_only=True):
    """What one request of one setting costs on one kind of site."""

    setting: Setting
    kind: str
    candidates: float
    """Means over the cases."""
    prefix_tokens: float
    candidate_tokens: float
    """Of all candidates together."""
    seconds: float | None
    """Median of the timed requests, nothing reused; None when none was timed."""
    timed: int


class StudyKind(Struct, frozen=True, kw_only=True):
    """The cases of one kind of site."""

    kind: str
    cases: int
    visitors: int
    sites: tuple[str, ...]


class StudyReport(Struct, frozen=True, kw_only=True):
    """One run of a study."""

    format: int = 1
    study: str
    about: str
    axis: str
    metric: str
    reference: Setting
    settings: tuple[Setting, ...]
    models: tuple[str, ...]
    version: str
    """Of brewlite."""
    machine: str
    seed: int
    cases_asked: int
    started: datetime
    seconds: float
    partial: bool
    """True when the run was interrupted: the cases that every setting had answered by then."""
    kinds: tuple[StudyKind, ...]
    """The pooled one last, where there are several."""
    figures: tuple[StudyFigure, ...]
    costs: tuple[StudyCost, ...]
    notes: tuple[str, ...]


class Outcome(Struct, frozen=True, kw_only=True):
    """One case under one setting."""

    values: dict[tuple[str, str], float]
    """(method, metric) -> value."""
    candidates: int
    prefix_tokens: int
    candidate_tokens: int
    seconds: float | None


def judged(answer: Answer, target: str) -> dict[tuple[str, str], float]:
    """(method, metric) -> value, of the blend and of the language model alone."""
    assert answer.log_odds is not None
    row = answer.ids.index(target)
    values: dict[tuple[str, str], float] = {}
    for method, scores in (("brewlite", answer.scores), ("llm", answer.log_odds)):
        places = Places.of_list(scores, row)
        values |= {(method, metric): float(METRICS[metric](places)[0]) for metric in SHOWN_METRICS}
    return values


def chance(metric: str, candidates: float) -> float:
    """What a shuffle of ``candidates`` gets on average."""
    count = max(2, round(candidates))
    one = Places(above=np.zeros(1, dtype=np.int64), tied=np.array([count - 1]), total=np.array([count]))
    return float(METRICS[metric](one)[0])


def figures_of(
    kind: str, table: Mapping[Setting, Sequence[Outcome]], reference: Setting, draws: Draws
) -> list[StudyFigure]:
    """Each method's figures under each setting; ``table`` has one row a setting, the same cases in each."""
    found = []
    for method in JUDGED:
        base = {metric: _column(table[reference], method, metric) for metric in SHOWN_METRICS}
        for setting, row in table.items():
            values = {metric: _column(row, method, metric) for metric in SHOWN_METRICS}
            differs = setting != reference
            change = {m: draws.estimate(values[m] - base[m]) for m in SHOWN_METRICS} if differs else {}
            figures = {metric: draws.estimate(values[metric]) for metric in SHOWN_METRICS}
            found.append(StudyFigure(setting=setting, kind=kind, method=method, figures=figures, change=change))
    return found


def _column(row: Sequence[Outcome], method: str, metric: str) -> Floats:
    return np.array([outcome.values[method, metric] for outcome in row])


def cost_of(setting: Setting, kind: str, row: Sequence[Outcome]) -> StudyCost:
    """What the cases of ``row`` cost."""
    seconds = [outcome.seconds for outcome in row if outcome.seconds is not None]
    return StudyCost(
        setting=setting,
        kind=kind,
        candidates=round(float(np.mean([outcome.candidates for outcome in row])), 1),
        prefix_tokens=round(float(np.mean([outcome.prefix_tokens for outcome in row])), 1),
        candidate_tokens=round(float(np.mean([outcome.candidate_tokens for outcome in row])), 1),
        seconds=round(float(np.median(seconds)), 4) if seconds else None,
        timed=len(seconds),
    )
