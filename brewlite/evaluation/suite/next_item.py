"""Tasks that ask what the visitor chose next: overall, by data set, history, age, months, and other questions."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
from msgspec import structs

from brewlite.evaluation.log import from_micros, to_micros
from brewlite.evaluation.metrics import METRICS as PLACE_METRICS
from brewlite.evaluation.metrics import Places
from brewlite.evaluation.suite.case import Case
from brewlite.evaluation.suite.metric import Asked, MeanMetric, Metric
from brewlite.evaluation.suite.preference import Part, full_cases, log_of_actions, matched_cases
from brewlite.evaluation.suite.site import BenchSite
from brewlite.evaluation.suite.task import Maker, SuiteTask, Value
from brewlite.records import Query, Task

NDCG = "ndcg@10"
LISTINGS = ("airbnb_barossa", "airbnb_singapore")
POSTS = ("stackexchange_travel", "stackexchange_ai_titles", "stackexchange_coffee", "stackexchange_beer")
JOBS = ("jobs_views",)
WITH_EVENTS = (*LISTINGS, *POSTS, *JOBS)
BY_KIND = {"listings": LISTINGS, "posts": POSTS, "jobs": JOBS}
QUICK_CASES = {"listings": 8, "posts": 8, "jobs": 12}
"""Of each data set of a kind. Tasks by history, age and months are parts of these, so the model reads nothing new."""


def matched(task: SuiteTask, site: BenchSite, count: int, rng: np.random.Generator) -> Sequence[Case]:
    """Next-item cases among 50 matched candidates; ``least`` and ``below`` bound the ``facet``.

    In the quick suite only those of the first ``of`` cases of the site, which other tasks ask about anyway. ``part``
    names the part of the log, the test part where it is not given; ``seed`` draws other cases.
    """
    if "facet" not in task.options:
        return matched_cases(site, count, seed=_seed(task), part=_part(task))
    facet, of = str(task.options["facet"]), int(task.options["of"])
    least, below = float(task.options.get("least", -np.inf)), float(task.options.get("below", np.inf))
    if count * len(task.data) > task.quick:
        return matched_cases(site, count, where={facet: (least, below)})
    return [case for case in matched_cases(site, of) if least <= float(case.facets[facet]) < below]


def full(task: SuiteTask, site: BenchSite, count: int, rng: np.random.Generator) -> Sequence[Case]:
    """Next-item cases among everything that could be shown, less what the visitor has touched."""
    return [_untouched(case, site) for case in full_cases(site, count, _seed(task), _part(task))]


def _untouched(case: Case, site: BenchSite) -> Case:
    """What the visitor has touched is no candidate, so that no method spends a place, or a look of the model, on it."""
    assert case.query.at is not None, "queries of the suite name their moment"
    own = site.log.before(to_micros(case.query.at)).of_user(site.user_row[str(case.query.user)])
    touched = tuple(site.log.catalog.ids[row] for row in np.unique(own.items))
    return structs.replace(case, query=structs.replace(case.query, exclude=touched))


def _seed(task: SuiteTask) -> int:
    return int(task.options.get("seed", 0))


def _part(task: SuiteTask) -> Part:
    return "validation" if task.options.get("part") == "validation" else "test"


def asked_otherwise(task: SuiteTask, site: BenchSite, count: int, rng: np.random.Generator) -> Sequence[Case]:
    """The same log asked another ``question``: only ``action`` (of ``least_value`` or more) is choosing."""
    least = task.options.get("least_value")
    action = str(task.options["action"])
    log = log_of_actions(site, (action,), float(least) if least is not None else None)
    question = Task(
        name=task.name, action=action, question=str(task.options["question"]), instruction=str(task.options["judge"])
    )
    return matched_cases(site, count, candidates=int(task.options.get("candidates", 20)), log=log, task=question)


def returning(task: SuiteTask, site: BenchSite, count: int, rng: np.random.Generator) -> Sequence[Case]:
    """Visitors who chose again one of the items they had chosen before: which one? Candidates are all of those."""
    log = site.log.liked()
    question = Task(
        name=task.name, action="stay", question=str(task.options["question"]), instruction=str(task.options["judge"])
    )
    made = []
    for event in rng.permutation(np.flatnonzero(log.at >= site.cut)):
        user, at, item = int(log.users[event]), int(log.at[event]), int(log.items[event])
        past = log.before(at).of_user(user)
        before = np.unique(past.items)
        if item not in before or len(before) < 2:
            continue
        visitor, ids = log.user_ids[user], [log.catalog.ids[row] for row in rng.permutation(before)]
        made.append(
            Case(
                key=f"{site.name}/{visitor}@{at}/again",
                site=site.name,
                visitor=f"{site.name}/{visitor}",
                query=Query(user=visitor, at=from_micros(at), candidates=tuple(ids), task=question),
                good=(log.catalog.ids[item],),
                facets={"history": float(len(past)), "months": round(site.months_after_cut(at), 3)},
            )
        )
        if len(made) == count:
            break
    return made


def _by_place(name: str) -> MeanMetric:
    measure = PLACE_METRICS[name]

    def of_target(asked: Asked) -> float | None:
        where = np.array([id_ in asked.case.good for id_ in asked.answer.ids])
        if not where.any() or len(where) < 2:
            return None  # a method that leaves the target out altogether puts it behind all others
        return float(measure(Places.of_list(asked.answer.scores, int(where.argmax())))[0])

    return MeanMetric(name=name, unit=name, measure=of_target)


METRICS: tuple[Metric, ...] = tuple(_by_place(name) for name in PLACE_METRICS)
MAKERS: dict[str, Maker] = {
    "matched": matched,
    "full": full,
    "asked otherwise": asked_otherwise,
    "returning": returning,
}


def _next(name: str, family: str, about: str, data: Sequence[str], maker: str = "matched", **more: Any) -> SuiteTask:
    quick = sum(QUICK_CASES[kind] for kind, sets in BY_KIND.items() for site in data if site in sets)
    task = SuiteTask(
        name=name, family=family, about=about, data=tuple(data), maker=maker, metric=NDCG,
        quick=quick, full=300 * len(data),
    )  # fmt: skip
    return structs.replace(task, **more)


def _within(facet: str, least: float, below: float | None, kind: str) -> dict[str, Value]:
    bounds: dict[str, Value] = {"facet": facet, "least": float(least), "of": QUICK_CASES[kind]}
    return bounds if below is None else {**bounds, "below": float(below)}


_OVERALL = "next item"
_WHERE = {
    "airbnb_barossa": "Short stays A: the next stay, later than anything learned",
    "airbnb_singapore": "Short stays B: the next stay, later than anything learned",
    "stackexchange_travel": "Q&A travel: the next post taken part in, later than anything learned",
    "stackexchange_ai_titles": "Q&A titles: posts known by their titles alone",
    "stackexchange_coffee": "Q&A coffee: a very small site",
    "stackexchange_beer": "Q&A beer: a site kept out of training",
    "jobs_views": "Job views: a domain kept out of training",
}
_LENGTHS = (("0", 0, 1), ("1-5", 1, 6), ("6-20", 6, 21), ("21+", 21, None))
_MONTHS = (("first month", 0, 1), ("months 2-3", 1, 3), ("months 4-6", 3, 6), ("later", 6, None))
_QUESTIONS = (
    ("posts/will-answer", POSTS[:2], "answer", "Will this visitor answer this post?",
     "Judge whether the visitor knows enough about this topic, and cares enough, to answer."),
    ("posts/will-comment", ("stackexchange_travel", "stackexchange_beer"), "comment",
     "Will this visitor write a comment under this post?",
     "Judge whether this post would make the visitor ask back, add something or object."),
    ("posts/will-favourite", ("stackexchange_ai_titles", "stackexchange_beer"), "favourite",
     "Will this visitor mark this post as a favourite?",
     "Judge whether the visitor would want to find this post again."),
)  # fmt: skip

TASKS: tuple[SuiteTask, ...] = (
    _next("all/matched", _OVERALL, "Seven sites together, the target among 50 of like age and popularity", WITH_EVENTS,
          quick=56),
    *(_next(f"{site}/matched", "next item, matched", about, (site,)) for site, about in _WHERE.items()),
    _next("all/matched-hr", _OVERALL, "Is the chosen item among the first ten of 50?", WITH_EVENTS, quick=56,
          metric="hr@10"),
    _next("all/matched-auc", _OVERALL, "Share of the 49 others that stand below it", WITH_EVENTS, quick=56,
          metric="auc"),
    _next("all/full", _OVERALL, "Seven sites together, the whole catalog", WITH_EVENTS, "full", quick=14),
    _next("all/full-hr", _OVERALL, "Is it among the first ten of the whole catalog?", WITH_EVENTS, "full", quick=14,
          metric="hr@10"),
    *(_next(f"{kind}/full", "next item, whole catalog", f"{kind.capitalize()}: among everything that could be shown",
            sets, "full", quick=max(2 * len(sets), 8))
      for kind, sets in BY_KIND.items()),
    *(_next(f"{kind}/history-{name}", "history length", f"{kind.capitalize()}: visitors with {name} events before",
            sets, options=_within("history", least, below, kind))
      for kind, sets in BY_KIND.items() for name, least, below in _LENGTHS),
    *(_next(f"{kind}/new-items", "new items", f"{kind.capitalize()}: chosen within {days} days of its coming", sets,
            options=_within("age_days", 0, days, kind))
      for kind, sets, days in (("listings", LISTINGS, 180), ("posts", POSTS, 60), ("jobs", JOBS, 30))),
    *(_next(f"{kind}/{name.replace(' ', '-')}", "months since the cut", f"{kind.capitalize()}: {name} after the cut",
            BY_KIND[kind],
            options=_within("months", least, below, kind))
      for kind in ("listings", "posts") for name, least, below in _MONTHS),
    *(_next(name, "another question", question, sets, "asked otherwise", quick=8, full=150 * len(sets),
            options={"action": action, "question": question, "judge": judge})
      for name, sets, action, question, judge in _QUESTIONS),
    _next("jobs/will-read-long", "another question", "Will this visitor read this job for more than a minute?", JOBS,
          "asked otherwise", quick=8, full=150,
          options={"action": "view", "least_value": 60.0, "question": "Will this visitor read this job for long?",
                   "judge": "Judge whether the visitor would stay on this page: the work first, then the place."}),
    _next("listings/stay-again", "another question", "To which of the homes they know will this visitor return?",
          LISTINGS, "returning", quick=16, full=200,
          options={"one at a time": True,
                   "question": "Will this visitor come back to this home, where they have stayed before?",
                   "judge": "Judge which of the homes that the visitor knows they would return to."}),
)  # fmt: skip


def asked_anyway(maker: str, data: Sequence[str]) -> int:
    """Cases, over all of ``data`` evenly, that the quick tasks above ask about: more questions to them cost nothing."""
    whole = [task for task in TASKS if task.maker == maker and "facet" not in task.options]
    each = [max(round(task.quick / len(task.data)) for task in whole if site in task.data) for site in data]
    return min(each) * len(data)
