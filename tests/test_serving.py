"""The service over HTTP: routes, errors, limits, deadlines, and what happens under load."""

from __future__ import annotations

import asyncio
import re
import signal
import socket
import subprocess
import sys
import threading
import time
from collections.abc import AsyncIterator, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import asynccontextmanager, contextmanager
from datetime import timedelta
from pathlib import Path

import httpx
import msgspec
import pytest
import uvicorn
from click.testing import CliRunner
from conftest import NOW, HashEncoder
from litestar import Litestar, get
from litestar.testing import TestClient

from brewlite import Event, Query, Recommender, Slate
from brewlite.cli.main import main
from brewlite.errors import WeightsMissing
from brewlite.recommender import RecommenderConfig
from brewlite.records import RankingPrompt
from brewlite.serving import BrewlitePlugin, create_app
from brewlite.serving.problems import TYPES
from brewlite.serving.server import address_of, bind
from brewlite.serving.service import ClientGone
from brewlite.serving.worker import Busy, Worker
from brewlite.settings import ServingConfig, Settings
from brewlite.testing import FakeRanker


@pytest.fixture
def client(site: Recommender) -> Iterator[TestClient[Litestar]]:
    with TestClient(create_app(site, settings=Settings())) as client:
        wait_until_ready(client)
        yield client


def wait_until_ready(client: TestClient[Litestar]) -> None:
    for _ in range(200):
        if client.get("/health/ready").status_code == 200:
            return
        time.sleep(0.02)
    pytest.fail(f"never ready: {client.get('/health/ready').text}")


class SlowRanker(FakeRanker):
    """Takes its time, and says when it has begun."""

    def __init__(self, seconds: float) -> None:
        super().__init__(name="slow")
        self.seconds = seconds
        self.begun = threading.Event()
        self.calls = 0

    def score(self, prompt: RankingPrompt):
        self.calls += 1
        self.begun.set()
        time.sleep(self.seconds)
        return super().score(prompt)


def slow_site(site: Recommender, seconds: float) -> tuple[Recommender, SlowRanker]:
    ranker = SlowRanker(seconds)
    return Recommender(site.store, site.adapter, ranker, site.encoder, site.config, lambda: NOW), ranker


# Slates


def test_the_slate_is_the_sdks_byte_for_byte(site: Recommender, client: TestClient[Litestar]):
    query = Query(user="ann", k=7, instructions="somewhere quiet in a house, under $2,000")
    reply = client.post("/v1/recommendations", content=msgspec.json.encode(query), headers=JSON)
    assert reply.status_code == 200, reply.text
    direct = site.recommend(query)
    assert msgspec.json.encode(reply.json()["picks"]) == msgspec.json.encode(msgspec.to_builtins(direct.picks))
    assert msgspec.json.encode(direct.picks) in reply.content
    slate = msgspec.json.decode(reply.content, type=Slate)
    assert (slate.model, slate.degraded, slate.understood) == ("fake", False, direct.understood)


def test_rankings_hold_every_candidate(client: TestClient[Litestar]):
    body = {
        "user": "ben",
        "candidates": ["3", "30", "12"],
        "history": [["1", "save"]],
        "profile": {"about": "two adults"},
    }
    reply = client.post("/v1/rankings", json=body)
    assert sorted(pick["item"]["id"] for pick in reply.json()["picks"]) == ["12", "3", "30"]


def test_a_slate_is_logged_after_the_reply(site: Recommender, client: TestClient[Litestar]):
    slate = client.post("/v1/recommendations", json={"user": "ann", "k": 3}).json()
    logged = site.store.slate(slate["id"])
    assert logged is not None
    assert [pick.item for pick in logged.picks] == [pick["item"]["id"] for pick in slate["picks"]]
    assert logged.query.user == "ann"


def test_similar(site: Recommender, client: TestClient[Litestar]):
    reply = client.get("/v1/items/5/similar", params={"k": 4})
    assert [p["item"]["id"] for p in reply.json()["picks"]] == [p.item.id for p in site.similar("5", 4).picks]


def test_similar_for_an_id_that_no_path_can_hold(site: Recommender, client: TestClient[Litestar]):
    link = "https://example.org/a?b=c/d"
    assert client.put("/v1/items", json=[{**ITEM, "id": link}]).status_code == 200
    reply = client.get("/v1/similar", params={"item": link, "k": 4})
    assert [p["item"]["id"] for p in reply.json()["picks"]] == [p.item.id for p in site.similar(link, 4).picks]


def test_a_dislike_is_no_like(site: Recommender, client: TestClient[Litestar]):
    """The adapter's other names for an action are taken for it, sent in an event or in a history."""
    event = {"user": "u", "item": "3", "action": "Dislike", "at": (NOW - timedelta(days=1)).isoformat()}
    assert client.post("/v1/events", json=event).json()["added"] == 1
    assert site.store.history("u", NOW.replace(year=9000))[-1].action == "hide"
    for query in ({"user": "u"}, {"history": [["3", "dislike"]]}):
        picks = client.post("/v1/recommendations", json={**query, "k": 60}).json()["picks"]
        assert "3" not in [pick["item"]["id"] for pick in picks]


def test_readiness_does_not_wait_for_a_long_write(site: Recommender, client: TestClient[Litestar], monkeypatch):
    writing, go = threading.Event(), threading.Event()
    put = site.store.put_items

    def slowly(items):
        writing.set()
        go.wait(20)
        return put(items)

    monkeypatch.setattr(site.store, "put_items", slowly)
    with ThreadPoolExecutor(1) as pool:
        write = pool.submit(client.put, "/v1/items", json=[{**ITEM, "id": "late"}])
        assert writing.wait(20)
        assert client.get("/health/ready").status_code == 200
        assert not write.done()
        go.set()
        assert write.result().status_code == 200


def test_an_unknown_visitor_is_no_error(client: TestClient[Litestar]):
    reply = client.post("/v1/recommendations", json={"user": "never seen"})
    assert reply.status_code == 200
    assert any("never seen" in note for note in reply.json()["notes"])


# Writes


def test_items_users_and_events_are_stored(site: Recommender, client: TestClient[Litestar]):
    item = {"id": "new", "kind": "listing", "title": "A mill by the weir", "fields": {"price": 900, "bedrooms": 2}}
    assert client.put("/v1/items", json=[item]).json() == {"added": 1, "updated": 0, "unchanged": 0}
    assert client.put("/v1/items", json=[item]).json() == {"added": 0, "updated": 0, "unchanged": 1}
    assert client.put("/v1/users", json=[{"id": "u", "interests": "mills"}]).json()["added"] == 1
    one = {"user": "u", "item": "new", "action": "save"}
    assert client.post("/v1/events", json=one).json()["added"] == 1
    batch = [{**one, "action": "view", "at": "2024-06-01T00:00:00Z"}, {**one, "item": "3", "value": 4.5}]
    assert client.post("/v1/events", json=batch).json()["added"] == 2
    assert site.item("new").fields == {"price": 900.0, "bedrooms": 2.0}
    assert [event.item for event in site.store.history("u", before=NOW.replace(year=2030))] == ["new", "new", "3"]
    assert "new" in site.store.vector_digests("item", "hash-64")


def test_what_was_written_is_ranked_at_once(client: TestClient[Litestar]):
    item = {"id": "mill", "kind": "listing", "title": "Watermill", "text": "watermill wheel millpond"}
    client.put("/v1/items", json=[item])
    picks = client.post("/v1/recommendations", json={"instructions": "watermill millpond"}).json()["picks"]
    assert picks[0]["item"]["id"] == "mill"


def test_a_batch_with_one_unknown_item_stores_nothing(site: Recommender, client: TestClient[Litestar]):
    before = site.store.counts().events
    good, bad = ({"user": "u", "item": item, "action": "save"} for item in ("1", "nowhere"))
    reply = client.post("/v1/events", json=[good, bad])
    assert (reply.status_code, reply.json()["names"]) == (422, ["nowhere"])
    assert site.store.counts().events == before


# Mistakes

JSON = {"Content-Type": "application/json"}
ITEM = {"id": "1", "kind": "listing", "title": "x"}
MANY = [str(number) for number in range(10_000)]
MISTAKES = [
    ("POST", "/v1/recommendations", b"", 400, "bad-request", "JSON"),
    ("POST", "/v1/recommendations", b"{", 400, "bad-request", "JSON"),
    ("POST", "/v1/recommendations", b"\xff\xfe", 400, "bad-request", ""),
    ("POST", "/v1/recommendations", b"[]", 400, "bad-request", "Expected `object`"),
    ("POST", "/v1/recommendations", b'{"k": "ten"}', 400, "bad-request", "$.k"),
    ("POST", "/v1/recommendations", b'{"k": "10"}', 400, "bad-request", "$.k"),
    ("POST", "/v1/recommendations", b'{"instruction": "quiet"}', 400, "bad-request", "instruction"),
    ("POST", "/v1/recommendations", b'{"k": 0}', 400, "bad-record", "k is 0"),
    ("POST", "/v1/recommendations", b'{"k": -3}', 400, "bad-record", "k is -3"),
    ("POST", "/v1/recommendations", b'{"k": 100000}', 400, "bad-record", "1000"),
    ("POST", "/v1/recommendations", b'{"deadline_ms": NaN}', 400, "bad-request", "JSON"),
    ("POST", "/v1/recommendations", b'{"deadline_ms": 1e999}', 400, "bad-request", ""),
    ("POST", "/v1/recommendations", b'{"deadline_ms": -5}', 400, "bad-record", "deadline_ms"),
    ("POST", "/v1/recommendations", b'{"at": "yesterday"}', 400, "bad-request", "$.at"),
    ("POST", "/v1/recommendations", b'{"at": "2190-01-01T00:00:00Z"}', 400, "bad-record", "future"),
    ("POST", "/v1/recommendations", b'{"filters": {"prise": 3}}', 400, "", "prise"),
    ("POST", "/v1/recommendations", b'{"task": "dance"}', 422, "unknown-name", "dance"),
    ("POST", "/v1/recommendations", b'{"history": [["nowhere", "save"]]}', 422, "unknown-name", "nowhere"),
    ("POST", "/v1/rankings", b'{"candidates": []}', 400, "bad-record", "candidates"),
    ("POST", "/v1/rankings", b'{"candidates": ["1", "1"]}', 400, "bad-record", "'1'"),
    ("POST", "/v1/rankings", b'{"candidates": ["1", "no", "nor"]}', 422, "unknown-name", "'nor'"),
    ("POST", "/v1/rankings", msgspec.json.encode({"candidates": MANY}), 400, "bad-record", "10000"),
    ("PUT", "/v1/items", b'{"id": "1"}', 400, "bad-request", "array"),
    ("PUT", "/v1/items", b'[{"id": "1", "kind": "listing"}]', 400, "bad-request", "$[0]"),
    ("PUT", "/v1/items", msgspec.json.encode([ITEM, {**ITEM, "id": " "}]), 400, "bad-request", "$[1]"),
    ("PUT", "/v1/items", msgspec.json.encode([{**ITEM, "id": "x" * 600}]), 400, "bad-request", "600 characters"),
    ("PUT", "/v1/items", msgspec.json.encode([ITEM] * 1001), 413, "too-large", "1001 items"),
    ("PUT", "/v1/users", b'[{"id": 5}]', 400, "bad-request", "$[0].id"),
    ("POST", "/v1/events", b'{"user": "u", "item": "nowhere", "action": "save"}', 422, "unknown-name", "nowhere"),
    ("POST", "/v1/events", b'{"user": "u", "item": "1"}', 400, "bad-request", "action"),
    ("POST", "/v1/events", b'{"user": "u", "item": "1", "action": ""}', 400, "bad-request", "action"),
    ("GET", "/v1/items/nowhere/similar", b"", 404, "unknown-name", "nowhere"),
    ("GET", "/v1/items/1/similar?k=0", b"", 400, "bad-request", "k"),
    ("GET", "/v1/items/1/similar?k=many", b"", 400, "bad-request", "k"),
    ("GET", "/v1/items/1/similar?k=100000", b"", 400, "bad-request", "k"),
    ("GET", "/v1/similar?item=nowhere", b"", 404, "unknown-name", "nowhere"),
    ("GET", "/v1/similar", b"", 400, "bad-request", "item"),
    ("POST", "/v1/recommendations", b'{"filters":' + b'{"a":' * 5000 + b"1" + b"}" * 5001, 400, "bad-request", ""),
    ("POST", "/v1/recommendations", b'{"task": {"name": "a", "action": "b", "question": "c", "foo": 1}}', 400,
     "bad-request", "foo"),
    ("PUT", "/v1/users", b'[{"id": "u", "updated": "2199-01-01T00:00:00Z"}]', 400, "bad-record", "in the future"),
    ("DELETE", "/v1/items", b"", 405, "method-not-allowed", ""),
    ("GET", "/v1/nothing", b"", 404, "not-found", ""),
]  # fmt: skip


@pytest.mark.parametrize(("method", "path", "body", "status", "kind", "says"), MISTAKES)
def test_a_mistake_gets_its_clear_answer(
    client, method: str, path: str, body: bytes, status: int, kind: str, says: str
):
    reply = client.request(method, path, content=body, headers=JSON)
    problem = reply.json()
    assert reply.status_code == problem["status"] == status, reply.text
    assert reply.headers["content-type"] == "application/problem+json"
    assert {"type", "title", "status", "detail"} <= problem.keys()
    assert problem["type"].startswith("urn:brewlite:")
    assert problem["type"].endswith(kind)
    assert says in problem["detail"]
    assert "Traceback" not in reply.text


def test_a_bad_value_says_where_it_stands(client: TestClient[Litestar]):
    problem = client.put("/v1/items", json=[ITEM, {**ITEM, "title": 5}]).json()
    assert problem["errors"] == [{"at": "$[1].title", "message": "Expected `str`, got `int`"}]


def test_a_body_that_is_not_sent_as_json_is_refused(site: Recommender, client: TestClient[Litestar]):
    before = site.store.counts()
    for kind in ("text/plain", "application/x-www-form-urlencoded"):
        reply = client.post(
            "/v1/events", content=b'{"user":"u","item":"1","action":"save"}', headers={"Content-Type": kind}
        )
        assert (reply.status_code, reply.json()["type"]) == (415, "urn:brewlite:not-json")
    assert site.store.counts() == before


def test_a_body_of_too_many_bytes_is_refused(site: Recommender):
    settings = Settings(serving=ServingConfig(max_body_bytes=2_000))
    with TestClient(create_app(site, settings=settings)) as client:
        reply = client.put("/v1/items", json=[{**ITEM, "text": "x" * 3_000}])
        assert (reply.status_code, reply.json()["type"]) == (413, "urn:brewlite:too-large")


class BrokenRanker(FakeRanker):
    def score(self, prompt: RankingPrompt):
        raise RuntimeError("a secret of the house")


def test_a_fault_is_told_without_its_insides(site: Recommender, caplog: pytest.LogCaptureFixture):
    broken = Recommender(site.store, site.adapter, BrokenRanker(), site.encoder, site.config, lambda: NOW)
    plugin = BrewlitePlugin(broken)
    with TestClient(Litestar(plugins=[plugin], logging_config=None), raise_server_exceptions=False) as client:
        while "being loaded" in client.get("/health/ready").text:
            time.sleep(0.02)
        plugin.service._missing_model = None  # as if the fault came after a good start
        reply = client.post("/v1/recommendations", json={})
    assert (reply.status_code, reply.json()["type"]) == (500, "urn:brewlite:internal")
    assert "secret" not in reply.text
    assert "a secret of the house" in caplog.text


# Time


def test_under_overload_the_reply_is_the_first_stage_in_time(site: Recommender):
    """One request holds the model, two wait, the others find the queue full; nobody gets an error or waits."""
    slow, ranker = slow_site(site, 0.8)

    async def scenario() -> None:
        app = create_app(slow, settings=Settings(serving=ServingConfig(queue=2)))
        async with open_client(app) as client:
            ranker.begun.clear()
            first = asyncio.create_task(client.post("/v1/recommendations", json={"user": "ann"}))
            await asyncio.to_thread(ranker.begun.wait, 5)
            began = time.monotonic()
            crowd = [asyncio.create_task(client.post("/v1/recommendations", json={"user": "ben"})) for _ in range(8)]
            done, _ = await asyncio.wait(crowd, timeout=0.6)
            assert time.monotonic() - began < 0.75
            assert len(done) == 6
            for task in done:
                assert task.result().status_code == 200
                slate = task.result().json()
                assert slate["degraded"]
                assert slate["model"] == "none"
                assert slate["picks"]
                assert any("busy" in note for note in slate["notes"])
            for task in [first, *(set(crowd) - done)]:
                assert not (await task).json()["degraded"]

    asyncio.run(scenario())


@asynccontextmanager
async def open_client(app: Litestar) -> AsyncIterator[httpx.AsyncClient]:
    """A client whose requests really overlap; Litestar's own test client takes one after the other."""
    transport = httpx.ASGITransport(app=app)
    async with app.lifespan(), httpx.AsyncClient(transport=transport, base_url="http://brewlite.test") as client:
        await ready(client)
        yield client


async def ready(client: httpx.AsyncClient) -> None:
    while (await client.get("/health/ready")).status_code != 200:
        await asyncio.sleep(0.02)


@pytest.mark.parametrize("path", ["/v1/recommendations", "/v1/rankings"])
def test_a_deadline_is_kept(site: Recommender, path: str):
    slow, _ = slow_site(site, 0.7)
    slow._pace.saw(RankingPrompt(prefix=(1,), candidates=((1,) * 100_000,)), 1.0)  # it believes to be fast
    with TestClient(create_app(slow, settings=Settings())) as client:
        wait_until_ready(client)
        began = time.monotonic()
        reply = client.post(path, json={"user": "ann", "deadline_ms": 300, "candidates": ["1", "2", "3"]})
        took = time.monotonic() - began
    assert reply.json()["degraded"]
    assert len(reply.json()["picks"]) >= 1
    assert took < 0.4, f"{took:.3f} s for a deadline of 0.3 s"


def test_the_settings_deadline_counts_where_the_query_names_none(site: Recommender):
    slow, _ = slow_site(site, 0.5)
    with TestClient(create_app(slow, settings=Settings(serving=ServingConfig(deadline_ms=150)))) as client:
        wait_until_ready(client)
        assert client.post("/v1/recommendations", json={}).json()["degraded"]
        assert not client.post("/v1/recommendations", json={"deadline_ms": 5000}).json()["degraded"]


def test_a_request_whose_client_left_is_never_run(site: Recommender):
    slow, ranker = slow_site(site, 0.5)

    async def scenario() -> None:
        plugin = BrewlitePlugin(slow)
        async with open_client(Litestar(plugins=[plugin])) as client:
            ranker.begun.clear()
            first = asyncio.create_task(client.post("/v1/recommendations", json={}))
            await asyncio.to_thread(ranker.begun.wait, 5)
            calls = ranker.calls
            left: asyncio.Future[None] = asyncio.get_running_loop().create_future()
            second = asyncio.create_task(plugin.service.recommend(Query(), lambda: left))
            await asyncio.sleep(0.05)
            left.set_result(None)
            with pytest.raises(ClientGone):
                await second
            await first
            third = await client.post("/v1/recommendations", json={})
            assert third.status_code == 200
            assert ranker.calls == calls + 1

    asyncio.run(scenario())


def test_a_client_that_hangs_up_frees_its_place(site: Recommender):
    """Over a real connection: the request waits for the model, the client leaves, the model never hears of it."""
    slow, ranker = slow_site(site, 0.6)
    with bind("127.0.0.1", 0) as bound, thread_serving(create_app(slow, settings=Settings()), bound) as address:
        while httpx.get(f"{address}/health/ready").status_code != 200:
            time.sleep(0.02)
        ranker.begun.clear()
        with ThreadPoolExecutor(1) as pool:
            first = pool.submit(httpx.post, f"{address}/v1/recommendations", json={}, timeout=30)
            ranker.begun.wait(5)
            calls = ranker.calls
            with pytest.raises(httpx.ReadTimeout):
                httpx.post(f"{address}/v1/recommendations", json={}, timeout=0.2)
            assert first.result().status_code == 200
        assert httpx.post(f"{address}/v1/recommendations", json={}, timeout=30).status_code == 200
        assert ranker.calls == calls + 1


@contextmanager
def thread_serving(app: Litestar, bound: socket.socket) -> Iterator[str]:
    server = uvicorn.Server(uvicorn.Config(app, log_config=None, lifespan="on"))
    thread = threading.Thread(target=lambda: asyncio.run(server.serve([bound])))
    thread.start()
    yield address_of(bound)
    server.should_exit = True
    thread.join(20)


def test_a_worker_runs_in_order_refuses_when_full_and_skips_the_cancelled():
    worker, gate, seen = Worker("test", 2), threading.Event(), []
    running = worker.submit(lambda: gate.wait(5))
    while worker.waiting():
        time.sleep(0.01)
    one, two = worker.submit(lambda: seen.append(1)), worker.submit(lambda: seen.append(2))
    with pytest.raises(Busy):
        worker.submit(lambda: seen.append(3))
    one.cancel()
    three = worker.submit(lambda: seen.append(4))
    gate.set()
    three.result(5)
    assert running.result()
    assert two.done()
    assert seen == [2, 4]
    worker.stop()
    with pytest.raises(Busy):
        worker.submit(lambda: None)


# Readiness


def test_ready_says_what_is_missing(tmp_path, encoder):
    empty = Recommender.open(tmp_path / "empty.db", "realestate", ranker=FakeRanker(), encoder=encoder)
    with empty, TestClient(create_app(empty, settings=Settings())) as client:
        assert client.get("/health/live").json() == {"status": "live"}
        while "model" in (reply := client.get("/health/ready")).json()["missing"][0]:
            time.sleep(0.02)
        assert reply.status_code == 503
        assert reply.json()["missing"] == [
            "catalog: no items yet, send some with PUT /v1/items or `brewlite import items`"
        ]
        assert client.post("/v1/recommendations", json={}).json()["picks"] == []
        client.put("/v1/items", json=[ITEM])
        assert client.get("/health/ready").json()["status"] == "ready"


def test_without_weights_the_first_stage_answers_and_ready_names_the_command(
    site: Recommender, monkeypatch: pytest.MonkeyPatch, tmp_path
):
    monkeypatch.setenv("BREWLITE_HOME", str(tmp_path / "no weights here"))
    bare = Recommender(site.store, site.adapter, "smollm2-135m", site.encoder, site.config, lambda: NOW)
    with pytest.raises(WeightsMissing):
        bare.ranker()
    with TestClient(create_app(bare, settings=Settings())) as client:
        while "being loaded" in (reply := client.get("/health/ready")).text:
            time.sleep(0.02)
        assert reply.status_code == 503
        assert "brewlite models pull" in reply.json()["missing"][0]
        slate = client.post("/v1/recommendations", json={"user": "ann"}).json()
    assert slate["degraded"]
    assert slate["picks"]
    assert any("brewlite models pull" in note for note in slate["notes"])


def test_a_service_without_a_model_is_ready_and_not_degraded(site: Recommender):
    plain = site.without_model()
    with TestClient(create_app(plain, settings=Settings())) as client:
        wait_until_ready(client)
        slate = client.post("/v1/recommendations", json={"user": "ann"}).json()
        assert (slate["degraded"], slate["model"]) == (False, "none")


class SlowEncoder(HashEncoder):
    """Takes a moment for its first text, as a real one that has to be loaded."""

    def __init__(self) -> None:
        self.loaded = False

    def encode(self, texts, progress=None):
        if not self.loaded:
            time.sleep(0.3)
            self.loaded = True
        return super().encode(texts, progress)


def test_the_encoder_is_loaded_before_the_model_is(site: Recommender):
    """transformers does not load two models at once: it fails with tensors that have no data."""
    encoder, seen = SlowEncoder(), []

    class Watching(FakeRanker):
        def score_texts(self, prefix, candidates):
            seen.append(encoder.loaded)
            return super().score_texts(prefix, candidates)

    watched = Recommender(site.store, site.adapter, Watching(), encoder, site.config, lambda: NOW)
    with TestClient(create_app(watched, settings=Settings())) as client:
        assert client.post("/v1/recommendations", json={"instructions": "quiet"}).status_code == 200
        wait_until_ready(client)
    assert seen == [True]


# In somebody's app


def test_the_plugin_stands_in_somebodys_app_and_leaves_it_alone(site: Recommender):
    @get("/")
    async def home() -> str:
        return "hello"

    @get("/broken")
    async def broken() -> str:
        raise RuntimeError

    plugin = BrewlitePlugin(site, path="/api/brew", health_path=None)
    with TestClient(Litestar([home, broken], plugins=[plugin]), raise_server_exceptions=False) as client:
        assert client.get("/").text == "hello"
        assert client.get("/health/live").status_code == 404
        assert client.get("/broken").headers["content-type"].startswith("text/plain")
        assert client.post("/api/brew/recommendations", json={"k": 2}).status_code == 200
        assert plugin.service.recommender is site
    with pytest.raises(RuntimeError, match="between startup and shutdown"):
        _ = plugin.service


def test_a_recommender_that_the_app_opened_is_closed_with_it(tmp_path, encoder, site: Recommender):
    opened: list[Recommender] = []

    def opener() -> Recommender:
        opened.append(Recommender.open(tmp_path / "site.db", ranker=FakeRanker(), encoder=encoder, clock=lambda: NOW))
        return opened[0]

    plugin = BrewlitePlugin(opener)
    with TestClient(Litestar(plugins=[plugin])) as client:
        assert client.post("/v1/recommendations", json={"user": "ann"}).json()["picks"]
    assert len(opened) == 1


def test_the_plugin_opens_what_settings_describe(site: Recommender, tmp_path: Path):
    config = RecommenderConfig(ranker="none", encoder="none")
    settings = Settings(db=str(tmp_path / "site.db"), recommender=config, serving=ServingConfig(max_batch=1))
    with TestClient(Litestar(plugins=[BrewlitePlugin(settings)])) as client:
        assert client.post("/v1/recommendations", json={"user": "ann", "k": 4}).json()["model"] == "none"
        assert client.put("/v1/items", json=[ITEM, ITEM]).status_code == 413


def test_many_at_once_read_and_write(site: Recommender):
    """Slates, similar items and events of thirty clients at a time: every answer good, every event kept."""
    before = site.store.counts().events

    async def scenario() -> None:
        async with open_client(create_app(site, settings=Settings())) as client:

            async def visitor(number: int) -> None:
                name = f"v{number}"
                slate = (await client.post("/v1/recommendations", json={"user": name, "instructions": "quiet"})).json()
                event = {"user": name, "item": slate["picks"][0]["item"]["id"], "action": "save", "slate": slate["id"]}
                assert (await client.post("/v1/events", json=event)).json()["added"] == 1
                assert (await client.get(f"/v1/items/{event['item']}/similar")).status_code == 200

            await asyncio.gather(*(visitor(number) for number in range(30)))

    asyncio.run(scenario())
    assert site.store.counts().events == before + 30


# The document


def test_openapi_describes_every_route_with_examples(client: TestClient[Litestar]):
    document = client.get("/schema/openapi.json").json()
    assert set(document["paths"]) == {
        "/v1/recommendations", "/v1/rankings", "/v1/items", "/v1/users", "/v1/events",
        "/v1/items/{item_id}/similar", "/v1/similar", "/health/live", "/health/ready",
    }  # fmt: skip
    for path, methods in document["paths"].items():
        for method, operation in methods.items():
            assert operation["summary"], path
            assert operation["description"], path
            if method in ("post", "put"):
                assert examples_of(document, operation), path
                assert "400" in operation["responses"]
                assert "application/problem+json" in operation["responses"]["400"]["content"]


def examples_of(document: dict, operation: dict) -> list:
    """The example bodies of one operation."""
    content = operation.get("requestBody", {}).get("content", {}).get("application/json", {})
    schema = content.get("schema", {})
    if "$ref" in schema:
        schema = document["components"]["schemas"][schema["$ref"].rsplit("/", 1)[1]]
    return schema.get("examples", [])


def test_the_documents_examples_are_accepted(site: Recommender, client: TestClient[Litestar]):
    client.put("/v1/items", json=[{**ITEM, "id": id_} for id_ in ("9", "12", "17", "40")])
    document = client.get("/schema/openapi.json").json()
    for path, methods in document["paths"].items():
        for method, operation in methods.items():
            for example in (
                operation.get("requestBody", {})
                .get("content", {})
                .get("application/json", {})
                .get("examples", {})
                .values()
            ):
                reply = client.request(method, path, json=example["value"])
                assert reply.status_code == 200, f"{method} {path}: {reply.text}"


def test_an_event_names_its_slate(site: Recommender, client: TestClient[Litestar]):
    slate = client.post("/v1/recommendations", json={"user": "zoe", "k": 1}).json()
    event = Event(user="zoe", item=slate["picks"][0]["item"]["id"], action="save", slate=slate["id"])
    reply = client.post("/v1/events", content=msgspec.json.encode(event), headers=JSON)
    assert reply.status_code == 200
    assert site.store.history("zoe", before=NOW.replace(year=2030))[0].slate == slate["id"]


def test_every_route_has_its_paragraph(client: TestClient[Litestar]):
    text = (Path(__file__).parents[1] / "docs" / "http.md").read_text(encoding="utf-8")
    for path, methods in client.get("/schema/openapi.json").json()["paths"].items():
        for method in methods:
            assert re.search(rf"^### `{method.upper()} {re.escape(path)}`$", text, re.MULTILINE), f"{method} {path}"


def test_every_problem_type_is_documented():
    text = (Path(__file__).parents[1] / "docs" / "http.md").read_text(encoding="utf-8")
    for kind in (*TYPES.values(), "bad-record", "unknown-name", "internal", "unavailable"):
        assert f"`urn:brewlite:{kind}`" in text, kind


# The command


@contextmanager
def served(*arguments: str) -> Iterator[tuple[str, subprocess.Popen[str]]]:
    """``brewlite serve`` as a process of its own, and the address that it prints."""
    command = [sys.executable, "-c", "from brewlite.cli import main; main()", "serve", "--port", "0", *arguments]
    process = subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
    try:
        assert process.stdout is not None
        yield re.search(r"http://\S+", process.stdout.readline())[0], process
    finally:
        process.send_signal(signal.SIGINT)
        process.communicate(timeout=30)


@pytest.mark.slow
def test_serve_prints_its_address_answers_and_ends_on_a_signal(site: Recommender, tmp_path: Path):
    with served("--db", str(tmp_path / "site.db"), "--ranker", "none") as (address, process):
        assert address.startswith("http://127.0.0.1:")
        assert httpx.get(f"{address}/health/live").json() == {"status": "live"}
        reply = httpx.post(f"{address}/v1/recommendations", json={"user": "ann", "k": 2}, timeout=60)
        assert len(reply.json()["picks"]) == 2
    assert process.returncode == 0


@pytest.mark.slow
def test_json_logs_are_one_object_a_line(site: Recommender, tmp_path: Path):
    with served("--db", str(tmp_path / "site.db"), "--ranker", "none", "--json-logs") as (address, process):
        httpx.get(f"{address}/health/live")
        process.send_signal(signal.SIGINT)
        lines = [msgspec.json.decode(line) for line in process.communicate(timeout=30)[1].splitlines()]
    asked = [line for line in lines if line.get("path") == "/health/live"]
    assert (asked[0]["method"], asked[0]["status"]) == ("GET", 200)
    assert all({"at", "level", "logger", "message"} <= line.keys() for line in lines)


@pytest.mark.parametrize(
    ("arguments", "says"),
    [
        (["--db", "nowhere.db"], "nowhere.db"),
        (["--ranker", "nonsense"], "nonsense"),
        (["--host", "256.1.1.1", "--ranker", "none"], "256.1.1.1"),
        (["--port", "70000"], "70000"),
        (["--adapter", "nonsense", "--ranker", "none"], "nonsense"),
        ([], "--db"),
    ],
)
def test_a_wrong_start_ends_with_2_and_one_line(
    site: Recommender, tmp_path: Path, arguments: list[str], says: str, monkeypatch: pytest.MonkeyPatch
):
    monkeypatch.chdir(tmp_path)
    named = [] if not arguments or "--db" in arguments else ["--db", "site.db", "--port", "0"]
    result = CliRunner().invoke(
        main, ["serve", *named, *arguments, *(["--ranker", "none"] if "--db" in arguments else [])]
    )
    assert result.exit_code == 2, result.output
    assert says in result.output
    assert "Traceback" not in result.output


def test_a_taken_port_is_told(site: Recommender, tmp_path: Path):
    with bind("127.0.0.1", 0) as taken:
        port = str(taken.getsockname()[1])
        where = ["--db", str(tmp_path / "site.db"), "--ranker", "none", "--port", port]
        result = CliRunner().invoke(main, ["serve", *where])
    assert result.exit_code == 2
    assert port in result.output
