"""Examples from logs: what a visitor chose, among what they could as well have chosen.

Where slates were logged, the others are those that were shown beside the choice. Else they are items of like age and
like popularity, so that the ranker learns preference and not what the first stage knows better; some are drawn from
the whole catalog, as a served list holds such too. Histories are cut at random, and what is known of the visitor is
left out at random, so that the ranker learns to do without each.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from itertools import islice

import numpy as np
from msgspec import Struct, structs

from brewlite.evaluation.log import to_micros
from brewlite.evaluation.suite.case import Case
from brewlite.evaluation.suite.preference import Part, matched_cases
from brewlite.evaluation.suite.site import BenchSite
from brewlite.ranker import Tokenizer
from brewlite.records import Query
from brewlite.retrieval.catalog import Floats
from brewlite.training.dress import Wardrobe
from brewlite.training.fit import Example


class ExampleConfig(Struct, frozen=True, kw_only=True):
    """How examples are drawn. Shares are of all examples."""

    least: int = 8
    most: int = 16
    """Candidates of an example."""
    unknown: float = 0.12
    """Are of visitors without a history, in the part ``train``: on many sites nearly all choices are, and teach no
    more than which items are liked."""
    cut_history: float = 0.25
    """Have only the newest part of their history, of random length from 0."""
    from_catalog: float = 0.25
    """Of an example's other candidates: drawn from everything that could be shown, not from the matched ones."""
    without_visitor: float = 0.3
    """Know nothing of the visitor but the history: no profile, no stored interests."""
    teacher: float = 2.5
    """Size of the relevance teacher's scores: standard deviations of a list's similarities become so many log-odds."""
    seed: int = 0


def log_examples(
    site: BenchSite, tokenizer: Tokenizer, count: int, part: Part = "train", config: ExampleConfig | None = None
) -> list[Example]:
    """At most ``count`` next-item examples of the site's ``part``, each with a relevance teacher where it can be told.

    For ``part="validation"`` they are as a site's own questions: nothing is cut, dropped, or worded otherwise.
    Raises BadRecord where the site has no log.
    """
    config = config or ExampleConfig()
    if part != "train":
        return examples_of(site, tokenizer, matched_cases(site, count, seed=config.seed, part=part), part, config)
    seed, unknown = config.seed + 1, round(config.unknown * count)
    cases = matched_cases(site, count - unknown, seed=seed, part=part, where={"history": (1, np.inf)})
    cases += matched_cases(site, unknown, seed=seed, part=part, where={"history": (0, 1)})
    return examples_of(site, tokenizer, cases, part, config)


def examples_of(
    site: BenchSite, tokenizer: Tokenizer, cases: Sequence[Case], part: Part, config: ExampleConfig
) -> list[Example]:
    """``cases`` of the site's ``part`` as examples; those to learn from are varied."""
    rng = np.random.default_rng([config.seed, len(part)])
    wardrobe = Wardrobe(site.recommender.adapter, tokenizer, rng)
    if part == "train":
        return [_varied(site, case, wardrobe, config, rng) for case in cases]
    return [_example(site, narrowed(case, config.most, rng), wardrobe, config, None) for case in cases]


def shown_examples(
    site: BenchSite, tokenizer: Tokenizer, count: int, before: int, config: ExampleConfig | None = None
) -> list[Example]:
    """At most ``count`` examples from logged slates with a liked item, the newest first; none from ``before`` on.

    ``before`` is in microseconds. What was shown and passed over is a better negative than anything drawn.
    """
    config = config or ExampleConfig()
    rng = np.random.default_rng([config.seed, 7])
    wardrobe = Wardrobe(site.recommender.adapter, tokenizer, rng)
    return list(islice(_shown(site, before, wardrobe, config, rng), count))


def _shown(
    site: BenchSite, before: int, wardrobe: Wardrobe, config: ExampleConfig, rng: np.random.Generator
) -> Iterator[Example]:
    weights = {action.name: action.weight for action in site.recommender.adapter.actions}
    for slate, deeds in site.recommender.store.answered_slates(before):
        liked = {item: weight for item, action in deeds if (weight := weights.get(action, 0.5)) > 0}
        ids = tuple(pick.item for pick in slate.picks if pick.item in site.row)
        good = tuple(id_ for id_ in ids if id_ in liked)
        if len(ids) < 2 or not good or len(good) == len(ids):
            continue
        query = structs.replace(slate.query, candidates=ids[: config.most], at=slate.at)
        case = Case(key=slate.id, site=site.name, visitor=query.user or slate.id, query=query, good=good)
        if set(good) & set(ids[: config.most]):
            yield _example(site, case, wardrobe, config, rng)


def _varied(
    site: BenchSite, case: Case, wardrobe: Wardrobe, config: ExampleConfig, rng: np.random.Generator
) -> Example:
    """``case`` with fewer and other candidates, perhaps a shorter history, perhaps nothing known of the visitor."""
    query = _candidates(site, case, config, rng)
    if rng.random() < config.cut_history:
        known = history_of(site, case.query)
        length = int(rng.integers(0, min(len(known), 12) + 1)) if rng.random() < 0.8 else 0
        query = structs.replace(query, user=None, history=known[len(known) - length :])
    if rng.random() < config.without_visitor:
        query = structs.replace(query, user=None, history=query.history or history_of(site, case.query), profile={})
    query = structs.replace(query, task=wardrobe.task(rng))
    return _example(site, structs.replace(case, query=query), wardrobe, config, rng)


def _candidates(site: BenchSite, case: Case, config: ExampleConfig, rng: np.random.Generator) -> Query:
    """The target, a few of its matched others, and a few of the whole catalog that were there by then."""
    ids, at = case.query.candidates or (), case.query.at
    assert at is not None
    room = int(rng.integers(config.least, config.most + 1)) - 1
    near = [id_ for id_ in ids if id_ not in case.good]
    there = np.flatnonzero(site.first_touch < to_micros(at))
    seen = {item for item, _ in history_of(site, case.query)} | set(ids)
    drawn = [site.log.catalog.ids[row] for row in rng.permutation(there)[: 3 * room]]
    far = [id_ for id_ in drawn if id_ not in seen][: round(config.from_catalog * room)]
    others = [near[place] for place in rng.permutation(len(near))[: room - len(far)]] + far
    everything = [*case.good, *others]
    return structs.replace(
        case.query, candidates=tuple(everything[place] for place in rng.permutation(len(everything)))
    )


def _example(
    site: BenchSite, case: Case, wardrobe: Wardrobe, config: ExampleConfig, rng: np.random.Generator | None
) -> Example:
    """``case`` as a prompt, its labels, what encoder and first stage say; ``rng`` None: the plain dress."""
    builder = wardrobe.plain if rng is None else wardrobe.builder(rng)
    # Its weights were learned from the very choices that examples are made of; they are too few to know them by heart.
    weighed = site.in_hindsight.weigh(case.query, use_model=False)
    return Example(
        prompt=site.recommender.prompt(case.query, builder),
        gains=tuple(float(id_ in case.good) for id_ in case.query.candidates or ()),
        teacher=told(weighed.signals["similarity"], config.teacher),
        first=tuple(float(score) for score in weighed.blended.slope * weighed.prior),
    )


def told(likeness: Floats, size: float) -> tuple[float, ...]:
    """``likeness`` (C,) standardised over the list, times ``size``; empty where all are alike: nothing is told."""
    spread = float(likeness.std())
    return tuple(float(v) for v in size * (likeness - likeness.mean()) / spread) if spread > 1e-6 else ()


def history_of(site: BenchSite, query: Query) -> tuple[tuple[str, str], ...]:
    """(item, action) of all that the query's visitor did before its moment, oldest first."""
    if query.history is not None:
        return query.history
    assert query.at is not None
    at, columns = to_micros(query.at), site.columns
    rows = [row for row in site.rows_by_user.get(query.user or "", ()) if columns.at[row] < at]
    return tuple((columns.items[row], columns.actions[row]) for row in rows)


def narrowed(case: Case, count: int, rng: np.random.Generator) -> Case:
    """``case`` with ``count`` of its candidates, the good ones among them, in their order."""
    ids = case.query.candidates or ()
    others = [id_ for id_ in ids if id_ not in case.good]
    kept = {*case.good, *(others[place] for place in rng.permutation(len(others))[: count - len(case.good)])}
    candidates = tuple(id_ for id_ in ids if id_ in kept)
    return structs.replace(case, query=structs.replace(case.query, candidates=candidates))


def moments(site: BenchSite, count: int, rng: np.random.Generator, since: float = 0.2) -> Sequence[int]:
    """Times, in microseconds, before the validation part and not in the first ``since`` of what lies before it."""
    times = site.log.at[: np.searchsorted(site.log.at, site.validation_cut)]
    return [int(times[place]) for place in rng.integers(int(since * len(times)), len(times), count)]
