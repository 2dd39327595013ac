"""Choices read off a site's log: what a visitor chose at a moment, and what else could have been shown then."""

from __future__ import annotations

import numpy as np
from msgspec import Struct

from brewlite.blend.matching import around, share_below
from brewlite.retrieval.catalog import ALWAYS, Catalog, Ints, Moment

GROUPS = (0, 5, 20)
"""The most events of a history in each group that choices are drawn evenly from; the last group has more."""


class Choice(Struct, frozen=True, kw_only=True):
    """One visitor's first liking touch of one item."""

    user: str
    row: int
    """Of the item, in the catalog."""
    at: int
    """Microseconds since 1970 UTC."""


def choices_of(
    catalog: Catalog, before: int, since: float, count: int, rng: np.random.Generator
) -> tuple[list[Choice], int]:
    """At most ``count`` choices before ``before`` (microseconds), oldest first; and how many there are in all.

    The first ``since`` of the log makes none, as something must have been counted by then. As even over the lengths of
    history as the log allows. No choice are a second touch, the touch by which an item comes into being, and what is
    not shown any more.
    """
    events, stop = catalog.events, int(np.searchsorted(catalog.events.at, before, side="left"))
    liking = np.flatnonzero(events.weight[:stop] > 0)
    if not len(liking):
        return [], 0
    begin = int(events.at[liking[int(since * len(liking))]])
    found = liking[(events.at[liking] >= begin) & _first_touch(catalog, stop)[liking] & _known(catalog, stop)[liking]]
    group = np.searchsorted(GROUPS, _events_before(catalog, found))
    quotas = _even(np.bincount(group, minlength=len(GROUPS) + 1), count)
    picked = [rng.choice(found[group == g], size=int(quota), replace=False) for g, quota in enumerate(quotas)]
    names = list(catalog.user_index)
    return [
        Choice(user=names[events.user[row]], row=int(events.item[row]), at=int(events.at[row]))
        for row in np.sort(np.concatenate(picked)).tolist()
    ], len(found)


def others_of(choice: Choice, moment: Moment, count: int, rng: np.random.Generator) -> tuple[Ints, Ints]:
    """Rows of what else could have been shown: at most ``count`` of all, and as many of like age and demand.

    Either is empty where there is none.
    """
    shown = moment.eligible.copy()
    touched = moment.user_events(choice.user)
    shown[moment.catalog.events.item[touched]] = False
    shown[choice.row] = True
    rows = np.flatnonzero(shown)
    mine = int(np.searchsorted(rows, choice.row))
    rest = np.delete(rows, mine)
    wide = rng.choice(rest, min(count, len(rest)), replace=False)
    if len(rest) <= count:
        return wide, np.zeros(0, dtype=np.int64)
    columns = (moment.popularity(60.0)[rows], -moment.age_days[rows])
    stands = np.stack([share_below(column.astype(np.float64)) for column in columns])
    return wide, rows[around(stands - stands[:, [mine]], mine, rng, count)]


def _first_touch(catalog: Catalog, stop: int) -> np.ndarray:
    """(stop,) whether each event is the visitor's first on its item; of several at one time, the liking one."""
    events = catalog.events
    user, item, at = events.user[:stop], events.item[:stop], events.at[:stop]
    order = np.lexsort((-events.weight[:stop], at, item, user))
    first = np.ones(stop, dtype=bool)
    first[order[1:]] = (np.diff(user[order]) != 0) | (np.diff(item[order]) != 0)
    return first


def _known(catalog: Catalog, stop: int) -> np.ndarray:
    """(stop,) whether each event's item was known to exist before it, and is shown."""
    items, at = catalog.events.item[:stop], catalog.events.at[:stop]
    first = np.full(len(catalog.items), np.iinfo(np.int64).max)
    first[items[::-1]] = at[::-1]
    created = catalog.created[items]
    known = ((created != ALWAYS) & (created < at)) | (first[items] < at)
    return np.asarray(known & ~catalog.hidden[items] & (catalog.expires[items] > at))


def _events_before(catalog: Catalog, rows: Ints) -> Ints:
    """(N,) how many events the visitor of each of the event ``rows`` had before it."""
    groups = catalog.by_user
    place = np.empty(len(groups.rows), dtype=np.int64)
    sizes = np.diff(groups.starts)
    place[groups.rows] = np.arange(len(groups.rows)) - np.repeat(groups.starts[:-1], sizes)
    return np.asarray(place[rows])


def _even(sizes: Ints, count: int) -> Ints:
    """(G,) how many to take of each group so that none gives more than it has and the rest are level."""
    quotas = np.zeros_like(sizes)
    for done, group in enumerate(np.argsort(sizes, kind="stable")):
        quotas[group] = min(sizes[group], (count - quotas.sum()) // (len(sizes) - done))
    return quotas
