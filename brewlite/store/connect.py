"""Where the data lives: from a path or URL to an engine, with the messages for what can be wrong with it."""

from __future__ import annotations

import os
import sqlite3
import time
from pathlib import Path
from typing import Any

from sqlalchemy import URL, Engine, create_engine, event, make_url
from sqlalchemy.exc import ArgumentError, DBAPIError
from sqlalchemy.pool import ConnectionPoolEntry

from brewlite.errors import BadSettings, BrewliteError, ExtraMissing, StoreError

BUSY_SECONDS = 30
"""How long a writer waits for another process's transaction before it gives up."""


def read_url(where: str | Path) -> URL:
    """The SQLAlchemy URL of ``where``, a path or a URL. Raises BadSettings when brewlite can't keep data there."""
    if isinstance(where, Path) or "://" not in where:
        return URL.create("sqlite", database=str(where))
    try:
        url = make_url(where)
    except ArgumentError as error:
        raise BadSettings(f"{where.partition('@')[2] or where!r} is no database URL: {error}") from error
    backend = url.get_backend_name()
    if backend in ("postgres", "postgresql"):
        return url.set(drivername="postgresql+psycopg") if url.drivername != "postgresql+psycopg" else url
    if backend != "sqlite":
        raise BadSettings(f"brewlite keeps its data in SQLite or PostgreSQL, not in {backend}: {shown(url)}")
    if url.drivername not in ("sqlite", "sqlite+pysqlite"):
        raise BadSettings(f"SQLite is read by Python's own driver, not by {url.drivername}: sqlite:///{url.database}")
    return url


def is_missing(where: str | Path) -> bool:
    """Whether ``where`` names an SQLite file that is not there. Raises as :func:`read_url`."""
    url = read_url(where)
    return bool(url.get_backend_name() == "sqlite" and url.database) and not Path(str(url.database)).is_file()


def shown(url: URL) -> str:
    """``url`` as it stands in messages: a file's path, or the URL without its password."""
    if url.get_backend_name() == "sqlite":
        return url.database or "an in-memory database"
    return url.render_as_string(hide_password=True)


def make_engine(url: URL, create: bool) -> Engine:
    """An engine for ``url`` whose writing transactions take turns. Does not connect yet."""
    if url.get_backend_name() == "sqlite":
        _check_file(url.database, create)
        engine = create_engine(url, connect_args={"timeout": BUSY_SECONDS})
        event.listen(engine, "connect", _configure_sqlite)
        event.listen(engine, "begin", _begin_sqlite)
        return engine
    try:
        return create_engine(url, pool_pre_ping=True)
    except ModuleNotFoundError as error:
        raise ExtraMissing("postgres", "a PostgreSQL database") from error


def prepare(engine: Engine) -> None:
    """Connect for the first time."""
    with engine.connect() as connection:
        if engine.dialect.name == "sqlite":
            _use_wal(connection.connection.dbapi_connection)


def refusal(error: Exception, url: URL) -> BrewliteError:
    """What to tell the caller about ``error``: a mistake they can mend, or that the database refused."""
    said = " ".join(str(error.orig if isinstance(error, DBAPIError) else error).split())
    name = shown(url)
    if "not a database" in said or "malformed" in said:
        return BadSettings(f"{name} is no SQLite database ({said}): choose another path, or restore a backup")
    if "readonly" in said or "read-only" in said:
        return BadSettings(f"{name} can only be read here ({said}): make the file and its folder writable")
    if "unable to open" in said:
        return BadSettings(f"{name} cannot be opened ({said}): check that file and folder can be read and written")
    if "locked" in said:
        return StoreError(f"{name} has been locked by another process for over {BUSY_SECONDS} seconds: try again")
    return StoreError(f"the database {name} refused: {said}")


def _check_file(database: str | None, create: bool) -> None:
    if not database or database == ":memory:":
        raise BadSettings("an in-memory database would be empty in every thread: name a file, such as site.db")
    path = Path(database)
    if path.is_dir():
        raise BadSettings(f"{database} is a folder: name a file in it, such as {path / 'site.db'}")
    if not path.parent.is_dir():
        raise BadSettings(f"no folder {str(path.parent)!r} for the database {path.name}: create it first")
    if not path.exists() and not create:
        raise BadSettings(f"no database at {database}: brewlite init --db {database} --adapter NAME makes one")
    if path.exists() and not os.access(path, os.W_OK):
        raise BadSettings(f"{database} can only be read here: make the file and its folder writable")


def _configure_sqlite(connection: sqlite3.Connection, _entry: ConnectionPoolEntry) -> None:
    # The driver's own transactions would leave out schema changes; _begin_sqlite opens ours.
    connection.isolation_level = None
    connection.execute(f"PRAGMA busy_timeout = {BUSY_SECONDS * 1000}")
    # FULL: a commit is on the disk, not only in the log's page cache, before it is acknowledged.
    connection.execute("PRAGMA synchronous = FULL")


def _begin_sqlite(connection: Any) -> None:
    # A reading transaction that turns into a writing one fails when another writer came between.
    writing = connection.get_execution_options().get("writing", False)
    connection.exec_driver_sql("BEGIN IMMEDIATE" if writing else "BEGIN")


def _use_wal(connection: Any) -> None:
    """Switch the file to WAL. Needs the file for itself for a moment, and SQLite does not wait for that."""
    patience = time.monotonic() + BUSY_SECONDS
    while True:
        try:
            connection.execute("PRAGMA journal_mode = WAL")
            return
        except sqlite3.OperationalError as error:
            if "locked" not in str(error) or time.monotonic() > patience:
                raise
            time.sleep(0.02)
