"""The example site, clicked through with real requests: first visit, wish, click, save, reorder; and its building."""

from __future__ import annotations

import re
import time
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from brewlite_listing_site import build, wording
from brewlite_listing_site.site import create_app, visit_once
from brewlite_listing_site.views import moved
from click.testing import CliRunner
from conftest import HashEncoder
from litestar import Litestar
from litestar.testing import TestClient

from brewlite import Constraint, Event, Query, Recommender
from brewlite.cli.demo import has_display
from brewlite.cli.main import main
from brewlite.testing import FakeRanker
from brewlite.weights import DEFAULT_RANKER

WISH = "quiet, by the river, at most $1,200 a month"


@pytest.fixture(scope="module")
def built(tmp_path_factory: pytest.TempPathFactory) -> build.Place:
    return build.build(tmp_path_factory.mktemp("site"), datetime.now(UTC), encoder=HashEncoder())


@pytest.fixture
def rec(built: build.Place, tmp_path: Path) -> Iterator[Recommender]:
    """A copy of its own, so that no test sees another's clicks."""
    (tmp_path / "site.db").write_bytes(built.db.read_bytes())
    with Recommender.open(tmp_path / "site.db", ranker=FakeRanker(), encoder=HashEncoder()) as rec:
        yield rec


@pytest.fixture
def browser(rec: Recommender, built: build.Place) -> Iterator[TestClient[Litestar]]:
    with TestClient(create_app(rec, built), base_url="http://127.0.0.1:8000") as client:
        while client.get("/health/ready").status_code != 200:
            time.sleep(0.02)
        yield client


def shown(page: str) -> list[str]:
    """Ids of the homes on a page, in their order."""
    return list(dict.fromkeys(re.findall(r'<h3><a href="/homes/(\d+)', page)))


def session_of(client: TestClient[Litestar]) -> str:
    return client.cookies["kettle_session"]


# The walk


def test_first_visit_wish_click_save_reorder_start_over(browser: TestClient[Litestar], rec: Recommender):
    first = browser.get("/")
    assert first.status_code == 200
    assert "What are you looking for?" in first.text
    assert len(shown(first.text)) == 24
    assert "Start over" not in first.text

    wished = browser.get("/", params={"wish": WISH})
    ids = shown(wished.text)
    assert ids != shown(first.text)
    assert re.search(r"was \d+(st|nd|rd|th), now \d+(st|nd|rd|th)", wished.text)
    assert "at most $1,200 a month" in wished.text
    assert all(rec.item(id_).fields["price"] <= 1200 for id_ in ids)
    assert "Fits your words" in wished.text
    assert "Mentions what you asked for: " in wished.text
    assert "Start over" in wished.text

    slate = re.search(r"slate=([0-9a-f]{32})", wished.text)[1]
    page = browser.get(f"/homes/{ids[0]}?slate={slate}")
    assert page.status_code == 200
    assert rec.item(ids[0]).text.split(".")[0] in page.text.replace("&#39;", "'")
    assert len(shown(page.text)) == 4
    saved = browser.post(f"/homes/{ids[0]}/save", data={"slate": slate})
    assert "Saved." in saved.text

    events = rec.store.history(session_of(browser), before=datetime.now(UTC) + timedelta(days=1))
    assert [(event.item, event.action, event.slate) for event in events] == [
        (ids[0], "view", slate),
        (ids[0], "save", slate),
    ]
    assert rec.store.slate(slate) is not None

    own = browser.get("/", params={"wish": ""})
    assert "For you" in own.text
    assert "Like what you looked at" in own.text
    assert shown(own.text) != shown(first.text)
    assert ids[0] in shown(browser.get("/saved").text)

    fresh = browser.post("/start-over")
    assert "Homes in Wrenmouth" in fresh.text
    assert "was " not in fresh.text
    assert len(set(shown(fresh.text)) & set(shown(first.text))) >= 20  # the save has made one home more popular
    assert shown(browser.get("/saved").text) == []


def test_the_wish_is_kept_while_looking_around_and_can_be_cleared(browser: TestClient[Litestar]):
    browser.get("/", params={"wish": WISH})
    again = browser.get("/")
    assert WISH.split(",")[0] in again.text
    assert "As you wish" in again.text
    cleared = browser.get("/", params={"wish": ""})
    assert "Homes in Wrenmouth" in cleared.text
    assert "Homes in Wrenmouth" in browser.get("/").text


def test_a_home_turned_down_does_not_come_back(browser: TestClient[Litestar]):
    first = shown(browser.get("/", params={"wish": "a studio"}).text)[0]
    after = browser.post(f"/homes/{first}/dismiss")
    assert after.url.path == "/"
    assert first not in shown(after.text)


def test_a_list_still_changes_after_hundreds_of_deeds(browser: TestClient[Litestar], rec: Recommender):
    wish = {"wish": "a studio"}
    first = shown(browser.get("/", params=wish).text)[0]
    long_ago = datetime.now(UTC) - timedelta(days=30)
    seen = [home for home in (item.id for item in rec.store.items()) if home != first][:50]
    rec.record(
        *(
            Event(user=session_of(browser), item=home, action="view", at=long_ago + timedelta(minutes=60 * turn + n))
            for turn in range(5)
            for n, home in enumerate(seen)
        )
    )
    assert first in shown(browser.get("/", params=wish).text)
    assert first not in shown(browser.post(f"/homes/{first}/dismiss", data={"slate": "a\0b"}).text)


def test_taking_a_limit_away_widens_the_list(browser: TestClient[Litestar], rec: Recommender):
    page = browser.get("/", params={"wish": "near the sea, under $600"}).text
    link = re.search(r'<a href="(/\?wish=[^"]*)" aria-label="Take away the limit: under \$600"', page)[1]
    wider = browser.get(link.replace("&amp;", "&")).text
    assert any(rec.item(id_).fields["price"] > 600 for id_ in shown(wider))
    assert "near the sea" in wider


def test_a_wish_that_nothing_fits_is_answered_kindly(browser: TestClient[Litestar]):
    page = browser.get("/", params={"wish": "under $50 a month"})
    assert page.status_code == 200
    assert "No home fits all of that" in page.text


def test_paging_shows_more(browser: TestClient[Litestar]):
    link = re.search(r'href="(/\?page=\d+)"', browser.get("/").text)[1]
    assert len(shown(browser.get(link).text)) == 48


def test_two_visitors_do_not_share_a_list(built: build.Place, rec: Recommender):
    with TestClient(create_app(rec, built)) as client:
        client.get("/", params={"wish": "a houseboat"})
        one = session_of(client)
        client.cookies.clear()
        assert "Homes in Wrenmouth" in client.get("/").text
        assert session_of(client) != one


# What may go wrong


@pytest.mark.parametrize(
    ("method", "path", "status"),
    [
        ("GET", "/homes/9999", 404),
        ("GET", "/homes/nothing", 404),
        ("GET", "/nowhere", 404),
        ("POST", "/homes/9999/save", 404),
        ("POST", "/homes/1/burn", 404),
        ("GET", "/?page=0", 400),
        ("GET", "/pictures/../site.db", 404),
        ("GET", "/pictures/%2e%2e/site.db", 404),
    ],
)
def test_what_is_not_there_says_so(browser: TestClient[Litestar], method: str, path: str, status: int):
    assert browser.request(method, path).status_code == status


def test_hostile_words_stay_words(browser: TestClient[Litestar]):
    page = browser.get("/", params={"wish": "<script>alert(1)</script> \"quoted\" & 'so' on"}).text
    assert "<script>alert" not in page
    assert "&lt;script&gt;" in page
    assert browser.get("/", params={"wish": "x" * 5_000}).status_code == 200
    browser.cookies.clear()
    reply = browser.get("/homes/1", headers={"Cookie": "kettle_session=visitor-001"})
    assert reply.cookies["kettle_session"].startswith("session-")


def test_a_form_from_another_site_is_refused(browser: TestClient[Litestar], rec: Recommender):
    before = rec.store.counts().events
    reply = browser.post("/homes/1/save", headers={"Origin": "http://evil.example"})
    assert reply.status_code == 403
    assert rec.store.counts().events == before
    assert browser.post("/homes/1/save", headers={"Origin": "http://127.0.0.1:8000"}).status_code == 200


def test_pages_tell_browsers_to_load_nothing_from_elsewhere(browser: TestClient[Litestar]):
    page = browser.get("/", params={"wish": WISH})
    assert "default-src 'self'" in page.headers["content-security-policy"]
    assert not re.findall(r'(?:src|href|action|srcset)="(?:https?:)?//', page.text)


def test_the_api_is_mounted_beside_the_pages(browser: TestClient[Litestar]):
    slate = browser.post("/v1/recommendations", json={"instructions": WISH, "k": 3, "task": "contact"}).json()
    assert len(slate["picks"]) == 3
    assert browser.post("/v1/recommendations", json={"k": 0}).headers["content-type"] == "application/problem+json"
    assert "/v1/events" in browser.get("/schema/openapi.json").json()["paths"]


# Good pages


def test_pages_are_labelled_and_work_without_scripts(browser: TestClient[Litestar]):
    for path in ("/", f"/?wish={WISH}", "/homes/1", "/saved", "/nowhere"):
        page = browser.get(path).text
        assert '<html lang="en">' in page
        assert page.count("<h1>") == 1
        assert len(set(re.findall(r"<title>(.+?)</title>", page))) == 1
        for control in re.findall(r"<(?:textarea|input)[^>]*>", page):
            name = re.search(r'id="(\w+)"', control)
            assert 'type="hidden"' in control or (name and f'<label for="{name[1]}"' in page), control
        for button in re.findall(r"<button[^>]*>.*?</button>", page, re.DOTALL):
            words = re.sub(r"<[^>]+>", "", button).strip()
            assert words or "aria-label" in button, button
        for image in re.findall(r"<img[^>]*>", page):
            assert "alt=" in image
        assert not re.findall(r"\son\w+=", page)


def test_every_picture_and_style_of_a_page_is_there(browser: TestClient[Litestar]):
    page = browser.get("/").text
    for address in set(re.findall(r'(?:src|href|srcset)="(/(?:static|pictures)/[^"]+)"', page)):
        assert browser.get(address).status_code == 200, address


def relative_luminance(colour: str) -> float:
    parts = [int(colour[i : i + 2], 16) / 255 for i in (1, 3, 5)]
    linear = [part / 12.92 if part <= 0.04045 else ((part + 0.055) / 1.055) ** 2.4 for part in parts]
    return 0.2126 * linear[0] + 0.7152 * linear[1] + 0.0722 * linear[2]


def contrast(one: str, other: str) -> float:
    light, dark = sorted((relative_luminance(one), relative_luminance(other)), reverse=True)
    return (light + 0.05) / (dark + 0.05)


def test_text_has_contrast_in_light_and_dark():
    """WCAG AA: 4.5 to 1 for text."""
    css = (Path(build.__file__).parent / "static" / "site.css").read_text(encoding="utf-8")
    for block in re.findall(r":root \{(.*?)\}", css, re.DOTALL):
        colours = dict(re.findall(r"--([\w-]+): (#[0-9a-f]{6});", block))
        for ink in ("ink", "soft", "teal", "brick", "good", "bad"):
            for ground in ("paper", "card", "wash"):
                if ink in ("good", "bad", "brick") and ground == "wash":
                    continue
                ratio = contrast(colours[ink], colours[ground])
                assert ratio >= 4.5, f"{ink} {colours[ink]} on {ground} {colours[ground]}: {ratio:.2f}"
        assert contrast(colours["teal-ink"], colours["teal"]) >= 4.5


# Words


@pytest.mark.parametrize(
    ("number", "word"), [(1, "1st"), (2, "2nd"), (3, "3rd"), (4, "4th"), (11, "11th"), (112, "112th"), (43, "43rd")]
)
def test_ordinals(number: int, word: str):
    assert wording.ordinal(number) == word


def test_moved():
    assert moved(41, 3) == "was 41st, now 3rd"
    assert moved(2, 2) == "was 2nd, still is"
    assert moved(0, 5) == "now 5th"


@pytest.mark.parametrize(
    ("wish", "words", "left"),
    [
        (WISH, "at most $1,200 a month", "quiet, by the river"),
        ("quiet, a balcony or garden, at most $1,300", "balcony, garden", "quiet, at most $1,300"),
        ("a garden for the dog, at least 3 bedrooms, $9", "at least 3 bedrooms", "a garden for the dog, $9"),
        ("sea view and a place to work, no ground floor", "no ground floor", "sea view and a place to work"),
        ("under $900 and furnished", "furnished", "under $900"),
        ("furnished", "furnished", ""),
    ],
)  # fmt: skip
def test_a_limit_is_taken_out_of_a_wish(wish: str, words: str, left: str):
    assert wording.without(wish, words) == left


def test_a_limit_without_words_is_still_told():
    assert wording.limit(Constraint(field="land_area", op=">=", value=50.0)) == "land area >= 50.0"


# Building


def test_a_recent_site_is_kept_and_an_old_one_built_anew_with_its_clicks(tmp_path: Path):
    day = datetime(2026, 5, 4, tzinfo=UTC)
    place = build.build(tmp_path, day, encoder=HashEncoder())
    with Recommender.open(place.db, ranker=None, encoder=HashEncoder(), clock=lambda: day) as rec:
        newest = max(item.created for item in rec.store.items())
        rec.record(Event(user="session-1", item="7", action="save"))
        counts = rec.store.counts()
    told: list[str] = []
    build.build(tmp_path, day + timedelta(hours=2), encoder=HashEncoder(), told=told.append)
    assert told == []
    build.build(tmp_path, day + timedelta(days=3), encoder=HashEncoder(), told=told.append)
    assert told
    with Recommender.open(place.db, ranker=None, encoder=HashEncoder()) as rec:
        assert max(item.created for item in rec.store.items()) - newest == timedelta(days=3)
        assert rec.store.counts().events == counts.events
        assert [e.item for e in rec.store.history("session-1", before=day + timedelta(days=1))] == ["7"]
    build.build(tmp_path, day + timedelta(days=3), fresh=True, encoder=HashEncoder())
    assert build.clicks(place) == []


def test_once_gives_the_page_that_a_new_visitor_would_see(rec: Recommender, built: build.Place):
    import asyncio

    page = asyncio.run(visit_once(create_app(rec, built), WISH))
    assert [card.rank for card in page.cards] == list(range(1, len(page.cards) + 1))
    assert [chip.text for chip in page.chips] == ["at most $1,200 a month"]
    assert any(card.before > card.rank for card in page.cards)
    assert "fake" in page.how


def test_no_browser_where_there_is_no_display(monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr("sys.platform", "linux")
    monkeypatch.delenv("DISPLAY", raising=False)
    monkeypatch.delenv("WAYLAND_DISPLAY", raising=False)
    assert not has_display()
    monkeypatch.setenv("DISPLAY", ":0")
    assert has_display()


@pytest.mark.weights
def test_demo_once_prints_a_slate(tmp_path: Path):
    said = "a houseboat with a stove"
    result = CliRunner().invoke(main, ["demo", "--once", "--dir", str(tmp_path), "--wish", said])
    assert result.exit_code == 0, result.output
    assert said in result.output
    assert "Houseboat" in result.output
    assert DEFAULT_RANKER in result.output


def test_every_part_of_a_score_has_words(rec: Recommender):
    picks = rec.recommend(Query(user="visitor-001", instructions="quiet")).picks
    assert {name for pick in picks for name in pick.sources} <= wording.PARTS.keys()
