"""One data set, opened for the suite: its log as columns, its recommender, and where it is cut."""

from __future__ import annotations

from datetime import UTC, datetime
from functools import cached_property

import numpy as np
from msgspec import Struct, structs

from brewlite.evaluation.log import DAY, EventLog, Ints, from_micros, read_log, to_micros
from brewlite.evaluation.splits import cut_time
from brewlite.prompt import PromptConfig
from brewlite.recommender import Recommender
from brewlite.recommender.learning import learn_blend
from brewlite.store import EventColumns

SPLIT = 0.8
"""Share of the liking events before the cut: everything the suite reports lies after it."""
VALIDATION = 0.65
"""Between this share and SPLIT lie the events that may be looked at while something is chosen."""


class DataSet(Struct, frozen=True, kw_only=True):
    """Files of one real site, in the source's own columns."""

    name: str
    kind: str
    """``listings``, ``jobs`` or ``posts``."""
    adapter: str
    items: str
    """Path under the data folder."""
    events: str | None = None
    users: str | None = None
    label: str = ""
    """As printed: ``short stays A``."""
    trained: bool = False
    """Whether the shipped ranker may have been trained on its events before the cut."""
    limit: int | None = None
    """Most items that are read."""


class BenchSite:
    """What makers and methods read. Built by ``datasets.open_site``."""

    def __init__(self, data: DataSet, recommender: Recommender, digest: str) -> None:
        self.data = data
        self.recommender = recommender
        self.digest = digest
        """Of the files it was imported from."""
        self._learned: dict[int, Recommender] = {}
        """By the cut that was learned up to."""
        self._with_prompt: dict[tuple[PromptConfig, int], Recommender] = {}

    @property
    def name(self) -> str:
        """The data set's."""
        return self.data.name

    @cached_property
    def log(self) -> EventLog:
        """All events, weighted by the adapter's actions. Raises BadRecord for a set without events."""
        return read_log(self.recommender.store, self.recommender.adapter)[0]

    @cached_property
    def columns(self) -> EventColumns:
        """All events as they are in the store, with the names of their actions and their values."""
        return self.recommender.store.events_after(0)

    @cached_property
    def row(self) -> dict[str, int]:
        """Item id -> position in ``log.catalog``."""
        return {id_: row for row, id_ in enumerate(self.log.catalog.ids)}

    @cached_property
    def user_row(self) -> dict[str, int]:
        """Visitor id -> position in ``log.user_ids``."""
        return {id_: row for row, id_ in enumerate(self.log.user_ids)}

    @cached_property
    def rows_by_user(self) -> dict[str, list[int]]:
        """Visitor id -> positions in ``columns``, by time."""
        rows: dict[str, list[int]] = {}
        for row in np.argsort(self.columns.at, kind="stable").tolist():
            rows.setdefault(self.columns.users[row], []).append(row)
        return rows

    @cached_property
    def first_touch(self) -> Ints:
        """(I,) of the whole log."""
        return self.log.first_touch()

    @cached_property
    def cut(self) -> int:
        """Microseconds: nothing at or after it may be learned from."""
        return cut_time(self.log, SPLIT)

    @cached_property
    def validation_cut(self) -> int:
        """Microseconds: where the validation part begins; it ends at ``cut``."""
        return cut_time(self.log, VALIDATION)

    @cached_property
    def vectors(self) -> np.ndarray:
        """(I, D) float32 text vectors in the log's catalog order, zeros where an item has none."""
        encoder = self.recommender.encoder
        ids, matrix = self.recommender.store.vectors("item", encoder.name if encoder is not None else "")
        aligned = np.zeros((len(self.row), matrix.shape[1] if len(ids) else 1), dtype=np.float32)
        for id_, vector in zip(ids, matrix, strict=True):
            if id_ in self.row:
                aligned[self.row[id_]] = vector
        return aligned

    def months_after_cut(self, at: int) -> float:
        """Months of 30 days between the cut and ``at`` (microseconds)."""
        return (at - self.cut) / (30 * DAY)

    def learned(self, at: datetime | None) -> Recommender:
        """The recommender that weighs by what the log had taught before the part of it that ``at`` lies in.

        After the cut: all before it. In the validation part: all before that. Earlier, and without a log: nothing.
        """
        return self._weighing(self.learned_until(at))

    @cached_property
    def in_hindsight(self) -> Recommender:
        """The recommender that weighs every moment by what the log has taught before the validation part.

        For what is taught beside the first stage: it will stand beside one that has learned, not one of that day.
        """
        at = from_micros(self.validation_cut)
        learned = learn_blend(self.recommender, before=at) if self.learned_until(at) else None
        if learned is None:
            return self.recommender
        return self.recommender.with_blend(structs.replace(learned, until=datetime.min.replace(tzinfo=UTC)))

    def asked_with(self, prompt: PromptConfig | None, at: datetime | None = None) -> Recommender:
        """That of :meth:`learned`, or one over the same store and models that writes its prompts as ``prompt`` says."""
        until = self.learned_until(at)
        recommender = self._weighing(until)
        if prompt is None or prompt == recommender.config.prompt:
            return recommender
        if (prompt, until) not in self._with_prompt:
            config = structs.replace(recommender.config, prompt=prompt)
            self._with_prompt[prompt, until] = recommender.with_config(config)
        return self._with_prompt[prompt, until]

    def learned_until(self, at: datetime | None) -> int:
        """The cut, in microseconds, before which a question about ``at`` may have learned; 0: nothing."""
        if self.data.events is None or at is None:
            return 0
        moment = to_micros(at)
        return next((cut for cut in (self.cut, self.validation_cut) if moment >= cut), 0)

    def _weighing(self, until: int) -> Recommender:
        if until not in self._learned:
            learned = learn_blend(self.recommender, before=from_micros(until)) if until else None
            self._learned[until] = self.recommender if learned is None else self.recommender.with_blend(learned)
        return self._learned[until]

    def time(self, at: int) -> str:
        """``at`` (microseconds) for people."""
        return f"{from_micros(at):%Y-%m-%d %H:%M}"
