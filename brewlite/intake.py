"""Rows into the store: adapter, batches, and vectors for the texts that changed.

Every batch is one transaction. An import that is interrupted, however rudely, leaves whole batches behind, and
running it again finishes the rest: what is there already is counted as unchanged.
"""

from __future__ import annotations

import hashlib
import time
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from datetime import datetime
from typing import TYPE_CHECKING, Literal, TypeVar

from msgspec import Struct, structs

from brewlite.adapter import Adapter, Row, merge_users
from brewlite.errors import BadRecord
from brewlite.harmless import harmless
from brewlite.records import Event, Item, User
from brewlite.sources import BadRow, Rows, SourceRow
from brewlite.store import Store, Written, storable

if TYPE_CHECKING:
    from brewlite.retrieval import Encoder

BATCH = 1000
"""Rows a transaction."""
TEXTS_A_BATCH = 128
"""Vectors a transaction: what is lost at most when an import is killed."""
MAX_TEXT = 2000
"""Characters of a text that are encoded; encoders read about 128 tokens."""
MAX_REJECTIONS = 1000
"""How many rejected rows a report lists; it counts all of them."""

Record = TypeVar("Record", Item, User, Event)


class Rejection(Struct, frozen=True, kw_only=True):
    """A row that was set aside, and why."""

    row: int
    reason: str


class Progress(Struct, frozen=True, kw_only=True):
    """How far an import is."""

    stage: Literal["rows", "vectors"]
    done: int
    total: int | None
    """For rows an estimate, from the share of the file that has been read; None when that is not known."""


class ImportReport(Struct, frozen=True, kw_only=True):
    """What became of the rows: ``rows = added + updated + unchanged + rejected_count``."""

    rows: int
    added: int
    updated: int
    unchanged: int
    rejected_count: int
    rejected: tuple[Rejection, ...]
    """The first :data:`MAX_REJECTIONS` of them."""
    repeated: int = 0
    """Rows whose id had been seen in the same source: of an item the last one counts, of a user all are joined."""
    undated: int = 0
    """Events that named no time, were not known yet, and were given the time of the import."""
    vectors: int = 0
    """Texts that were encoded, because they are new or have changed."""
    seconds: float = 0.0


OnProgress = Callable[[Progress], None]
OnReject = Callable[[Rejection], None]
SourceRows = Iterable[SourceRow | BadRow]


def import_items(
    store: Store,
    adapter: Adapter,
    rows: SourceRows,
    *,
    mapping: Mapping[str, str] | None = None,
    encoder: Encoder | None = None,
    progress: OnProgress | None = None,
    on_reject: OnReject | None = None,
) -> ImportReport:
    """Add or replace items, and encode the texts of those that are new or changed.

    ``mapping`` is record or field name -> column. A row that cannot be used is set aside; ``on_reject`` sees each.

    Raises:
        BadSource: the source breaks off.
        UnknownName: the mapping names what an item does not have.
    """
    desk = _Desk(rows, progress, on_reject)
    for batch in desk.batches(lambda row: adapter.to_item(row, mapping)):
        latest = {item.id: item for _, item in batch}
        desk.repeated(id for id in (item.id for _, item in batch))
        desk.wrote(store.put_items(list(latest.values())), folded=len(batch) - len(latest))
    vectors = index_items(store, adapter, encoder, progress) if encoder is not None else 0
    return desk.report(vectors)


def import_users(
    store: Store,
    adapter: Adapter,
    rows: SourceRows,
    *,
    mapping: Mapping[str, str] | None = None,
    encoder: Encoder | None = None,
    progress: OnProgress | None = None,
    on_reject: OnReject | None = None,
) -> ImportReport:
    """Add or replace users, joining the rows of one user, and encode their interests.

    Raises:
        BadSource: the source breaks off.
        UnknownName: the mapping names what a user does not have.
    """
    desk = _Desk(rows, progress, on_reject)
    for batch in desk.batches(lambda row: adapter.to_user(row, mapping)):
        joined: dict[str, User] = {}
        again = desk.repeated(user.id for _, user in batch)
        for _, user in batch:
            before = joined.get(user.id) or (store.user(user.id) if user.id in again else None)
            joined[user.id] = user if before is None else merge_users(before, user)
        desk.wrote(store.put_users(list(joined.values())), folded=len(batch) - len(joined))
    vectors = index_users(store, encoder, progress) if encoder is not None else 0
    return desk.report(vectors)


def import_events(
    store: Store,
    adapter: Adapter,
    rows: SourceRows,
    *,
    clock: Callable[[], datetime],
    mapping: Mapping[str, str] | None = None,
    action: str | None = None,
    progress: OnProgress | None = None,
    on_reject: OnReject | None = None,
) -> ImportReport:
    """Add events on items that are known; ``action`` is used where a row names none, ``clock`` where it has no time.

    A row without a time is left out where the visitor did the same with the item before: nothing else tells the same
    file imported again from a second deed.

    Raises:
        BadSource: the source breaks off.
        UnknownName: the mapping names what an event does not have.
    """
    desk = _Desk(rows, progress, on_reject)
    now = clock()
    known: set[str] = set()
    for batch in desk.batches(lambda row: adapter.to_event(row, mapping, action)):
        known |= store.known_items(list({event.item for _, event in batch} - known))
        done = store.known_deeds([event.user for _, event in batch if event.at is None])
        events, there = [], 0
        for number, event in batch:
            deed = (event.user, event.item, event.action)
            if event.item not in known:
                desk.reject(number, f"unknown item {event.item!r}: import items first")
            elif event.at is not None:
                events.append(event)
            elif deed in done:
                there += 1
            else:
                done.add(deed)
                events.append(structs.replace(event, at=now))
                desk.undated += 1
        desk.wrote(store.add_events(events), folded=there)
    return desk.report()


def index_items(
    store: Store,
    adapter: Adapter,
    encoder: Encoder,
    progress: OnProgress | None = None,
    ids: Sequence[str] | None = None,
) -> int:
    """Encode the texts of items (of ``ids``; None: of all) that are new to ``encoder`` or changed. How many were."""
    texts = {item.id: adapter.describe(harmless(item))[:MAX_TEXT] for item in store.items(ids)}
    return _index(store, "item", encoder, texts, progress, everything=ids is None)


def index_users(
    store: Store, encoder: Encoder, progress: OnProgress | None = None, ids: Sequence[str] | None = None
) -> int:
    """The same for users' interests; who has none any more loses the vector."""
    users = store.users() if ids is None else [user for user in map(store.user, ids) if user is not None]
    texts = {user.id: user.interests[:MAX_TEXT] for user in users if user.interests.strip()}
    silent = [user.id for user in users if user.id not in texts]
    gone = store.vector_digests("user", encoder.name, silent)
    if gone:
        store.drop_vectors("user", encoder.name, list(gone))
    return _index(store, "user", encoder, texts, progress, everything=ids is None)


def _index(
    store: Store,
    kind: Literal["item", "user"],
    encoder: Encoder,
    texts: Mapping[str, str],
    progress: OnProgress | None,
    everything: bool,
) -> int:
    digests = {id: hashlib.blake2b(text.encode(), digest_size=16).hexdigest() for id, text in texts.items()}
    there = store.vector_digests(kind, encoder.name, None if everything else list(texts))
    stale = [id for id, digest in digests.items() if there.get(id) != digest]
    for start in range(0, len(stale), TEXTS_A_BATCH):
        batch = stale[start : start + TEXTS_A_BATCH]
        matrix = encoder.encode([texts[id] for id in batch])
        store.put_vectors(kind, encoder.name, batch, [digests[id] for id in batch], matrix)
        if progress is not None:
            progress(Progress(stage="vectors", done=start + len(batch), total=len(stale)))
    return len(stale)


class _Desk:
    """Takes in one source's rows and keeps the tally."""

    def __init__(self, rows: SourceRows, progress: OnProgress | None, on_reject: OnReject | None) -> None:
        self._rows = rows
        self._progress = progress
        self._on_reject = on_reject
        self._started = time.perf_counter()
        self._count = 0
        self._written = Written()
        self._rejections: list[Rejection] = []
        self._rejected = 0
        self._seen: set[str] = set()
        self._repeated = 0
        self.undated = 0

    def batches(self, convert: Callable[[Row], Record]) -> Iterator[list[tuple[int, Record]]]:
        """Lists of (row number, record). Bad rows are set aside on the way."""
        batch: list[tuple[int, Record]] = []
        for row in self._rows:
            self._count += 1
            if isinstance(row, BadRow):
                self.reject(row.number, row.reason)
            elif (record := self._converted(row, convert)) is not None:
                batch.append((row.number, record))
            if self._count % BATCH == 0:
                yield batch
                self._tell()
                batch = []
        yield batch
        self._tell(finished=True)

    def _converted(self, row: SourceRow, convert: Callable[[Row], Record]) -> Record | None:
        try:
            return storable(convert(row.values))
        except BadRecord as error:
            self.reject(row.number, str(error))
        except (ArithmeticError, AttributeError, LookupError, TypeError, ValueError) as error:
            # An adapter that stumbles over a row it did not foresee must not stop the others.
            self.reject(row.number, f"the adapter cannot read this row: {type(error).__name__}: {error}")
        return None

    def reject(self, number: int, reason: str) -> None:
        """Set a row aside."""
        self._rejected += 1
        rejection = Rejection(row=number, reason=reason)
        if len(self._rejections) < MAX_REJECTIONS:
            self._rejections.append(rejection)
        if self._on_reject is not None:
            self._on_reject(rejection)

    def repeated(self, ids: Iterable[str]) -> set[str]:
        """Note ``ids``; those that an earlier batch had."""
        here: set[str] = set()
        again: set[str] = set()
        for id in ids:
            self._repeated += id in self._seen or id in here
            if id in self._seen:
                again.add(id)
            here.add(id)
        self._seen |= here
        return again

    def wrote(self, written: Written, folded: int = 0) -> None:
        """Add to the tally; ``folded`` rows had nothing to add: an id that came again, a deed that is known."""
        self._written += written + Written(unchanged=folded)

    def report(self, vectors: int = 0) -> ImportReport:
        """The tally."""
        return ImportReport(
            rows=self._count,
            added=self._written.added,
            updated=self._written.updated,
            unchanged=self._written.unchanged,
            rejected_count=self._rejected,
            rejected=tuple(self._rejections),
            repeated=self._repeated,
            undated=self.undated,
            vectors=vectors,
            seconds=time.perf_counter() - self._started,
        )

    def _tell(self, finished: bool = False) -> None:
        if self._progress is None:
            return
        share = self._rows.share if isinstance(self._rows, Rows) else None
        # The end of the file is read ahead, so that a share of 1 says nothing before the rows end.
        total = round(self._count / share) if share and share < 1 else None
        self._progress(Progress(stage="rows", done=self._count, total=self._count if finished else total))
