"""Replaying cases: every method orders what could be shown at each moment, and the target's place is noted."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING

import numpy as np
from msgspec import Struct

from brewlite.evaluation.baselines import Method, Scorer
from brewlite.evaluation.log import EventLog, Floats, Ints, Mask, from_micros
from brewlite.evaluation.metrics import Places, place
from brewlite.evaluation.splits import Cases, Moment, candidates, moment_of
from brewlite.records import Query

if TYPE_CHECKING:
    from brewlite.recommender import Recommender

Progress = Callable[[str, int, int], None]
"""Called with what is replayed ("baselines", "brewlite"), cases done, cases in all."""


class Replayed(Struct, frozen=True, kw_only=True, eq=False):
    """Where the targets of N cases stood by each of M methods."""

    methods: tuple[Method, ...]
    cases: Cases
    above: Ints
    """(M, N)"""
    tied: Ints
    """(M, N)"""
    total: Ints
    """(N,) candidates."""
    interrupted: bool = False

    def places(self, method: int, where: Mask) -> Places:
        """Those of one method, for the cases ``where``."""
        return Places(above=self.above[method, where], tied=self.tied[method, where], total=self.total[where])


class Brewlite:
    """brewlite itself, asked through ``Query.at``; with the language model or only its first stage.

    The model's picks come first, then the rest in first-stage order. Candidates that it leaves out altogether (the
    adapter finds them not eligible) tie with each other at the end.
    """

    reads_words = False

    def __init__(self, recommender: Recommender, *, use_model: bool) -> None:
        self.name = "brewlite" if use_model else "brewlite-no-model"
        self.label = "brewlite" if use_model else "brewlite without the language model"
        self.unanswered = 0
        """How often the model could not be used, and the first stage's order was taken."""
        self._recommender = recommender
        self._use_model = use_model
        self._row: dict[str, int] = {}

    def why_not(self, past: EventLog) -> str | None:
        """It was opened without a language model. Raises WeightsMissing when the model is not on this machine."""
        if self._use_model and self._recommender.model_name is None:
            return "the site was opened without a language model"
        if self._use_model:
            self._recommender.ranker()  # loaded now: what is missing is told before the baselines run, not after
        return None

    def fit(self, past: EventLog) -> Brewlite:
        """Itself: nothing is learned, the ids are looked up."""
        self._row = {id: row for row, id in enumerate(past.catalog.ids)}
        return self

    def scores(self, moment: Moment) -> Floats:
        """(I,) minus the rank."""
        user = moment.past.user_ids[moment.user] if moment.user >= 0 else None
        touched = tuple(moment.past.catalog.ids[row] for row in np.unique(moment.seen))  # no candidates
        query = Query(user=user, at=from_micros(moment.at), exclude=touched)
        ordering = self._recommender.order(query, use_model=self._use_model)
        self.unanswered += self._use_model and not ordering.model_candidates
        rows = [self._row[id] for id in ordering.ids if id in self._row]
        scores = np.full(len(self._row), -np.inf)
        scores[rows] = -np.arange(len(rows), dtype=np.float64)
        return scores


def replay(
    log: EventLog,
    cut: int,
    cases: Cases,
    methods: Sequence[Method],
    rng: np.random.Generator,
    progress: Progress | None = None,
) -> Replayed:
    """Ask every method about every case.

    The baselines go first, case by case in time; then brewlite in random order, so that what an interrupt (Ctrl-C)
    leaves is a fair sample. After an interrupt only the cases that all started methods have finished are kept.
    """
    above = np.full((len(methods), len(cases)), -1, dtype=np.int64)
    tied, total = above.copy(), np.zeros(len(cases), dtype=np.int64)
    first_touch = log.first_touch()
    shuffled = rng.permutation(len(cases))
    passes = (
        ("baselines", [m for m, method in enumerate(methods) if not isinstance(method, Brewlite)], range(len(cases))),
        ("brewlite", [m for m, method in enumerate(methods) if isinstance(method, Brewlite)], shuffled),
    )
    interrupted = False
    try:
        for name, chosen, order in passes:
            scorers = {m: methods[m].fit(log.before(cut)) for m in chosen}
            for done, case in enumerate(order if chosen else (), start=1):
                _replay_one(log, cases, int(case), scorers, first_touch, (above, tied, total))
                if progress:
                    progress(name, done, len(cases))
    except KeyboardInterrupt:
        interrupted = True
    return _finished(methods, cases, above, tied, total, interrupted)


def _replay_one(
    log: EventLog,
    cases: Cases,
    case: int,
    scorers: dict[int, Scorer],
    first_touch: Ints,
    into: tuple[Ints, Ints, Ints],
) -> None:
    above, tied, total = into
    moment = moment_of(log, int(cases.users[case]), int(cases.at[case]))
    among = candidates(log, moment, first_touch)
    for method, scorer in scorers.items():
        stood = place(scorer.scores(moment), int(cases.targets[case]), among)
        above[method, case], tied[method, case], total[case] = stood


def _finished(
    methods: Sequence[Method], cases: Cases, above: Ints, tied: Ints, total: Ints, interrupted: bool
) -> Replayed:
    """The methods that were started, on the cases that each of them finished and that left a choice."""
    started = np.flatnonzero((above >= 0).any(axis=1))
    kept = np.flatnonzero((above[started] >= 0).all(axis=0) & (total > 1))
    return Replayed(
        methods=tuple(methods[int(m)] for m in started),
        cases=cases.take(kept),
        above=above[np.ix_(started, kept)],
        tied=tied[np.ix_(started, kept)],
        total=total[kept],
        interrupted=interrupted,
    )
