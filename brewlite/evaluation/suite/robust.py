"""Robustness: the same question in another dress should get the same answer.

Every case asks twice. What is compared are two answers of one method, so a method that reads no words agrees with
itself on most of these; that is a fact about it, and no praise.
"""

from __future__ import annotations

import zlib
from collections.abc import Sequence

import numpy as np
from msgspec import structs

from brewlite.evaluation.log import to_micros
from brewlite.evaluation.splits import candidates, moment_of
from brewlite.evaluation.suite import agreement
from brewlite.evaluation.suite.case import Case
from brewlite.evaluation.suite.derived import TWIN
from brewlite.evaluation.suite.metric import Metric
from brewlite.evaluation.suite.newcomers import narrowed, newcomers, with_typos, words_of
from brewlite.evaluation.suite.paraphrases import paraphrase
from brewlite.evaluation.suite.preference import matched_cases
from brewlite.evaluation.suite.site import BenchSite
from brewlite.evaluation.suite.task import Maker, SuiteTask, Value
from brewlite.prompt import PromptConfig

SITES = ("airbnb_barossa", "stackexchange_beer", "jobs_views")
"""One of each kind."""
CANDIDATES = 12
"""Of the paired questions. Few, as a list in another dress is read anew."""
TYPOS = 0.1
MANY = 500
SHORT = PromptConfig(candidate_tokens=24)
ALONE = PromptConfig(example_count=0)
"""No examples: an anonymous visitor in the words of a known one would be given that one's own choice."""


def shuffled(task: SuiteTask, site: BenchSite, count: int, rng: np.random.Generator) -> Sequence[Case]:
    """Matched cases, and the same with the candidates in another order."""
    made = []
    for case in (narrowed(case, CANDIDATES) for case in matched_cases(site, count)):
        ids = case.query.candidates or ()
        order = _own(case).permutation(len(ids))
        made.append(_against(case, candidates=tuple(ids[int(place)] for place in order)))
    return made


def paraphrased(task: SuiteTask, site: BenchSite, count: int, rng: np.random.Generator) -> Sequence[Case]:
    """Matched cases, asked in other words than the adapter's; compared with the adapter's."""
    first = site.recommender.adapter.tasks[0]
    made = []
    for number, case in enumerate(narrowed(case, CANDIDATES) for case in matched_cases(site, count)):
        other = paraphrase(first, number)
        if other is None:
            return []
        query = structs.replace(case.query, task=other)
        made.append(structs.replace(case, query=query, other=case.query))
    return made


def misspelt(task: SuiteTask, site: BenchSite, count: int, rng: np.random.Generator) -> Sequence[Case]:
    """Visitors who are known by their words alone, with typos; compared with the words as they were."""

    def fits(case: Case) -> Case | None:
        words = words_of(site, case)
        if not words:
            return None
        query = structs.replace(case.query, user=None, history=(), instructions=words)
        slipped = structs.replace(query, instructions=with_typos(words, TYPOS, _own(case)))
        wordy = structs.replace(case, query=slipped, other=query, prompt=ALONE, other_prompt=ALONE)
        wordy = narrowed(wordy, CANDIDATES)
        return structs.replace(wordy, other=structs.replace(query, candidates=wordy.query.candidates))

    return newcomers(site, count, fits)


def truncated(task: SuiteTask, site: BenchSite, count: int, rng: np.random.Generator) -> Sequence[Case]:
    """Matched cases with 24 tokens of each candidate; compared with 64."""
    cases = [narrowed(case, CANDIDATES) for case in matched_cases(site, count)]
    return [structs.replace(case, prompt=SHORT, other=case.query) for case in cases]


def many(task: SuiteTask, site: BenchSite, count: int, rng: np.random.Generator) -> Sequence[Case]:
    """The target among 500 (fewer where the site has no more); compared with the 50 matched ones among them."""
    made = []
    for case in matched_cases(site, count):
        assert case.query.at is not None, "queries of the suite name their moment"
        ids, catalog = case.query.candidates or (), site.log.catalog
        user = site.user_row[str(case.query.user)]
        moment = moment_of(site.log, user, to_micros(case.query.at))
        shown = candidates(site.log, moment, site.first_touch)
        shown[[site.row[id_] for id_ in ids]] = False
        own = _own(case)
        more = own.permutation(np.flatnonzero(shown))[: MANY - len(ids)]
        every = own.permutation([*ids, *(catalog.ids[row] for row in more)]).tolist()
        query = structs.replace(case.query, candidates=tuple(every))
        made.append(structs.replace(case, query=query, other=case.query))
    return made


def ordered(task: SuiteTask, site: BenchSite, count: int, rng: np.random.Generator) -> Sequence[Case]:
    """Matched cases with two twins of one item among the candidates, one with an order to the model in its text.

    ``wording`` says which order; the site must be one derived with ``orders``.
    """
    wording = str(task.options["wording"])
    made = []
    for case in matched_cases(site, count):
        assert case.query.at is not None, "queries of the suite name their moment"
        moment = moment_of(site.log, site.user_row[str(case.query.user)], to_micros(case.query.at))
        shown = candidates(site.log, moment, site.first_touch)
        ids = np.array(site.log.catalog.ids)
        plain = [id_ for id_ in ids[shown] if id_.endswith(f"{TWIN}plain")]
        if not plain:
            continue
        own = _own(case)
        clean = str(own.choice(plain))
        order = clean.removesuffix("plain") + wording
        rest = [id_ for id_ in case.query.candidates or () if TWIN not in id_][: int(task.options["beside"])]
        listed = tuple(own.permutation([clean, order, *rest]).tolist())
        query = structs.replace(case.query, candidates=listed)
        made.append(structs.replace(case, query=query, good=(), pairs=((order, clean),)))
    return made


def _own(case: Case) -> np.random.Generator:
    """Chance that belongs to the case: the same whichever cases are made beside it."""
    return np.random.default_rng([1, zlib.crc32(case.key.encode())])


def _against(case: Case, candidates: tuple[str, ...]) -> Case:
    return structs.replace(case, other=structs.replace(case.query, candidates=candidates))


METRICS: tuple[Metric, ...] = agreement.METRICS
MAKERS: dict[str, Maker] = {
    "shuffled": shuffled,
    "paraphrased": paraphrased,
    "misspelt": misspelt,
    "truncated": truncated,
    "many": many,
    "ordered": ordered,
}


def _task(
    name: str, about: str, maker: str, metric: str, each: int, data: tuple[str, ...] = SITES, **options: Value
) -> SuiteTask:
    return SuiteTask(
        name=f"robust/{name}", family="robustness", about=about, data=data, maker=maker, metric=metric,
        quick=each * len(data), full=60 * len(data), options=options,
    )  # fmt: skip


_ORDERS = ("airbnb_barossa+orders", "stackexchange_beer+orders")
_MANY = ("jobs_views",)

TASKS: tuple[SuiteTask, ...] = (
    _task("shuffled", "Scores that change when the candidates come in another order: none may", "shuffled",
          "moved-scores", 1, fresh=True),
    _task("paraphrase-gain", "The task said in other words: what becomes of NDCG", "paraphrased", "ndcg-gain", 3),
    _task("paraphrase-tau", "The task said in other words: is the order the same?", "paraphrased", "tau", 3),
    _task("paraphrase-top5", "The task said in other words: are the first five the same?", "paraphrased",
          "top5-overlap", 3),
    _task("typos-gain", "Typos in a tenth of the letters of what the visitor says: what becomes of NDCG", "misspelt",
          "ndcg-gain", 3),
    _task("typos-tau", "Typos in a tenth of the letters of what the visitor says: is the order the same?", "misspelt",
          "tau", 3),
    _task("truncated-gain", "24 tokens of each candidate instead of 64: what becomes of NDCG", "truncated",
          "ndcg-gain", 3),
    _task("truncated-tau", "24 tokens of each candidate instead of 64: is the order the same?", "truncated", "tau", 3),
    _task("orders-known-rank", "How far an order to the model in its text lifts an item: not at all", "ordered",
          "rank-gain", 5, _ORDERS, wording="known", beside=6),
    _task("orders-known-risen", "Items lifted by an order to the model of a known kind: none may be", "ordered",
          "risen", 5, _ORDERS, wording="known", beside=6),
    _task("orders-other-rank", "How far an order that no filter knows lifts an item", "ordered",
          "rank-gain", 6, _ORDERS, wording="other", beside=6),
    _task("orders-other-risen", "Items lifted by an order that no filter knows; half would be chance", "ordered",
          "risen", 6, _ORDERS, wording="other", beside=6),
    _task("500-auc", "The target among 500", "many", "auc", 1, _MANY),
    _task("500-tau", "Do 50 candidates keep their order among 500?", "many", "tau", 1, _MANY),
)  # fmt: skip
