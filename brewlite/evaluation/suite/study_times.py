"""Timings that are kept on disk."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import msgspec


class Times:
    """Seconds of requests, kept on disk, so that a run that goes on need not time them again.

    Args:
        path: one JSON document a line, appended to; None: nothing is kept.
    """

    def __init__(self, path: Path | None) -> None:
        self._path = path
        self._kept: dict[str, float] = {}
        if path is not None and path.exists():
            lines = path.read_bytes().splitlines(keepends=True)
            if lines and not lines[-1].endswith(b"\n"):  # half written when the machine stopped
                with path.open("r+b") as file:
                    file.truncate(sum(map(len, lines[:-1])))
                del lines[-1]
            self._kept = dict(msgspec.json.decode(line, type=tuple[str, float]) for line in lines)

    def of(self, key: str, measure: Callable[[], float]) -> float:
        """The seconds kept for ``key``, or else those that ``measure`` finds."""
        if key not in self._kept:
            self._kept[key] = seconds = measure()
            if self._path is not None:
                self._path.parent.mkdir(parents=True, exist_ok=True)
                with self._path.open("ab") as file:
                    file.write(msgspec.json.encode((key, seconds)) + b"\n")
        return self._kept[key]
