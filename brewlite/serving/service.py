"""The recommender behind an event loop: who runs on which thread, and what happens when there is no time.

    model        one thread owns the ranker; at most ``queue`` requests wait for it
    first stage  one thread answers without the model: similar items, and every request the model has no time for
    writes       one thread stores items, events and slates

A request that finds the queue full, or whose deadline the model cannot keep, gets the first stage's order, marked
``degraded``: never an error, never a late answer.
"""

from __future__ import annotations

import asyncio
import logging
import time
from collections.abc import Awaitable, Callable, Sequence
from concurrent.futures import Future
from functools import partial
from typing import Any, Literal, TypeVar

from msgspec import Struct, structs

from brewlite.errors import BrewliteError
from brewlite.recommender import Ordering, Recommender
from brewlite.records import Event, Item, Query, Slate, User
from brewlite.serving.worker import Busy, Worker
from brewlite.settings import ServingConfig
from brewlite.store import Written

Answer = TypeVar("Answer")
Verb = Literal["recommend", "rank"]
Leaving = Callable[[], Awaitable[None]]
log = logging.getLogger("brewlite.serving")

UNLIMITED = 1_000_000
"""Waiting places where a full queue has no second-best answer: an acknowledged write is worth the wait."""


class ClientGone(Exception):
    """The client closed the connection before its answer was ready."""


class Overdue(Exception):
    """The model's turn came too late for the deadline."""


class Readiness(Struct, frozen=True, kw_only=True):
    """Whether the service answers as it should."""

    status: Literal["ready", "not ready"]
    model: str
    """The ranker's name; ``none`` for a service without one."""
    items: int
    missing: tuple[str, ...] = ()
    """What is not there, and how to mend it. Empty when ready."""


class Service:
    """One recommender, answering for many requests at once. Use from a running event loop, or :meth:`start` first."""

    def __init__(self, recommender: Recommender, config: ServingConfig | None = None) -> None:
        self.config = config or ServingConfig()
        self.recommender = recommender
        # A recommender's catalog belongs to one thread, so the first stage has one of its own over the same store.
        self._first = recommender.without_model()
        self._model_thread = Worker("brewlite-model", self.config.queue)
        self._first_thread = Worker("brewlite-first-stage", UNLIMITED)
        self._write_thread = Worker("brewlite-writes", UNLIMITED)
        self._first_ms = Recent(25.0)
        self._has_model = recommender.model_name is not None
        self._missing_model: str | None = "model: not loaded yet" if self._has_model else None
        self._loading: Future[None] | None = None

    def start(self) -> None:
        """Load the model and the catalog on their threads; returns at once."""
        if self._loading is None:
            if self._has_model:
                self._missing_model = f"model: {self.model_name} is being loaded, try again in a few seconds"
            # One after the other: transformers does not load two models at once. Whoever writes waits too, for the
            # encoder; the model comes last, so that the first stage is soon there.
            first = self._first_thread.submit(partial(self._warm, self._first))
            self._write_thread.submit(first.exception)
            self._loading = self._model_thread.submit(partial(self._load, first))

    async def settled(self) -> None:
        """Until the model and the catalog are loaded, or have failed to be: :meth:`readiness` tells."""
        if self._loading is not None:
            await asyncio.wrap_future(self._loading)

    def stop(self) -> None:
        """End the threads; what waits is dropped."""
        for thread in (self._model_thread, self._first_thread, self._write_thread):
            thread.stop()

    async def recommend(self, query: Query, gone: Leaving | None = None) -> Slate:
        """As :meth:`Recommender.recommend`, in time. ``gone()`` ends when the client is no longer there."""
        return await self._answer("recommend", query, gone)

    async def rank(self, query: Query, gone: Leaving | None = None) -> Slate:
        """As :meth:`Recommender.rank`, in time."""
        return await self._answer("rank", query, gone)

    async def order(self, query: Query) -> Ordering:
        """Everything that may be shown, in the first stage's order: quick, for pages that list it all."""
        return await self._on(self._first_thread, partial(self._first.order, query, use_model=False))

    async def similar(self, item: str, k: int) -> Slate:
        """As :meth:`Recommender.similar`."""
        return await self._on(self._first_thread, partial(self._first.similar, item, k))

    async def put_items(self, items: Sequence[Item]) -> Written:
        """As :meth:`Recommender.put_items`."""
        return await self._on(self._write_thread, partial(self._first.put_items, items))

    async def put_users(self, users: Sequence[User]) -> Written:
        """As :meth:`Recommender.put_users`."""
        return await self._on(self._write_thread, partial(self._first.put_users, users))

    async def record(self, events: Sequence[Event]) -> Written:
        """As :meth:`Recommender.record`."""
        return await self._on(self._write_thread, partial(self._first.record, *events))

    async def log(self, slate: Slate, query: Query) -> None:
        """Keep the slate; a failure is noted and harms nobody."""
        try:
            await self._on(self._write_thread, partial(self._first.log, slate, query))
        except BrewliteError:
            log.exception("slate %s was shown but not logged", slate.id)

    @property
    def model_name(self) -> str:
        """The ranker's name; ``none`` for a service without one."""
        return self.recommender.model_name or "none"

    async def readiness(self) -> Readiness:
        """Whether model and catalog are there."""
        counts = await asyncio.to_thread(self._first.store.counts)  # not behind a long write
        missing = [self._missing_model] if self._missing_model is not None else []
        if not counts.items:
            missing.append("catalog: no items yet, send some with PUT /v1/items or `brewlite import items`")
        status: Literal["ready", "not ready"] = "not ready" if missing else "ready"
        return Readiness(status=status, model=self.model_name, items=counts.items, missing=tuple(missing))

    async def _answer(self, verb: Verb, query: Query, gone: Leaving | None) -> Slate:
        limit_ms = query.deadline_ms if query.deadline_ms is not None else self.config.deadline_ms
        ends = None if limit_ms is None else time.monotonic() + limit_ms / 1000
        if self._missing_model is not None:
            return await self._fallback(verb, query, self._missing_model)
        asked_at = time.monotonic()
        try:
            future = self._model_thread.submit(partial(self._with_model, verb, query, ends, asked_at))
        except Busy:
            return await self._fallback(verb, query, f"busy: {self.config.queue} requests already wait for the model")
        try:
            return await _first_of(asyncio.wrap_future(future), gone, self._patience(ends))
        except (TimeoutError, Overdue):
            return await self._fallback(verb, query, f"the model had no time within {limit_ms:g} ms")
        finally:
            future.cancel()

    async def _fallback(self, verb: Verb, query: Query, why: str) -> Slate:
        slate = await self._on(self._first_thread, partial(self._without_model, verb, query))
        return structs.replace(slate, degraded=self._has_model, notes=(*slate.notes, f"first-stage order: {why}"))

    def _patience(self, ends: float | None) -> float | None:
        """Seconds that the model may still take, leaving time for the first stage."""
        return None if ends is None else max(ends - time.monotonic() - self._first_ms.cautious() / 1000, 0.0)

    def _with_model(self, verb: Verb, query: Query, ends: float | None, asked_at: float) -> Slate:
        """On the model's thread."""
        patience = self._patience(ends)
        if patience is not None:
            if patience <= 0:
                raise Overdue
            query = structs.replace(query, deadline_ms=1000 * patience)
        waited = round(1000 * (time.monotonic() - asked_at), 3)
        slate = self.recommender.recommend(query) if verb == "recommend" else self.recommender.rank(query)
        return structs.replace(slate, timing={"waiting": waited, **slate.timing})

    def _without_model(self, verb: Verb, query: Query) -> Slate:
        """On the first stage's thread."""
        began = time.monotonic()
        ask = self._first.recommend if verb == "recommend" else self._first.rank
        slate = ask(query, use_model=False)
        self._first_ms.saw(1000 * (time.monotonic() - began))
        return slate

    def _load(self, first: Future[None]) -> None:
        """On the model's thread: everything that the first request would otherwise wait for."""
        first.exception()
        try:
            if self._has_model:
                # The first pass of all is slow. It must not count as the model's pace.
                self.recommender.ranker().score_texts("A visitor looks for a home.", ["a home"] * 2)
            self._warm(self.recommender)
        except BrewliteError as error:
            self._missing_model = f"model: {error}"
            log.error("%s", self._missing_model)
        except Exception:
            self._missing_model = f"model: {self.model_name} could not be loaded, see the log"
            log.exception("%s", self._missing_model)
        else:
            self._missing_model = None

    def _warm(self, recommender: Recommender) -> None:
        """Read the catalog, and load the encoder where there is something to compare with."""
        recommender.recommend(Query(k=1, instructions="home"), use_model=recommender is self.recommender)

    async def _on(self, thread: Worker, call: Callable[[], Answer]) -> Answer:
        return await asyncio.wrap_future(thread.submit(call))


class Recent:
    """A running estimate of how long something takes, in milliseconds."""

    def __init__(self, start_ms: float) -> None:
        self._mean = start_ms
        self._spread = start_ms / 2

    def saw(self, took_ms: float) -> None:
        """Count one more."""
        off = took_ms - self._mean
        self._mean += 0.2 * off
        self._spread += 0.2 * (abs(off) - self._spread)

    def cautious(self) -> float:
        """What nearly all stay below: the mean and four mean deviations, as TCP's timer has it (RFC 6298)."""
        return self._mean + 4 * self._spread


async def _first_of(answer: asyncio.Future[Slate], gone: Leaving | None, patience: float | None) -> Slate:
    """``answer``, unless ``gone()`` or ``patience`` (seconds) ends before it.

    Raises:
        TimeoutError: out of patience.
        ClientGone: nobody is there to read the answer.
    """
    watch = asyncio.ensure_future(gone()) if gone is not None else None
    waiting: set[asyncio.Future[Any]] = {answer} if watch is None else {answer, watch}
    try:
        done, _ = await asyncio.wait(waiting, timeout=patience, return_when=asyncio.FIRST_COMPLETED)
        if answer in done:
            return answer.result()
        if watch is not None and watch in done:
            raise ClientGone
        raise TimeoutError
    finally:
        answer.cancel()
        if watch is not None:
            watch.cancel()
