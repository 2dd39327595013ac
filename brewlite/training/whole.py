"""Files that are there whole or not at all, whenever the machine stops."""

from __future__ import annotations

import os
from pathlib import Path

from brewlite.ranker.checkpoint import writing


def write_whole(path: Path, data: bytes) -> None:
    """Write ``path``: from now on it holds ``data``, and until then what it held before.

    Raises BadSettings where it cannot be written.
    """
    fresh = path.with_name(f"{path.name}.new")
    with writing(path):
        fresh.write_bytes(data)
        put_whole(fresh, path)


def put_whole(fresh: Path, path: Path) -> None:
    """Give ``fresh`` the name ``path`` once it is on the disk."""
    with fresh.open("rb") as file:
        os.fsync(file.fileno())
    fresh.replace(path)
