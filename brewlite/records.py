"""The records that pass between the stages: frozen, comparable, and nothing but data.

Every time is an aware :class:`~datetime.datetime` in UTC. Ids are strings: ``12`` and ``"12"`` from two
exports of one site must be the same item.
"""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

from msgspec import Struct

from brewlite.errors import BadRecord

FieldValue = str | float | bool | list[str]
"""What a typed field of an item may hold. Dates are ISO 8601 strings; integers are floats without a fraction."""

MAX_ID_LENGTH = 512
"""Characters. Longer ids are nearly always a column mapped wrongly, and indexes suffer from them."""


class Item(Struct, frozen=True, kw_only=True):
    """Something that can be recommended: a listing, a job, a post."""

    id: str
    kind: str
    title: str
    text: str = ""
    fields: dict[str, FieldValue] = {}
    url: str | None = None
    image: str | None = None
    place: str | None = None
    created: datetime | None = None
    expires: datetime | None = None
    hidden: bool = False

    def __post_init__(self) -> None:
        require_id("item", self.id)


class User(Struct, frozen=True, kw_only=True):
    """A visitor the site knows something about. An anonymous visitor is a session id and needs no record."""

    id: str
    profile: dict[str, str] = {}
    interests: str = ""
    consent: bool = True
    updated: datetime | None = None
    """Since when this is known; a replay of an earlier moment does not see it. None: always known."""

    def __post_init__(self) -> None:
        require_id("user", self.id)


class Event(Struct, frozen=True, kw_only=True):
    """One thing a visitor did with one item. ``action`` is one of the adapter's words (``view``, ``apply``, ...)."""

    user: str
    item: str
    action: str
    at: datetime | None = None
    """None: now, filled in by the clock of whoever stores the event."""
    value: float | None = None
    """What the action measured, in the adapter's unit: seconds looked at, stars given."""
    slate: str | None = None
    context: dict[str, str] = {}

    def __post_init__(self) -> None:
        require_id("event user", self.user)
        require_id("event item", self.item)
        require_id("event action", self.action)


class Task(Struct, frozen=True, kw_only=True):
    """A surface, as text: what is asked of the model. A new surface is a new Task, not a new model."""

    name: str
    action: str
    """The action that answers the question with yes."""
    question: str
    instruction: str = ""
    note: str = ""
    """What the site's owner stresses ("prefer homes close to the school")."""


class Query(Struct, frozen=True, kw_only=True):
    """What a caller wants ranked, for whom. Everything about the visitor may be missing."""

    user: str | None = None
    task: str | Task | None = None
    """A task's name, a Task that comes with the request, or None for the adapter's first."""
    k: int = 10
    instructions: str = ""
    """What the visitor says they want and don't want, in their words."""
    profile: dict[str, str] | None = None
    """Overrides the stored profile."""
    history: tuple[tuple[str, str], ...] | None = None
    """(item id, action), oldest first. Overrides the stored history."""
    context: dict[str, str] = {}
    candidates: tuple[str, ...] | None = None
    """Pins the set to rank and bypasses retrieval."""
    filters: dict[str, Any] = {}
    """field -> value, or field -> {"min": .., "max": .., "in": [..], "not": ..}."""
    exclude: tuple[str, ...] = ()
    at: datetime | None = None
    """Replays a moment in the past: only items and events known before it are used."""
    deadline_ms: float | None = None
    seed: int = 0


class Constraint(Struct, frozen=True, kw_only=True):
    """One hard limit understood from a visitor's words or given as a filter."""

    field: str
    op: str
    """One of ``<=  >=  ==  !=  in  not in``."""
    value: FieldValue
    words: str = ""
    """The visitor's words it was read from; empty for a filter."""


class Candidate(Struct, frozen=True, kw_only=True):
    """An item that retrieval proposes, with the score of each source that proposed it."""

    item: str
    evidence: dict[str, float] = {}


class RankingPrompt(Struct, frozen=True, kw_only=True):
    """All a ranker sees: token ids. Each candidate is read behind the prefix, blind to the other candidates."""

    prefix: tuple[int, ...]
    candidates: tuple[tuple[int, ...], ...]


class Pick(Struct, frozen=True, kw_only=True):
    """One place in a slate."""

    item: Item
    rank: int
    """1 is the top."""
    score: float
    probability: float
    sources: dict[str, float] = {}
    """What spoke for the item: retrieval's evidence, the priors and the model's log-odds, by name."""
    reason: str = ""
    """What sets the item apart from the others considered, in a few words; empty where nothing does."""


class Slate(Struct, frozen=True, kw_only=True):
    """The answer to a query."""

    id: str
    picks: tuple[Pick, ...]
    task: str
    model: str
    understood: tuple[Constraint, ...] = ()
    """The hard limits read from the visitor's words and applied."""
    notes: tuple[str, ...] = ()
    """What the caller should know: too few items fit, an unknown visitor, a fallback taken."""
    timing: dict[str, float] = {}
    """Milliseconds by stage."""
    degraded: bool = False
    """True when the order is the first stage's, because the model could not be asked or did not understand."""


def require_id(what: str, value: str) -> None:
    """Raise :class:`BadRecord` unless ``value`` is a usable id."""
    if not isinstance(value, str) or not value.strip():
        raise BadRecord(f"{what} id is empty: every record needs an id of at least one visible character")
    try:
        value.encode()
    except UnicodeEncodeError:
        raise BadRecord(f"{what} id {value!r} holds half a character (a lone surrogate): send valid Unicode") from None
    if len(value) > MAX_ID_LENGTH:
        raise BadRecord(f"{what} id has {len(value)} characters, more than {MAX_ID_LENGTH}: {value[:40]!r}...")


def as_utc(moment: datetime) -> datetime:
    """``moment`` in UTC; one without a zone is read as UTC. Raises BadRecord for what is no moment of the calendar."""
    if not isinstance(moment, datetime):
        raise BadRecord(f"time is {moment!r}: give a datetime")
    try:
        return moment.replace(tzinfo=UTC) if moment.tzinfo is None else moment.astimezone(UTC)
    except OverflowError:
        raise BadRecord(f"time is {moment.isoformat()}: in UTC it lies beyond the years 1 to 9999") from None
