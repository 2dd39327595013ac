"""What the store answers, apart from the records themselves."""

from __future__ import annotations

from datetime import datetime

import numpy as np
from msgspec import Struct

from brewlite.records import Query


class Written(Struct, frozen=True, kw_only=True):
    """What became of the records handed to one write; their sum is the number of records."""

    added: int = 0
    updated: int = 0
    unchanged: int = 0

    def __add__(self, other: Written) -> Written:
        return Written(
            added=self.added + other.added,
            updated=self.updated + other.updated,
            unchanged=self.unchanged + other.unchanged,
        )


class Revision(Struct, frozen=True, kw_only=True):
    """Stands for the state of the data: two are equal if and only if nothing was written between them."""

    items: int
    users: int
    vectors: int
    last_event: int
    """Row id of the newest event; 0 when there is none. What :meth:`Store.events_after` continues from."""


class Counts(Struct, frozen=True, kw_only=True):
    """How much of each there is."""

    items: int
    users: int
    events: int
    slates: int
    vectors: int


class EventColumns(Struct, frozen=True, kw_only=True):
    """Events as columns of equal length, by row id: what a matrix is built from."""

    rows: np.ndarray
    """(N,) int64, strictly increasing."""
    users: list[str]
    items: list[str]
    actions: list[str]
    at: np.ndarray
    """(N,) int64, microseconds since 1970 UTC."""
    values: np.ndarray
    """(N,) float64; nan where the event has no value."""


class LoggedPick(Struct, frozen=True, kw_only=True):
    """One place of a slate as it was shown; the item is kept by id only."""

    item: str
    rank: int
    score: float
    probability: float
    sources: dict[str, float] = {}


class LoggedSlate(Struct, frozen=True, kw_only=True):
    """A slate that was shown, and the query it answered."""

    id: str
    at: datetime
    task: str
    model: str
    degraded: bool
    picks: tuple[LoggedPick, ...]
    query: Query
