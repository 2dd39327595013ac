"""How much the language model should count for beside the first stage, and what it adds.

Learned from answers that are kept: for each case the first stage's scores, the model's log-odds, and what was chosen.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from msgspec import Struct, structs

from brewlite.blend import BlendConfig, ModelWeights
from brewlite.blend.blend import around_mean
from brewlite.blend.choice import Choices, Matrix, fit
from brewlite.errors import BadRecord
from brewlite.evaluation.log import Floats
from brewlite.evaluation.statistics import Draws, Estimate
from brewlite.training.answers import folds, ndcg_of

FOLDS = 5
STRENGTH = 3.0
"""Precision of the prior around no weight at all: a handful of cases shall not make a model count for much."""
FEWEST = 50


class Heard(Struct, frozen=True, kw_only=True, eq=False):
    """One case: what both said of its candidates."""

    first: Floats
    """(C,) the first stage's scores, learned from the site's log."""
    shipped: Floats
    """(C,) its scores by the shipped weights, as on a site without a log."""
    log_odds: Floats
    """(C,) the model's."""
    chosen: int
    """The position of the candidate that was chosen."""
    history: int
    """Events of the visitor before."""
    visitor: str
    site: str
    asked: bool = False
    """Whether the query said what is wanted."""
    alike: float = 0.0
    """How alike the candidates are in age and demand, as the blend has measured it."""
    kind: str = ""
    """What the figures are told apart by, beside the site."""


class LearnedModelWeight(Struct, frozen=True, kw_only=True):
    """The weights, and what they were worth on cases of visitors that they were not learned from."""

    weights: ModelWeights
    cases: int
    without: float
    """NDCG@10 of the first stage, each site counting alike."""
    together: float
    """NDCG@10 with the model."""
    adds: Estimate
    """The difference, with a 95% interval over visitors."""
    by_site: dict[str, Estimate]
    """The same by site."""
    by_kind: dict[str, Estimate]
    """The same by kind of case, each site counting alike."""


def without_log(cases: Sequence[Heard]) -> list[Heard]:
    """The same cases on sites that have not learned from their log."""
    return [structs.replace(case, first=case.shipped) for case in cases]


def learn_model_weight(cases: Sequence[Heard], seed: int = 0, config: BlendConfig | None = None) -> LearnedModelWeight:
    """The weights of the model's log-odds that make what was chosen likeliest.

    The figures are told by cross-validation: each fifth of the visitors is judged by weights of the other four.

    Raises:
        BadRecord: too few cases.
    """
    if len(cases) < FEWEST:
        raise BadRecord(f"{len(cases)} cases to learn the model's weight from, fewer than {FEWEST}: score more of them")
    clip = (config or BlendConfig()).model_clip
    lists = [_terms(case, clip) for case in cases]
    fold = folds([case.visitor for case in cases], FOLDS, seed)
    without, together = np.zeros(len(cases)), np.zeros(len(cases))
    for part in range(FOLDS):
        weights = _fitted([lists[n] for n in np.flatnonzero(fold != part)])
        for n in np.flatnonzero(fold == part).tolist():
            without[n] = ndcg_of(cases[n].first, cases[n].chosen)
            together[n] = ndcg_of(_together(cases[n], weights, clip), cases[n].chosen)
    drawn = _draws(cases, seed)
    return LearnedModelWeight(
        weights=_fitted(lists),
        cases=len(cases),
        adds=drawn.estimate(together - without),
        without=drawn.mean(without),
        together=drawn.mean(together),
        by_site=_apart(cases, together - without, seed, [case.site for case in cases]),
        by_kind=_apart(cases, together - without, seed, [case.kind for case in cases]),
    )


def _terms(case: Heard, clip: float) -> Matrix:
    """(C, 4) the chosen candidate first: the first stage's score, and the model's part by what is known.

    A term for the length of the history, as the first stage has, was tried: it said that newcomers, of whom the model
    knows nothing, should be told most by it, and took away what the model adds among like items (lab notes).
    """
    model = around_mean(case.log_odds, clip)
    known = np.array([1.0, float(case.asked), case.alike])
    table = np.column_stack([case.first, model[:, None] * known])
    order = np.append(case.chosen, np.delete(np.arange(len(table)), case.chosen))
    return np.asarray(table[order])


def _fitted(lists: Sequence[Matrix]) -> ModelWeights:
    """The model's weights, in units of the first stage's scores: these are multiplied by a slope of their own."""
    found = fit(Choices.of(list(lists)), np.array([1.0, 0.0, 0.0, 0.0]), STRENGTH)
    # Where the first stage is worth nothing at all its slope goes to 0, and the model cannot be weighed against it.
    base, asked, alike = (found[1:] / max(float(found[0]), 0.1)).round(4).tolist()
    return ModelWeights(base=base, asked=asked, alike=alike, taught=True)


def _together(case: Heard, weights: ModelWeights, clip: float) -> Floats:
    return np.asarray(case.first + weights.part(case.log_odds, case.history, case.asked, clip, case.alike))


def _draws(cases: Sequence[Heard], seed: int) -> Draws:
    return Draws.groups_alike([case.visitor for case in cases], [case.site for case in cases], seed)


def _apart(cases: Sequence[Heard], adds: Floats, seed: int, names: Sequence[str]) -> dict[str, Estimate]:
    """``adds`` (N,) of the cases of each of the ``names`` (N,)."""
    found = {}
    for name in sorted(set(names)):
        where = np.flatnonzero(np.array(names) == name)
        found[name] = _draws([cases[n] for n in where.tolist()], seed).estimate(adds[where])
    return found
