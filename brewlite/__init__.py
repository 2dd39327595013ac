"""brewlite: one compact language model ranks a small site's whole catalog."""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Any

from brewlite.errors import BrewliteError
from brewlite.records import Candidate, Constraint, Event, Item, Pick, Query, RankingPrompt, Slate, Task, User

if TYPE_CHECKING:
    from brewlite.ranker import load_ranker as load_ranker
    from brewlite.recommender import Recommender as Recommender

__all__ = [
    "BrewliteError",
    "Candidate",
    "Constraint",
    "Event",
    "Item",
    "Pick",
    "Query",
    "RankingPrompt",
    "Recommender",
    "Slate",
    "Task",
    "User",
    "load_ranker",
]

# Loaded at first use: the recommender pulls in the store, the ranker pulls in torch.
_LATE = {"Recommender": "brewlite.recommender", "load_ranker": "brewlite.ranker"}


def __getattr__(name: str) -> Any:
    if name in _LATE:
        return getattr(import_module(_LATE[name]), name)
    raise AttributeError(f"module 'brewlite' has no attribute {name!r}")


def __dir__() -> list[str]:
    return sorted(__all__)
