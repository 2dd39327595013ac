"""The site as a Litestar app: pages of its own, with brewlite's routes mounted beside them."""

from __future__ import annotations

import re
import secrets
from collections.abc import Callable
from datetime import UTC, datetime
from functools import partial
from pathlib import Path
from typing import Annotated, Any
from urllib.parse import quote, unquote, urlsplit

from litestar import Litestar, MediaType, Request, Response, get, post
from litestar.background_tasks import BackgroundTask
from litestar.datastructures import Cookie, State
from litestar.di import NamedDependency, Provide
from litestar.exceptions import NotFoundException, PermissionDeniedException
from litestar.params import FromPath, FromQuery, QueryParameter
from litestar.plugins.jinja import JinjaTemplateEngine
from litestar.response import Redirect, Template
from litestar.static_files import create_static_files_router
from litestar.template.config import TemplateConfig

from brewlite import Recommender
from brewlite.serving import BrewlitePlugin
from brewlite.serving.document import openapi
from brewlite.settings import ServingConfig
from brewlite_listing_site import views, wording
from brewlite_listing_site.build import Place
from brewlite_listing_site.desk import Deeds, Desk, noted

HERE = Path(__file__).parent
SESSION, WISH = "kettle_session", "kettle_wish"
PER_PAGE = 24
LONGEST_WISH = 400
ACTIONS = {"save": "Saved.", "contact": "Your note is on its way.", "dismiss": "We will not show you that one again."}
EXAMPLES = (
    "a quiet flat with a river view, at most $1,300 a month",
    "a garden for the dog, at least 3 bedrooms, under $2,000",
    "room with nice housemates near the university",
    "sea view and a place to work, no ground floor",
    "a houseboat with a stove",
)
HEADERS = {
    "Content-Security-Policy": "default-src 'self'; style-src 'self' 'unsafe-inline'; img-src 'self' data:",
    "Referrer-Policy": "same-origin",
    "X-Content-Type-Options": "nosniff",
}
Visit = Request[Any, Any, Any]


def session_of(request: Visit) -> str | None:
    """The visitor's session id, if their browser has one of ours."""
    given = request.cookies.get(SESSION, "")
    return given if given.startswith("session-") and len(given) < 60 else None


def slate_of(given: str) -> str | None:
    """The id of the slate that led here; None for what is none."""
    return given if re.fullmatch(r"[0-9a-f-]{1,64}", given) else None


def wish_of(request: Visit, given: str | None) -> str:
    """The wish in the address, or the one said last."""
    told = given if given is not None else unquote(request.cookies.get(WISH, ""))
    return " ".join(told.split())[:LONGEST_WISH]


def remembered(reply: Response[Any], session: str, wish: str | None = None) -> Response[Any]:
    """``reply`` with the visitor's cookies."""
    reply.set_cookie(Cookie(key=SESSION, value=session, httponly=True, samesite="lax", max_age=31_536_000))
    if wish is not None:
        reply.set_cookie(Cookie(key=WISH, value=quote(wish), httponly=True, samesite="lax", max_age=86_400))
    return reply


def new_session() -> str:
    """An id that nobody guesses."""
    return f"session-{secrets.token_hex(8)}"


@get("/", media_type=MediaType.HTML)
async def home(
    request: Visit,
    desk: NamedDependency[Desk],
    now: NamedDependency[Callable[[], datetime]],
    wish: FromQuery[str | None] = None,
    page: Annotated[int, QueryParameter(ge=1, le=100)] = 1,
) -> Response[Any]:
    """The list: the usual one, or the visitor's own as soon as they have said or done something."""
    session, said = session_of(request) or new_session(), wish_of(request, wish)
    deeds, order = await desk.deeds(session), await desk.usual_order()
    if said or deeds.count:
        slate = await desk.own_order(session, said)
        view = views.own_page(slate, said, order, deeds, now())
    else:
        items = await desk.items(order[: PER_PAGE * page])
        more = f"/?page={page + 1}" if len(order) > PER_PAGE * page else ""
        view = views.usual_page(items, deeds, now(), len(order), more)
    context = {"page": view, "deeds": deeds, "examples": EXAMPLES, "total": len(order), "wish": said}
    return remembered(Template("list.html", context=context), session, said)


@get("/homes/{item_id:str}", media_type=MediaType.HTML)
async def show(
    request: Visit,
    desk: NamedDependency[Desk],
    now: NamedDependency[Callable[[], datetime]],
    item_id: FromPath[str],
    slate: Annotated[str | None, QueryParameter(max_length=64)] = None,
) -> Response[Any]:
    """One home. Opening it is an event, which will change the visitor's list."""
    item = await desk.item(item_id)
    if item is None:
        raise NotFoundException(f"there is no home {item_id!r} here")
    session, wish = session_of(request) or new_session(), wish_of(request, None)
    deeds = await desk.deeds(session)
    alike = [views.card(pick.item, deeds, now()) for pick in (await desk.similar(item_id)).picks]
    context = {
        "card": views.card(item, deeds, now()), "item": item, "deeds": deeds, "alike": alike, "wish": wish,
        "slate": slate or "", "tags": wording.tags(item), "baths": int(wording.number(item, "bathrooms")),
        "said": request.query_params.get("done", ""), "told": ACTIONS,
    }  # fmt: skip
    # The page that follows a click on its own buttons is not another visit.
    again = "done" in request.query_params
    after = BackgroundTask(noted, "keeping a view", partial(_viewed, desk, session, item_id, slate, wish, again))
    return remembered(Template("home.html", context=context, background=after), session)


async def _viewed(desk: Desk, session: str, item: str, slate: str | None, wish: str, again: bool) -> None:
    if not again:
        await desk.act(session, item, "view", slate_of(slate or ""))
    await desk.prepare(session, wish)


@post("/homes/{item_id:str}/{action:str}")
async def act(
    request: Visit, desk: NamedDependency[Desk], item_id: FromPath[str], action: FromPath[str]
) -> Response[Any]:
    """Save, contact or dismiss a home."""
    if action not in ACTIONS or await desk.item(item_id) is None:
        raise NotFoundException(f"nothing to do at {request.url.path}")
    form = await request.form()
    session, wish = session_of(request) or new_session(), wish_of(request, None)
    await desk.act(session, item_id, action, slate_of(str(form.get("slate", ""))))
    back = "/" if action == "dismiss" or form.get("back") == "list" else f"/homes/{item_id}?done={action}"
    after = BackgroundTask(noted, "preparing a list", partial(desk.prepare, session, wish))
    return remembered(Redirect(back, status_code=303, background=after), session)


@get("/saved", media_type=MediaType.HTML)
async def saved(
    request: Visit, desk: NamedDependency[Desk], now: NamedDependency[Callable[[], datetime]]
) -> Response[Any]:
    """The homes that the visitor saved."""
    session, wish = session_of(request) or new_session(), wish_of(request, None)
    deeds = await desk.deeds(session)
    cards = [views.card(item, deeds, now()) for item in await desk.items(deeds.saved)]
    lead = "Newest first." if cards else "Nothing yet: the heart on a home puts it here."
    page = views.Page(heading="Saved homes", lead=lead, cards=cards)
    return remembered(Template("saved.html", context={"page": page, "deeds": deeds, "wish": wish}), session)


@post("/start-over")
async def start_over() -> Response[Any]:
    """A new session, without wish and history; what was logged stays in the site's log."""
    return remembered(Redirect("/", status_code=303), new_session(), "")


def from_here(request: Visit) -> None:
    """Refuse forms that other sites send with a visitor's browser. Litestar calls it before every request."""
    origin = request.headers.get("origin")
    if request.method == "POST" and origin and urlsplit(origin).netloc != request.headers.get("host"):
        raise PermissionDeniedException("this form came from another site")


def on_missing(request: Visit, error: NotFoundException) -> Response[Any]:
    """A page for what is not here."""
    context = {"detail": error.detail, "deeds": Deeds(), "wish": ""}
    return Template("missing.html", context=context, status_code=404)


def create_app(
    recommender: Recommender,
    place: Place,
    clock: Callable[[], datetime] = lambda: datetime.now(UTC),
    config: ServingConfig | None = None,
) -> Litestar:
    """The site over an open recommender, which stays the caller's to close."""
    plugin = BrewlitePlugin(recommender, config=config)
    desks: list[Desk] = []

    def desk() -> Desk:
        if not desks or desks[0].service is not plugin.service:
            desks[:] = [Desk(plugin.service, clock)]
        return desks[0]

    return Litestar(
        route_handlers=[
            home,
            show,
            act,
            saved,
            start_over,
            create_static_files_router(path="/pictures", directories=[place.pictures]),
            create_static_files_router(path="/static", directories=[HERE / "static"]),
        ],
        plugins=[plugin],
        dependencies={
            "desk": Provide(desk, sync_to_thread=False),
            "now": Provide(lambda: clock, sync_to_thread=False),
        },
        state=State({"desk": desk}),
        template_config=TemplateConfig(directory=HERE / "templates", engine=JinjaTemplateEngine),
        before_request=from_here,
        after_request=with_headers,
        exception_handlers={NotFoundException: on_missing},
        openapi_config=openapi("Kettle & Key"),
        logging_config=None,
    )


async def visit_once(app: Litestar, wish: str) -> views.Page:
    """What somebody new who says ``wish`` would be shown: the page's own path, without a browser."""
    async with app.lifespan():
        desk: Desk = app.state.desk()
        await desk.service.settled()
        session = new_session()
        slate = await desk.own_order(session, wish)
        return views.own_page(slate, wish, await desk.usual_order(), await desk.deeds(session), datetime.now(UTC))


def with_headers(reply: Response[Any]) -> Response[Any]:
    """What browsers may do with our pages."""
    for name, value in HEADERS.items():
        reply.headers.setdefault(name, value)
    return reply
