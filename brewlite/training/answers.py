"""What a ranker answers to the validation part of a site's log: the figures that something may be chosen by."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence

import numpy as np
from msgspec import Struct

from brewlite.errors import BadSettings
from brewlite.evaluation.log import Floats, Ints
from brewlite.evaluation.metrics import Places, ndcg
from brewlite.evaluation.statistics import Draws
from brewlite.evaluation.suite.case import Case
from brewlite.evaluation.suite.preference import matched_cases
from brewlite.evaluation.suite.site import BenchSite
from brewlite.ranker import Ranker
from brewlite.recommender import Recommender

Progress = Callable[[str, int, int], None]
"""Called with what is done, how much of it, out of how much."""


class Answered(Struct, frozen=True, kw_only=True, eq=False):
    """One case: the order that the language model gives by itself, and how well it and the whole blend did."""

    case: Case
    log_odds: Floats
    """(C,) of the model, in the order of the case's candidates."""
    prior: Floats
    """(C,) the scores of the simple signals."""
    alike: float
    """How alike the candidates are in age and demand, 0 to 1."""
    model: float
    """NDCG@10 of the model by itself."""
    blend: float
    """NDCG@10 of the model and the simple signals together; what breaks a hard limit stands last."""
    signals: float
    """NDCG@10 of the simple signals without the model."""

    @property
    def first(self) -> str:
        """The item that the model puts on top."""
        return (self.case.query.candidates or ())[int(np.argmax(self.log_odds))]

    @property
    def rank(self) -> int:
        """Where the model puts the chosen item; 1 is the top. Ties count against it."""
        mine = (self.case.query.candidates or ()).index(self.case.good[0])
        return int((self.log_odds >= self.log_odds[mine]).sum())


def validation_cases(site: BenchSite, count: int, seed: int = 0) -> list[Case]:
    """At most ``count`` matched cases of the site's validation part. Raises BadSettings where there is none."""
    cases = matched_cases(site, count, seed=seed, part="validation")
    if not cases:
        raise BadSettings(
            f"site {site.name!r} has no case in its validation part: visitors chose too little between 65% and 80% of "
            f"its log; leave it out, or import more events"
        )
    return cases


def answers(
    site: BenchSite, ranker: Ranker, cases: Sequence[Case], progress: Progress | None = None, label: str = ""
) -> Iterator[Answered]:
    """What ``ranker`` says to each of ``cases``, one after the other; ``label``: told instead of its name."""
    weighing = site.learned(cases[0].query.at if cases else None)
    recommender = weighing.with_config(weighing.config, ranker)
    for done, case in enumerate(cases, start=1):
        yield _answer(recommender, case)
        if progress is not None:
            progress(f"{site.name}: {label or ranker.name}", done, len(cases))


def draws(cases: Sequence[Case], seed: int) -> Draws:
    """The bootstrap over the visitors of ``cases``; each site counts alike."""
    return Draws.groups_alike([case.visitor for case in cases], [case.site for case in cases], seed)


def folds(visitors: Sequence[str], count: int, seed: int) -> Ints:
    """(N,) which of ``count`` parts each case belongs to; all cases of one of the ``visitors`` (N,) to the same."""
    owner = np.unique(visitors, return_inverse=True)[1]
    part: Ints = np.random.default_rng(seed).permutation(int(owner.max()) + 1)[owner] % count
    return part


def _answer(recommender: Recommender, case: Case) -> Answered:
    weighed = recommender.weigh(case.query)
    if weighed.scores is None:
        raise BadSettings("the recommender has no language model whose answers could be judged")
    log_odds = weighed.scores.log_odds.astype(np.float64)
    target = (case.query.candidates or ()).index(case.good[0])
    blend, signals = (
        ndcg_of(np.where(weighed.fits, scores, -np.inf), target) for scores in (weighed.blended.score, weighed.prior)
    )
    return Answered(
        case=case,
        log_odds=log_odds,
        prior=weighed.prior.astype(np.float64),
        alike=weighed.alike,
        model=ndcg_of(log_odds, target),
        blend=blend,
        signals=signals,
    )


def ndcg_of(scores: Floats, target: int) -> float:
    """NDCG@10 of a list in which the candidate at ``target`` was chosen; ties count as any order of them would."""
    return float(ndcg(Places.of_list(scores, target))[0])
