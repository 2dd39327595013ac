"""Which reader a source gets."""

from __future__ import annotations

from pathlib import Path

from brewlite.errors import BadSource, UnknownName
from brewlite.sources.delimited import read_delimited
from brewlite.sources.feeds import read_feed
from brewlite.sources.files import SourceFile, is_database_file
from brewlite.sources.json_rows import read_json, read_json_lines
from brewlite.sources.linked_data import read_page
from brewlite.sources.rows import Rows

FORMATS = ("csv", "tsv", "jsonl", "json", "jsonld", "html", "feed", "parquet", "sql")
"""What ``format`` may be."""
_SUFFIXES = {
    ".csv": "csv",
    ".txt": "csv",
    ".tsv": "tsv",
    ".tab": "tsv",
    ".jsonl": "jsonl",
    ".ndjson": "jsonl",
    ".json": "json",
    ".jsonld": "jsonld",
    ".html": "html",
    ".htm": "html",
    ".rss": "feed",
    ".atom": "feed",
    ".xml": "feed",
    ".rdf": "feed",
    ".parquet": "parquet",
    ".pq": "parquet",
    ".db": "sql",
    ".sqlite": "sql",
    ".sqlite3": "sql",
}
_ELSEWHERE = ("http", "https", "ftp", "sftp", "s3", "gs", "file")
_WORKBOOKS = (".xlsx", ".xls", ".ods", ".numbers")


def read_rows(
    source: str | Path,
    *,
    table: str | None = None,
    sql: str | None = None,
    encoding: str | None = None,
    format: str | None = None,
) -> Rows:
    """The rows of a file, or of a database's table or query.

    Args:
        source: a path (gzip is recognised), or an SQLAlchemy URL.
        table: of a database; ``schema.table`` works too.
        sql: a query, instead of a table.
        encoding: of a text file; None: UTF-8, or what its byte order mark says.
        format: one of :data:`FORMATS`; None: by the file's suffix.

    Raises:
        BadSource: the source as a whole cannot be read. A row that cannot be read is a :class:`BadRow`.
        UnknownName: no such format.
    """
    if format is not None and format not in FORMATS:
        raise UnknownName("source format", format, known=FORMATS)
    scheme, mark, _ = str(source).partition("://")
    if mark and scheme.lower() in _ELSEWHERE:
        raise BadSource(f"{source} is not on this machine: download it first, then import the file")
    if mark or table is not None or sql is not None or format == "sql":
        return _database_rows(source, table, sql)
    return _file_rows(Path(source), encoding, format)


def _database_rows(source: str | Path, table: str | None, sql: str | None) -> Rows:
    if table is not None and sql is not None:
        raise BadSource("a table and a query are given: one of them")
    # Imported here, since most imports are of files.
    from brewlite.sources.sql import read_sql

    return Rows(read_sql(source, table, sql), table or "the query's result")


def _file_rows(path: Path, encoding: str | None, format: str | None) -> Rows:
    file = SourceFile(path)
    kind = format or _kind(path)
    name = str(path)
    if kind == "sql":
        return _database_rows(path, None, None)
    if kind == "parquet":
        # pyarrow takes half a second to import.
        from brewlite.sources.parquet import ParquetRows

        parquet = ParquetRows(path)
        return Rows(parquet.read(), name, parquet.share)
    if kind in ("csv", "tsv"):
        return Rows(read_delimited(file, encoding, "\t" if kind == "tsv" else None), name, file.share)
    readers = {"jsonl": read_json_lines, "json": read_json, "jsonld": read_json, "html": read_page, "feed": read_feed}
    return Rows(readers[kind](file, encoding), name, file.share)


def _kind(path: Path) -> str:
    suffixes = [suffix.lower() for suffix in path.suffixes if suffix.lower() != ".gz"]
    suffix = suffixes[-1] if suffixes else ""
    if suffix in _WORKBOOKS:
        raise BadSource(f"{path} is a workbook: save the sheet as CSV (UTF-8) and import that")
    if suffix in _SUFFIXES:
        return _SUFFIXES[suffix]
    if is_database_file(path):
        return "sql"
    raise BadSource(f"the format of {path} cannot be told from its name: add --format {'|'.join(FORMATS)}")
