"""A site's events as columns, grouped by who did them and to what."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

Ints = NDArray[np.int64]
Floats = NDArray[np.float32]


@dataclass(frozen=True)
class Events:
    """All events as columns, sorted by time; (E,) each."""

    user: Ints
    item: Ints
    action: Ints
    weight: Floats
    at: Ints

    @classmethod
    def empty(cls) -> Events:
        """No events."""
        none = np.zeros(0, dtype=np.int64)
        return cls(user=none, item=none, action=none, weight=np.zeros(0, dtype=np.float32), at=none)


@dataclass(frozen=True)
class Grouped:
    """Row numbers grouped by key: the rows of key ``k`` are ``rows[starts[k]:starts[k + 1]]``, in order."""

    rows: Ints
    starts: Ints

    @classmethod
    def of(cls, keys: Ints, count: int) -> Grouped:
        """Group ``keys`` (E,), each in ``[0, count)``."""
        starts = np.zeros(count + 1, dtype=np.int64)
        np.cumsum(np.bincount(keys, minlength=count), out=starts[1:])
        return cls(rows=np.argsort(keys, kind="stable"), starts=starts)

    def __getitem__(self, key: int) -> Ints:
        return self.rows[self.starts[key] : self.starts[key + 1]]

    def gathered(self, keys: Ints) -> tuple[Ints, Ints]:
        """The rows of all ``keys`` (K,), one key after the other; and which of the keys each row belongs to."""
        counts = self.starts[keys + 1] - self.starts[keys]
        before = np.cumsum(counts) - counts
        places = np.repeat(self.starts[keys] - before, counts) + np.arange(int(counts.sum()))
        return self.rows[places], np.repeat(np.arange(len(keys)), counts)


@dataclass(frozen=True)
class Likes:
    """The first liking event of each visitor on each item, L of them, in time order."""

    events: Ints
    """(L,) rows in the catalog's events."""
    user: Ints
    item: Ints
    by_user: Grouped
    """Of positions in the three columns above."""
    by_item: Grouped

    @classmethod
    def of(cls, events: Events, users: int, items: int) -> Likes:
        """Those among ``events`` of that many visitors and items."""
        liking = np.flatnonzero(events.weight > 0)
        pairs = events.user[liking] * max(items, 1) + events.item[liking]
        first = np.sort(liking[np.unique(pairs, return_index=True)[1]])
        user, item = events.user[first], events.item[first]
        return cls(events=first, user=user, item=item, by_user=Grouped.of(user, users), by_item=Grouped.of(item, items))
