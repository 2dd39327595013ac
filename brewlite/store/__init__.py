"""The site's database: items, users, events, vectors and slates. The only room with SQL."""

from brewlite.store.answers import Counts, EventColumns, LoggedPick, LoggedSlate, Revision, Written
from brewlite.store.connect import is_missing
from brewlite.store.rows import storable
from brewlite.store.store import Store

__all__ = [
    "Counts",
    "EventColumns",
    "LoggedPick",
    "LoggedSlate",
    "Revision",
    "Store",
    "Written",
    "is_missing",
    "storable",
]
