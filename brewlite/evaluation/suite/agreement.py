"""How far two answers of one method agree: to the same question, put in another way."""

from __future__ import annotations

import numpy as np

from brewlite.evaluation.log import Floats, Mask
from brewlite.evaluation.metrics import Places, ndcg
from brewlite.evaluation.suite.case import Answer
from brewlite.evaluation.suite.metric import Asked, MeanMetric, Metric

TOLERANCE = 1e-3
"""By how much a score may differ and still count as the same: rounding in another order of additions."""
TOP = 5
"""Of the 12 candidates that paired questions mostly have: ten would nearly always agree."""


def ndcg_of(answer: Answer, good: tuple[str, ...]) -> float | None:
    """NDCG@10 of the first of ``good`` among the answer's items; None where it is not among them."""
    where = np.array([id_ in good for id_ in answer.ids])
    if not where.any():
        return None
    return float(ndcg(Places.of_list(answer.scores, int(where.argmax())))[0])


def common(asked: Asked) -> tuple[Floats, Floats] | None:
    """(2 x (K,)) both answers' scores of the items that both hold, in the order of the second; None without two."""
    if asked.other is None:
        return None
    score = dict(zip(asked.answer.ids, asked.answer.scores.tolist(), strict=True))
    other = dict(zip(asked.other.ids, asked.other.scores.tolist(), strict=True))
    both = [id_ for id_ in asked.other.ids if id_ in score]
    if len(both) < 2:
        return None
    return np.array([score[id_] for id_ in both]), np.array([other[id_] for id_ in both])


def gain(asked: Asked) -> float | None:
    """NDCG@10 of the answer less that of the other one."""
    if asked.other is None:
        return None
    mine, theirs = ndcg_of(asked.answer, asked.case.good), ndcg_of(asked.other, asked.case.good)
    return None if mine is None or theirs is None else mine - theirs


def moved(asked: Asked) -> float | None:
    """Share of the common items whose score differs by more than :data:`TOLERANCE`."""
    both = common(asked)
    if both is None:
        return None
    with np.errstate(invalid="ignore"):  # -inf less -inf: equal all the same
        far = np.abs(both[0] - both[1]) > TOLERANCE
    return float((far & (both[0] != both[1])).mean())


def overlap(asked: Asked) -> float | None:
    """Share of the first five that both answers have; an item in a tie at the edge counts in part."""
    both = common(asked)
    if both is None:
        return None
    k = min(TOP, len(both[0]))
    ours, theirs = (_in_top(scores, k) for scores in both)
    return float(np.minimum(ours, theirs).sum() / k)


def tau(asked: Asked) -> float | None:
    """Kendall's tau-b between the orders of the common items: 1 the same, 0 unrelated, -1 reversed.

    A method that tells nothing apart in either answer agrees with itself; in one of them only, it is unrelated.
    Kendall, "The treatment of ties in ranking problems", Biometrika 1945.
    """
    both = common(asked)
    if both is None:
        return None
    flat = [bool((scores == scores[0]).all()) for scores in both]
    if any(flat):
        return 1.0 if all(flat) else 0.0
    from scipy.stats import kendalltau

    return float(kendalltau(_ranks(both[0]), _ranks(both[1])).statistic)


def rise(asked: Asked) -> float | None:
    """By what share of the list the first of the case's pair stands above the second; a tie is 0."""
    ranks = _pair_ranks(asked)
    return None if ranks is None else float((ranks[1] - ranks[0]) / (len(asked.answer.ids) - 1))


def risen(asked: Asked) -> float | None:
    """1 where the first of the case's pair stands above the second, else 0."""
    ranks = _pair_ranks(asked)
    return None if ranks is None else float(ranks[0] < ranks[1])


def _pair_ranks(asked: Asked) -> tuple[float, float] | None:
    """Ranks (from 1, the mean within a tie) of the first pair of the case."""
    if not asked.case.pairs or len(asked.answer.ids) < 2:
        return None
    place_of = {id_: place for place, id_ in enumerate(asked.answer.ids)}
    first, second = asked.case.pairs[0]
    if first not in place_of or second not in place_of:
        return None
    scores = asked.answer.scores
    ranks = [
        1 + (scores > scores[place_of[id_]]).sum() + ((scores == scores[place_of[id_]]).sum() - 1) / 2
        for id_ in (first, second)
    ]
    return float(ranks[0]), float(ranks[1])


def _in_top(scores: Floats, k: int) -> Floats:
    """(C,) the chance of each to stand among the first ``k`` when ties are broken by lot."""
    edge = np.sort(scores)[::-1][k - 1]
    above: Mask = scores > edge
    tied: Mask = scores == edge
    return np.asarray(above + tied * (k - above.sum()) / tied.sum())


def _ranks(scores: Floats) -> Floats:
    """(C,) ranks that order as the scores do, ties alike: -inf is a score like any other."""
    return np.unique(scores, return_inverse=True)[1].astype(np.float64)


METRICS: tuple[Metric, ...] = (
    MeanMetric(name="ndcg-gain", unit="ndcg@10 gained", measure=gain, of_itself=True),
    MeanMetric(
        name="moved-scores", unit="share of scores that moved", measure=moved, higher_is_better=False, of_itself=True
    ),
    MeanMetric(name="top5-overlap", unit="share of the first 5 kept", measure=overlap, of_itself=True),
    MeanMetric(name="tau", unit="Kendall's tau", measure=tau, of_itself=True),
    MeanMetric(name="rank-gain", unit="share of the list risen", measure=rise, higher_is_better=False, of_itself=True),
    MeanMetric(name="risen", unit="share of twins that rose", measure=risen, higher_is_better=False, of_itself=True),
)
