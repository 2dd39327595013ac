"""What share of its advised weight a site gives its language model: learned from the choices that were judged.

A checkpoint's weight in the blend comes from the sites that it was weighed on. On another one it may be worth more, or
nothing. One number is learned, by the likelihood of what was chosen, around 1: some hundred choices tell no more.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from msgspec import Struct

from brewlite.blend import BlendConfig, ModelWeights
from brewlite.errors import BadSettings
from brewlite.evaluation.log import Floats
from brewlite.evaluation.statistics import Estimate
from brewlite.training.answers import Answered, draws, ndcg_of

SHARES = (0.0, 0.25, 0.5, 0.75, 1.0, 1.25, 1.5)
BELIEF = 0.5
"""Standard deviation of what is believed of the share before anything was chosen; its mean is 1."""
SLOPES = (0.4, 0.6, 0.8, 1.0, 1.25)
"""What all scores are multiplied by: they may say too much, whichever the share."""
FOLDS = 5


class LearnedShare(Struct, frozen=True, kw_only=True):
    """The share, and what the model then adds."""

    ranker: str
    share: float
    adds: Estimate
    """NDCG@10 of blend and model less that of the first stage, over visitors. Each fifth of the visitors is judged by
    the share that the others' choices tell."""
    without: float
    """NDCG@10 of the first stage."""

    def words(self) -> str:
        """For people."""
        told = f"the language model adds {self.adds.words(signed=True)} to NDCG@10 {self.without:.3f} here"
        if self.share == 0.0:
            return f"{told}: it is not asked where a visitor says nothing"
        return f"{told}: it counts for {self.share:g} of what its maker advises"


def learn_share(
    answers: Sequence[Answered], ranker: str, weights: ModelWeights, seed: int = 0, config: BlendConfig | None = None
) -> LearnedShare:
    """The share of ``weights`` that makes what was chosen likeliest.

    Args:
        answers: of ``ranker`` and of the first stage, to choices that neither learned from.
        ranker: its name.
        weights: that its checkpoint advises.
        seed: of the folds and of the interval.
        config: of the blend.

    Raises:
        BadSettings: no answers.
    """
    if not answers:
        raise BadSettings("no choices to learn the model's share from")
    clip = (config or BlendConfig()).model_clip
    cases = [answer.case for answer in answers]
    parts = [_part(answer, weights, clip) for answer in answers]
    table = np.array([_likelihoods(answer, part) for answer, part in zip(answers, parts, strict=True)])  # (N, S, L)
    visitors = np.unique([case.visitor for case in cases], return_inverse=True)[1]
    fold = np.random.default_rng(seed).permutation(int(visitors.max()) + 1)[visitors] % FOLDS
    without = np.array([ndcg_of(answer.prior, _chosen(answer)) for answer in answers])
    together = np.zeros(len(answers))
    for part in range(FOLDS):
        share = _likeliest(table[fold != part])
        for n in np.flatnonzero(fold == part).tolist():
            together[n] = ndcg_of(answers[n].prior + share * parts[n], _chosen(answers[n]))
    drawn = draws(cases, seed)
    return LearnedShare(
        ranker=ranker,
        share=_likeliest(table),
        adds=drawn.estimate(together - without),
        without=drawn.mean(without),
    )


def _part(answer: Answered, weights: ModelWeights, clip: float) -> Floats:
    """(C,) what the model adds to the scores by the weights as they are advised."""
    return weights.part(answer.log_odds, int(answer.case.facets.get("history", 0)), False, clip, answer.alike)


def _likelihoods(answer: Answered, part: Floats) -> Floats:
    """(S, L) the log of the chance of what was chosen, by share and slope."""
    scores = answer.prior + np.multiply.outer(np.array(SHARES), part)  # (S, C)
    scores = np.array(SLOPES)[:, None] * (scores - scores.max(axis=1, keepdims=True))[:, None]  # (S, L, C)
    found: Floats = scores[..., _chosen(answer)] - np.log(np.exp(scores).sum(axis=2))
    return found


def _likeliest(table: Floats) -> float:
    """The share, given (N, S, L); the first belief where there is no choice."""
    believed = -0.5 * np.square((np.array(SHARES) - 1.0) / BELIEF)
    return SHARES[int(np.argmax(table.sum(axis=0).max(axis=1) + believed))]


def _chosen(answer: Answered) -> int:
    return (answer.case.query.candidates or ()).index(answer.case.good[0])
