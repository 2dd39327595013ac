"""The :class:`Store`: the few verbs with which every other room reads and writes the site's data."""

from __future__ import annotations

import sqlite3
import threading
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from datetime import datetime
from pathlib import Path
from types import TracebackType
from typing import Any, Literal, Self

import numpy as np
from sqlalchemy import URL, Connection, Engine, Table, delete, func, select, update
from sqlalchemy.dialects import postgresql, sqlite
from sqlalchemy.exc import DBAPIError
from sqlalchemy.exc import TimeoutError as NoFreeConnection

from brewlite.errors import BadRecord, StoreError
from brewlite.records import Event, Item, Query, Slate, User
from brewlite.store import connect, rows, schema, tables
from brewlite.store.answers import Counts, EventColumns, LoggedSlate, Revision, Written

IDS_A_STATEMENT = 1000
"""Ids looked up by one statement: far below any database's limit on parameters."""

REFUSALS = (DBAPIError, NoFreeConnection, sqlite3.Error)

VectorKind = Literal["item", "user"]


class Store:
    """The site's data. Safe to share between threads, and between processes that open the same database.

    Every write is one transaction and returns after its commit; what was written survives a kill of the process.
    Raises StoreError when the database refuses, BadRecord when a record holds what cannot be kept.
    """

    def __init__(self, engine: Engine, url: URL) -> None:
        self._engine = engine
        self._url = url
        self._writer = engine.execution_options(writing=True)
        # SQLite has one writer at a time; a lock wakes the next thread sooner than SQLite's polling.
        self._turn = threading.Lock()
        self._insert: Any = postgresql.insert if engine.dialect.name == "postgresql" else sqlite.insert

    @classmethod
    def open(cls, where: str | Path, *, create: bool = True) -> Store:
        """The store at ``where``, a path or a SQLAlchemy URL (SQLite, PostgreSQL), made and migrated if need be.

        Raises BadSettings when ``where`` cannot hold a store (or does not exist and ``create`` is False),
        StoreError when a newer brewlite wrote it or the database cannot be reached.
        """
        url = connect.read_url(where)
        store = cls(connect.make_engine(url, create), url)
        try:
            connect.prepare(store._engine)
            schema.bring_up_to_date(store._engine, connect.shown(url))
        except REFUSALS as error:
            store.close()
            raise connect.refusal(error, url) from error
        except BaseException:
            store.close()
            raise
        return store

    def close(self) -> None:
        """Let go of the database."""
        self._engine.dispose()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def __repr__(self) -> str:
        return f"Store({connect.shown(self._url)!r})"

    @property
    def file(self) -> Path | None:
        """The absolute path of an SQLite database; None for another one."""
        on_disk = self._url.get_backend_name() == "sqlite" and self._url.database
        return Path(str(self._url.database)).absolute() if on_disk else None

    # Writes

    def put_items(self, items: Sequence[Item]) -> Written:
        """Add or replace items by id."""
        return self._put(tables.items, [rows.item_row(item) for item in items])

    def put_users(self, users: Sequence[User]) -> Written:
        """Add or replace users by id."""
        return self._put(tables.users, [rows.user_row(user) for user in users])

    def add_events(self, events: Sequence[Event]) -> Written:
        """Add events, which must carry their time.

        A repeat (same user, item, action and time) is counted as unchanged and left as it was.
        """
        new = [rows.event_row(event) for event in events]
        if not new:
            return Written()
        statement = self._insert(tables.events).on_conflict_do_nothing()
        newest = select(func.coalesce(func.max(tables.events.c.row), 0))
        with self._writing() as connection:
            last = connection.scalar(newest)
            connection.execute(statement, new)
            # Counted, since PostgreSQL's driver does not say how many of many rows went in.
            counted = select(func.count()).select_from(tables.events).where(tables.events.c.row > last)
            added = connection.scalar(counted) or 0
        return Written(added=added, unchanged=len(new) - added)

    def put_vectors(
        self, kind: VectorKind, encoder: str, ids: Sequence[str], digests: Sequence[str], matrix: np.ndarray
    ) -> None:
        """Keep ``encoder``'s vectors ``matrix`` (N, D), as float32, of the texts with these digests."""
        if matrix.ndim != 2 or not len(ids) == len(digests) == len(matrix):
            raise BadRecord(f"{len(ids)} ids and {len(digests)} digests do not fit vectors of shape {matrix.shape}")
        if not np.isfinite(matrix).all():
            raise BadRecord(f"encoder {encoder!r} gave vectors that hold NaN or infinity")
        blobs = [row.tobytes() for row in np.ascontiguousarray(matrix, dtype="<f4")]
        new = {
            id: {"kind": kind, "encoder": encoder, "id": id, "digest": digest, "vector": blob}
            for id, digest, blob in zip(ids, digests, blobs, strict=True)
        }
        key = (tables.vectors.c.kind == kind, tables.vectors.c.encoder == encoder)
        kept = select(tables.vectors.c.id, tables.vectors.c.digest, tables.vectors.c.vector).where(*key)
        with self._writing() as connection:
            for row in _by_ids(connection, kept, tables.vectors.c.id, list(new)):
                if (row.digest, row.vector) == (new[row.id]["digest"], new[row.id]["vector"]):
                    del new[row.id]
            self._upsert(connection, tables.vectors, ("kind", "encoder", "id"), list(new.values()))

    def drop_vectors(self, kind: VectorKind, encoder: str, ids: Sequence[str]) -> None:
        """Forget ``encoder``'s vectors of ``ids``; those without one are passed over."""
        c = tables.vectors.c
        mine = delete(tables.vectors).where(c.kind == kind, c.encoder == encoder)
        with self._writing() as connection:
            dropped = 0
            for start in range(0, len(ids), IDS_A_STATEMENT):
                dropped += connection.execute(mine.where(c.id.in_(ids[start : start + IDS_A_STATEMENT]))).rowcount
            if dropped:
                _count_change(connection, tables.vectors)

    def put_slate(self, slate: Slate, query: Query, at: datetime) -> None:
        """Log that ``slate`` was shown at ``at`` in answer to ``query``. A repeat of its id changes nothing."""
        statement = self._insert(tables.slates).on_conflict_do_nothing()
        row = rows.slate_row(slate, query, at)
        with self._writing() as connection:
            connection.execute(statement, row)

    def set_meta(self, key: str, value: str) -> None:
        """Keep a setting of the site beside its data."""
        statement = self._insert(tables.meta).values(key=key, value=value)
        statement = statement.on_conflict_do_update(index_elements=["key"], set_={"value": value})
        with self._writing() as connection:
            connection.execute(statement)

    # Reads

    def get_meta(self, key: str) -> str | None:
        """The value kept under ``key``."""
        with self._reading() as connection:
            value: str | None = connection.scalar(select(tables.meta.c.value).where(tables.meta.c.key == key))
            return value

    def item(self, id: str) -> Item | None:
        """The item with this id."""
        found = self.items([id])
        return found[0] if found else None

    def items(self, ids: Sequence[str] | None = None) -> list[Item]:
        """All items in the order in which they were first added, or those of ``ids`` that exist, in that order."""
        with self._reading() as connection:
            if ids is None:
                every = select(tables.items).order_by(tables.items.c.row)
                return [rows.item_of(row) for row in connection.execute(every).mappings()]
            found = _by_ids(connection, select(tables.items), tables.items.c.id, list(dict.fromkeys(ids)))
            by_id = {row.id: rows.item_of(row._mapping) for row in found}
        return [by_id[id] for id in ids if id in by_id]

    def user(self, id: str) -> User | None:
        """The user with this id."""
        with self._reading() as connection:
            row = connection.execute(select(tables.users).where(tables.users.c.id == id)).mappings().first()
            return rows.user_of(row) if row else None

    def users(self) -> list[User]:
        """All users in the order in which they were first added."""
        with self._reading() as connection:
            every = select(tables.users).order_by(tables.users.c.row)
            return [rows.user_of(row) for row in connection.execute(every).mappings()]

    def known_items(self, ids: Sequence[str]) -> set[str]:
        """Those of ``ids`` that are items."""
        with self._reading() as connection:
            found = _by_ids(connection, select(tables.items.c.id), tables.items.c.id, list(set(ids)))
            return {row.id for row in found}

    def known_deeds(self, users: Sequence[str]) -> set[tuple[str, str, str]]:
        """What ``users`` ever did, as (user, item, action)."""
        c = tables.events.c
        deeds = select(c.user_id, c.item_id, c.action).distinct()
        with self._reading() as connection:
            found = _by_ids(connection, deeds, c.user_id, list(dict.fromkeys(users)))
            return {(row.user_id, row.item_id, row.action) for row in found}

    def history(self, user: str, before: datetime, limit: int = 200) -> list[Event]:
        """The newest ``limit`` events of ``user`` strictly before ``before``, oldest first."""
        events = tables.events
        newest = (
            select(events)
            .where(events.c.user_id == user, events.c.at < rows.to_micros(before))
            .order_by(events.c.at.desc(), events.c.row.desc())
            .limit(limit)
        )
        with self._reading() as connection:
            found = connection.execute(newest).mappings().all()
        return [rows.event_of(row) for row in reversed(found)]

    def events_after(self, row: int) -> EventColumns:
        """All events whose row id is above ``row`` (0: all there are), by row id."""
        c = tables.events.c
        query = select(c.row, c.user_id, c.item_id, c.action, c.at, c.value).where(c.row > row).order_by(c.row)
        with self._reading() as connection:
            found = connection.execute(query).all()
        columns: list[Sequence[Any]] = list(zip(*found, strict=True)) if found else [()] * 6
        return EventColumns(
            rows=np.array(columns[0], dtype=np.int64),
            users=list(columns[1]),
            items=list(columns[2]),
            actions=list(columns[3]),
            at=np.array(columns[4], dtype=np.int64),
            values=np.array(columns[5], dtype=np.float64),
        )

    def vectors(self, kind: VectorKind, encoder: str) -> tuple[list[str], np.ndarray]:
        """All ids with a vector of ``encoder``, and their vectors (N, D) float32."""
        c = tables.vectors.c
        query = select(c.id, c.vector).where(c.kind == kind, c.encoder == encoder).order_by(c.id)
        with self._reading() as connection:
            found = connection.execute(query).all()
        if not found:
            return [], np.zeros((0, 0), dtype=np.float32)
        lengths = {len(vector) for _, vector in found}
        if len(lengths) > 1:
            raise StoreError(f"vectors of encoder {encoder!r} have different lengths: give the encoder a new name")
        matrix = np.frombuffer(b"".join(vector for _, vector in found), dtype="<f4")
        return [id for id, _ in found], matrix.reshape(len(found), -1).astype(np.float32)

    def vector_digests(self, kind: VectorKind, encoder: str, ids: Sequence[str] | None = None) -> dict[str, str]:
        """Id -> digest of the text that its vector was made from; of ``ids`` only, or of all."""
        c = tables.vectors.c
        query = select(c.id, c.digest).where(c.kind == kind, c.encoder == encoder)
        with self._reading() as connection:
            if ids is not None:
                return {row.id: row.digest for row in _by_ids(connection, query, c.id, list(ids))}
            return {row.id: row.digest for row in connection.execute(query)}

    def slate(self, id: str) -> LoggedSlate | None:
        """The logged slate with this id."""
        with self._reading() as connection:
            row = connection.execute(select(tables.slates).where(tables.slates.c.id == id)).mappings().first()
            return rows.slate_of(row) if row else None

    def answered_slates(self, before: int) -> Iterator[tuple[LoggedSlate, list[tuple[str, str]]]]:
        """Each logged slate that events name, newest first, with the (item, action) of those; all before ``before``.

        ``before`` is in microseconds since 1970 UTC.
        """
        s, e = tables.slates.c, tables.events.c
        query = select(e.slate_id, e.item_id, e.action).where(e.slate_id.is_not(None), e.at < before).order_by(e.row)
        with self._reading() as connection:
            deeds: dict[str, list[tuple[str, str]]] = {}
            for event in connection.execute(query):
                deeds.setdefault(event.slate_id, []).append((event.item_id, event.action))
            slates = select(tables.slates).where(s.at < before).order_by(s.at.desc(), s.id)
            for row in connection.execute(slates).mappings():
                if row["id"] in deeds:
                    yield rows.slate_of(row), deeds[row["id"]]

    def revision(self) -> Revision:
        """Where the data stands. One cheap statement; it changes if and only if items, users, events or vectors do."""
        last_event = select(func.coalesce(func.max(tables.events.c.row), 0)).scalar_subquery()
        with self._reading() as connection:
            row = connection.execute(select(tables.revision, last_event.label("last_event"))).one()
            return Revision(items=row.items, users=row.users, vectors=row.vectors, last_event=row.last_event)

    def counts(self) -> Counts:
        """How many records of each kind there are."""
        counted = {name: tables.metadata.tables[name] for name in Counts.__struct_fields__}
        every = [select(func.count()).select_from(t).scalar_subquery().label(name) for name, t in counted.items()]
        with self._reading() as connection:
            return Counts(**connection.execute(select(*every)).one()._mapping)

    # How writes and reads reach the database

    def _put(self, table: Table, new: list[dict[str, Any]]) -> Written:
        """Upsert rows by id; a row is counted as updated only if its digest differs from what was there."""
        if not new:
            return Written()
        changed: dict[str, dict[str, Any]] = {}
        added = updated = 0
        with self._writing() as connection:
            asked = list({row["id"]: None for row in new})
            found = _by_ids(connection, select(table.c.id, table.c.digest), table.c.id, asked)
            stored = {row.id: row.digest for row in found}
            latest = dict(stored)
            for row in new:
                before = latest.get(row["id"])
                if before != row["digest"]:
                    added, updated = added + (before is None), updated + (before is not None)
                    latest[row["id"]] = row["digest"]
                    changed[row["id"]] = row
            differing = [row for id, row in changed.items() if row["digest"] != stored.get(id)]
            self._upsert(connection, table, ("id",), differing)
        return Written(added=added, updated=updated, unchanged=len(new) - added - updated)

    def _upsert(self, connection: Connection, table: Table, key: tuple[str, ...], new: list[dict[str, Any]]) -> None:
        if not new:
            return
        statement = self._insert(table)
        others = {name: statement.excluded[name] for name in new[0] if name not in key}
        connection.execute(statement.on_conflict_do_update(index_elements=list(key), set_=others), new)
        _count_change(connection, table)

    @contextmanager
    def _reading(self) -> Iterator[Connection]:
        try:
            with self._engine.connect() as connection:
                yield connection
        except REFUSALS as error:
            raise connect.refusal(error, self._url) from error

    @contextmanager
    def _writing(self) -> Iterator[Connection]:
        """One transaction, committed at the end. Writers take turns, also those of other processes."""
        try:
            with self._turn, self._writer.begin() as connection:
                if connection.dialect.name == "postgresql":
                    connection.execute(select(tables.revision.c.one).with_for_update())
                yield connection
        except REFUSALS as error:
            raise connect.refusal(error, self._url) from error


def _count_change(connection: Connection, table: Table) -> None:
    counter = tables.revision.c[table.name]
    connection.execute(update(tables.revision).values({counter: counter + 1}))


def _by_ids(connection: Connection, statement: Any, column: Any, ids: list[str]) -> Iterator[Any]:
    for start in range(0, len(ids), IDS_A_STATEMENT):
        yield from connection.execute(statement.where(column.in_(ids[start : start + IDS_A_STATEMENT])))


__all__ = ["Store", "VectorKind"]
