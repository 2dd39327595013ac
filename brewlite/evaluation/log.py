"""A site's log as columns: what the splits, the baselines and the replay read.

Times are int64 microseconds since 1970 in UTC, as in the store. Items and users are positions in ``Catalog.ids`` and
``EventLog.user_ids``; a method scores positions, never ids.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING

import numpy as np
from msgspec import Struct
from numpy.typing import NDArray

from brewlite.adapter import named_action
from brewlite.errors import BadRecord

if TYPE_CHECKING:
    from brewlite.adapter import Adapter
    from brewlite.records import Item
    from brewlite.store import Store

Ints = NDArray[np.int64]
Floats = NDArray[np.float64]
Mask = NDArray[np.bool_]

NEVER = np.iinfo(np.int64).max
"""A time that does not come: the first touch of an untouched item, the expiry of one that stays."""
UNDATED = np.iinfo(np.int64).min
"""The creation of an item whose row names none."""
UNKNOWN_ACTION = 0.5
"""Weight of an action that the adapter does not name: as in the recommender, a mild liking."""
DAY = 24 * 3600 * 1_000_000
"""Microseconds."""

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)


def to_micros(moment: datetime) -> int:
    """Microseconds since 1970, exact."""
    return (moment - _EPOCH) // timedelta(microseconds=1)


def from_micros(micros: int) -> datetime:
    """The aware UTC time of ``micros``, exact."""
    return _EPOCH + timedelta(microseconds=int(micros))


class Catalog(Struct, frozen=True, kw_only=True, eq=False):
    """Every item of the site, (I,) in the store's order."""

    ids: tuple[str, ...]
    created: Ints
    """(I,) or UNDATED."""
    expires: Ints
    """(I,) or NEVER."""
    hidden: Mask
    """(I,) hidden now; since when is not known, so a hidden item is never shown in a replay."""

    def __len__(self) -> int:
        return len(self.ids)


class EventLog(Struct, frozen=True, kw_only=True, eq=False):
    """Events of one site, oldest first. A part of it (:meth:`before`) is a view: nothing is copied."""

    catalog: Catalog
    user_ids: tuple[str, ...]
    users: Ints
    """(E,)"""
    items: Ints
    """(E,)"""
    at: Ints
    """(E,) ascending."""
    weights: Floats
    """(E,) what the action says about taste: positive is liking."""

    def __len__(self) -> int:
        return len(self.at)

    def head(self, count: int) -> EventLog:
        """The oldest ``count`` events."""
        return self._part(slice(0, count))

    def before(self, moment: int) -> EventLog:
        """The events strictly before ``moment``."""
        return self.head(int(np.searchsorted(self.at, moment, side="left")))

    def since(self, moment: int) -> EventLog:
        """The events at or after ``moment``."""
        return self._part(slice(int(np.searchsorted(self.at, moment, side="left")), None))

    def of_user(self, user: int) -> EventLog:
        """One visitor's events."""
        return self._part(np.flatnonzero(self.users == user))

    def liked(self) -> EventLog:
        """The events of positive weight."""
        return self._part(np.flatnonzero(self.weights > 0))

    def first_touch(self) -> Ints:
        """(I,) when anybody first touched each item in this part of the log, or NEVER."""
        first = np.full(len(self.catalog), NEVER, dtype=np.int64)
        first[self.items[::-1]] = self.at[::-1]  # the last assignment stays: the oldest event
        return first

    def _part(self, where: slice | Ints) -> EventLog:
        return EventLog(
            catalog=self.catalog,
            user_ids=self.user_ids,
            users=self.users[where],
            items=self.items[where],
            at=self.at[where],
            weights=self.weights[where],
        )


def catalog_of(items: Sequence[Item]) -> Catalog:
    """``items`` as columns."""
    return Catalog(
        ids=tuple(item.id for item in items),
        created=np.array([UNDATED if it.created is None else to_micros(it.created) for it in items], dtype=np.int64),
        expires=np.array([NEVER if it.expires is None else to_micros(it.expires) for it in items], dtype=np.int64),
        hidden=np.array([item.hidden for item in items], dtype=np.bool_),
    )


def read_log(store: Store, adapter: Adapter) -> tuple[EventLog, tuple[str, ...]]:
    """The store's whole log, and notes on what could not be used. Raises BadRecord when there is nothing to replay."""
    catalog = catalog_of(store.items())
    columns = store.events_after(0)
    if not len(catalog) or not len(columns.rows):
        lacking = "items" if not len(catalog) else "events"
        raise BadRecord(f"the database has no {lacking} to evaluate on: run `brewlite import {lacking}` first")
    weight_of = {action.name: action.weight for action in adapter.actions}
    others = {name: named_action(adapter.actions, name) for name in set(columns.actions) - weight_of.keys()}
    weight_of |= {name: meant.weight for name, meant in others.items() if meant is not None}
    unknown = Counter(action for action in columns.actions if action not in weight_of)
    weight_of |= dict.fromkeys(unknown, UNKNOWN_ACTION)
    log, stray = event_log(catalog, columns.users, columns.items, columns.actions, columns.at, weight_of)
    notes = [f"{stray} events on items that are not in the catalog were left out"] if stray else []
    notes += [f"action {name!r} ({n} events) is none of the adapter's: a mild liking" for name, n in unknown.items()]
    if not (log.weights > 0).any():
        seen = ", ".join(f"{name} (weight {weight_of[name]:g})" for name in sorted(set(columns.actions)))
        raise BadRecord(
            f"no event says that a visitor liked something: the actions are {seen}; "
            f"give one of them a positive weight in the adapter"
        )
    return log, tuple(notes)


def event_log(
    catalog: Catalog,
    users: Sequence[str],
    items: Sequence[str],
    actions: Sequence[str],
    at: Sequence[int] | Ints,
    weight_of: Mapping[str, float],
) -> tuple[EventLog, int]:
    """Columns of one row an event, in any order, as an EventLog; and how many were on items not in ``catalog``."""
    position = {id: index for index, id in enumerate(catalog.ids)}
    user_ids = tuple(dict.fromkeys(users))
    number = {id: index for index, id in enumerate(user_ids)}
    item_column = np.array([position.get(item, -1) for item in items], dtype=np.int64)
    times = np.asarray(at, dtype=np.int64)
    order = np.argsort(times, kind="stable")  # stable: equal times keep the order in which they were logged
    order = order[item_column[order] >= 0]
    log = EventLog(
        catalog=catalog,
        user_ids=user_ids,
        users=np.array([number[user] for user in users], dtype=np.int64)[order],
        items=item_column[order],
        at=times[order],
        weights=np.array([weight_of[action] for action in actions], dtype=np.float64)[order],
    )
    return log, len(times) - len(order)
