"""Cases that ask whether limits are kept, and whether words move what they say nothing about."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from msgspec import structs

from brewlite.evaluation.log import from_micros, to_micros
from brewlite.evaluation.splits import find_cases, moment_of
from brewlite.evaluation.suite.case import Case
from brewlite.evaluation.suite.matched import matched_candidates
from brewlite.evaluation.suite.site import BenchSite
from brewlite.evaluation.suite.stated.limits import Limit, drawn, keeps
from brewlite.evaluation.suite.stated.steering import key_of
from brewlite.evaluation.suite.stated.stock import Stock, rows_of, stock_of
from brewlite.evaluation.suite.stated.wish import Kind, wishes
from brewlite.evaluation.suite.task import SuiteTask
from brewlite.records import Query
from brewlite.wishes import understand

LISTED, LEAST_FITTING, MOST_FITTING = 40, 10, 16
"""Candidates of a case of hard limits, and how many of them keep to it."""
EQUALS = 12


def hard(task: SuiteTask, site: BenchSite, count: int, rng: np.random.Generator) -> Sequence[Case]:
    """Requests with a limit, and 40 items of which 10 to 16 keep to it; ``good`` and ``bad`` say which.

    The limits are the same whatever ``rng``, so that all tasks about them share their questions. With
    ``understood`` only those that ``brewlite.wishes`` reads as they are meant.
    """
    stock = stock_of(site)
    fixed = np.random.default_rng(LISTED)
    made: list[Case] = []
    for limit in drawn(stock, fixed):
        kept = keeps(limit, stock)
        fitting, broken = rows_of(kept), rows_of(~kept)
        if len(fitting) < LEAST_FITTING or len(broken) < LISTED - LEAST_FITTING:
            continue
        fits = fixed.permutation(fitting)[: int(fixed.integers(LEAST_FITTING, MOST_FITTING + 1))]
        rows = fixed.permutation(np.append(fits, fixed.permutation(broken)[: LISTED - len(fits)]))
        if not task.options.get("understood") or is_understood(limit, stock):
            made.append(_limit_case(task, stock, limit, rows.tolist(), kept))
        if len(made) == count:
            break
    return made


def is_understood(limit: Limit, stock: Stock) -> bool:
    """Whether ``brewlite.wishes`` reads exactly the limits that are meant."""
    fields = stock.site.recommender.adapter.fields
    read = understand(limit.words, fields, at=stock.at, known=stock.known).constraints
    return {(c.field, c.op, c.value) for c in read} == {(c.field, c.op, c.value) for c in limit.constraints}


def _limit_case(task: SuiteTask, stock: Stock, limit: Limit, rows: list[int], kept: np.ndarray) -> Case:
    ids = [item.id for item in stock.items]
    query = Query(instructions=limit.words, at=stock.at, candidates=tuple(ids[row] for row in rows))
    return Case(
        key=key_of(task, stock, query),
        site=stock.site.name,
        visitor=f"{stock.site.name}/{limit.words}",
        query=query,
        good=tuple(ids[row] for row in rows if kept[row]),
        bad=tuple(ids[row] for row in rows if not kept[row]),
        facets={
            "request": "limit",
            "attribute": limit.name,
            "share": round(float(kept.mean()), 3),
            "language": "en",
            "history": 0.0,
        },
    )


def unmoved(task: SuiteTask, site: BenchSite, count: int, rng: np.random.Generator) -> Sequence[Case]:
    """Twelve items that answer the request equally well, or of which none does; ``other`` asks without the words.

    Where none does, the words are a mild hope, as a firm one would rightly hide all of them.
    """
    stock = stock_of(site)
    least, most = float(task.options.get("least", 0.0)), float(task.options.get("most", 1.0))
    kinds: tuple[Kind, ...] = ("want", "want", "hope")
    sources = [wishes(stock, kind, rng, least, most) for kind in kinds]
    made: list[Case] = []
    while sources and len(made) < count:
        for source in tuple(sources):
            wish = next(source, None)
            if wish is None:
                sources.remove(source)
                continue
            rows = rows_of(wish.failing(stock) if wish.kind == "hope" else wish.fitting(stock))
            if len(rows) < EQUALS or len(made) == count:
                continue
            chosen = tuple(stock.items[row].id for row in rng.permutation(rows)[:EQUALS])
            query = Query(instructions=wish.words, at=stock.at, candidates=chosen)
            made.append(
                Case(
                    key=key_of(task, stock, query),
                    site=site.name,
                    visitor=f"{site.name}/{wish.words}",
                    query=query,
                    other=structs.replace(query, instructions=""),
                    facets={
                        "request": "none fits" if wish.kind == "hope" else "all fit",
                        "attribute": wish.name,
                        "share": round(stock.share(wish.wanted[0]), 3),
                        "language": "en",
                        "history": 0.0,
                    },
                )
            )
    return made


def positions(task: SuiteTask, site: BenchSite, count: int, rng: np.random.Generator) -> Sequence[Case]:
    """What applicants viewed next among like candidates, given the positions that they had stated before.

    With ``silent`` the same cases without the words. The history comes with the query, and not the visitor's name:
    else their stored interests would be read in either.
    """
    log, store = site.log, site.recommender.store
    cases, _ = find_cases(log, site.cut)
    stated = {user.id: user for user in store.users() if user.interests and user.updated is not None}
    made: list[Case] = []
    for place in np.random.default_rng(EQUALS).permutation(len(cases)):
        visitor, at, target = log.user_ids[cases.users[place]], int(cases.at[place]), int(cases.targets[place])
        user = stated.get(visitor)
        if user is None or user.updated is None or to_micros(user.updated) >= at:
            continue
        moment, own = moment_of(log, int(cases.users[place]), at), np.random.default_rng(int(place))
        rows = matched_candidates(log, moment, target, site.first_touch, own, int(task.options.get("candidates", 24)))
        if not len(rows):
            continue
        made.append(_position_case(task, site, visitor, at, rows.tolist(), target, user.interests))
        if len(made) == count:
            break
    return made


def _position_case(
    task: SuiteTask, site: BenchSite, visitor: str, at: int, rows: list[int], target: int, interests: str
) -> Case:
    ids = site.log.catalog.ids
    columns = site.columns
    known = site.row
    mine = [
        (int(when), item, action)
        for user, item, action, when in zip(columns.users, columns.items, columns.actions, columns.at, strict=True)
        if user == visitor and when < at and item in known
    ]
    return Case(
        key=f"{site.name}/{visitor}@{at}/stated",
        site=site.name,
        visitor=f"{site.name}/{visitor}",
        query=Query(
            instructions="" if task.options.get("silent") else interests,
            history=tuple((item, action) for _, item, action in sorted(mine)),
            at=from_micros(at),
            candidates=tuple(ids[row] for row in rows),
        ),
        good=(ids[target],),
        facets={"history": float(len(mine)), "request": "stated position", "language": "en"},
    )
