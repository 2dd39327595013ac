"""What queries, and records that are stored as they come, may hold.

One place, so that the SDK, the command line and HTTP refuse the same things in one voice.
"""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Sequence
from datetime import datetime, timedelta
from numbers import Integral

from msgspec import structs

from brewlite.adapter import Field
from brewlite.adapter.dates import parse_date
from brewlite.adapter.values import declared_name, parse_tags
from brewlite.errors import BadRecord
from brewlite.records import Event, FieldValue, Item, Query, Task, User, as_utc, require_id

MAX_K = 1_000
MAX_CANDIDATES = 5_000
MAX_WORDS = 4_000
"""Characters of ``instructions``, and of a task's own instruction and note."""
MAX_QUESTION = 500
"""Characters of a task's question: all of it stands in the prompt, where other parts are cut to a budget."""
MAX_HISTORY = 10_000
MAX_TITLE = 1_000
MAX_TEXT = 100_000
"""Characters. An import cuts its rows' texts; a record that is sent is refused, as its sender can be told."""
CLOCK_SKEW = timedelta(days=1)


def checked(query: Query, now: datetime, pinned: bool = False) -> Query:
    """``query`` with its moment in UTC.

    Args:
        query: as the caller sent it.
        now: the present.
        pinned: whether the call needs ``candidates``.

    Raises:
        BadRecord: names the field, the value, and the mend.
    """
    if not isinstance(query.k, Integral) or not 1 <= query.k <= MAX_K:
        raise BadRecord(f"k is {query.k!r}: ask for 1 to {MAX_K} items")
    if not isinstance(query.seed, Integral) or query.seed < 0:
        raise BadRecord(f"seed is {query.seed!r}: give a whole number from 0 on")
    if not isinstance(query.instructions, str):
        raise BadRecord(f"instructions are {query.instructions!r}: give a text, empty where nothing is asked for")
    if query.user:  # an empty one is nobody, as None is
        require_id("user", query.user)
    if len(query.instructions) > MAX_WORDS:
        raise BadRecord(f"instructions have {len(query.instructions)} characters: at most {MAX_WORDS}")
    if query.history is not None and len(query.history) > MAX_HISTORY:
        raise BadRecord(f"history has {len(query.history)} entries: send the newest {MAX_HISTORY} at most")
    if query.deadline_ms is not None and not (math.isfinite(query.deadline_ms) and query.deadline_ms > 0):
        raise BadRecord(f"deadline_ms is {query.deadline_ms}: give milliseconds above 0, or leave it out")
    if isinstance(query.task, Task):
        check_task(query.task)
    _check_candidates(query, pinned)
    if query.at is None:
        return query
    at = as_utc(query.at)
    if at > now + CLOCK_SKEW:
        raise BadRecord(f"at is {at.isoformat()}, in the future: leave it out for now, or name a moment in the past")
    return structs.replace(query, at=at)


def check_task(task: Task) -> None:
    """Raise BadRecord for a task that the prompt has no room for."""
    for part, most in (("question", MAX_QUESTION), ("instruction", MAX_WORDS), ("note", MAX_WORDS)):
        if (length := len(getattr(task, part))) > most:
            raise BadRecord(f"task {task.name!r}: {part} has {length} characters: at most {most}; shorten it")


def _check_candidates(query: Query, pinned: bool) -> None:
    if pinned and not query.candidates:
        raise BadRecord("candidates are empty: rank needs the ids to rank; recommend chooses them itself")
    if query.candidates is None:
        return
    if len(query.candidates) > MAX_CANDIDATES:
        raise BadRecord(f"{len(query.candidates)} candidates: at most {MAX_CANDIDATES}; narrow them down first")
    twice = [id_ for id_, count in Counter(query.candidates).items() if count > 1]
    if twice:
        raise BadRecord(f"candidates given more than once: {', '.join(map(repr, twice[:20]))}")


def checked_item(item: Item, fields: Sequence[Field], now: datetime) -> Item:
    """``item`` with its times in UTC.

    Raises:
        BadRecord: a field holds what its declared type cannot; a text is too long; it was created in the future.
    """
    who = f"item {item.id!r}"
    for name, text, most in (("title", item.title, MAX_TITLE), ("text", item.text, MAX_TEXT)):
        if not isinstance(text, str):
            raise BadRecord(f"{who}: {name} is {text!r}: give a text, empty where there is none")
        if len(text) > most:
            raise BadRecord(f"{who}: {name} has {len(text)} characters, more than {most}; shorten it")
    if not item.title.strip():
        raise BadRecord(f"{who} has no title: the model and the visitor read it first")
    declared = {field.name: field for field in fields}
    values = dict(item.fields)
    for name, value in item.fields.items():
        if name in declared:
            if wrong := _misfit(declared[name], value):
                raise BadRecord(f"{who}: field {name!r} is {_short(value)}: {wrong}")
            values[name] = _named(declared[name], value)
    created = as_utc(item.created) if item.created is not None else None
    if created is not None and created > now + CLOCK_SKEW:
        raise BadRecord(f"{who}: created is {created.isoformat()}, in the future; it is when the item was first listed")
    expires = as_utc(item.expires) if item.expires is not None else None
    return structs.replace(item, fields=values, created=created, expires=expires)


def checked_user(user: User, now: datetime) -> User:
    """``user`` with its time in UTC. Raises BadRecord when that lies in the future: nobody would read it until then."""
    updated = as_utc(user.updated) if user.updated is not None else None
    if updated is not None and updated > now + CLOCK_SKEW:
        raise BadRecord(f"user {user.id!r}: updated is {updated.isoformat()}, in the future; leave it out for now")
    return structs.replace(user, updated=updated)


def checked_event(event: Event, now: datetime) -> Event:
    """``event`` with its time in UTC, or ``now`` where it has none.

    Raises:
        BadRecord: it lies in the future, or its value is not finite.
    """
    at = as_utc(event.at) if event.at is not None else now
    if at > now + CLOCK_SKEW:
        raise BadRecord(f"event {event.action!r} of {event.user!r} is at {at.isoformat()}, in the future")
    if event.value is not None and not _finite(event.value):
        raise BadRecord(
            f"event {event.action!r} of {event.user!r} has value {event.value}: give a number, or leave it out"
        )
    return structs.replace(event, at=at)


def _named(field: Field, value: FieldValue) -> FieldValue:
    """``value`` by the name that the field declares for it, as an import would keep it: limits go by these names."""
    if field.type == "tags" and isinstance(value, list) and field.values:
        return parse_tags(value, field)
    return declared_name(value, field) if field.type == "category" and isinstance(value, str) else value


def _finite(value: float) -> bool:
    try:
        return math.isfinite(value)
    except OverflowError:  # a whole number beyond all floats
        return False


def _short(value: object) -> str:
    said = repr(value)
    return said if len(said) <= 80 else f"{said[:77]}..."


def _misfit(field: Field, value: FieldValue) -> str | None:
    """What is wrong with ``value`` in ``field``; None when it fits."""
    if field.type in ("number", "integer", "money"):
        if isinstance(value, bool) or not isinstance(value, (int, float)):
            return f"{field.type} is a number"
        if not _finite(value):
            return "not a finite number; leave the field out where it is not known"
        return "money is not negative" if field.type == "money" and value < 0 else None
    if field.type == "boolean":
        return None if isinstance(value, bool) else "true or false"
    if field.type == "tags":
        return None if isinstance(value, list) else "tags are a list of texts"
    if not isinstance(value, str):
        return f"{field.type} is a text"
    if field.type == "date" and not _is_date(value):
        return "not a date: write it as 2026-05-01"
    return None


def _is_date(text: str) -> bool:
    try:
        parse_date(text)
    except ValueError:
        return False
    return True
