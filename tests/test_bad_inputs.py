"""Bad inputs, each with its clear answer, in the SDK, on the command line and over HTTP.

A clear answer names the thing and the value; it is never a traceback; and what was stored before is still there.
"""

from __future__ import annotations

import gzip
import json
import math
import re
from collections.abc import Callable, Iterator
from datetime import timedelta
from pathlib import Path
from typing import Any

import msgspec
import pytest
from click.testing import CliRunner
from conftest import NOW, home
from litestar import Litestar
from litestar.testing import TestClient
from msgspec import structs

from brewlite import Event, Item, Query, Recommender, User
from brewlite.cli.main import main
from brewlite.errors import UserError
from brewlite.serving import create_app
from brewlite.settings import Settings

GOOD = "id,title,price,created\n1,Flat by the river,$900,2024-05-01\n"


@pytest.fixture
def http(site: Recommender) -> Iterator[TestClient[Litestar]]:
    with TestClient(create_app(site, settings=Settings())) as client:
        yield client


def cli(site_db: Path, *args: str) -> tuple[int, str]:
    done = CliRunner().invoke(main, [*args, "--db", str(site_db)])
    if done.exception is not None and not isinstance(done.exception, SystemExit):
        raise done.exception
    return done.exit_code, done.output + done.stderr


# name, query, command-line arguments or None, body or None, what the answer names
QUERIES: list[tuple[str, dict[str, Any], list[str] | None, str]] = [
    ("k of none", {"k": 0}, ["--k", "0"], r"k is 0"),
    ("k negative", {"k": -3}, ["--k", "-3"], r"k is -3"),
    ("k of millions", {"k": 1_000_000}, ["--k", "1000000"], r"k is 1000000"),
    ("unknown task", {"task": "buy"}, ["--task", "buy"], r"unknown task 'buy'; known: "),
    ("endless words", {"instructions": "a" * 5000}, ["--instructions", "a" * 5000], r"5000 characters"),
    ("a future moment", {"at": "2199-01-01T00:00:00Z"}, ["--at", "2199-01-01"], r"2199-01-01.*future"),
    ("unknown filter", {"filters": {"colour": "red"}}, ["--filter", "colour=red"], r"colour"),
    ("filter of the wrong type", {"filters": {"price": "cheap"}}, ["--filter", "price=cheap"], r"price.*cheap"),
    ("unknown history", {"history": [["zzz", "view"]]}, ["--history", "zzz:view"], r"'zzz'"),
    ("deadline of nothing", {"deadline_ms": 0}, ["--deadline-ms", "0"], r"deadline_ms is 0"),
    ("deadline before now", {"deadline_ms": -5}, ["--deadline-ms", "-5"], r"deadline_ms is -5"),
    ("unknown candidates", {"candidates": ["1", "zz", "yy"]}, None, r"'zz', 'yy'"),
    (
        "an endless question",
        {"task": {"name": "mail", "action": "view", "question": "why " * 5000}},
        None,
        r"task 'mail': question has 20000 characters: at most 500",
    ),
    ("a candidate twice", {"candidates": ["1", "1"]}, None, r"more than once: '1'"),
    ("10,000 candidates", {"candidates": [str(n) for n in range(10_000)]}, None, r"10000 candidates"),
]


@pytest.mark.parametrize(("name", "query", "args", "answer"), QUERIES, ids=[case[0] for case in QUERIES])
def test_queries(site: Recommender, http: TestClient[Litestar], tmp_path, name, query, args, answer):
    with pytest.raises(UserError, match=answer):
        site.recommend(msgspec.convert(query, Query))
    reply = http.post("/v1/recommendations", json=query)
    assert reply.status_code in (400, 422)
    assert reply.headers["content-type"].startswith("application/problem+json")
    assert re.search(answer, json.dumps(reply.json(), ensure_ascii=False).replace('\\"', '"'))
    if args is not None:
        code, said = cli(tmp_path / "site.db", "recommend", *args, "--ranker", "none")
        assert code == 2
        assert re.search(answer, said.replace("\n", " "))


def test_brackets_in_titles_and_names_are_printed_as_they_are(site: Recommender, tmp_path):
    site.put_items([structs.replace(home(1), title="Room [/b] in a [urgent] house")])
    code, said = cli(
        tmp_path / "site.db", "recommend", "--user", "[/x]", "--k", "60", "--ranker", "none", "--filter", "price>=0"
    )
    assert code == 0
    assert "[/x]" in said
    assert "[urgent]" in said
    assert "popular lately" in " ".join(said.split())


@pytest.mark.parametrize(
    "given", [("price>=1", "price=5"), ("price=5", "price>=1"), ("bedrooms=2", "bedrooms=3"), ("price<=5", "price<=9")]
)
def test_a_bound_is_given_once(site: Recommender, tmp_path, given):
    code, said = cli(tmp_path / "site.db", "recommend", "--ranker", "none", "--filter", given[0], "--filter", given[1])
    assert code == 2
    assert "is held to something already" in " ".join(said.split())


def test_another_trades_adapter_is_refused_where_items_are(site: Recommender, tmp_path):
    rows = tmp_path / "more.csv"
    rows.write_text(GOOD, encoding="utf-8")
    before = site.store.item("1")
    code, said = cli(tmp_path / "site.db", "import", "items", str(rows), "--adapter", "jobs")
    assert code == 2
    assert "holds items of adapter 'realestate': use another database for 'jobs'" in " ".join(said.split())
    assert site.store.item("1") == before


def test_an_unknown_visitor_is_a_newcomer_everywhere(site: Recommender, http: TestClient[Litestar], tmp_path):
    assert "newcomer" in site.recommend(Query(user="nobody")).notes[0]
    assert "newcomer" in http.post("/v1/recommendations", json={"user": "nobody"}).json()["notes"][0]
    code, said = cli(tmp_path / "site.db", "recommend", "--user", "nobody", "--ranker", "none")
    assert code == 0
    assert "newcomer" in said


@pytest.mark.parametrize(
    "words", ["\x00\x01\x02", "🏡" * 900, "'; DROP TABLE items; --", "{{7*7}} %s %n", "\u202eevil", " "]
)
def test_strange_words_are_only_words(site: Recommender, http: TestClient[Litestar], words):
    assert len(site.recommend(Query(instructions=words)).picks) == 10
    assert len(http.post("/v1/recommendations", json={"instructions": words}).json()["picks"]) == 10
    assert site.store.counts().items == 40


def test_an_unknown_item_has_nothing_similar(site: Recommender, http: TestClient[Litestar], tmp_path):
    with pytest.raises(UserError, match="'nope'"):
        site.similar("nope")
    assert http.get("/v1/items/nope/similar").status_code == 404
    code, said = cli(tmp_path / "site.db", "similar", "nope")
    assert (code, "nope" in said) == (2, True)


def test_rank_without_candidates(site: Recommender, http: TestClient[Litestar], tmp_path):
    with pytest.raises(UserError, match="candidates are empty"):
        site.rank(Query(candidates=()))
    assert http.post("/v1/rankings", json={"candidates": []}).status_code == 400
    assert cli(tmp_path / "site.db", "rank")[0] == 2


def test_empty_lists_have_a_clear_answer(site: Recommender, http: TestClient[Litestar]):
    for path in ("/v1/items", "/v1/users"):
        reply = http.put(path, json={path[4:]: []})
        assert (reply.status_code, "send the list itself" in reply.json()["detail"]) == (400, True)
        assert http.put(path, json=[]).json() == {"added": 0, "updated": 0, "unchanged": 0}
    assert "`events`" in http.post("/v1/events", json={"events": []}).json()["detail"]
    assert "candidates are empty" in http.post("/v1/recommendations", json={"candidates": []}).json()["notes"][0]
    assert "leave them out" in site.recommend(Query(candidates=())).notes[0]


RECORDS: list[tuple[str, Callable[[Recommender], object], str, str, Any, str]] = [
    (
        "price not finite",
        lambda rec: rec.put_items([structs.replace(home(1), fields={"price": math.nan})]),
        "put",
        "/v1/items",
        '[{"id": "1", "kind": "x", "title": "t", "fields": {"price": NaN}}]',
        "price|JSON",
    ),
    (
        "price below zero",
        lambda rec: rec.put_items([structs.replace(home(1), fields={"price": -5.0})]),
        "put",
        "/v1/items",
        [{"id": "1", "kind": "x", "title": "t", "fields": {"price": -5}}],
        "'price' is -5",
    ),
    (
        "price in words",
        lambda rec: rec.put_items([structs.replace(home(1), fields={"price": "POA"})]),
        "put",
        "/v1/items",
        [{"id": "1", "kind": "x", "title": "t", "fields": {"price": "POA"}}],
        "'price' is 'POA'",
    ),
    (
        "a title of 1 MB",
        lambda rec: rec.put_items([structs.replace(home(1), title="x" * 1_000_000)]),
        "put",
        "/v1/items",
        [{"id": "1", "kind": "x", "title": "x" * 1_000_000}],
        "title has 1000000 characters",
    ),
    (
        "no title",
        lambda rec: rec.put_items([structs.replace(home(1), title="")]),
        "put",
        "/v1/items",
        [{"id": "1", "kind": "x", "title": ""}],
        "no title",
    ),
    (
        "no id",
        lambda rec: rec.put_items([Item(id=" ", kind="x", title="t")]),
        "put",
        "/v1/items",
        [{"id": " ", "kind": "x", "title": "t"}],
        "id is empty",
    ),
    (
        "created in the future",
        lambda rec: rec.put_items([structs.replace(home(1), created=NOW + timedelta(days=90))]),
        "put",
        "/v1/items",
        [{"id": "1", "kind": "x", "title": "t", "created": (NOW + timedelta(days=90)).isoformat()}],
        "in the future",
    ),
    (
        "an event in the future",
        lambda rec: rec.record(Event(user="u", item="1", action="view", at=NOW + timedelta(days=90))),
        "post",
        "/v1/events",
        [{"user": "u", "item": "1", "action": "view", "at": (NOW + timedelta(days=90)).isoformat()}],
        "in the future",
    ),
    (
        "an event on an unknown item",
        lambda rec: rec.record(Event(user="u", item="1", action="view"), Event(user="u", item="zz", action="view")),
        "post",
        "/v1/events",
        [{"user": "u", "item": "1", "action": "view"}, {"user": "u", "item": "zz", "action": "view"}],
        "'zz'|zz",
    ),
    (
        "an event without an action",
        lambda rec: rec.record(Event(user="u", item="1", action="")),
        "post",
        "/v1/events",
        [{"user": "u", "item": "1", "action": ""}],
        "action id is empty|action",
    ),
    (
        "a user id of a million characters",
        lambda rec: rec.put_users([User(id="u" * 1_000_000)]),
        "put",
        "/v1/users",
        [{"id": "u" * 1_000_000}],
        "1000000 characters",
    ),
]


@pytest.mark.parametrize(("name", "call", "verb", "path", "body", "answer"), RECORDS, ids=[case[0] for case in RECORDS])
def test_records(site: Recommender, http: TestClient[Litestar], name, call, verb, path, body, answer):
    before = site.store.counts()
    with pytest.raises(UserError, match=answer):
        call(site)
    content = body if isinstance(body, str) else json.dumps(body)
    reply = http.request(verb.upper(), path, content=content, headers={"content-type": "application/json"})
    assert reply.status_code in (400, 422), reply.text
    assert re.search(answer, json.dumps(reply.json(), ensure_ascii=False))
    assert site.store.counts() == before
    assert site.item("1") == home(1)


BODIES = [
    ("not JSON", "{", "JSON"),
    ("a misspelt field", '{"instruction": "quiet"}', "instruction"),
    ("k in words", '{"k": "ten"}', "k"),
    ("a list in place of an object", "[]", "object"),
    ("NaN for a number", '{"deadline_ms": NaN}', "JSON"),
    ("a moment that is none", '{"at": "yesterday"}', "at"),
]


@pytest.mark.parametrize(("name", "body", "answer"), BODIES, ids=[case[0] for case in BODIES])
def test_bodies(http: TestClient[Litestar], name, body, answer):
    reply = http.post("/v1/recommendations", content=body, headers={"content-type": "application/json"})
    assert reply.status_code == 400
    assert answer in json.dumps(reply.json())


FILES: list[tuple[str, str, bytes, str]] = [
    ("empty file", "a.csv", b"", "empty"),
    ("header only", "a.csv", b"id,title\n", "no rows|no data|header"),
    ("wrong encoding", "a.csv", "id,title\n1,Café\n".encode("latin-1"), "latin-1"),
    ("half a gzip", "a.csv.gz", gzip.compress(GOOD.encode() * 999)[:60], "gzip|cut|damaged|end"),
    ("unknown format", "a.docx", b"PK", "docx|format"),
    ("not JSON at all", "a.json", b"hello", "JSON"),
    ("not Parquet", "a.parquet", b"hello, this is no parquet file", "[Pp]arquet"),
]


@pytest.mark.parametrize(("name", "file", "content", "answer"), FILES, ids=[case[0] for case in FILES])
def test_files_that_cannot_be_read(site: Recommender, tmp_path, name, file, content, answer):
    path = tmp_path / file
    path.write_bytes(content)
    with pytest.raises(UserError, match=answer):
        site.import_items(path)
    code, said = cli(tmp_path / "site.db", "import", "items", str(path), "--no-vectors")
    assert code == 2
    assert re.search(answer, said)
    assert site.store.counts().items == 40


@pytest.mark.parametrize("source", ["nowhere.csv", ".", "https://example.org/a.csv"])
def test_sources_that_are_no_files(site: Recommender, tmp_path, source):
    with pytest.raises(UserError, match=source):
        site.import_items(source)
    code, said = cli(tmp_path / "site.db", "import", "items", source, "--no-vectors")
    assert (code, source in said.replace("\n", "")) == (2, True)


ROWS: list[tuple[str, str, str]] = [
    ("price on application", "9,Flat,POA,2024-05-01", r"column 'price' has 'POA': not money.*missing"),
    ("price not a number", "9,Flat,NaN,2024-05-01", r"price"),
    ("price below zero", "9,Flat,-$20,2024-05-01", r"price"),
    ("created in the future", "9,Flat,$20,2199-05-01", r"future"),
    ("created nonsense", "9,Flat,$20,soon", r"'soon'"),
    ("no id", ",Flat,$20,2024-05-01", r"id"),
    ("too many cells", "9,Flat,$20,2024-05-01,extra,more", r"6|cells|columns|fields"),
]


@pytest.mark.parametrize(("name", "row", "answer"), ROWS, ids=[case[0] for case in ROWS])
def test_rows_are_set_aside_with_number_and_reason(site: Recommender, tmp_path, name, row, answer):
    path = tmp_path / "homes.csv"
    path.write_text(f"{GOOD.replace('1,Flat by', '100,Flat by')}{row}\n")
    report = site.import_items(path)
    assert (report.added, report.rejected_count, report.rejected[0].row) == (1, 1, 2)
    assert re.search(answer, report.rejected[0].reason)
    code, said = cli(tmp_path / "site.db", "import", "items", str(path), "--no-vectors", "--json")
    assert code == 0
    assert json.loads(said[said.index("{") : said.rindex("}") + 1])["rejected_count"] == 1


def test_duplicate_ids_in_one_file_the_last_wins_and_it_is_told(site: Recommender, tmp_path):
    path = tmp_path / "homes.csv"
    path.write_text("id,title\n200,First\n200,Second\n")
    report = site.import_items(path)
    assert report.repeated == 1
    assert site.item("200").title == "Second"


def test_a_title_of_1_mb_in_a_file_is_set_aside(site: Recommender, tmp_path):
    path = tmp_path / "homes.csv"
    path.write_text(f"id,title\n200,{'x' * 1_000_000}\n201,Flat\n")
    report = site.import_items(path)
    assert (report.added, report.rejected_count) == (1, 1)
    assert "1,000,000 characters" in report.rejected[0].reason


@pytest.mark.parametrize(
    ("mapping", "answer"), [({"price": "cost"}, "cost"), ({"prise": "price"}, "prise")], ids=["no column", "no field"]
)
def test_mappings_that_lead_nowhere(site: Recommender, tmp_path, mapping, answer):
    path = tmp_path / "homes.csv"
    path.write_text(GOOD)
    pair = next(f"{k}={v}" for k, v in mapping.items())
    code, said = cli(tmp_path / "site.db", "import", "items", str(path), "--map", pair, "--no-vectors")
    assert code == 2
    assert answer in said


def test_a_task_of_the_settings_whose_question_is_endless(tmp_path):
    settings = '[[tasks]]\nname = "mail"\naction = "view"\nquestion = "{}?"\n'.format("why " * 200)
    (tmp_path / "brewlite.toml").write_text(settings)
    args = ("--adapter", "realestate", "--config", str(tmp_path / "brewlite.toml"))
    Recommender.open(tmp_path / "site.db", "realestate", ranker=None, encoder=None).close()
    code, said = cli(tmp_path / "site.db", "recommend", *args, "--ranker", "none")
    assert (code, "task 'mail': question has 801 characters: at most 500" in " ".join(said.split())) == (2, True)


def test_databases_that_are_none(tmp_path):
    code, said = cli(tmp_path / "none.db", "recommend")
    assert (code, "brewlite init" in said.replace("\n", " ")) == (2, True)
    (tmp_path / "text.db").write_text("this is no database, but it is long enough to look like a file of one" * 20)
    code, said = cli(tmp_path / "text.db", "recommend")
    assert code in (1, 2)
    assert "text.db" in said.replace("\n", "")
    with pytest.raises(UserError, match="unknown adapter 'realstate'"):
        Recommender.open(tmp_path / "new.db", "realstate")
