"""How answers to stated interests are judged."""

from __future__ import annotations

import numpy as np

from brewlite.evaluation.log import Floats, Ints
from brewlite.evaluation.suite.metric import Asked, MeanMetric, Metric, order

TOP = 10


def pairs_right(asked: Asked) -> float | None:
    """Share of the pairs in which the item that fits scores higher than its twin; a tie is half."""
    score = dict(zip(asked.answer.ids, asked.answer.scores.tolist(), strict=True))
    right = [float(score[fits] > score[twin]) + 0.5 * (score[fits] == score[twin]) for fits, twin in asked.case.pairs]
    return float(np.mean(right)) if right else None


def violations(asked: Asked) -> float | None:
    """Share of the ten best that break the limit. What a method refuses to show (-inf) is not among them."""
    best = [row for row in order(asked.answer) if np.isfinite(asked.answer.scores[row])][:TOP]
    bad = frozenset(asked.case.bad)
    return float(np.mean([asked.answer.ids[row] in bad for row in best])) if best else 0.0


def understood(asked: Asked) -> float | None:
    """1 when exactly those items are refused (-inf) that break the limit, else 0: 0 for all that reads no limits."""
    refused = {id_ for id_, score in zip(asked.answer.ids, asked.answer.scores, strict=True) if score == -np.inf}
    return float(refused == set(asked.case.bad))


def moved(asked: Asked) -> float | None:
    """Share of discordant pairs between the orders with the words and without: (1 - Kendall's tau-b) / 2.

    0: the words move nothing; 0.5: the two orders have nothing to do with each other. An order that says nothing (all
    equal) against one that says something counts 0.5, against another of the kind 0.
    """
    from scipy.stats import kendalltau

    if asked.other is None:
        return None
    position = {id_: place for place, id_ in enumerate(asked.other.ids)}
    first = _ranks(asked.answer.scores)
    second = _ranks(asked.other.scores)[[position[id_] for id_ in asked.answer.ids]]
    flat = [len(set(ranks.tolist())) == 1 for ranks in (first, second)]
    if any(flat):
        return 0.0 if all(flat) else 0.5
    return float((1.0 - kendalltau(first, second).statistic) / 2.0)


def _ranks(scores: Floats) -> Ints:
    """(C,) places among the different scores: infinite ones too are only a place."""
    return np.unique(scores, return_inverse=True)[1].astype(np.int64)


METRICS: tuple[Metric, ...] = (
    MeanMetric(name="pairs", unit="share of pairs", measure=pairs_right),
    MeanMetric(name="violations@10", unit="share of the top 10", measure=violations, higher_is_better=False),
    MeanMetric(name="understood", unit="share of requests", measure=understood, of_itself=True),
    MeanMetric(name="moved", unit="share of pairs", measure=moved, higher_is_better=False, of_itself=True),
)
