"""The cases on which brewlite did badly and another method well: where to look first."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence

import numpy as np

from brewlite.adapter.plain import cut
from brewlite.evaluation.log import to_micros
from brewlite.evaluation.suite.case import Case
from brewlite.evaluation.suite.report import TaskResult, WorstCase
from brewlite.evaluation.suite.site import BenchSite

SHOWN = 15
FROM_ONE = 3
"""Most of one data set."""
JUDGED_BY = ("ndcg@10", "pairs")
"""Metrics between 0 and 1 of tasks that have something to put on top."""
TEXT_LENGTH = 200
"""Characters of an item."""
PICKED = 3


def worst_cases(
    results: Sequence[TaskResult], cases: Mapping[tuple[str, str], Case], sites: Mapping[str, BenchSite], ours: str
) -> tuple[WorstCase, ...]:
    """The cases in which another method is furthest above ours; each once, at most FROM_ONE of a data set.

    ``cases`` are told by their task's name and their key.
    """
    found: list[tuple[float, TaskResult, int, str]] = []
    for result in results:
        if result.task.metric not in JUDGED_BY or ours not in result.values:
            continue
        for place in range(result.n):
            best = _best(result, place, ours)
            if best is not None:
                found.append((best[1], result, place, best[0]))
    found.sort(key=lambda row: -row[0])
    shown: dict[str, WorstCase] = {}
    taken: Counter[tuple[str, str]] = Counter()
    for _, result, place, best_method in found:
        case = cases[result.task.name, result.cases[place].key]
        if case.key in shown or taken[case.site, result.task.metric] == FROM_ONE:
            continue
        taken[case.site, result.task.metric] += 1
        shown[case.key] = _described(result, place, best_method, case, sites[case.site], ours)
        if len(shown) == SHOWN:
            break
    return tuple(shown.values())


def _best(result: TaskResult, place: int, ours: str) -> tuple[str, float] | None:
    """The method that did best in a case, and how far above ours; None where none was better."""
    mine = result.values[ours][place]
    others = {name: row[place] for name, row in result.values.items() if name != ours and row[place] is not None}
    if mine is None or not others:
        return None
    best = max(others, key=lambda name: others[name] or 0.0)
    gap = (others[best] or 0.0) - mine
    return (best, gap) if gap > 0 else None


def _described(result: TaskResult, place: int, best: str, case: Case, site: BenchSite, ours: str) -> WorstCase:
    mine, theirs = result.values[ours][place], result.values[best][place]
    target = case.good[0] if case.good else (case.pairs[0][0] if case.pairs else "")
    picked, prompt, rank = _told(case, site, target)
    return WorstCase(
        task=result.task.name,
        key=case.key,
        ours=float(mine or 0.0),
        best=best,
        best_value=float(theirs or 0.0),
        target=_text(site, target, case),
        picked=tuple(_text(site, id_, case) for id_ in picked),
        prompt=prompt,
        ours_rank=rank,
    )


def _told(case: Case, site: BenchSite, target: str) -> tuple[list[str], str, int | None]:
    """What stood on top, the prompt, and the target's rank."""
    recommender = site.asked_with(case.prompt, case.query.at)
    has_model = recommender.model_name is not None
    if case.query.candidates is not None:
        weighed = recommender.weigh(case.query, use_model=has_model)
        scores = np.where(weighed.fits, weighed.blended.score, -np.inf)
        ids = [weighed.ids[place] for place in np.argsort(-scores, kind="stable")]
    else:
        ids = recommender.order(case.query, use_model=has_model).ids
    rank = ids.index(target) + 1 if target in ids else None
    prompt = ""
    if has_model:
        preview = recommender.preview(case.query)
        lines = [section.text for section in preview.sections]
        lines += [section.text for section in preview.candidates if section.name in (target, *ids[:PICKED])]
        prompt = "".join(lines)
    return ids[:PICKED], prompt, rank


def _text(site: BenchSite, id_: str, case: Case) -> str:
    if not id_:
        return ""
    recommender = site.recommender
    item = recommender.item(id_)
    created = (
        f", {(to_micros(case.query.at) - to_micros(item.created)) / 86_400e6:.0f} days old"
        if item.created and case.query.at
        else ""
    )
    return cut(f"{item.title}. {item.text}", TEXT_LENGTH) + created
