"""Learning the first stage's weights from a site's own log.

Each choice is set against others that could have been shown at its moment, once drawn from the whole catalog and once
of like age and demand, as there are weights for either kind of list. The weights are the likeliest ones given the
choices and a Gaussian prior around the shipped weights, so few choices change little and many decide; how firmly the
shipped weights are held on to is told by the last quarter of the choices, which is predicted from those before.
Everything that a choice is explained by is what was known at its moment.
"""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime

import numpy as np
from msgspec import Struct

from brewlite.blend import COLUMNS, LearnedBlend, LearnedFrom, Weights, knowledge, shipped_for
from brewlite.blend.choice import Choices, Matrix, fit, fit_slope
from brewlite.blend.weights import KNOWLEDGE, BlendWeights
from brewlite.recommender.choices import Choice, choices_of, others_of
from brewlite.recommender.flow import Recommender
from brewlite.records import Query
from brewlite.retrieval import Catalog, Retrieval, Signals, meet
from brewlite.retrieval.catalog import Ints, from_us, to_us

Progress = Callable[[str, int, int], None]
"""Called with what is done, how much of it, out of how much."""
ENDS = 2**62
"""Later than every event, in microseconds."""


class LearningConfig(Struct, frozen=True, kw_only=True):
    """How the weights are learned."""

    fewest: int = 30
    """Choices; fewer say too little."""
    most: int = 500
    """For either kind of list."""
    searched: int = 3
    """How many times as many choices are looked through for lists of like age and demand: not all have one."""
    since: float = 0.3
    """Share of the log before the first choice: something must have been counted by then."""
    others: int = 40
    """Items of each list that were not chosen."""
    strengths: tuple[float, ...] = (10.0, 30.0, 100.0, 300.0)
    """Precisions of the prior that are tried, beside keeping the shipped weights as they are."""
    tolerance: float = 0.02
    """The least firm strength is taken that explains the held-out choices as well as the best but for so many nats."""
    held_out: float = 0.25
    """Share of the choices, the last ones, that the strength and the slope are chosen on."""


def too_few(
    recommender: Recommender, before: datetime | None = None, config: LearningConfig | None = None
) -> str | None:
    """Why nothing can be learned from the site's log before ``before``; None where something can."""
    config = config or LearningConfig()
    catalog = _catalog(recommender)
    _, found = choices_of(catalog, _end(before), config.since, 1, np.random.default_rng(0))
    if found >= config.fewest:
        return None
    return f"{found} choices in the log{_until(before)}, fewer than {config.fewest}: the shipped weights are used"


def learn_blend(
    recommender: Recommender,
    before: datetime | None = None,
    seed: int = 0,
    progress: Progress | None = None,
    config: LearningConfig | None = None,
) -> LearnedBlend | None:
    """The first stage's weights by the site's log before ``before`` (None: all of it).

    None where the log says too little (:func:`too_few` tells how little). Takes seconds, and writes nothing: see
    :meth:`Recommender.with_blend` and :meth:`Recommender.keep_blend`.
    """
    config, rng = config or LearningConfig(), np.random.default_rng(seed)
    catalog = _catalog(recommender)
    chosen, found = choices_of(catalog, _end(before), config.since, config.most * config.searched, rng)
    if found < config.fewest:
        return None
    wide, alike = _lists(recommender, catalog, chosen, config, rng, progress)
    shipped = shipped_for(recommender.adapter)
    wide_weights, wide_from = _learned(wide, shipped.wide, config)
    alike_weights, alike_from = _learned(alike, shipped.alike, config)
    last = from_us(int(catalog.events.at[-1]) + 1)
    return LearnedBlend(
        weights=BlendWeights(wide=wide_weights, alike=alike_weights),
        until=min(before, last) if before is not None else last,
        learned=recommender.now(),
        visitors=len({choice.user for choice in chosen}),
        wide=wide_from,
        alike=alike_from,
    )


def learn_and_keep(
    recommender: Recommender, seed: int = 0, progress: Progress | None = None, config: LearningConfig | None = None
) -> LearnedBlend | None:
    """:func:`learn_blend` on the whole log, kept for the site where it explains choices not learned from better.

    None where it does not, or the log says too little; the site then weighs as before.
    """
    learned = learn_blend(recommender, seed=seed, progress=progress, config=config)
    if learned is None or max(learned.wide.gain, learned.alike.gain) <= 0.0:
        return None
    recommender.keep_blend(learned)
    return learned


def terms(signals: Signals, rows: Ints, history: int) -> Matrix:
    """(C, F * KNOWLEDGE) what the items ``rows`` are weighed by, for a visitor with ``history`` events.

    In units of the columns' scales; less their mean, as only what differs within a list can put it in order.
    """
    known = knowledge(history)
    table = np.stack([getattr(signals, column.name)[rows] / column.scale for column in COLUMNS], axis=1)
    table = table - table.mean(axis=0)
    return np.asarray((table[:, :, None] * known).reshape(len(rows), len(COLUMNS) * KNOWLEDGE), dtype=np.float64)


def _lists(
    recommender: Recommender,
    catalog: Catalog,
    chosen: list[Choice],
    config: LearningConfig,
    rng: np.random.Generator,
    progress: Progress | None,
) -> tuple[list[Matrix], list[Matrix]]:
    """The terms of at most ``most`` lists of either kind, oldest first, the chosen item first in each."""
    retrieval = Retrieval(recommender.encoder, recommender.config.retrieval)
    users = {user.id: user for user in recommender.store.users()}
    ids, vectors = recommender.store.vectors("user", catalog.encoder)
    retrieval.know([users[id_].interests.strip() for id_ in ids], vectors)
    wide: dict[int, Matrix] = {}
    alike: dict[int, Matrix] = {}
    for done, place in enumerate(rng.permutation(len(chosen)).tolist()):
        if len(wide) >= config.most and len(alike) >= config.most:
            break
        choice = chosen[place]
        moment = catalog.as_of(from_us(choice.at))
        both = zip(others_of(choice, moment, config.others, rng), (wide, alike), strict=True)
        wanted = [(others, lists) for others, lists in both if len(others) and len(lists) < config.most]
        if wanted:
            visitor = meet(Query(user=choice.user, at=moment.at), moment, users.get(choice.user))
            signals = retrieval.signals(visitor, moment)
            for others, lists in wanted:
                lists[place] = terms(signals, np.append(choice.row, others), len(visitor.history))
        if progress is not None:
            progress("choices", done + 1, len(chosen))
    return [wide[place] for place in sorted(wide)], [alike[place] for place in sorted(alike)]


def _learned(lists: list[Matrix], shipped: Weights, config: LearningConfig) -> tuple[Weights, LearnedFrom]:
    """The weights by ``lists``, oldest first, around ``shipped``."""
    scales = np.array([column.scale for column in COLUMNS])[:, None]
    mean = (shipped.matrix() * scales).ravel()
    if len(lists) < config.fewest:
        return shipped, LearnedFrom(cases=len(lists), strength=None, gain=0.0)
    split = int((1 - config.held_out) * len(lists))
    early, late = Choices.of(lists[:split]), Choices.of(lists[split:])
    tried = {strength: fit(early, mean, strength) for strength in config.strengths} | {np.inf: mean}
    slopes = {strength: fit_slope(late, weights) for strength, weights in tried.items()}
    # Told with the best slope for each: what is wanted is the order, and the slope is mended anyway.
    told = {each: float(late.likelihood(slopes[each] * weights).mean()) for each, weights in tried.items()}
    # All choices together support less firmness than the first three quarters do.
    strength = min(each for each in told if told[each] >= max(told.values()) - config.tolerance)
    gain, slope = told[strength] - told[np.inf], slopes[strength]
    final = fit(Choices.of(lists), mean, strength, tried[strength]) if np.isfinite(strength) else mean
    weights = Weights.of(final.reshape(len(COLUMNS), KNOWLEDGE) / scales, slope)
    held = strength if np.isfinite(strength) else None
    return weights, LearnedFrom(cases=len(lists), strength=held, gain=round(gain, 4))


def _catalog(recommender: Recommender) -> Catalog:
    encoder = recommender.encoder.name if recommender.encoder is not None else ""
    return Catalog(recommender.store, recommender.adapter, encoder).refresh()


def _end(before: datetime | None) -> int:
    return to_us(before) if before is not None else ENDS


def _until(before: datetime | None) -> str:
    return f" before {before:%Y-%m-%d %H:%M}" if before is not None else ""
