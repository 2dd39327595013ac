"""Rows become records in the store: counted truly, bad ones set aside, interrupted imports finished by the next."""

from __future__ import annotations

import csv
import json
import re
import sqlite3
import time
import zlib
from collections.abc import Callable, Iterator, Mapping, Sequence
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from brewlite import intake
from brewlite.adapter import Adapter, FieldAdapter, load_adapter
from brewlite.adapter.declarations import Action, Field
from brewlite.errors import BadSource, UnknownName
from brewlite.intake import ImportReport, Progress, Rejection
from brewlite.records import Event, Item, User
from brewlite.sources import BadRow, SourceRow, read_rows
from brewlite.store import Store

NOON = datetime(2024, 5, 1, 12, tzinfo=UTC)


class WordEncoder:
    """Words fall into 32 buckets by a stable hash: real vectors, no model. Counts what it was asked for."""

    name = "words-32"
    dimension = 32

    def __init__(self) -> None:
        self.asked: list[str] = []

    def encode(self, texts: Sequence[str], progress: Callable[[int], None] | None = None) -> np.ndarray:
        self.asked += texts
        matrix = np.full((len(texts), self.dimension), 1e-6, dtype=np.float32)
        for row, text in enumerate(texts):
            for word in re.findall(r"\w+", text.casefold()):
                matrix[row, zlib.crc32(word.encode()) % self.dimension] += 1
        return matrix / np.linalg.norm(matrix, axis=1, keepdims=True)


@pytest.fixture
def store(tmp_path: Path) -> Iterator[Store]:
    with Store.open(tmp_path / "site.db") as opened:
        yield opened


@pytest.fixture
def adapter() -> FieldAdapter:
    return FieldAdapter(
        name="homes",
        kind="home",
        noun="home",
        fields=(Field(name="price", type="money"),),
        actions=(Action(name="view", phrase="looked at"), Action(name="stay", phrase="stayed at")),
    )


def rows_of(*rows: Mapping[str, object] | str) -> list[SourceRow | BadRow]:
    """Rows; a string is a bad one's reason."""
    return [
        BadRow(number=n, reason=row) if isinstance(row, str) else SourceRow(number=n, values=row)
        for n, row in enumerate(rows, 1)
    ]


def homes(count: int, title: str = "Home", first: int = 0) -> list[SourceRow | BadRow]:
    return rows_of(*({"id": str(n), "title": f"{title} {n}", "price": str(n)} for n in range(first, first + count)))


def tally(report: ImportReport) -> tuple[int, int, int, int, int]:
    assert report.rows == report.added + report.updated + report.unchanged + report.rejected_count
    return report.rows, report.added, report.updated, report.unchanged, report.rejected_count


def import_events(store: Store, adapter: Adapter, rows: Any, **more: Any) -> ImportReport:
    return intake.import_events(store, adapter, rows, clock=lambda: NOON, **more)


# Items


def test_items_land_and_a_second_import_updates(store: Store, adapter: FieldAdapter) -> None:
    assert tally(intake.import_items(store, adapter, homes(2500))) == (2500, 2500, 0, 0, 0)
    assert store.item("7") == Item(id="7", kind="home", title="Home 7", fields={"price": 7.0})
    assert tally(intake.import_items(store, adapter, homes(2500))) == (2500, 0, 0, 2500, 0)
    assert tally(intake.import_items(store, adapter, homes(10, "House") + homes(2, first=9000))) == (12, 2, 10, 0, 0)
    assert [item.title for item in store.items(["9", "10", "9001"])] == ["House 9", "Home 10", "Home 9001"]


def test_bad_rows_are_set_aside_and_the_rest_lands(store: Store, adapter: FieldAdapter) -> None:
    rows = rows_of(
        {"id": "1", "title": "Fine"},
        "3 cells where the header has 2",
        {"id": "", "title": "No id"},
        {"id": "4", "title": "Cottage", "price": "POA"},
        {"id": "5", "title": "Fine too", "price": "$1,200"},
    )
    seen: list[Rejection] = []
    report = intake.import_items(store, adapter, rows, on_reject=seen.append)
    assert tally(report) == (5, 2, 0, 0, 3)
    assert [item.id for item in store.items()] == ["1", "5"]
    assert [rejection.row for rejection in report.rejected] == [2, 3, 4]
    assert list(report.rejected) == seen
    reasons = [rejection.reason for rejection in seen]
    assert reasons[0] == "3 cells where the header has 2"
    assert "id" in reasons[1]
    assert "'price' has 'POA'" in reasons[2]


def test_a_report_of_many_rejections_stays_small_and_true(store: Store, adapter: FieldAdapter) -> None:
    count = 0

    def counted(_: Rejection) -> None:
        nonlocal count
        count += 1

    bad = (BadRow(number=n, reason="bad") for n in range(1, 5001))
    report = intake.import_items(store, adapter, bad, on_reject=counted)
    assert tally(report) == (5000, 0, 0, 0, 5000)
    assert len(report.rejected) == intake.MAX_REJECTIONS
    assert count == 5000


def test_an_id_that_comes_again_counts_with_its_last_row(store: Store, adapter: FieldAdapter) -> None:
    def row(id: str, title: str) -> dict[str, str]:
        return {"id": id, "title": title}

    rows = rows_of(row("a", "one"), row("b", "b"), row("a", "two"), row("a", "three"))
    report = intake.import_items(store, adapter, rows)
    assert tally(report) == (4, 2, 0, 2, 0)
    assert report.repeated == 2
    assert [item.title for item in store.items()] == ["three", "b"]
    again = intake.import_items(store, adapter, rows)
    assert tally(again) == (4, 0, 0, 4, 0)
    far = [*rows_of(row("a", "early")), *homes(1500), *rows_of(row("a", "late"))]
    assert intake.import_items(store, adapter, far).repeated == 1
    assert store.items(["a"])[0].title == "late"


def test_an_adapter_that_stumbles_costs_its_row_only(store: Store) -> None:
    class Stumbling(FieldAdapter, frozen=True, kw_only=True):
        def to_item(self, row: Mapping[str, object], mapping: Mapping[str, str] | None = None) -> Item:
            return Item(id=str(row["id"]), kind="home", title=str(row["rooms"]))

    rows = rows_of({"id": "1", "rooms": 3}, {"id": "2"}, {"id": "3", "rooms": "\ud800"}, {"id": "4", "rooms": "\0"})
    report = intake.import_items(store, Stumbling(name="s", kind="home", noun="home"), rows)
    assert tally(report) == (4, 1, 0, 0, 3)
    reasons = [rejection.reason for rejection in report.rejected]
    assert reasons[0] == "the adapter cannot read this row: KeyError: 'rooms'"
    assert "item '3' holds half a character" in reasons[1]
    assert "item '4' holds a NUL character" in reasons[2]


def test_a_mapping_names_columns(store: Store, adapter: FieldAdapter) -> None:
    rows = rows_of({"no": "1", "what": "Cottage", "asking": "99"})
    mapping = {"id": "no", "title": "what", "price": "asking"}
    assert intake.import_items(store, adapter, rows, mapping=mapping).added == 1
    assert store.items()[0].fields == {"price": 99.0}
    with pytest.raises(UnknownName, match="'prise'"):
        intake.import_items(store, adapter, rows, mapping={"prise": "asking"})


# Users


def test_rows_of_one_user_are_joined(store: Store, adapter: FieldAdapter) -> None:
    wishes = [{"id": "u", "interests": word} for word in ("quiet", "river", "quiet")]
    rows = rows_of(*wishes, {"id": "v", "interests": "garden"})
    report = intake.import_users(store, adapter, rows)
    assert tally(report) == (4, 2, 0, 2, 0)
    assert report.repeated == 2
    assert [(user.id, user.interests) for user in store.users()] == [("u", "quiet; river"), ("v", "garden")]
    assert tally(intake.import_users(store, adapter, rows)) == (4, 0, 0, 4, 0)


def test_rows_of_one_user_are_joined_across_batches_but_not_across_imports(store: Store, adapter: FieldAdapter) -> None:
    between = [{"id": str(n), "interests": "none"} for n in range(1500)]
    rows = rows_of({"id": "u", "interests": "quiet"}, *between, {"id": "u", "interests": "river"})
    intake.import_users(store, adapter, rows)
    intake.import_users(store, adapter, rows)
    assert store.user("u") == User(id="u", interests="quiet; river")
    intake.import_users(store, adapter, rows_of({"id": "u", "interests": "garden"}))
    assert store.user("u") == User(id="u", interests="garden")


# Events


def test_events_on_unknown_items_are_set_aside(store: Store, adapter: FieldAdapter) -> None:
    intake.import_items(store, adapter, homes(3))
    good = {"user": "u", "item": "1", "action": "view", "at": "2024-01-01T10:00:00Z"}
    rows = rows_of(good, {**good, "item": "123"}, good, {**good, "action": "stare"}, {**good, "at": "soon"})
    report = import_events(store, adapter, rows)
    assert tally(report) == (5, 1, 0, 1, 3)
    by_row = {rejection.row: rejection.reason for rejection in report.rejected}
    assert by_row[2] == "unknown item '123': import items first"
    assert "'stare'" in by_row[4]
    assert "'soon'" in by_row[5]
    assert tally(import_events(store, adapter, rows)) == (5, 0, 0, 2, 3)


def test_events_without_a_time_get_that_of_the_import(store: Store, adapter: FieldAdapter) -> None:
    intake.import_items(store, adapter, homes(3))
    rows = rows_of({"user": "u", "item": "1"}, {"user": "u", "item": "2"})
    report = import_events(store, adapter, rows, action="stay")
    assert tally(report) == (2, 2, 0, 0, 0)
    assert report.undated == 2
    assert store.history("u", datetime(2025, 1, 1, tzinfo=UTC)) == [
        Event(user="u", item=item, action="stay", at=NOON) for item in ("1", "2")
    ]


def test_events_without_a_time_are_not_added_again(store: Store, adapter: FieldAdapter) -> None:
    intake.import_items(store, adapter, homes(3))
    dated = {"user": "u", "item": "1", "action": "view", "at": "2024-01-01T10:00:00Z"}
    rows = rows_of(dated, {"user": "u", "item": "1", "action": "stay"}, {"user": "v", "item": "2", "action": "stay"})
    assert tally(import_events(store, adapter, rows)) == (3, 3, 0, 0, 0)
    later = intake.import_events(store, adapter, rows, clock=lambda: NOON + timedelta(days=1))
    assert (tally(later), later.undated) == ((3, 0, 0, 3, 0), 0)
    more = rows_of(*({"user": "v", "item": item, "action": "stay"} for item in ("2", "0", "0")))
    report = intake.import_events(store, adapter, more, clock=lambda: NOON + timedelta(days=2))
    assert (tally(report), report.undated, store.counts().events) == ((3, 1, 0, 2, 0), 1, 4)


# Vectors


def test_only_texts_that_changed_are_encoded(store: Store, adapter: FieldAdapter) -> None:
    encoder = WordEncoder()
    assert intake.import_items(store, adapter, homes(600), encoder=encoder).vectors == 600
    ids, matrix = store.vectors("item", encoder.name)
    by_id = dict(zip(ids, matrix, strict=True))
    (item,) = store.items(["7"])
    np.testing.assert_array_equal(by_id["7"], encoder.encode([adapter.describe(item)])[0])
    encoder.asked.clear()
    assert intake.import_items(store, adapter, homes(600), encoder=encoder).vectors == 0
    assert intake.import_items(store, adapter, homes(3, "House"), encoder=encoder).vectors == 3
    assert len(encoder.asked) == 3
    assert all("House" in text for text in encoder.asked)


def test_items_stored_without_vectors_get_them_later(store: Store, adapter: FieldAdapter) -> None:
    encoder = WordEncoder()
    intake.import_items(store, adapter, homes(5))
    assert store.counts().vectors == 0
    assert intake.index_items(store, adapter, encoder, ids=["1", "2", "none"]) == 2
    assert intake.index_items(store, adapter, encoder) == 3
    assert intake.index_items(store, adapter, encoder) == 0


def test_a_long_text_is_encoded_by_its_head(store: Store, adapter: FieldAdapter) -> None:
    encoder = WordEncoder()
    store.put_items([Item(id="1", kind="home", title="Home", text="river " * 3000)])
    intake.index_items(store, adapter, encoder)
    assert intake.MAX_TEXT - 10 < len(encoder.asked[0]) <= intake.MAX_TEXT


def test_interests_are_encoded_and_forgotten(store: Store, adapter: FieldAdapter) -> None:
    encoder = WordEncoder()
    rows = rows_of({"id": "u", "interests": "quiet"}, {"id": "v", "interests": ""})
    assert intake.import_users(store, adapter, rows, encoder=encoder).vectors == 1
    assert store.vectors("user", encoder.name)[0] == ["u"]
    before = store.revision()
    store.put_users([User(id="u")])
    assert intake.index_users(store, encoder, ids=["u", "none"]) == 0
    assert store.vectors("user", encoder.name)[0] == []
    assert store.revision().vectors > before.vectors
    after = store.revision()
    intake.index_users(store, encoder)
    assert store.revision() == after


# Interruptions and progress


def test_an_interrupted_import_keeps_its_batches_and_the_next_one_finishes(store: Store, adapter: FieldAdapter) -> None:
    def interrupted() -> Iterator[SourceRow | BadRow]:
        yield from homes(2500)
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        intake.import_items(store, adapter, interrupted())
    assert store.counts().items == 2000
    assert tally(intake.import_items(store, adapter, homes(2600))) == (2600, 600, 0, 2000, 0)


def test_interrupted_vectors_are_finished_by_the_next_import(store: Store, adapter: FieldAdapter) -> None:
    def stop_soon(progress: Progress) -> None:
        if progress.stage == "vectors" and progress.done >= 2 * intake.TEXTS_A_BATCH:
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        intake.import_items(store, adapter, homes(1000), encoder=WordEncoder(), progress=stop_soon)
    assert store.counts().vectors == 2 * intake.TEXTS_A_BATCH
    report = intake.import_items(store, adapter, homes(1000), encoder=WordEncoder())
    assert report.vectors == 1000 - 2 * intake.TEXTS_A_BATCH


def test_progress_tells_rows_and_then_vectors(store: Store, adapter: FieldAdapter, tmp_path: Path) -> None:
    path = tmp_path / "homes.jsonl"
    lines = (json.dumps({"id": n, "title": f"Home {n}", "text": "quiet " * 40}) for n in range(9000))
    path.write_text("\n".join(lines))
    told: list[Progress] = []
    intake.import_items(store, adapter, read_rows(path), encoder=WordEncoder(), progress=told.append)
    rows = [progress for progress in told if progress.stage == "rows"]
    assert [progress.done for progress in rows] == [*range(1000, 9001, 1000), 9000]
    assert rows[0].total is not None
    assert 7_000 < rows[0].total < 11_000
    assert (rows[-1].done, rows[-1].total) == (9000, 9000)
    vectors = told[len(rows) :]
    assert {progress.stage for progress in vectors} == {"vectors"}
    assert (vectors[-1].done, vectors[-1].total) == (9000, 9000)


def test_a_source_that_breaks_off_leaves_what_came_before(store: Store, adapter: FieldAdapter) -> None:
    def breaking() -> Iterator[SourceRow | BadRow]:
        yield from homes(1200)
        raise BadSource("the connection was lost")

    with pytest.raises(BadSource, match="connection was lost"):
        intake.import_items(store, adapter, breaking())
    assert store.counts().items == 1000


# Other formats, through the adapters of the trades

JOB = {
    "@context": "https://schema.org",
    "@type": "JobPosting",
    "identifier": {"@type": "PropertyValue", "value": "j-1"},
    "title": "Baker",
    "description": "<p>Bread at night.</p>",
    "datePosted": "2024-03-01",
    "validThrough": "2024-06-01",
    "hiringOrganization": {"@id": "#bakery"},
    "jobLocation": {"@type": "Place", "address": {"@type": "PostalAddress", "addressLocality": "Graz"}},
}


def test_a_job_page_lands(store: Store, tmp_path: Path) -> None:
    graph = {"@graph": [{"@type": "Organization", "@id": "#bakery", "name": "Mill Bakery"}, JOB]}
    path = tmp_path / "job.html"
    path.write_text(f'<html><script type="application/ld+json">{json.dumps(graph)}</script></html>')
    assert tally(intake.import_items(store, load_adapter("jobs"), read_rows(path))) == (1, 1, 0, 0, 0)
    (item,) = store.items()
    assert (item.id, item.place, item.created) == ("j-1", "Graz", datetime(2024, 3, 1, tzinfo=UTC))
    assert item.title.startswith("Baker")
    assert "Bread at night." in item.text
    assert "Mill Bakery" in load_adapter("jobs").describe(item)


def test_a_feed_of_posts_lands(store: Store, tmp_path: Path) -> None:
    path = tmp_path / "posts.rss"
    path.write_text(
        "<rss><channel><item><guid>p-1</guid><title>Where to sleep in Graz?</title><link>https://posts.example/1</link>"
        "<description>Near the river.</description><category>austria</category>"
        "<pubDate>Fri, 01 Mar 2024 10:00:00 GMT</pubDate></item></channel></rss>"
    )
    assert tally(intake.import_items(store, load_adapter("posts"), read_rows(path))) == (1, 1, 0, 0, 0)
    (item,) = store.items()
    assert (item.id, item.url, item.created) == (
        "p-1",
        "https://posts.example/1",
        datetime(2024, 3, 1, 10, tzinfo=UTC),
    )
    assert "austria" in str(item.fields)


def test_a_table_and_a_parquet_file_of_listings_land(store: Store, tmp_path: Path) -> None:
    import pyarrow as pa
    import pyarrow.parquet as pq

    shop = tmp_path / "shop.db"
    with sqlite3.connect(shop) as connection:
        connection.execute("CREATE TABLE homes (id INTEGER, title TEXT, price DECIMAL, bedrooms INTEGER, created TEXT)")
        connection.execute("INSERT INTO homes VALUES (1, 'Mill house', 250000.50, 3, '2024-03-01 10:00:00')")
    connection.close()
    columns = {"id": [2], "title": ["Flat"], "price": [Decimal("99000.00")], "bedrooms": [None], "created": [NOON]}
    pq.write_table(pa.table(columns), tmp_path / "homes.parquet")
    adapter = load_adapter("realestate")
    assert intake.import_items(store, adapter, read_rows(shop, table="homes")).added == 1
    assert intake.import_items(store, adapter, read_rows(tmp_path / "homes.parquet")).added == 1
    house, flat = store.items()
    assert (house.id, house.fields["price"], house.fields["bedrooms"]) == ("1", 250000.5, 3.0)
    assert house.created == datetime(2024, 3, 1, 10, tzinfo=UTC)
    assert (flat.id, flat.fields["price"], flat.created) == ("2", 99000.0, NOON)


# Speed and real data


def test_thirty_five_thousand_events_take_seconds(store: Store, adapter: FieldAdapter, tmp_path: Path) -> None:
    intake.import_items(store, adapter, homes(500))
    path = tmp_path / "events.csv"
    with path.open("w", newline="") as file:
        writer = csv.writer(file)
        writer.writerow(("user", "item", "date"))
        writer.writerows((n % 9000, n % 500, f"20{10 + n % 14}-0{1 + n % 9}-{10 + n % 19}") for n in range(35_000))
    started = time.perf_counter()
    report = import_events(store, adapter, read_rows(path), action="stay")
    assert report.added + report.unchanged == 35_000
    # About 4 s on two 2023 cores; the limit leaves room for a busy machine, not for a commit a row.
    assert time.perf_counter() - started < 30


@pytest.mark.slow
@pytest.mark.parametrize(
    ("folder", "adapter_name", "items", "events", "action", "item_rows", "event_rows"),
    [
        ("airbnb_barossa", "realestate", "listings.csv.gz", "reviews.csv.gz", "stay", 777, 33_749),
        ("airbnb_singapore", "realestate", "listings.csv.gz", "reviews.csv.gz", "stay", 3_483, 35_698),
        ("stackexchange_travel", "posts", "items.jsonl.gz", "interactions.csv.gz", None, 2_725, 23_026),
        ("jobs_views", "jobs", "jobs.csv.gz", "job_views.csv.gz", "view", 7_047, 6_868),
    ],
)
def test_real_sites_land_completely(
    store: Store,
    shared_data: Path,
    folder: str,
    adapter_name: str,
    items: str,
    events: str,
    action: str | None,
    item_rows: int,
    event_rows: int,
) -> None:
    adapter = load_adapter(adapter_name)
    report = intake.import_items(store, adapter, read_rows(shared_data / folder / items))
    assert tally(report) == (item_rows, item_rows, 0, 0, 0)
    report = import_events(store, adapter, read_rows(shared_data / folder / events), action=action)
    rows, added, updated, repeats, rejected = tally(report)
    assert (rows, updated, rejected) == (event_rows, 0, 0)
    assert repeats <= 12
    assert store.counts().events == added
    again = import_events(store, adapter, read_rows(shared_data / folder / events), action=action)
    assert tally(again) == (event_rows, 0, 0, event_rows, 0)


def test_real_applicants_are_joined(store: Store, shared_data: Path) -> None:
    adapter = load_adapter("jobs")
    source = shared_data / "jobs_views" / "positions_of_interest.csv.gz"
    report = intake.import_users(store, adapter, read_rows(source))
    rows, added, _, _, rejected = tally(report)
    assert (rows, rejected) == (3_670, 0)
    assert added == store.counts().users == rows - report.repeated
    assert any("; " in user.interests for user in store.users())
