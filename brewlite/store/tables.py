"""The tables as this version knows them. A change here needs a new step in ``migrations/versions``.

Times are microseconds since 1970 UTC, digests are hexadecimal, dictionaries are JSON text, vectors are
little-endian float32.
"""

from __future__ import annotations

from sqlalchemy import (
    BigInteger,
    Boolean,
    Column,
    Float,
    Index,
    Integer,
    LargeBinary,
    MetaData,
    Table,
    Text,
    UniqueConstraint,
)

metadata = MetaData()

# SQLite only numbers rows by itself in a column whose type is exactly INTEGER.
RowId = BigInteger().with_variant(Integer(), "sqlite")

items = Table(
    "items",
    metadata,
    Column("row", RowId, primary_key=True, autoincrement=True),
    Column("id", Text, nullable=False),
    Column("kind", Text, nullable=False),
    Column("title", Text, nullable=False),
    Column("text", Text, nullable=False),
    Column("fields", Text, nullable=False),
    Column("url", Text),
    Column("image", Text),
    Column("place", Text),
    Column("created", BigInteger),
    Column("expires", BigInteger),
    Column("hidden", Boolean, nullable=False),
    Column("digest", Text, nullable=False),
    UniqueConstraint("id", name="items_id"),
)

users = Table(
    "users",
    metadata,
    Column("row", RowId, primary_key=True, autoincrement=True),
    Column("id", Text, nullable=False),
    Column("profile", Text, nullable=False),
    Column("interests", Text, nullable=False),
    Column("consent", Boolean, nullable=False),
    Column("updated", BigInteger),
    Column("digest", Text, nullable=False),
    UniqueConstraint("id", name="users_id"),
)

events = Table(
    "events",
    metadata,
    Column("row", RowId, primary_key=True, autoincrement=True),
    Column("user_id", Text, nullable=False),
    Column("item_id", Text, nullable=False),
    Column("action", Text, nullable=False),
    Column("at", BigInteger, nullable=False),
    Column("value", Float(53)),
    Column("slate_id", Text),
    Column("context", Text),
    # The order of the columns makes the index serve a visitor's history too.
    UniqueConstraint("user_id", "at", "item_id", "action", name="events_once"),
    # A row id is never used twice, so that "events after row n" stays true after a deletion.
    sqlite_autoincrement=True,
)

vectors = Table(
    "vectors",
    metadata,
    Column("kind", Text, primary_key=True),
    Column("encoder", Text, primary_key=True),
    Column("id", Text, primary_key=True),
    Column("digest", Text, nullable=False),
    Column("vector", LargeBinary, nullable=False),
)

slates = Table(
    "slates",
    metadata,
    Column("id", Text, primary_key=True),
    Column("at", BigInteger, nullable=False),
    Column("user_id", Text),
    Column("task", Text, nullable=False),
    Column("model", Text, nullable=False),
    Column("degraded", Boolean, nullable=False),
    Column("picks", Text, nullable=False),
    Column("query", Text, nullable=False),
    Index("slates_at", "at"),
)

meta = Table(
    "meta",
    metadata,
    Column("key", Text, primary_key=True),
    Column("value", Text, nullable=False),
)

revision = Table(
    "revision",
    metadata,
    Column("one", Integer, primary_key=True, autoincrement=False),
    Column("items", BigInteger, nullable=False),
    Column("users", BigInteger, nullable=False),
    Column("vectors", BigInteger, nullable=False),
)
"""One row. Writers lock it first, so they take turns and event row ids become visible in rising order."""
