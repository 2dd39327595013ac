"""Rows from files and databases: CSV, JSON Lines, JSON, Parquet, SQL, JSON-LD, RSS and Atom.

A source is read from this machine only; nothing here opens a network address but a database's own.
"""

from brewlite.sources.reading import FORMATS, read_rows
from brewlite.sources.rows import BadRow, Rows, SourceRow

__all__ = ["FORMATS", "BadRow", "Rows", "SourceRow", "read_rows"]
