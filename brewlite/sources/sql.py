"""A table or a query of a database, row by row."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path

from sqlalchemy import URL, Connection, Executable, MetaData, Table, create_engine, inspect, make_url, text
from sqlalchemy.exc import ArgumentError, NoSuchModuleError, NoSuchTableError, SQLAlchemyError

from brewlite.errors import BadSource, ExtraMissing
from brewlite.sources.rows import BadRow, SourceRow, distinct, plain_value

BATCH = 1000
# What SQLAlchemy would read as a parameter: a colon before a name, as in ' :x' inside a string.
_PARAMETER = re.compile(r"(?<![:\w\\]):(?=\w)")


def read_sql(source: str | Path, table: str | None, sql: str | None) -> Iterator[SourceRow | BadRow]:
    """The rows of ``table`` (or ``schema.table``) or of the query ``sql``. ``source``: a URL or an SQLite file."""
    url = _url(source)
    shown = url.render_as_string(hide_password=True) if url.get_backend_name() != "sqlite" else str(source)
    try:
        engine = create_engine(url)
        try:
            with engine.connect() as connection:
                yield from _rows(connection, _query(connection, shown, table, sql))
        finally:
            engine.dispose()
    except ModuleNotFoundError as error:
        if url.get_backend_name() == "postgresql":
            raise ExtraMissing("postgres", "a PostgreSQL database") from error
        raise BadSource(f"{shown} needs a driver that is not installed: pip install {error.name}") from error
    except SQLAlchemyError as error:
        said = " ".join(str(getattr(error, "orig", None) or error).split())
        raise BadSource(f"{shown} cannot be read: {said}") from error


def _rows(connection: Connection, query: Executable) -> Iterator[SourceRow]:
    result = connection.execution_options(yield_per=BATCH).execute(query)
    names = distinct(list(result.keys()))
    for number, row in enumerate(result, 1):
        yield SourceRow(number=number, values=dict(zip(names, map(plain_value, row), strict=True)))


def _query(connection: Connection, shown: str, table: str | None, sql: str | None) -> Executable:
    if sql is not None:
        return text(_PARAMETER.sub(r"\\:", sql))
    tables = sorted(inspect(connection).get_table_names() + inspect(connection).get_view_names())
    listed = ", ".join(tables[:20]) or "none"
    if table is None:
        raise BadSource(f"which table of {shown}? Name one with --table, or a query with --sql; tables: {listed}")
    schema, _, name = table.rpartition(".")
    try:
        found = Table(name, MetaData(), autoload_with=connection, schema=schema or None)
    except NoSuchTableError:
        raise BadSource(f"no table {table!r} in {shown}; tables: {listed}") from None
    # Without the columns' declared types: SQLite lets a DATE hold any text, and the adapter judges it row by row.
    name = connection.dialect.identifier_preparer.format_table(found)
    return text(_PARAMETER.sub(r"\\:", f"SELECT * FROM {name}"))


def _url(source: str | Path) -> URL:
    if isinstance(source, Path) or "://" not in source:
        url = URL.create("sqlite", database=str(source))
    else:
        try:
            url = make_url(source)
            url.get_dialect()
        except ModuleNotFoundError:
            pass  # told when the engine is made, with the driver's name
        except (ArgumentError, NoSuchModuleError) as error:
            raise BadSource(f"not a database URL: {error}") from error
        if url.drivername in ("postgres", "postgresql"):
            url = url.set(drivername="postgresql+psycopg")
    if url.get_backend_name() != "sqlite" or not url.database:
        return url
    if not Path(url.database).is_file():
        raise BadSource(f"no file {url.database}: check the path")
    # Opened read-only: an import never writes into the site's own database.
    return url.set(database=f"file:{Path(url.database).resolve().as_uri()[7:]}", query={"mode": "ro", "uri": "true"})
