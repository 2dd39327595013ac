"""What a recommender says beside slates: whole orders, and everything that spoke for each candidate."""

from __future__ import annotations

import numpy as np
from msgspec import Struct, structs

from brewlite.blend import Blended
from brewlite.ranker import Scores
from brewlite.retrieval.catalog import Floats, Ints, Mask


class Ordering(Struct, frozen=True, kw_only=True):
    """Everything that may be shown for one query, best first: what :meth:`Recommender.recommend` cuts its list from."""

    ids: list[str]
    scores: list[float]
    model_candidates: int
    """How many places at the top the model has scored."""


class Weighed(Struct, frozen=True, kw_only=True, eq=False):
    """What spoke for each candidate, in the order of a pinned list or the first stage's; for evaluation, training."""

    ids: tuple[str, ...]
    signals: dict[str, Floats]
    """(C,) each of the simple signals by name, before it is weighed."""
    prior: Floats
    """(C,) the first stage's score."""
    fits: Mask
    """(C,) whether the item breaks none of the visitor's hard limits."""
    asked: bool
    """Whether the query says what is wanted or refused, and the model was given the words."""
    alike: float
    """How alike the items of a pinned list are in age and demand, 0 to 1."""
    scores: Scores | None
    """The model's answers; None when it was not asked."""
    blended: Blended
    timing: dict[str, float]
    """Milliseconds by stage."""


def put_back(scores: Scores, asked: Ints, count: int) -> Scores:
    """Answers for the candidates at positions ``asked``, among all ``count``: the unasked get the lowest log-odds."""
    log_odds = np.full(count, scores.log_odds.min(), dtype=np.float32)
    label_mass = np.full(count, scores.label_mass.mean(), dtype=np.float32)
    log_odds[asked], label_mass[asked] = scores.log_odds, scores.label_mass
    return structs.replace(scores, log_odds=log_odds, label_mass=label_mass)
