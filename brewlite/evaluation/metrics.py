"""How well one order puts one chosen item on top. Every metric is the mean over the ways to break ties.

A case has one target among C candidates. ``above`` counts the candidates scored strictly higher than the target,
``tied`` the others with the very same score. Were ties broken by a fair shuffle, the target's rank would be uniform
over ``above + 1 .. above + tied + 1``; each metric is its expectation over those ranks, in closed form (McSherry and
Najork, "Computing Information Retrieval Performance Measures Efficiently in the Presence of Tied Scores", ECIR 2008).
So a method that scores all alike gets what a shuffle gets on average: AUC 0.5, and no luck.
"""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
from msgspec import Struct

from brewlite.evaluation.log import Floats, Ints, Mask


class Places(Struct, frozen=True, kw_only=True, eq=False):
    """Where the targets of N cases came to stand. Columns of (N,)."""

    above: Ints
    tied: Ints
    total: Ints
    """Candidates, the target among them."""

    @classmethod
    def of_list(cls, scores: Floats, target: int) -> Places:
        """One case: the candidate ``target`` of a list by its ``scores`` (C,). Raises as :func:`place`."""
        above, tied, total = place(scores, target, np.ones(len(scores), dtype=np.bool_))
        return cls(above=np.array([above]), tied=np.array([tied]), total=np.array([total]))

    def __len__(self) -> int:
        return len(self.total)


def place(scores: Floats, target: int, among: Mask) -> tuple[int, int, int]:
    """(above, tied, total) of ``target`` by ``scores`` (I,) over the candidates ``among`` (I,).

    Raises ValueError when a candidate's score is not a number, or the target is no candidate.
    """
    if not among[target]:
        raise ValueError(f"target {target} is not among the candidates")
    rivals = scores[among]
    if np.isnan(rivals).any():
        raise ValueError(f"{int(np.isnan(rivals).sum())} of {len(rivals)} candidates have a score that is not a number")
    mine = scores[target]
    return int((rivals > mine).sum()), int((rivals == mine).sum()) - 1, len(rivals)


def ndcg(places: Places, k: int = 10) -> Floats:
    """Normalised discounted cumulative gain at ``k``, (N,).

    With one target of gain 1 the ideal DCG is 1, so nDCG@k = 1 / log2(rank + 1) if rank <= k, else 0. Järvelin and
    Kekäläinen, "Cumulated gain-based evaluation of IR techniques", TOIS 2002.
    """
    return _mean_gain(places, 1 / np.log2(np.arange(1, k + 1) + 1))


def hit_rate(places: Places, k: int = 10) -> Floats:
    """Share of cases whose target stands among the first ``k``, (N,): 1 if rank <= k, else 0.

    Also called HR@k or Success@k; equal to recall@k with one target. Deshpande and Karypis, "Item-based top-N
    recommendation algorithms", TOIS 2004.
    """
    return _mean_gain(places, np.ones(k))


def mrr(places: Places) -> Floats:
    """Reciprocal rank over the full list, (N,): 1 / rank. Voorhees, "The TREC-8 Question Answering Track", 1999."""
    longest = int((places.above + places.tied + 1).max(initial=1))
    return _mean_gain(places, 1 / np.arange(1, longest + 1))


def auc(places: Places) -> Floats:
    """Share of the other candidates that stand below the target, (N,); a tie counts half. NaN without others.

    AUC = (below + tied / 2) / (C - 1): Hanley and McNeil, "The meaning and use of the area under a ROC curve", 1982;
    per visitor and over the full catalog as in Rendle et al., "BPR", UAI 2009.
    """
    others = places.total - 1
    below = others - places.above - places.tied
    with np.errstate(invalid="ignore"):
        return np.asarray((below + places.tied / 2) / np.where(others > 0, others, np.nan))


METRICS: dict[str, Callable[[Places], Floats]] = {"ndcg@10": ndcg, "hr@10": hit_rate, "mrr": mrr, "auc": auc}
"""What is reported, in this order. Each maps Places of N cases to (N,) values between 0 and 1, more is better."""


def _mean_gain(places: Places, gains: Floats) -> Floats:
    """(N,) mean of ``gains`` (by rank, nothing behind their end) over the ranks that each tie allows."""
    summed = np.concatenate([[0.0], np.cumsum(gains)])
    first = np.minimum(places.above, len(gains))
    last = np.minimum(places.above + places.tied + 1, len(gains))
    return np.asarray((summed[last] - summed[first]) / (places.tied + 1))
