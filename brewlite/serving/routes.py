"""The routes: reading a request, asking the service, and nothing else."""

from __future__ import annotations

from functools import partial
from typing import Annotated, Any, TypeVar

from litestar import Controller, Request, Response, get, post, put
from litestar.background_tasks import BackgroundTask
from litestar.datastructures import State
from litestar.di import NamedDependency
from litestar.openapi.datastructures import ResponseSpec
from litestar.params import Body, PathParameter, QueryParameter

from brewlite.checks import MAX_K
from brewlite.errors import UnknownName
from brewlite.records import Event, Item, Query, Slate, User
from brewlite.serving.bodies import (
    EVENTS,
    ITEMS,
    QUERIES,
    RANKINGS,
    USERS,
    EventBody,
    ItemBody,
    QueryBody,
    StrictRequest,
    UserBody,
    plain,
)
from brewlite.serving.problems import MEDIA_TYPE, Problem, TooMany, UnknownInPath
from brewlite.serving.service import Readiness, Service
from brewlite.store import Written

One = TypeVar("One")
HowMany = Annotated[int, QueryParameter(ge=1, le=MAX_K, description="How many.")]
PlainRequest = Request[Any, Any, State]


def fails(*statuses: int) -> dict[int, ResponseSpec]:
    """The problem replies of a route, for the OpenAPI document."""
    why = {
        400: "A body or value that cannot be used; `errors` says where.",
        404: "No item of that id.",
        413: "More bytes or records than one request may carry.",
        422: "The body names items, a task or candidates that the site does not have; `names` lists them.",
    }
    return {
        status: ResponseSpec(
            data_container=Problem, description=why[status], media_type=MEDIA_TYPE, generate_examples=False
        )
        for status in statuses
    }


class Recommendations(Controller):
    """Asking for slates."""

    path = "/"
    tags = ("slates",)

    @post(
        "/recommendations",
        status_code=200,
        summary="Recommend",
        description=(
            "The `k` best items for a visitor, from the whole catalog. The visitor may be unknown. What they say in "
            "`instructions` is obeyed where it states a limit (`understood` in the reply lists what was) and read by "
            "the model where it does not. When the model has no time within `deadline_ms`, or too many requests wait, "
            "the reply is the first stage's order with `degraded: true`: never an error, never late."
        ),
        responses=fails(400, 413, 422),
    )
    async def recommend(
        self,
        request: PlainRequest,
        service: NamedDependency[Service],
        data: Annotated[QueryBody, Body(examples=QUERIES)],
    ) -> Response[Slate]:
        """One slate."""
        query = plain(data, Query)
        return _shown(service, await service.recommend(query, partial(_gone, request)), query)

    @post(
        "/rankings",
        status_code=200,
        summary="Rank given items",
        description=(
            "All of `candidates`, best first for the visitor. Those that break a limit the visitor states stand last. "
            "An id the site does not have is an error that lists it."
        ),
        responses=fails(400, 413, 422),
    )
    async def rank(
        self,
        request: PlainRequest,
        service: NamedDependency[Service],
        data: Annotated[QueryBody, Body(examples=RANKINGS)],
    ) -> Response[Slate]:
        """One slate of the given candidates."""
        query = plain(data, Query)
        return _shown(service, await service.rank(query, partial(_gone, request)), query)

    @get(
        "/items/{item_id:str}/similar",
        summary="Similar items",
        description="The `k` items most like one item, by text and by shared visitors. The model is not asked.",
        responses=fails(400, 404),
    )
    async def similar(
        self,
        service: NamedDependency[Service],
        item_id: Annotated[str, PathParameter(description="The item's id, percent-encoded; without a slash.")],
        k: HowMany = 10,
    ) -> Slate:
        """A slate of neighbours."""
        return await self._similar(service, item_id, k)

    @get(
        "/similar",
        summary="Similar items, for any id",
        description="As `/v1/items/{item_id}/similar`, for ids that no path can hold: links, ids with a slash.",
        responses=fails(400, 404),
    )
    async def similar_to(
        self,
        service: NamedDependency[Service],
        item: Annotated[str, QueryParameter(description="The item's id, percent-encoded.")],
        k: HowMany = 10,
    ) -> Slate:
        """A slate of neighbours."""
        return await self._similar(service, item, k)

    @staticmethod
    async def _similar(service: Service, item_id: str, k: int) -> Slate:
        try:
            return await service.similar(item_id, k)
        except UnknownName as error:
            raise UnknownInPath(error) from error


class Writes(Controller):
    """Sending items, visitors and events. A reply means that the records are on the disk."""

    path = "/"
    tags = ("data",)

    @put(
        "/items",
        summary="Add or replace items",
        description=(
            "A batch of items; one whose id is known is replaced as a whole: what is left out is empty afterwards. "
            "All are stored, or none."
        ),
        responses=fails(400, 413),
    )
    async def put_items(
        self, service: NamedDependency[Service], data: Annotated[list[ItemBody], Body(examples=ITEMS)]
    ) -> Written:
        """Store a batch of items and their vectors."""
        return await service.put_items([plain(item, Item) for item in _batch("items", data, service)])

    @put(
        "/users",
        summary="Add or replace visitors",
        description=(
            "Profiles and stated interests; one whose id is known is replaced as a whole. A visitor who is only a "
            "session id needs none."
        ),
        responses=fails(400, 413),
    )
    async def put_users(
        self, service: NamedDependency[Service], data: Annotated[list[UserBody], Body(examples=USERS)]
    ) -> Written:
        """Store a batch of visitors."""
        return await service.put_users([plain(user, User) for user in _batch("users", data, service)])

    @post(
        "/events",
        status_code=200,
        summary="Record events",
        description=(
            "What a visitor did: one event, or a batch. Without `at` it happened now. `slate` says which slate led to "
            "it. A repeat (same visitor, item, action and time) is counted as `unchanged`. All are stored, or none."
        ),
        responses=fails(400, 413, 422),
    )
    async def record(
        self, service: NamedDependency[Service], data: Annotated[EventBody | list[EventBody], Body(examples=EVENTS)]
    ) -> Written:
        """Store one event or many."""
        events = _batch("events", data if isinstance(data, list) else [data], service)
        return await service.record([plain(event, Event) for event in events])


class Health(Controller):
    """For whoever watches over the process."""

    path = "/"
    tags = ("health",)

    @get("/live", summary="Is the process there", description="Always 200 while the process answers at all.")
    async def live(self) -> dict[str, str]:
        """Alive."""
        return {"status": "live"}

    @get(
        "/ready",
        summary="Does it answer as it should",
        description="200 when the model and the catalog are loaded; else 503, and `missing` says what is not there.",
        responses={503: ResponseSpec(data_container=Readiness, description="Not ready.", generate_examples=False)},
    )
    async def ready(self, service: NamedDependency[Service]) -> Response[Readiness]:
        """Ready or not, and why not."""
        readiness = await service.readiness()
        return Response(readiness, status_code=200 if readiness.status == "ready" else 503)


def _shown(service: Service, slate: Slate, query: Query) -> Response[Slate]:
    """The slate as a reply; it is logged when the client has it."""
    return Response(slate, background=BackgroundTask(service.log, slate, query))


def _batch(what: str, records: list[One], service: Service) -> list[One]:
    if len(records) > service.config.max_batch:
        raise TooMany(what, len(records), service.config.max_batch)
    return records


async def _gone(request: PlainRequest) -> None:
    """Ends when the client closes the connection."""
    while (await request.receive())["type"] != "http.disconnect":
        pass


__all__ = ["Health", "Recommendations", "StrictRequest", "Writes"]
