"""Brings a database to this version's tables. An up-to-date one is opened without importing alembic."""

from __future__ import annotations

from pathlib import Path

from sqlalchemy import Connection, Engine, inspect, text

from brewlite.errors import BadSettings, StoreError

LATEST = "0001"
"""The newest step in ``migrations/versions``."""
VERSION_TABLE = "brewlite_version"


def bring_up_to_date(engine: Engine, shown: str) -> None:
    """Create or migrate the tables. ``shown`` names the database in messages.

    Raises StoreError when a newer brewlite wrote it, BadSettings when it holds another program's tables.
    """
    with engine.connect() as connection:
        if _version(connection, shown) == LATEST:
            return
    with engine.execution_options(writing=True).begin() as connection:
        if connection.dialect.name == "postgresql":
            # SQLite's write lock does this by itself: of two processes, the second finds the work done.
            connection.execute(text("SELECT pg_advisory_xact_lock(hashtext('brewlite_migrations'))"))
        if _version(connection, shown) != LATEST:
            _migrate(connection)


def _version(connection: Connection, shown: str) -> str | None:
    tables = inspect(connection).get_table_names()
    if VERSION_TABLE not in tables:
        if tables:
            named = ", ".join(sorted(tables)[:5])
            raise BadSettings(
                f"{shown} holds another program's tables ({named}): give brewlite a database of its own, "
                "or on PostgreSQL a schema, with ?options=-csearch_path%3Dbrewlite at the end of the URL"
            )
        return None
    version: str | None = connection.scalar(text(f"SELECT version_num FROM {VERSION_TABLE}"))
    if version is not None and version > LATEST:
        raise StoreError(
            f"{shown} was written by a newer brewlite (tables {version}, this one knows {LATEST}): "
            "pip install --upgrade brewlite"
        )
    return version


def _migrate(connection: Connection) -> None:
    # alembic takes a fifth of a second to import and is needed once in a database's life.
    from alembic import command
    from alembic.config import Config

    config = Config()
    folder = Path(__file__).parent / "migrations"
    config.set_main_option("script_location", str(folder).replace("%", "%%"))
    config.set_main_option("path_separator", "os")
    config.attributes["connection"] = connection
    command.upgrade(config, "head")
