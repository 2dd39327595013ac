"""What share of its advised weight a site gives its language model: learned from the choices that were judged.

A checkpoint's weight in the blend comes from the sites that it was weighed on. On another one it may be worth more, or
nothing. One number is learned, by the likelihood of what was chosen, around 1: some hundred choices tell no more.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from msgspec import Struct

from brewlite.blend import BlendConfig, ModelWeights
from brewlite.blend.choice import Choices, Matrix, fit
from brewlite.errors import BadSettings
from brewlite.evaluation.log import Floats
from brewlite.evaluation.statistics import Estimate
from brewlite.training.answers import Answered, draws, folds, ndcg_of

STRENGTH = 4.0
"""Precision of the belief that the share is 1, before anything was chosen: give or take a half."""
STEPS = 4
"""Shares are told in quarters; finer ones would be noise."""
MOST = 1.5
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
    lists = [_terms(answer, part) for answer, part in zip(answers, parts, strict=True)]
    fold = folds([case.visitor for case in cases], FOLDS, seed)
    without = np.array([ndcg_of(answer.prior, _chosen(answer)) for answer in answers])
    together = np.zeros(len(answers))
    for number in range(FOLDS):
        share = _likeliest([lists[n] for n in np.flatnonzero(fold != number)])
        for n in np.flatnonzero(fold == number).tolist():
            together[n] = ndcg_of(answers[n].prior + share * parts[n], _chosen(answers[n]))
    drawn = draws(cases, seed)
    return LearnedShare(
        ranker=ranker,
        share=_likeliest(lists),
        adds=drawn.estimate(together - without),
        without=drawn.mean(without),
    )


def _part(answer: Answered, weights: ModelWeights, clip: float) -> Floats:
    """(C,) what the model adds to the scores by the weights as they are advised."""
    return weights.part(answer.log_odds, int(answer.case.facets.get("history", 0)), False, clip, answer.alike)


def _terms(answer: Answered, part: Floats) -> Matrix:
    """(C, 2) the first stage's score and the model's part, the chosen candidate first."""
    table, chosen = np.column_stack([answer.prior, part]), _chosen(answer)
    return np.asarray(np.concatenate([table[[chosen]], np.delete(table, chosen, axis=0)]))


def _likeliest(lists: Sequence[Matrix]) -> float:
    """The share by these lists, in quarters. Scores have a slope of their own: they may say too much, both alike."""
    if not lists:
        return 1.0
    slope, times = fit(Choices.of(list(lists)), np.ones(2), STRENGTH).tolist()
    share = float(np.clip(times / max(slope, 0.1), 0.0, MOST))
    return round(STEPS * share) / STEPS


def _chosen(answer: Answered) -> int:
    return (answer.case.query.candidates or ()).index(answer.case.good[0])
