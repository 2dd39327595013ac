"""The site as columns in memory: what was there, and what had happened, at any moment.

A :class:`Catalog` is read from the store and kept up to date by its revision counters. :meth:`Catalog.as_of` gives
a :class:`Moment`: only what was known strictly before that time. Times are microseconds since 1970 UTC.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from functools import cached_property

import numpy as np
from numpy.typing import NDArray

from brewlite.adapter import Action, Adapter, named_action
from brewlite.harmless import harmless
from brewlite.records import Constraint, Item
from brewlite.retrieval.events import Events, Grouped, Likes
from brewlite.store import Store
from brewlite.wishes import rule_of

Ints = NDArray[np.int64]
Floats = NDArray[np.float32]
Mask = NDArray[np.bool_]

ALWAYS = np.iinfo(np.int64).min
NEVER = np.iinfo(np.int64).max
DAY_US = 86_400_000_000
MIN_FOR_PERCENTILE = 20
"""Below this many items a percentile says more about chance than about the item."""
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)


def to_us(moment: datetime) -> int:
    """Microseconds since 1970 UTC, exactly."""
    return (moment - _EPOCH) // timedelta(microseconds=1)


def from_us(moment: int) -> datetime:
    """The inverse of :func:`to_us`."""
    return _EPOCH + timedelta(microseconds=int(moment))


class Catalog:
    """Items, their vectors and all events of one site, in memory. Call :meth:`refresh` before a request."""

    def __init__(self, store: Store, adapter: Adapter, encoder: str) -> None:
        self.store = store
        self.adapter = adapter
        self.encoder = encoder
        self.items: list[Item] = []
        self.index: dict[str, int] = {}
        self.user_index: dict[str, int] = {}
        self.actions = list(adapter.actions)
        self.created = self.expires = np.zeros(0, dtype=np.int64)
        self.hidden = np.zeros(0, dtype=bool)
        self.vectors: Floats = np.zeros((0, 1), dtype=np.float32)
        self.events = Events.empty()
        self.by_user = self.by_item = Grouped.of(self.events.user, 0)
        self._action_index = {action.name: i for i, action in enumerate(self.actions)}
        self._seen = (-1, -1, 0)
        # Each derived from the columns above, and dropped when they change.
        self._masks: dict[tuple[str, str, str, datetime | None], Mask] = {}
        self._numbers: dict[str, NDArray[np.float64]] = {}
        self._known_values: dict[str, list[str]] | None = None
        self._places: Ints | None = None
        self._likes: Likes | None = None
        self._moments: dict[int, Moment] = {}

    def refresh(self) -> Catalog:
        """Read what changed in the store since the last call; cheap when nothing did."""
        now = self.store.revision()
        items, vectors, last_event = self._seen
        if now.items != items:
            self._load_items()
        if now.items != items or now.vectors != vectors:
            self._load_vectors()
        if now.items != items:
            # Events refer to items by row, so they are read again when the rows moved.
            self.events, last_event = Events.empty(), 0
        if now.last_event != last_event:
            last_event = self._append_events(last_event)
        if (now.items, now.vectors, last_event) != self._seen:
            self._moments = {}
        # The last event that was read: more may have come in since the store was asked for its revision.
        self._seen = (now.items, now.vectors, last_event)
        return self

    def as_of(self, at: datetime) -> Moment:
        """What was known strictly before ``at``."""
        moment = self._moments.get(to_us(at))
        if moment is None:
            if len(self._moments) >= 8:
                self._moments.clear()
            moment = self._moments[to_us(at)] = Moment(self, at)
        return moment

    def wording(self, item: Item) -> str:
        """The text that ``item`` is compared by; the same that its vector was made from."""
        return self.adapter.describe(harmless(item))

    def said(self, item: Item) -> str:
        """Everything that is said of ``item``: its wording has room for the first of forty comforts only."""
        safe = harmless(item)
        values = (value for value in safe.fields.values() if isinstance(value, (str, list)))
        tags = (str(one) for value in values for one in (value if isinstance(value, list) else [value]))
        return "\n".join((self.adapter.describe(safe), safe.text, *tags))

    def fits(self, constraint: Constraint, at: datetime) -> Mask:
        """Which items ``constraint`` allows at ``at``, (N,) bool."""
        # A filter may say "now": only then does the answer change with the moment.
        key = (constraint.field, constraint.op, repr(constraint.value), at if constraint.value == "now" else None)
        mask = self._masks.get(key)
        if mask is None:
            if len(self._masks) >= 64:
                self._masks.clear()
            mask = np.fromiter(map(rule_of(constraint, at), self.items), dtype=bool, count=len(self.items))
            self._masks[key] = mask
        return mask

    def numbers(self, name: str) -> NDArray[np.float64]:
        """The numeric field ``name`` of every item, (N,) float64, nan where unknown."""
        if name not in self._numbers:
            values = (item.fields.get(name) for item in self.items)
            self._numbers[name] = np.fromiter(
                (float(v) if isinstance(v, (int, float)) and not isinstance(v, bool) else np.nan for v in values),
                dtype=np.float64,
                count=len(self.items),
            )
        return self._numbers[name]

    def known_values(self) -> dict[str, list[str]]:
        """What the site's fields really hold: the values of categories and tags, and of ``place``.

        A field that no item fills has an empty list: a visitor's words cannot be a limit on it.
        """
        if self._known_values is None:
            found: dict[str, set[str]] = {field.name: set() for field in self.adapter.fields}
            found["place"] = {item.place for item in self.items if item.place}
            for item in self.items:
                for name in found.keys() & item.fields.keys():
                    value = item.fields[name]
                    found[name].update(value if isinstance(value, list) else [str(value)])
            named = {field.name for field in self.adapter.fields if field.type in ("category", "tags")} | {"place"}
            self._known_values = {name: sorted(held) for name, held in found.items() if name in named or not held}
        return self._known_values

    @property
    def places(self) -> Ints:
        """(N,) a number for each item's place, -1 where it names none."""
        if self._places is None:
            numbers: dict[str, int] = {}
            self._places = np.array(
                [numbers.setdefault(item.place, len(numbers)) if item.place else -1 for item in self.items],
                dtype=np.int64,
            )
        return self._places

    @property
    def likes(self) -> Likes:
        """Who liked what, each pair once."""
        if self._likes is None:
            self._likes = Likes.of(self.events, len(self.user_index), len(self.items))
        return self._likes

    def _load_items(self) -> None:
        self.items = self.store.items()
        self.index = {item.id: row for row, item in enumerate(self.items)}
        self.created = np.array([ALWAYS if i.created is None else to_us(i.created) for i in self.items], dtype=np.int64)
        self.expires = np.array([NEVER if i.expires is None else to_us(i.expires) for i in self.items], dtype=np.int64)
        self.hidden = np.array([i.hidden for i in self.items], dtype=bool)
        self._masks = {}
        self._numbers = {}
        self._known_values = None
        self._places = None
        self._likes = None

    def _load_vectors(self) -> None:
        ids, matrix = self.store.vectors("item", self.encoder)
        self.vectors = np.zeros((len(self.items), matrix.shape[1] if len(ids) else 1), dtype=np.float32)
        known = [(self.index[id_], row) for row, id_ in enumerate(ids) if id_ in self.index]
        if known:
            rows, sources = np.array(known, dtype=np.int64).T
            self.vectors[rows] = matrix[sources]

    def _append_events(self, last_event: int) -> int:
        """Read what came after the event ``last_event``; returns the last one there is now."""
        new = self.store.events_after(last_event)
        keep = [row for row, item in enumerate(new.items) if item in self.index]
        users = [self.user_index.setdefault(new.users[row], len(self.user_index)) for row in keep]
        actions = [self._action_row(new.actions[row]) for row in keep]
        weights = [self.actions[a].weight for a in actions]
        at = np.asarray(new.at, dtype=np.int64)[keep] if keep else np.zeros(0, dtype=np.int64)
        old = self.events
        merged = np.concatenate([old.at, at])
        order = np.argsort(merged, kind="stable")
        self.events = Events(
            user=np.concatenate([old.user, np.array(users, dtype=np.int64)])[order],
            item=np.concatenate([old.item, np.array([self.index[new.items[row]] for row in keep], dtype=np.int64)])[
                order
            ],
            action=np.concatenate([old.action, np.array(actions, dtype=np.int64)])[order],
            weight=np.concatenate([old.weight, np.array(weights, dtype=np.float32)])[order],
            at=merged[order],
        )
        self._index_events()
        return int(new.rows[-1]) if len(new.rows) else last_event

    def action(self, name: str) -> Action:
        """The action that is called ``name``; a word the adapter does not know is kept, and counts as a mild liking."""
        return self.actions[self._action_row(name)]

    def _action_row(self, name: str) -> int:
        if name not in self._action_index:
            meant = named_action(self.adapter.actions, name)
            self._action_index[name] = self._action_index[meant.name] if meant is not None else len(self.actions)
            if meant is None:
                self.actions.append(Action(name=name, phrase=name, weight=0.5))
        return self._action_index[name]

    def _index_events(self) -> None:
        """Event rows grouped by user and by item, in time order: what history and co-visits are read from."""
        self.by_user = Grouped.of(self.events.user, len(self.user_index))
        self.by_item = Grouped.of(self.events.item, len(self.items))
        self._likes = None


@dataclass(frozen=True)
class Moment:
    """The site strictly before one time."""

    catalog: Catalog
    at: datetime
    us: int = field(init=False)

    def __post_init__(self) -> None:
        object.__setattr__(self, "us", to_us(self.at))

    @cached_property
    def n_events(self) -> int:
        """Events known: the first ``n_events`` rows of the catalog's events."""
        return int(np.searchsorted(self.catalog.events.at, self.us, side="left"))

    @cached_property
    def first_event(self) -> Ints:
        """The time of each item's first known event, (N,); NEVER without one."""
        first = np.full(len(self.catalog.items), NEVER, dtype=np.int64)
        items = self.catalog.events.item[: self.n_events]
        # Reversed, so that the earliest event is written last and stays.
        first[items[::-1]] = self.catalog.events.at[: self.n_events][::-1]
        return first

    @cached_property
    def exists(self) -> Mask:
        """Items that were there, (N,): created by then, or touched by then whatever their row says."""
        mask: Mask = (self.catalog.created <= self.us) | (self.first_event < self.us)
        return mask

    @cached_property
    def eligible(self) -> Mask:
        """Items that may be shown, (N,): there, not hidden, not expired."""
        mask: Mask = self.exists & ~self.catalog.hidden & (self.catalog.expires > self.us)
        return mask

    @cached_property
    def age_days(self) -> Floats:
        """Days since creation, or since the first event where no creation is known; (N,), inf if neither is."""
        born = np.where(self.catalog.created == ALWAYS, self.first_event, self.catalog.created)
        born = np.minimum(born, np.where(self.first_event == NEVER, born, self.first_event))
        age = (self.us - born.astype(np.float64)) / DAY_US
        result: Floats = np.where((born == NEVER) | (born == ALWAYS), np.inf, np.maximum(age, 0.0)).astype(np.float32)
        return result

    @cached_property
    def idle_days(self) -> Floats:
        """Days since the last liking event of each item, (N,); inf without one."""
        events, stop = self.catalog.events, self.n_events
        liking = np.flatnonzero(events.weight[:stop] > 0)
        last = np.full(len(self.catalog.items), -np.inf)
        last[events.item[liking]] = events.at[liking]  # the last assignment stays: the newest event
        idle: Floats = ((self.us - last) / DAY_US).astype(np.float32)
        return idle

    def popularity(self, window_days: float | None = None) -> Floats:
        """Summed weight of the liking events of each item in the window that ends now, (N,); None: of all there were.

        A log that stopped earlier (an old export) is read in the window that ends with its last event.
        """
        events, stop, start = self.catalog.events, self.n_events, 0
        if stop == 0:
            return np.zeros(len(self.catalog.items), dtype=np.float32)
        if window_days is not None:
            window = int(window_days * DAY_US)
            last = int(events.at[stop - 1])
            end = self.us if self.us - last < window else last
            start = int(np.searchsorted(events.at, end - window, side="left"))
        weights = np.maximum(events.weight[start:stop], 0.0)
        counts = np.bincount(events.item[start:stop], weights=weights, minlength=len(self.catalog.items))
        return counts.astype(np.float32)

    def decayed_popularity(self, half_days: float) -> Floats:
        """Summed weight of the liking events of each item, (N,), each halved every ``half_days`` since it happened."""
        events, stop = self.catalog.events, self.n_events
        start = int(np.searchsorted(events.at, self.us - int(20 * half_days * DAY_US), side="left"))
        age = (self.us - events.at[start:stop]) / (half_days * DAY_US)
        weights = np.maximum(events.weight[start:stop], 0.0) * np.exp2(-age)
        counts = np.bincount(events.item[start:stop], weights=weights, minlength=len(self.catalog.items))
        return counts.astype(np.float32)

    def user_events(self, user: str) -> Ints:
        """Rows of the events of ``user``, oldest first."""
        row = self.catalog.user_index.get(user)
        if row is None:
            return np.zeros(0, dtype=np.int64)
        rows = self.catalog.by_user[row]
        return rows[rows < self.n_events]

    def percentile(self, name: str, value: float) -> float | None:
        """Share (0 to 100) of the items there whose field ``name`` lies below ``value``; None for too few."""
        ordered = self._sorted(name)
        if len(ordered) < MIN_FOR_PERCENTILE:
            return None
        return 100.0 * float(np.searchsorted(ordered, value, side="left")) / len(ordered)

    @cached_property
    def _ordered(self) -> dict[str, NDArray[np.float64]]:
        return {}

    def _sorted(self, name: str) -> NDArray[np.float64]:
        if name not in self._ordered:
            values = self.catalog.numbers(name)[self.exists]
            self._ordered[name] = np.sort(values[~np.isnan(values)])
        return self._ordered[name]

    def rows(self, ids: Sequence[str]) -> Ints:
        """Catalog rows of ``ids`` that exist, in their order."""
        return np.array([self.catalog.index[i] for i in ids if i in self.catalog.index], dtype=np.int64)
