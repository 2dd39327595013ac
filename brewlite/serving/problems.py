"""Errors as problem details (RFC 9457): ``application/problem+json`` with a stable type, and the offending names.

| status | type | when |
|---|---|---|
| 400 | ``urn:brewlite:bad-request`` | a body or parameter of the wrong shape; ``errors`` says where |
| 400 | ``urn:brewlite:bad-record`` | a value that cannot be used |
| 404 | ``urn:brewlite:unknown-name`` | an id in the path that the site does not have |
| 413 | ``urn:brewlite:too-large`` | more bytes or records than one request may carry |
| 415 | ``urn:brewlite:not-json`` | a body that is not sent as JSON |
| 422 | ``urn:brewlite:unknown-name`` | ids in a body that the site does not have; ``names`` lists them |
| 500 | ``urn:brewlite:internal`` | a fault of the service; the log has the details |
| 503 | ``urn:brewlite:unavailable`` | the database or the model's files are out of reach |
"""

from __future__ import annotations

import logging
import re
from collections.abc import Callable
from http import HTTPStatus
from typing import Any

import msgspec
from litestar import Request, Response
from litestar.exceptions import HTTPException, ValidationException
from msgspec import UNSET, Struct, UnsetType

from brewlite.errors import BrewliteError, ExtraMissing, UnknownName, UserError, WeightsMissing
from brewlite.serving.service import ClientGone

log = logging.getLogger("brewlite.serving")

MEDIA_TYPE = "application/problem+json"
PLACE = re.compile(r"(?P<message>.*) - at `(?:key in )?(?P<place>[^`]+)`$", re.DOTALL)


class Place(Struct, frozen=True, kw_only=True):
    """One thing wrong with a request."""

    at: str
    """Where: a path into the body (``$[3].title``) or a parameter's name."""
    message: str


class Problem(Struct, frozen=True, kw_only=True):
    """What went wrong, for programs and people."""

    type: str
    title: str
    status: int
    detail: str
    names: list[str] | UnsetType = UNSET
    """The ids or names that are not known."""
    errors: list[Place] | UnsetType = UNSET


class BadBody(HTTPException):
    """A body that is not what the route reads."""

    status_code = HTTPStatus.BAD_REQUEST

    def __init__(self, place: str, message: str) -> None:
        super().__init__(detail=f"{message} (at {place})")
        self.place = Place(at=place, message=message)

    @classmethod
    def at_place(cls, message: str) -> BadBody:
        """From a decoder's message that ends with ``- at `$.path```."""
        found = PLACE.match(message)
        return cls(found["place"], found["message"]) if found else cls("$", message)


class WrongContentType(HTTPException):
    """A body that is not sent as JSON."""

    status_code = HTTPStatus.UNSUPPORTED_MEDIA_TYPE

    def __init__(self, seen: str) -> None:
        given = f"as {seen!r}" if seen else "without a type"
        super().__init__(detail=f"the body is sent {given}: send JSON, with the header Content-Type: application/json")


class TooMany(HTTPException):
    """More records than one request may carry."""

    status_code = HTTPStatus.REQUEST_ENTITY_TOO_LARGE

    def __init__(self, what: str, count: int, most: int) -> None:
        super().__init__(detail=f"{count} {what} in one request: at most {most}; send them in several")


class UnknownInPath(HTTPException):
    """The path names something that the site does not have."""

    status_code = HTTPStatus.NOT_FOUND

    def __init__(self, error: UnknownName) -> None:
        super().__init__(detail=str(error))
        self.names = list(error.names)


TYPES = {400: "bad-request", 404: "not-found", 405: "method-not-allowed", 413: "too-large", 415: "not-json"}
Handler = Callable[[Request[Any, Any, Any], Any], Response[bytes]]


def answer(problem: Problem, headers: dict[str, str] | None = None) -> Response[bytes]:
    """``problem`` as a reply."""
    return Response(
        msgspec.json.encode(problem), status_code=problem.status, media_type=MEDIA_TYPE, headers=headers or {}
    )


def _problem(status: int, kind: str, detail: str, **more: Any) -> Problem:
    return Problem(type=f"urn:brewlite:{kind}", title=HTTPStatus(status).phrase, status=status, detail=detail, **more)


def on_http_error(request: Request[Any, Any, Any], error: HTTPException) -> Response[bytes]:
    """An error of HTTP itself: no such route, a body too large, a parameter of the wrong type."""
    status = error.status_code
    if status >= 500:
        return on_fault(request, error)
    kind, detail = TYPES.get(status, "refused"), error.detail
    more: dict[str, Any] = {}
    if isinstance(error, BadBody):
        more = {"errors": [error.place]}
    elif isinstance(error, UnknownInPath):
        kind, more = "unknown-name", {"names": error.names}
    elif isinstance(error, ValidationException):
        places = [_place(entry) for entry in error.extra or ()]
        detail = "; ".join(f"{place.at}: {place.message}" for place in places) or detail
        more = {"errors": places}
    return answer(_problem(status, kind, detail, **more), dict(error.headers or {}))


def _place(entry: Any) -> Place:
    if not isinstance(entry, dict):
        return Place(at="request", message=str(entry))
    return Place(at=str(entry.get("key", "$")), message=str(entry.get("message", "")))


def on_brewlite_error(request: Request[Any, Any, Any], error: BrewliteError) -> Response[bytes]:
    """An error that brewlite raised on purpose."""
    if isinstance(error, UnknownName):
        return answer(_problem(422, "unknown-name", str(error), names=list(error.names)))
    if isinstance(error, UserError) and not isinstance(error, (WeightsMissing, ExtraMissing)):
        return answer(_problem(400, "bad-record", str(error)))
    log.error("%s %s: %s", request.method, request.url.path, error)
    return answer(_problem(503, "unavailable", str(error)), {"Retry-After": "10"})


def on_fault(request: Request[Any, Any, Any], error: Exception) -> Response[bytes]:
    """A fault of ours: the log gets all of it, the client nothing that helps an attacker."""
    log.error("%s %s failed", request.method, request.url.path, exc_info=error)
    return answer(_problem(500, "internal", "the service failed; its log has the details"))


def on_gone(request: Request[Any, Any, Any], error: ClientGone) -> Response[bytes]:
    """Nobody reads this: the client has closed the connection. 499 is what web servers log for it."""
    return Response(b"", status_code=499)


HANDLERS: dict[int | type[Exception], Handler] = {
    HTTPException: on_http_error,
    BrewliteError: on_brewlite_error,
    ClientGone: on_gone,
    Exception: on_fault,
}
