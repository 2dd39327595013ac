"""The rankers that a site has learned, each in a folder of its own, and the note in the store of which one is used.

A version is written whole before the note changes, and the note changes in one transaction: whenever the process ends,
the site has either the old ranker or the new one.
"""

from __future__ import annotations

import shutil
import uuid
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import datetime
from pathlib import Path

import msgspec
from filelock import FileLock, Timeout
from msgspec import Struct

from brewlite.errors import BadSettings
from brewlite.ranker.checkpoint import is_checkpoint, make_durable, writing
from brewlite.recommender.opening import LEARNED, learned_ranker, models_folder
from brewlite.store import Store
from brewlite.training.own_share import LearnedShare
from brewlite.training.whole import write_whole

RECORD = "version.json"
OWNER = "site.id"
"""File that says whose versions a folder holds."""
MARK = "site"
"""Under this name the store keeps what stands in that file."""
UNFINISHED = "unfinished"
"""Folder of the run that is on, or was killed."""


class Comparison(Struct, frozen=True, kw_only=True):
    """The ranker in use and the new one, on the same cases. All figures are NDCG@10."""

    cases: int
    visitors: int
    old: float
    """Of the language model by itself."""
    new: float
    least_gain: float | None
    """By how much the new one is better at the least, with ``confidence``; None: too few visitors to say."""
    confidence: float
    """One-sided."""
    old_whole: float
    """Of the model and the simple signals together."""
    new_whole: float

    @property
    def gain(self) -> float:
        """Of the model by itself."""
        return self.new - self.old


class Version(Struct, frozen=True, kw_only=True):
    """One ranker that was learned from the site's log, and what became of it."""

    number: int
    created: datetime
    promoted: bool
    replaced: str
    """What the store's note named before; empty: the shipped ranker."""
    verdict: str
    comparison: Comparison
    cut: datetime
    """Nothing at or after it was learned from."""
    until: datetime
    """The last event that decided."""
    examples: int
    steps: int
    losses: tuple[float, float]
    """Of the first and of the last tenth of the steps."""
    seconds: float
    notes: tuple[str, ...] = ()
    share: LearnedShare | None = None
    """Of the ranker that is used from then on; None: its checkpoint advises no weight."""

    @property
    def name(self) -> str:
        """The folder's: ``0003``."""
        return f"{self.number:04d}"


class Versions:
    """A site's learned rankers.

    Args:
        store: the site's; keeps the note.
        folder: where the versions lie; None: beside the database, or in the cache for one that is no file.
    """

    def __init__(self, store: Store, folder: Path | None = None) -> None:
        self._store = store
        usual = models_folder(store)
        self.folder = (folder or usual).absolute()
        self._usual = self.folder == usual.absolute()

    @property
    def unfinished(self) -> Path:
        """Where a run keeps what it has done so far."""
        return self.folder / UNFINISHED

    @property
    def pointer(self) -> str:
        """What the store's note names; empty: the shipped ranker."""
        return self._store.get_meta(LEARNED) or ""

    def all(self) -> list[Version]:
        """Every version in the folder, oldest first.

        Raises BadSettings for a record that is damaged, or where the folder is another site's.
        """
        self._check_owner()
        return [_read(record) for record in sorted(self.folder.glob(f"[0-9]*/{RECORD}"))]

    def current(self) -> Version | None:
        """The version whose ranker is used; None for the shipped ranker, or one that the site has not learned.

        Raises BadSettings where its record is damaged.
        """
        folder = learned_ranker(self._store)
        return _read(folder / RECORD) if folder is not None and (folder / RECORD).is_file() else None

    def in_use(self, version: Version) -> bool:
        """Whether the site's requests are ranked by it."""
        return self.pointer == self._pointer_to(version)

    def next_number(self) -> int:
        """Of the version that is made next."""
        numbers = [int(folder.name) for folder in self.folder.glob("[0-9]*") if folder.name.isdecimal()]
        return max(numbers, default=0) + 1

    @contextmanager
    def alone(self) -> Iterator[None]:
        """Keep other runs out.

        Raises BadSettings while another one is on, or where the folder cannot be written, or is another site's.
        """
        lock = FileLock(self.folder / ".lock", timeout=0)
        try:
            self.folder.mkdir(parents=True, exist_ok=True)
            lock.acquire()
        except Timeout as error:
            raise BadSettings(f"another training of this site is on (it holds {self.folder}): wait for it") from error
        except OSError as error:
            raise BadSettings(f"versions cannot be kept in {self.folder}: {error.strerror or error}") from error
        try:
            self._check_owner()
            write_whole(self.folder / OWNER, self._mark().encode())
            yield
        finally:
            lock.release()

    def keep(self, checkpoint: Path, version: Version) -> None:
        """Give ``checkpoint`` its place among the versions, and use it if it was promoted. The run is finished then."""
        if not (self.folder / version.name).exists():
            with writing(self.folder / version.name):
                (checkpoint / RECORD).write_bytes(msgspec.json.format(msgspec.json.encode(version), indent=2) + b"\n")
                make_durable(checkpoint)
                checkpoint.rename(self.folder / version.name)
        if version.promoted:
            self._store.set_meta(LEARNED, self._pointer_to(version))
        shutil.rmtree(self.unfinished, ignore_errors=True)

    def rollback(self) -> str:
        """Use again what was used before; returns its folder's name, or empty for the shipped ranker.

        Raises BadSettings when the shipped ranker is in use.
        """
        pointer = self.pointer
        if not pointer:
            raise BadSettings("the site uses the shipped ranker: there is no version to go back from")
        before = self._replaced_by(pointer)
        while before and not is_checkpoint(models_folder(self._store) / before):
            before = self._replaced_by(before)  # its folder was removed
        self._store.set_meta(LEARNED, before)
        return before

    def _check_owner(self) -> None:
        """Raise BadSettings where the folder is another site's: versions of both would count as one's."""
        note = self.folder / OWNER
        if not self._usual and note.is_file() and note.read_text() != self._mark():
            raise BadSettings(
                f"{self.folder} holds the versions of another site: give this one a folder of its own (--models-dir)"
            )

    def _mark(self) -> str:
        """What tells the site from others, also where its database is moved."""
        if self._store.get_meta(MARK) is None:
            self._store.set_meta(MARK, uuid.uuid4().hex)
        return str(self._store.get_meta(MARK))

    def _replaced_by(self, pointer: str) -> str:
        """What was used before the version that ``pointer`` names; empty where that is not known any more."""
        try:
            return _read(models_folder(self._store) / pointer / RECORD).replaced
        except BadSettings:
            return ""

    def _pointer_to(self, version: Version) -> str:
        """Relative where it can be: a database and its folder may be moved together."""
        return version.name if self._usual else str(self.folder / version.name)


def _read(record: Path) -> Version:
    """The version of which ``record`` tells. Raises BadSettings where that cannot be read."""
    try:
        return msgspec.json.decode(record.read_bytes(), type=Version)
    except (OSError, msgspec.DecodeError) as error:
        raise BadSettings(
            f"{record} cannot be read ({error}): remove its folder; where that version is in use, go back first with "
            f"`brewlite train --rollback`"
        ) from error
