"""Records to database rows and back."""

from __future__ import annotations

import hashlib
import math
import re
from datetime import UTC, datetime, timedelta
from typing import Any, TypeVar

import msgspec
from sqlalchemy import RowMapping

from brewlite.errors import BadRecord
from brewlite.records import Event, FieldValue, Item, Query, Slate, User, as_utc
from brewlite.store.answers import LoggedPick, LoggedSlate

EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
MICROSECOND = timedelta(microseconds=1)

Record = TypeVar("Record", Item, User, Event)
_encode = msgspec.json.Encoder(order="deterministic").encode
_decoders: dict[type, Any] = {record: msgspec.json.Decoder(record) for record in (Item, User, Event)}
_fields = msgspec.json.Decoder(dict[str, FieldValue]).decode
_words = msgspec.json.Decoder(dict[str, str]).decode
_picks = msgspec.json.Decoder(tuple[LoggedPick, ...]).decode
_query = msgspec.json.Decoder(Query).decode
_TIMES: dict[type, tuple[str, ...]] = {Item: ("created", "expires"), User: ("updated",), Event: ("at",)}
# An odd number of backslashes: the escape itself, not a text that speaks of it.
_NUL = re.compile(rb"(?<!\\)(?:\\\\)*\\u0000")


def to_micros(moment: datetime) -> int:
    """Microseconds since 1970 UTC, exactly."""
    return (as_utc(moment) - EPOCH) // MICROSECOND


def from_micros(micros: int) -> datetime:
    """The moment ``micros`` microseconds after 1970 UTC."""
    return EPOCH + timedelta(microseconds=micros)


def storable(record: Record) -> Record:
    """``record`` as it will be read back. Raises BadRecord when a value has the wrong type or cannot be kept.

    The check is a round trip through JSON, which costs some microseconds and knows every field's type.
    """
    named = "event" if isinstance(record, Event) else f"{type(record).__name__.lower()} {record.id!r}"
    if isinstance(record, Event) and isinstance(record.value, float) and not math.isfinite(record.value):
        raise BadRecord(f"{named}: value {record.value!r} is not a finite number; leave it out when it is not known")
    try:
        encoded = _encode(_in_utc(record))
        kept: Record = _in_utc(_decoders[type(record)].decode(encoded))
    except UnicodeEncodeError as error:
        raise BadRecord(f"{named} holds half a character (a lone surrogate): decode the source as UTF-8") from error
    except OverflowError as error:
        raise BadRecord(f"{named}: {error}; times must lie in the years 1 to 9999 UTC") from error
    except (msgspec.DecodeError, TypeError) as error:
        # JSON has no NaN, so one turns into null on the way.
        raise BadRecord(f"{named}: {str(error).replace('`null`', 'nothing, NaN or infinity')}") from error
    if b"\\u0000" in encoded and _NUL.search(encoded):
        raise BadRecord(f"{named} holds a NUL character, which a database cannot keep: remove it")
    return kept


def item_row(item: Item) -> dict[str, Any]:
    """The columns of ``item``, its digest among them."""
    kept = storable(item)
    row = {
        "id": kept.id,
        "kind": kept.kind,
        "title": kept.title,
        "text": kept.text,
        "fields": _encode(kept.fields).decode(),
        "url": kept.url,
        "image": kept.image,
        "place": kept.place,
        "created": _micros(kept.created),
        "expires": _micros(kept.expires),
        "hidden": kept.hidden,
    }
    return _digested(row)


def item_of(row: RowMapping) -> Item:
    """The item in ``row``."""
    return Item(
        id=row["id"],
        kind=row["kind"],
        title=row["title"],
        text=row["text"],
        fields=_fields(row["fields"]),
        url=row["url"],
        image=row["image"],
        place=row["place"],
        created=_moment(row["created"]),
        expires=_moment(row["expires"]),
        hidden=row["hidden"],
    )


def user_row(user: User) -> dict[str, Any]:
    """The columns of ``user``, its digest among them."""
    kept = storable(user)
    row = {
        "id": kept.id,
        "profile": _encode(kept.profile).decode(),
        "interests": kept.interests,
        "consent": kept.consent,
        "updated": _micros(kept.updated),
    }
    return _digested(row)


def user_of(row: RowMapping) -> User:
    """The user in ``row``."""
    return User(
        id=row["id"],
        profile=_words(row["profile"]),
        interests=row["interests"],
        consent=row["consent"],
        updated=_moment(row["updated"]),
    )


def event_row(event: Event) -> dict[str, Any]:
    """The columns of ``event``, which must carry its time."""
    kept = storable(event)
    if kept.at is None:
        raise BadRecord(f"event {kept.action!r} of user {kept.user!r} on item {kept.item!r} has no time: set `at`")
    return {
        "user_id": kept.user,
        "item_id": kept.item,
        "action": kept.action,
        "at": to_micros(kept.at),
        "value": kept.value,
        "slate_id": kept.slate,
        "context": _encode(kept.context).decode() if kept.context else None,
    }


def event_of(row: RowMapping) -> Event:
    """The event in ``row``."""
    return Event(
        user=row["user_id"],
        item=row["item_id"],
        action=row["action"],
        at=from_micros(row["at"]),
        value=row["value"],
        slate=row["slate_id"],
        context=_words(row["context"]) if row["context"] else {},
    )


def slate_row(slate: Slate, query: Query, at: datetime) -> dict[str, Any]:
    """The columns of a shown slate; its items by id only, since their text is in the store already."""
    picks = [
        LoggedPick(item=p.item.id, rank=p.rank, score=p.score, probability=p.probability, sources=p.sources)
        for p in slate.picks
    ]
    try:
        kept_picks, kept_query = _encode(picks).decode(), _encode(query).decode()
    except (TypeError, UnicodeEncodeError) as error:
        raise BadRecord(f"slate {slate.id!r} cannot be kept: {error}") from error
    return {
        "id": slate.id,
        "at": to_micros(at),
        "user_id": query.user,
        "task": slate.task,
        "model": slate.model,
        "degraded": slate.degraded,
        "picks": kept_picks,
        "query": kept_query,
    }


def slate_of(row: RowMapping) -> LoggedSlate:
    """The logged slate in ``row``."""
    return LoggedSlate(
        id=row["id"],
        at=from_micros(row["at"]),
        task=row["task"],
        model=row["model"],
        degraded=row["degraded"],
        picks=_picks(row["picks"]),
        query=_query(row["query"]),
    )


def _in_utc(record: Record) -> Record:
    times = {
        name: as_utc(moment)
        for name in _TIMES[type(record)]
        if isinstance(moment := getattr(record, name), datetime) and moment.tzinfo is not UTC
    }
    return msgspec.structs.replace(record, **times) if times else record


def _digested(row: dict[str, Any]) -> dict[str, Any]:
    return row | {"digest": hashlib.blake2b(_encode(row), digest_size=16).hexdigest()}


def _micros(moment: datetime | None) -> int | None:
    return None if moment is None else to_micros(moment)


def _moment(micros: int | None) -> datetime | None:
    return None if micros is None else from_micros(micros)
