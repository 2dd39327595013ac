"""What teachers have said, kept on disk: a second student of the same teacher learns at once."""

from __future__ import annotations

import hashlib
from pathlib import Path

import msgspec
import numpy as np
from msgspec import structs

from brewlite.training.teachers import Floats, Lesson, Teacher

_ROW = np.dtype([("key", "V16"), ("score", "<f4")])


class KeptTeacher:
    """A teacher that is asked about each candidate of a list once.

    For teachers whose score of a candidate owes nothing to the others in the list.

    Args:
        teacher: is asked.
        folder: where scores are kept, one file a teacher, appended to. A row half written when the machine stopped
            is dropped at the next start.
    """

    def __init__(self, teacher: Teacher, folder: Path) -> None:
        self.teacher = teacher
        self.name = teacher.name
        self.chances = teacher.chances
        self.asked = 0
        """Lists that the teacher was asked about since the start."""
        folder.mkdir(parents=True, exist_ok=True)
        # The name is hashed: it may hold what no file system takes, and be longer than one does.
        self._path = folder / f"{_safe(teacher.name)}-{_digest(teacher.name.encode(), 4).hex()}.teacher"
        self._kept = _load(self._path)

    def __len__(self) -> int:
        return len(self._kept)

    def scores(self, lesson: Lesson) -> Floats:
        """See :class:`Teacher`; in float32, as kept."""
        keys = _keys(lesson)
        if not all(key in self._kept for key in keys):
            said = self.teacher.scores(lesson).astype(np.float32)
            self.asked += 1
            if not len(said):
                return np.zeros(0)
            self._keep(keys, said)
        return np.array([self._kept[key] for key in keys], dtype=np.float64)

    def _keep(self, keys: list[bytes], said: np.ndarray) -> None:
        rows = np.empty(len(keys), dtype=_ROW)
        for place, (key, score) in enumerate(zip(keys, said.tolist(), strict=True)):
            rows[place] = (np.void(key), score)
            self._kept[key] = score
        with self._path.open("ab") as file:
            file.write(rows.tobytes())


def _keys(lesson: Lesson) -> list[bytes]:
    """One key a candidate: of everything that a teacher can know about it, and nothing about the other candidates."""
    query = structs.replace(lesson.query, candidates=None) if lesson.query is not None else None
    shared = msgspec.json.encode([lesson.site, query, lesson.prefix])
    ids = (lesson.query.candidates or ()) if lesson.query is not None else ()
    likeness = lesson.likeness if lesson.query is None else ()
    keys = []
    for place, text in enumerate(lesson.candidates):
        own = [text, ids[place] if ids else "", likeness[place] if likeness else None]
        keys.append(_digest(shared + msgspec.json.encode(own), 16))
    return keys


def _load(path: Path) -> dict[bytes, float]:
    if not path.exists():
        return {}
    size = path.stat().st_size
    if size % _ROW.itemsize:
        with path.open("r+b") as file:
            file.truncate(size - size % _ROW.itemsize)
    rows = np.fromfile(path, dtype=_ROW)
    return {key.tobytes(): float(score) for key, score in zip(rows["key"], rows["score"], strict=True)}


def _digest(data: bytes, size: int) -> bytes:
    return hashlib.blake2b(data, digest_size=size).digest()


def _safe(name: str) -> str:
    return "".join(char if char.isalnum() or char in "-_." else "-" for char in name)[:80]
