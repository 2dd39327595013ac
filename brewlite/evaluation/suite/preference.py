"""Next-item cases: a visitor, a moment after the cut, and the item that they chose then for the first time.

The target stands among 50 candidates of like age and recent popularity (*matched*: what is left is preference), or
among everything that could be shown (*full*). Cases are drawn evenly over history lengths and months since the cut,
in an order of which every shorter list is the beginning: tasks and suites of all sizes share their cases, and so the
model's answers.
"""

from __future__ import annotations

import zlib
from collections.abc import Iterator, Mapping, Sequence
from itertools import islice
from typing import Literal

import numpy as np
from msgspec import Struct

from brewlite.evaluation.log import DAY, NEVER, UNDATED, EventLog, Ints, event_log, from_micros
from brewlite.evaluation.splits import Cases, cut_time, find_cases, moment_of
from brewlite.evaluation.suite.case import Case, Facet
from brewlite.evaluation.suite.matched import matched_candidates
from brewlite.evaluation.suite.site import BenchSite
from brewlite.records import Query, Task

Part = Literal["test", "validation", "train"]
LEARNED_FROM = 0.2
"""Share of the liking events before the first case of the part ``train``: by then something was counted."""
MONTHS = (1.0, 3.0, 6.0)
"""Bounds of the time since the cut that cases are drawn evenly from: under 1, 1 to 3, 3 to 6, 6 and more."""
CANDIDATES = 50


def matched_cases(
    site: BenchSite,
    count: int,
    seed: int = 0,
    part: Part = "test",
    candidates: int = CANDIDATES,
    *,
    log: EventLog | None = None,
    task: Task | None = None,
    where: Mapping[str, tuple[float, float]] | None = None,
) -> list[Case]:
    """At most ``count`` cases whose target stands among ``candidates`` matched items.

    Args:
        site: whose log.
        count: at most.
        seed: of the order of the cases and of their candidates.
        part: after the cut, between the validation cut and it, or before the validation cut.
        candidates: the target among them.
        log: the site's log with other weights: what counts as choosing.
        task: asked instead of the adapter's first.
        where: facet -> (least, below): only cases within.
    """
    if count < 1:
        return []
    log = site.log if log is None else log
    first_touch = site.first_touch
    made = []
    for found in _drawn(site, log, part, seed, where):
        moment = moment_of(log, found.user, found.at)
        rng = np.random.default_rng([seed, zlib.crc32(found.key.encode())])
        rows = matched_candidates(log, moment, found.target, first_touch, rng, candidates)
        if len(rows) < min(candidates, 10):
            continue
        ids = tuple(log.catalog.ids[row] for row in rows)
        made.append(_case(site, found, Query(user=found.visitor, at=from_micros(found.at), candidates=ids, task=task)))
        if len(made) == count:
            break
    return made


def full_cases(
    site: BenchSite,
    count: int,
    seed: int = 0,
    part: Part = "test",
    *,
    where: Mapping[str, tuple[float, float]] | None = None,
) -> list[Case]:
    """At most ``count`` cases among everything that could be shown; see :func:`matched_cases`.

    Also those whose target has no like and so makes no matched case: the newest post of all.
    """
    drawn = islice(_drawn(site, site.log, part, seed, where), count)
    return [_case(site, found, Query(user=found.visitor, at=from_micros(found.at))) for found in drawn]


def log_of_actions(site: BenchSite, actions: Sequence[str], least_value: float | None = None) -> EventLog:
    """The site's log in which only ``actions`` count as choosing, and of these only those of ``least_value`` or more.

    Everything else has happened all the same: it is history, and what was touched so is no target.
    """
    columns = site.columns
    values = columns.values if least_value is not None else np.zeros(len(columns.rows))
    chosen = [
        action in actions and value >= (least_value or 0.0)
        for action, value in zip(columns.actions, values.tolist(), strict=True)
    ]
    words = ["chosen" if is_chosen else "other" for is_chosen in chosen]
    weights = {"chosen": 1.0, "other": 0.0}
    return event_log(site.log.catalog, columns.users, columns.items, words, columns.at, weights)[0]


class _Found(Struct, frozen=True, kw_only=True):
    """One next-item case before it has candidates."""

    key: str
    visitor: str
    user: int
    at: int
    target: int
    facets: dict[str, Facet]


def _drawn(
    site: BenchSite, log: EventLog, part: Part, seed: int, where: Mapping[str, tuple[float, float]] | None
) -> Iterator[_Found]:
    """Every case of ``part`` that lies within ``where``, in the order in which they are taken."""
    log_then, begin = _span(site, log, part)
    cases, _ = find_cases(log_then, begin)
    ages = _ages(log, cases)
    months = (cases.at - begin) / (30 * DAY)
    columns = {"history": cases.history.astype(float), "months": months, "age_days": ages}
    inside = np.ones(len(cases), dtype=bool)
    for facet, (least, below) in (where or {}).items():
        inside &= (columns[facet] >= least) & (columns[facet] < below)
    cells = cases.groups() * (len(MONTHS) + 1) + np.searchsorted(MONTHS, months, side="right")
    for place in _round_robin(cells, inside, np.random.default_rng([seed, zlib.crc32(site.name.encode())])):
        visitor, at, target = log.user_ids[cases.users[place]], int(cases.at[place]), int(cases.targets[place])
        yield _Found(
            key=f"{site.name}/{visitor}@{at}/{log.catalog.ids[target]}",
            visitor=visitor,
            user=int(cases.users[place]),
            at=at,
            target=target,
            facets={name: round(float(column[place]), 3) for name, column in columns.items()},
        )


def _span(site: BenchSite, log: EventLog, part: Part) -> tuple[EventLog, int]:
    """The events that ``part`` may know, and the time from which on they make cases."""
    if part == "test":
        return log, site.cut
    if part == "validation":
        return log.before(site.cut), site.validation_cut
    return log.before(site.validation_cut), cut_time(site.log, LEARNED_FROM)


def _round_robin(cells: Ints, inside: np.ndarray, rng: np.random.Generator) -> Iterator[int]:
    """Places of ``inside``, one of each cell in turn; within a cell at random."""
    shuffled = rng.permutation(len(cells))
    shuffled = shuffled[inside[shuffled]]
    turn = np.zeros(len(shuffled), dtype=np.int64)
    for cell in np.unique(cells[shuffled]):
        here = cells[shuffled] == cell
        turn[here] = np.arange(here.sum())
    yield from (int(place) for place in shuffled[np.lexsort((cells[shuffled], turn))])


def _ages(log: EventLog, cases: Cases) -> np.ndarray:
    """(N,) days since each target was created, or first touched where that is earlier or all that is known."""
    created, first = log.catalog.created[cases.targets], log.first_touch()[cases.targets]
    born = np.where(created == UNDATED, first, np.minimum(created, first))
    return np.where(born == NEVER, np.inf, (cases.at - born) / DAY)


def _case(site: BenchSite, found: _Found, query: Query) -> Case:
    return Case(
        key=found.key,
        site=site.name,
        visitor=f"{site.name}/{found.visitor}",
        query=query,
        good=(site.log.catalog.ids[found.target],),
        facets=found.facets,
    )
