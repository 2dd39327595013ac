"""Examples from similar visitors, for a visitor who has no history.

The visitors have a history, which is hidden (``Query.history=()``), and words that were known before the moment: the
positions that applicants stated themselves, or, on derived sites, a request made from the first item they ever chose.
The product looks up who said something similar and tells the model what those went on to choose. Where visitors state
nothing, as on the short stays and the forums as they are, there is nothing to look up; hence the derived sites.
"""

from __future__ import annotations

from collections.abc import Sequence
from functools import lru_cache

import numpy as np
from msgspec import structs

from brewlite.evaluation.suite.case import Case
from brewlite.evaluation.suite.metric import Metric
from brewlite.evaluation.suite.newcomers import narrowed, newcomers, stated
from brewlite.evaluation.suite.site import BenchSite
from brewlite.evaluation.suite.task import Maker, SuiteTask
from brewlite.prompt import PromptConfig
from brewlite.records import Query
from brewlite.retrieval import Catalog, meet
from brewlite.retrieval.neighbours import Neighbours

COUNTS = (1, 3, 5)
CANDIDATES = 12
SITES = ("jobs_views", "airbnb_barossa+requests", "stackexchange_travel+requests")


def with_examples(task: SuiteTask, site: BenchSite, count: int, rng: np.random.Generator) -> Sequence[Case]:
    """Newcomers whose words are like another visitor's; ``examples`` in the prompt, against none."""
    prompt = PromptConfig(example_count=int(task.options["examples"]))

    def fits(case: Case) -> Case | None:
        if stated(site, case) is None:
            return None
        query = structs.replace(case.query, history=())
        found = examples_for(site, query)
        if not found:
            return None
        hidden = narrowed(structs.replace(case, query=query), CANDIDATES)
        return structs.replace(
            hidden,
            prompt=prompt,
            other_prompt=PromptConfig(example_count=0),
            facets={**case.facets, "examples": float(min(found, prompt.example_count))},
        )

    return newcomers(site, count, fits)


def examples_for(site: BenchSite, query: Query) -> int:
    """How many examples, of at most the most that is asked for, the product finds for ``query``."""
    neighbours, encoder = _neighbours(site), site.recommender.encoder
    assert query.at is not None, "queries of the suite name their moment"
    moment = neighbours.catalog.as_of(query.at)
    user = neighbours.catalog.store.user(query.user) if query.user is not None else None
    return len(neighbours.examples(meet(query, moment, user), moment, encoder, max(COUNTS)))


@lru_cache(maxsize=4)
def _neighbours(site: BenchSite) -> Neighbours:
    recommender = site.recommender
    encoder = recommender.encoder.name if recommender.encoder is not None else ""
    return Neighbours(Catalog(recommender.store, recommender.adapter, encoder).refresh())


METRICS: tuple[Metric, ...] = ()
MAKERS: dict[str, Maker] = {"with examples": with_examples}


def _task(name: str, about: str, metric: str, examples: int, data: tuple[str, ...] = SITES) -> SuiteTask:
    return SuiteTask(
        name=f"examples/{name}", family="examples from similar visitors", about=about, data=data,
        maker="with examples", metric=metric, quick=3 * len(data), full=100 * len(data),
        options={"examples": examples},
    )  # fmt: skip


TASKS: tuple[SuiteTask, ...] = (
    *(_task(f"k{k}", f"Visitors without a history, {k} examples in the prompt", "ndcg@10", k) for k in (0, *COUNTS)),
    *(_task(f"k{k}-gain", f"The same, {k} examples less none: above 0 they help", "ndcg-gain", k) for k in COUNTS),
    _task("jobs-k3-gain", "Applicants in their own words, 3 examples less none", "ndcg-gain", 3, SITES[:1]),
)
