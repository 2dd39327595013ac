"""Evaluation of a site on its own log: from a recommender to an :class:`Evaluation`."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

import numpy as np
from msgspec import Struct, structs

from brewlite.errors import BadRecord, UnknownName
from brewlite.evaluation.baselines import Method, VectorMean, simple_methods
from brewlite.evaluation.baselines.features import Interests
from brewlite.evaluation.baselines.logistic import Logistic
from brewlite.evaluation.log import EventLog, from_micros, read_log, to_micros
from brewlite.evaluation.replay import Brewlite, Progress, Replayed, replay
from brewlite.evaluation.report import Evaluation, differences, figures, groups_of, judge
from brewlite.evaluation.splits import GROUPS, Cases, Refused, cut_time, find_cases, sample_cases
from brewlite.evaluation.verdict import verdict
from brewlite.recommender.learning import learn_blend

if TYPE_CHECKING:
    from brewlite.recommender import Recommender
    from brewlite.store import Store

METHODS = (
    "brewlite",
    "brewlite-no-model",
    "random",
    "popularity",
    "popularity-60d",
    "newest",
    "item-knn",
    "ease",
    "minilm-mean",
    "logistic",
)
"""In the order in which they are printed."""


class EvaluationConfig(Struct, frozen=True, kw_only=True):
    """What to replay."""

    split: float = 0.8
    """Share of the liking events before the cut."""
    cases: int = 300
    seed: int = 0
    methods: tuple[str, ...] = METHODS
    use_model: bool = True
    """False: brewlite only without the language model."""


def evaluate(
    recommender: Recommender, config: EvaluationConfig | None = None, progress: Progress | None = None
) -> Evaluation:
    """Replay next-item cases from the site's own log. Writes nothing.

    An interrupt (Ctrl-C) ends the replay; what was finished is reported, marked ``partial``.

    Raises:
        BadSettings: an option is out of range.
        UnknownName: a method of that name does not exist.
        BadRecord: the log is too small, or nothing was finished.
        WeightsMissing: the language model is not on this machine yet.
    """
    config = config or EvaluationConfig()
    log, notes = read_log(recommender.store, recommender.adapter)
    if recommender.learned_blend is not None:
        # It may have learned from the very events that are asked about: what it would have learned by then is replayed.
        learned = learn_blend(recommender, before=from_micros(cut_time(log, config.split)), seed=config.seed)
        recommender = recommender.with_blend(learned) if learned is not None else recommender
    methods = methods_for(recommender, config, log.user_ids)
    return evaluate_log(log, methods, config, notes, progress)


def methods_for(recommender: Recommender, config: EvaluationConfig, user_ids: Sequence[str]) -> list[Method]:
    """The methods that ``config`` names, in the order of METHODS; ``user_ids`` are the log's."""
    unknown = [name for name in config.methods if name not in METHODS]
    if unknown:
        raise UnknownName("method", unknown, known=METHODS)
    methods: list[Method] = [Brewlite(recommender, use_model=False), *simple_methods()]
    if config.use_model:
        methods.insert(0, Brewlite(recommender, use_model=True))
    encoder = recommender.encoder.name if recommender.encoder is not None else ""
    vectors = recommender.store.vectors("item", encoder)
    methods.append(VectorMean(encoder, *vectors))
    if "logistic" in config.methods:
        methods.append(Logistic(*vectors, interests=stored_interests(recommender.store, encoder, user_ids)))
    return [method for method in methods if method.name in config.methods]


def stored_interests(store: Store, encoder: str, user_ids: Sequence[str]) -> Interests:
    """What visitors had stored by a moment, as vectors of ``encoder``; rows are positions in ``user_ids``."""
    ids, matrix = store.vectors("user", encoder)
    vector = dict(zip(ids, matrix, strict=True))
    since = {user.id: 0 if user.updated is None else to_micros(user.updated) for user in store.users()}
    return lambda user, at: vector.get(user_ids[user]) if since.get(user_ids[user], at) < at else None


def evaluate_log(
    log: EventLog,
    methods: Sequence[Method],
    config: EvaluationConfig,
    notes: Sequence[str] = (),
    progress: Progress | None = None,
) -> Evaluation:
    """The same from a log and any methods."""
    sampling, visiting, drawing = np.random.default_rng(config.seed).spawn(3)
    cut = cut_time(log, config.split)
    every, refused = find_cases(log, cut)
    if not len(every):
        raise BadRecord(_no_case(cut, refused))
    past = log.before(cut)
    skipped = {method.label: reason for method in methods if (reason := method.why_not(past))}
    able = [method for method in methods if method.label not in skipped]
    if not able:
        raise BadRecord("none of the methods can be run: " + "; ".join(f"{who}: {why}" for who, why in skipped.items()))
    replayed = replay(log, cut, sample_cases(every, config.cases, sampling), able, visiting, progress)
    if not len(replayed.cases):
        raise BadRecord("no case was finished: " + _nothing_left(replayed))
    notes = [
        *notes,
        *(f"{label} was left out: {reason}" for label, reason in skipped.items()),
        *_remarks(replayed, able),
    ]
    return _report(log, cut, every, refused, replayed, config, notes, drawing)


def _report(
    log: EventLog,
    cut: int,
    every: Cases,
    refused: Refused,
    replayed: Replayed,
    config: EvaluationConfig,
    notes: Sequence[str],
    rng: np.random.Generator,
) -> Evaluation:
    natural = np.bincount(every.groups(), minlength=len(GROUPS))
    judged = judge(replayed, natural, rng)
    table, compared = figures(judged), differences(judged)
    labels = {method.name: method.label for method in replayed.methods}
    return Evaluation(
        cut=from_micros(cut),
        split=config.split,
        seed=config.seed,
        cases_asked=config.cases,
        cases=len(replayed.cases),
        partial=replayed.interrupted,
        users=len(np.unique(replayed.cases.users)),
        items=len(log.catalog),
        events=len(log),
        candidates=float(np.median(replayed.total)),
        refused=structs.asdict(refused),
        groups=groups_of(replayed, natural),
        labels=labels,
        figures=table,
        differences=tuple(compared),
        verdict=verdict(table, compared, labels),
        notes=tuple(notes),
    )


def _no_case(cut: int, refused: Refused) -> str:
    return (
        f"nothing to replay: of the liking events after the cut at {from_micros(cut):%Y-%m-%d %H:%M} UTC, "
        f"{refused.repeats} are on items that the visitor knew, {refused.first_touches} are the first sign of their "
        f"item, {refused.not_shown} on items hidden or expired; import more events, give the items their creation "
        f"dates, or lower split"
    )


def _nothing_left(replayed: Replayed) -> str:
    if replayed.interrupted:
        return "the run was interrupted too early; ask for fewer cases, or use --no-model"
    return "no moment had a second item to choose from; import more items"


def _remarks(replayed: Replayed, able: Sequence[Method]) -> list[str]:
    """What a reader of the figures should know of how they came about."""
    remarks = []
    if replayed.interrupted:
        missing = [method.label for method in able if method not in replayed.methods]
        lost = f"; not reached: {', '.join(missing)}" if missing else ""
        remarks.append(f"interrupted: the figures rest on the {len(replayed.cases)} cases finished by then{lost}")
    for method in replayed.methods:
        if isinstance(method, Brewlite) and method.unanswered:
            remarks.append(
                f"the language model could not be used in {method.unanswered} cases: first-stage order taken"
            )
    return remarks
