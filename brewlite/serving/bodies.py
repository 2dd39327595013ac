"""What requests carry: brewlite's own records, read strictly, and the examples that the OpenAPI document shows.

A misspelt field is an error that names it, not a wish that is silently ignored.
"""

from __future__ import annotations

from typing import Any, TypeVar

import msgspec
from litestar import Request
from litestar.enums import RequestEncodingType
from litestar.openapi.spec import Example
from msgspec import Struct

from brewlite.errors import BadRecord
from brewlite.records import Event, Item, Query, Task, User
from brewlite.serving.problems import BadBody, WrongContentType

Record = TypeVar("Record", bound=Struct)


class TaskBody(Task, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """A question of the caller's own."""


class QueryBody(Query, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """What a caller wants ranked, for whom. Everything about the visitor may be missing."""

    task: str | TaskBody | None = None


class ItemBody(Item, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Something that can be recommended: a listing, a job, a post."""

    def __post_init__(self) -> None:
        _with_place(super().__post_init__)


class UserBody(User, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """A visitor the site knows something about. An anonymous visitor is a session id and needs no record."""

    def __post_init__(self) -> None:
        _with_place(super().__post_init__)


class EventBody(Event, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """One thing a visitor did with one item."""

    def __post_init__(self) -> None:
        _with_place(super().__post_init__)


def _with_place(check: Any) -> None:
    """Let the decoder see a bad record as a bad value, so that its message tells where in the body it stands."""
    try:
        check()
    except BadRecord as error:
        raise ValueError(str(error)) from error


def plain(record: Struct, kind: type[Record]) -> Record:
    """``record`` as the plain ``kind`` that it extends."""
    return kind(**{name: getattr(record, name) for name in kind.__struct_fields__})


class StrictRequest(Request[Any, Any, Any]):
    """Reads a body as JSON of exactly the handler's type: ``"5"`` is no number, and an unknown field is an error."""

    async def body(self) -> bytes:
        """The body's bytes. Raises BadBody where a body is due and none came."""
        raw = await super().body()
        if not raw and self.route_handler.parsed_data_field is not None:
            raise BadBody("$", "the body is empty: send JSON")
        return raw

    async def json(self) -> Any:
        """The body as the type that the handler's ``data`` is annotated with.

        Raises:
            WrongContentType: not sent as JSON. A form on somebody else's page cannot send JSON, so this also keeps
                other sites from writing with a visitor's browser.
            BadBody: not JSON, or not of that type.
        """
        if self.content_type[0] != RequestEncodingType.JSON:
            raise WrongContentType(self.content_type[0])
        wanted = self.route_handler.parsed_data_field
        try:
            return msgspec.json.decode(await self.body(), type=wanted.annotation if wanted is not None else Any)
        except msgspec.ValidationError as error:
            wrapped = str(error) == "Expected `array`, got `object`"
            hint = ": send the list itself, `[{...}, ...]`, without a name around it" if wrapped else ""
            raise BadBody.at_place(f"{error}{hint}") from error
        except (msgspec.DecodeError, UnicodeDecodeError, RecursionError) as error:
            raise BadBody("$", f"not valid JSON: {error}") from error


def example(summary: str, value: Any) -> Example:
    """An example for the OpenAPI document."""
    return Example(summary=summary, value=value)


FLAT: dict[str, Any] = {
    "id": "12",
    "kind": "listing",
    "title": "Two-bedroom flat above the river",
    "text": "Second floor, lift, a balcony to the west.",
    "fields": {"price": 1150, "bedrooms": 2, "pets": True},
    "place": "Weir Side",
    "created": "2026-05-02T09:00:00Z",
}
QUERIES = [
    example("A newcomer who says what they want", {"k": 5, "instructions": "quiet, by the river, under $1,200"}),
    example("A visitor with a history", {"user": "session-81c2", "k": 10, "exclude": ["12"]}),
    example("Within a limit, in time", {"user": "u1", "filters": {"bedrooms": {"min": 2}}, "deadline_ms": 800}),
]
RANKINGS = [
    example(
        "Three items of the caller's choice",
        {
            "user": "u1",
            "candidates": ["12", "17", "40"],
            "history": [["9", "save"]],
            "profile": {"about": "two adults"},
        },
    )
]
ITEMS = [example("One listing", [FLAT])]
USERS = [example("One visitor", [{"id": "u1", "profile": {"household": "two adults, a dog"}, "interests": "a garden"}])]
EVENTS = [
    example("One event, now", {"user": "u1", "item": "12", "action": "save"}),
    example("Several, with their time", [{"user": "u1", "item": "12", "action": "view", "at": "2026-05-03T18:20:00Z"}]),
]
