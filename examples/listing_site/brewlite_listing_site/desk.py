"""What the pages ask of brewlite: the town's usual order, a visitor's own order, and what visitors do.

A visitor's list takes a second or two of the model's time. It is made as soon as they do something that changes it,
so that it is usually there when they come back to the list.
"""

from __future__ import annotations

import asyncio
import logging
from collections import OrderedDict
from collections.abc import Awaitable, Callable, Iterable
from datetime import datetime, timedelta
from weakref import WeakSet

from msgspec import Struct

from brewlite import BrewliteError, Event, Item, Query, Slate
from brewlite.serving import Service

TASK = "contact"
SHOWN = 40
"""Homes on a visitor's own list."""
KEPT = 256
"""Slates kept for coming back to."""
FUTURE = timedelta(days=1)
REMEMBERED = 5_000
"""Newest deeds of a visitor that the pages know of."""
log = logging.getLogger("brewlite_listing_site")


class Deeds(Struct, frozen=True, kw_only=True):
    """What one visitor has done so far, by home."""

    count: int = 0
    newest: str = ""
    """What the last of them was: changes with each."""
    seen: frozenset[str] = frozenset()
    saved: tuple[str, ...] = ()
    """Newest first."""
    contacted: frozenset[str] = frozenset()
    dismissed: frozenset[str] = frozenset()


class Desk:
    """Between the pages and the service."""

    def __init__(self, service: Service, clock: Callable[[], datetime]) -> None:
        self.service = service
        self._clock = clock
        self._slates: OrderedDict[tuple[str, str, str, int], asyncio.Task[Slate]] = OrderedDict()
        self._awaited: WeakSet[asyncio.Task[Slate]] = WeakSet()

    async def usual_order(self) -> list[str]:
        """Ids of all homes, as a stranger without a wish sees them: what is sought after, and what is new."""
        ordering = await self.service.order(Query(task=TASK))
        return ordering.ids

    async def own_order(self, session: str, wish: str) -> Slate:
        """The visitor's own list, from their wish and from what they did."""
        task = await self._started(session, wish)
        self._awaited.add(task)
        return await asyncio.shield(task)

    async def prepare(self, session: str, wish: str) -> None:
        """Start on the visitor's own list; a failure shows when the list is asked for."""
        await self._started(session, wish)

    async def _started(self, session: str, wish: str) -> asyncio.Task[Slate]:
        deeds, revision = await asyncio.to_thread(self._state, session)
        key = (session, wish, deeds.newest, revision)
        task = self._slates.get(key)
        if task is None or (task.done() and (task.cancelled() or task.exception() is not None)):
            self._drop_overtaken(session)
            query = Query(user=session, task=TASK, k=SHOWN, instructions=wish)
            task = self._slates[key] = asyncio.create_task(self._made(query))
        self._slates.move_to_end(key)
        while len(self._slates) > KEPT:
            self._slates.popitem(last=False)
        return task

    def _drop_overtaken(self, session: str) -> None:
        """Give up lists that nobody waits for any more: the visitor has done something since."""
        for key, task in list(self._slates.items()):
            if key[0] == session and not task.done() and task not in self._awaited:
                task.cancel()
                del self._slates[key]

    async def _made(self, query: Query) -> Slate:
        slate = await self.service.recommend(query)
        await self.service.log(slate, query)
        return slate

    def _state(self, session: str) -> tuple[Deeds, int]:
        return self._deeds(session), self.service.recommender.store.revision().items

    async def similar(self, item: str, k: int = 4) -> Slate:
        """Homes like this one."""
        return await self.service.similar(item, k)

    async def act(self, session: str, item: str, action: str, slate: str | None = None) -> None:
        """Keep what the visitor did."""
        await self.service.record([Event(user=session, item=item, action=action, slate=slate)])

    async def item(self, id_: str) -> Item | None:
        """The home, if there is one."""
        return await asyncio.to_thread(self.service.recommender.store.item, id_)

    async def items(self, ids: Iterable[str]) -> list[Item]:
        """Homes, in the order asked."""
        return await asyncio.to_thread(self.service.recommender.store.items, list(ids))

    async def deeds(self, session: str | None) -> Deeds:
        """What the visitor did so far; nothing, for somebody new."""
        return Deeds() if session is None else await asyncio.to_thread(self._deeds, session)

    def _deeds(self, session: str) -> Deeds:
        events = self.service.recommender.store.history(session, before=self._clock() + FUTURE, limit=REMEMBERED)

        def of(action: str) -> list[str]:
            return [event.item for event in events if event.action == action]

        dismissed = frozenset(of("dismiss"))
        return Deeds(
            count=len(events),
            newest=str(events[-1:]),
            seen=frozenset(of("view")),
            saved=tuple(item for item in dict.fromkeys(reversed(of("save"))) if item not in dismissed),
            contacted=frozenset(of("contact")),
            dismissed=dismissed,
        )


async def noted(what: str, doing: Callable[[], Awaitable[None]]) -> None:
    """Run something after the reply; a failure is noted and harms nobody."""
    try:
        await doing()
    except BrewliteError:
        log.exception("%s failed", what)
