"""Every format gives the same rows, a bad row never stops the others, and a bad source says what to do."""

from __future__ import annotations

import csv
import gzip
import io
import json
import sqlite3
from datetime import UTC, date, datetime
from decimal import Decimal
from pathlib import Path
from typing import Any
from uuid import UUID

import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from brewlite.adapter import load_adapter
from brewlite.errors import BadSource, UnknownName
from brewlite.sources import BadRow, SourceRow, read_rows
from brewlite.sources.rows import plain_value


def values(source: Path | str, **reading: Any) -> list[dict[str, Any]]:
    """The values of all rows, none of which may be bad."""
    rows = list(read_rows(source, **reading))
    assert all(isinstance(row, SourceRow) for row in rows), rows
    assert [row.number for row in rows] == list(range(1, len(rows) + 1))
    return [dict(row.values) for row in rows if isinstance(row, SourceRow)]


def mixed(source: Path | str, **reading: Any) -> list[tuple[int, object]]:
    """(number, values or reason) of all rows."""
    return [
        (row.number, row.reason if isinstance(row, BadRow) else dict(row.values))
        for row in read_rows(source, **reading)
    ]


def written(path: Path, content: str | bytes) -> Path:
    path.write_bytes(content.encode() if isinstance(content, str) else content)
    return path


# CSV

cells = st.text(st.characters(codec="utf-8", exclude_characters="\0"), max_size=12)


@settings(deadline=None, max_examples=150)
@given(
    table=st.lists(st.tuples(cells, cells, cells).filter(lambda row: any(cell.strip() for cell in row)), min_size=1),
    delimiter=st.sampled_from(",;\t|"),
    ends=st.sampled_from(["\n", "\r\n"]),
    packed=st.booleans(),
)
def test_what_a_csv_writer_writes_is_read(
    tmp_path_factory: pytest.TempPathFactory, table: list[tuple[str, ...]], delimiter: str, ends: str, packed: bool
) -> None:
    out = io.StringIO(newline="")
    writer = csv.writer(out, delimiter=delimiter, lineterminator=ends, quoting=csv.QUOTE_ALL)
    writer.writerows([("id", "title", "text"), *table])
    content = out.getvalue().encode()
    path = tmp_path_factory.mktemp("csv") / ("rows.csv.gz" if packed else "rows.csv")
    path.write_bytes(gzip.compress(content) if packed else content)
    assert [tuple(row.values()) for row in values(path)] == table


@pytest.mark.parametrize(
    "content",
    [
        "id,title\n1,Cottage\n2,Flat\n",
        "id;title\r\n1;Cottage\r\n2;Flat",
        "id\ttitle\r1\tCottage\r2\tFlat\r",
        "id|title\n1|Cottage\n2|Flat\n",
        "\ufeffid,title\n1,Cottage\n2,Flat\n",
        "\n\nid,title\n\n1,Cottage\n,\n2,Flat\n\n",
        "sep=;\nid;title\n1;Cottage\n2;Flat\n",
        'id,title,\n1,"Cottage",\n2,Flat,,\n',
        '"id","title"\n"1","Cottage"\n"2","Flat"\n',
    ],
)
def test_csv_as_other_programs_write_it(tmp_path: Path, content: str) -> None:
    rows = [(row["id"], row["title"]) for _, row in mixed(written(tmp_path / "a.csv", content))]  # type: ignore[index]
    assert rows == [("1", "Cottage"), ("2", "Flat")]


def test_row_numbers_count_data_rows(tmp_path: Path) -> None:
    path = written(tmp_path / "a.csv", 'id,text\n1,"two\nlines"\n\n2,b,too many\n3\n4,d\n')
    assert mixed(path) == [
        (1, {"id": "1", "text": "two\nlines"}),
        (3, "3 cells where the header has 2"),
        (4, "1 cells where the header has 2"),
        (5, {"id": "4", "text": "d"}),
    ]


@pytest.mark.parametrize("rows_behind", [3, 3000])
def test_a_stray_quote_costs_one_row_and_not_the_rest(tmp_path: Path, rows_behind: int) -> None:
    behind = "".join(f'{n},"plain, {n}"\n' for n in range(2, rows_behind))
    path = written(tmp_path / "a.csv", f'id,text\n0,fine\n1,"never closed\n{behind}')
    rows = mixed(path)
    assert len(rows) == rows_behind
    assert rows[1][0] == 2
    assert "quote" in str(rows[1][1])
    assert [row for _, row in rows[2:]] == [{"id": str(n), "text": f"plain, {n}"} for n in range(2, rows_behind)]


def test_a_quote_inside_a_quoted_cell_is_told(tmp_path: Path) -> None:
    path = written(tmp_path / "a.csv", 'id,text\n1,"a "big" house"\n2,"5"" pipe"\n3,5" pipe\n')
    assert mixed(path) == [
        (1, 'a quote stands inside a quoted cell: write it twice ("")'),
        (2, {"id": "2", "text": '5" pipe'}),
        (3, {"id": "3", "text": '5" pipe'}),
    ]


def test_a_field_of_five_million_characters_is_read(tmp_path: Path) -> None:
    big = "long " * 1_000_000
    assert values(written(tmp_path / "a.csv", f'id,text\n1,"{big}"\n2,b\n'))[0]["text"] == big


def test_columns_of_one_name_and_without_a_name_are_all_kept(tmp_path: Path) -> None:
    path = written(tmp_path / "a.csv", "id,note,note,,note\n1,a,b,c,d\n")
    assert values(path) == [{"id": "1", "note": "a", "note (2)": "b", "column 4": "c", "note (3)": "d"}]


# Encodings


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "utf-16"])
def test_encodings_that_a_file_names_itself(tmp_path: Path, encoding: str) -> None:
    path = written(tmp_path / "a.csv", "id,title\n1,Café 🏡\n".encode(encoding))
    assert values(path) == [{"id": "1", "title": "Café 🏡"}]


def test_a_latin_file_is_refused_with_the_mend_before_any_row(tmp_path: Path) -> None:
    lines = "".join(f"{n},Cottage\n" for n in range(200_000)) + "x,Café\n"
    path = written(tmp_path / "a.csv", ("id,title\n" + lines).encode("latin-1"))
    with pytest.raises(BadSource, match=r"a.csv is not utf-8: byte 0xe9 in line 200002 .*--encoding latin-1"):
        read_rows(path)
    assert values(path, encoding="latin-1")[-1] == {"id": "x", "title": "Café"}


def test_characters_across_chunks_stay_whole(tmp_path: Path) -> None:
    """The file is read in pieces of 64 KiB: characters and line ends may lie on the border."""
    for shift in range(4):
        text = "x" * ((1 << 16) - 20 + shift) + "🏡" * 10
        content = f"id,text\r\n1,{text}\r\n2,b\r\n"
        assert [row["text"] for row in values(written(tmp_path / "a.csv", content))] == [text, "b"]


# JSON


def test_json_lines(tmp_path: Path) -> None:
    content = '{"id": 1, "tags": ["a"], "deep": {"x": 1.5}}\n\n{"id": 2, broken\n[1, 2]\n{"id": NaN}\n"text"\n{"id": 3}'
    rows = mixed(written(tmp_path / "a.jsonl", content))
    assert rows[0] == (1, {"id": 1, "tags": ["a"], "deep": {"x": 1.5}})
    assert [(number, str(reason)[:24]) for number, reason in rows[1:3]] == [
        (2, "not JSON: Expecting prop"),
        (3, "not an object but [1, 2]"),
    ]
    assert rows[3][0] == 4
    assert rows[4] == (5, 'not an object but "text"')
    assert rows[5] == (6, {"id": 3})


@pytest.mark.parametrize(
    ("name", "content"),
    [
        ("a.json", '[{"id": 1}, {"id": 2}]'),
        ("a.json", '{"total": 2, "items": [{"id": 1}, {"id": 2}]}'),
        ("a.json", '{"id": 1}\n{"id": 2}\n'),
        ("a.jsonl", '[{"id": 1},\n {"id": 2}]'),
        ("a.ndjson", '\ufeff{"id": 1}\r\n{"id": 2}\r\n'),
    ],
)
def test_json_in_its_shapes(tmp_path: Path, name: str, content: str) -> None:
    assert values(written(tmp_path / name, content)) == [{"id": 1}, {"id": 2}]


def test_a_json_list_with_strangers_in_it(tmp_path: Path) -> None:
    assert mixed(written(tmp_path / "a.json", '[{"id": 1}, 7, null]')) == [
        (1, {"id": 1}),
        (2, "not an object but 7"),
        (3, "not an object but null"),
    ]


# Parquet and SQL


def test_parquet_keeps_types(tmp_path: Path) -> None:
    at = datetime(2024, 5, 1, 12, tzinfo=UTC)
    table = pa.table(
        {
            "id": pa.array([1, 2], pa.int64()),
            "price": pa.array([Decimal("12.50"), None], pa.decimal128(10, 2)),
            "tags": [["a", "b"], []],
            "created": pa.array([at, None], pa.timestamp("us", tz="UTC")),
            "nanos": pa.array([1_500_000_000_123_456_789, None], pa.timestamp("ns")),
        }
    )
    pq.write_table(table, tmp_path / "a.parquet")
    first, second = values(tmp_path / "a.parquet")
    assert first == {
        "id": 1,
        "price": Decimal("12.50"),
        "tags": ["a", "b"],
        "created": at,
        "nanos": datetime(2017, 7, 14, 2, 40, 0, 123456),
    }
    assert second["price"] is None


def test_ids_and_prices_of_parquet_are_numbers_and_texts(tmp_path: Path) -> None:
    table = pa.table(
        {
            "id": pa.array([UUID(int=2**127).bytes], pa.binary(16)),
            "nr": pa.array([Decimal(7)], pa.decimal128(9, 0)),
            "title": ["Mill"],
            "price": pa.array([Decimal("9.500")], pa.decimal128(9, 3)),
        }
    )
    pq.write_table(table, tmp_path / "a.parquet")
    (row,) = values(tmp_path / "a.parquet")
    assert row["id"] == "8" + 31 * "0"
    item = load_adapter("realestate").to_item(row, {"id": "nr"})
    assert (item.id, item.fields["price"]) == ("7", 9.5)


def test_parquet_is_read_in_batches(tmp_path: Path) -> None:
    pq.write_table(pa.table({"id": list(range(2500))}), tmp_path / "a.parquet")
    rows = read_rows(tmp_path / "a.parquet")
    shares = [rows.share for _ in rows]
    assert len(shares) == 2500
    assert shares[1500] == pytest.approx(0.4)
    assert rows.share == 1.0


@pytest.fixture
def shop(tmp_path: Path) -> Path:
    path = tmp_path / "my shop.db"
    with sqlite3.connect(path) as connection:
        connection.execute("CREATE TABLE homes (id INTEGER, title TEXT, price REAL)")
        connection.executemany("INSERT INTO homes VALUES (?, ?, ?)", [(n, f"Home {n}", n / 2) for n in range(2500)])
        connection.execute("CREATE VIEW cheap AS SELECT * FROM homes WHERE price < 1")
    connection.close()
    return path


def test_a_table_a_view_and_a_query(shop: Path) -> None:
    everything = values(f"sqlite:///{shop}", table="homes")
    assert len(everything) == 2500
    assert everything[3] == {"id": 3, "title": "Home 3", "price": 1.5}
    assert values(shop, table="main.homes") == everything
    assert [row["id"] for row in values(shop, table="cheap")] == [0, 1]
    query = "SELECT id AS item, title || ' :at 12:30' AS title FROM homes WHERE title LIKE '%e 7' ORDER BY id"
    assert values(shop, sql=query) == [{"item": 7, "title": "Home 7 :at 12:30"}]
    assert values(shop, sql="SELECT 1 AS a, 2 AS a") == [{"a": 1, "a (2)": 2}]


def test_a_declared_type_refuses_no_row(shop: Path) -> None:
    """SQLite keeps any text in any column; what is no date is told of its row alone."""
    with sqlite3.connect(shop) as connection:
        connection.execute('CREATE TABLE "to:let" (id TEXT, added DATETIME, rent DECIMAL(8, 2))')
        connection.executemany('INSERT INTO "to:let" VALUES (?, ?, ?)', [("a", "2026-11-23", "n/a"), ("b", "soon", 9)])
    connection.close()
    first, second = values(shop, table="to:let")
    assert first == {"id": "a", "added": "2026-11-23", "rent": "n/a"}
    assert (second["added"], second["rent"]) == ("soon", 9)


@pytest.mark.parametrize(
    ("given", "kept"),
    [
        (UUID(int=7), "00000000-0000-0000-0000-000000000007"),
        (Decimal("12.50"), 12.5),
        (Decimal("12.00"), 12),
        (Decimal("NaN"), "nan"),
        (b"caf\xc3\xa9", "café"),
        (memoryview(b"x"), "x"),
        (UUID(int=2**127 + 7).bytes, "80000000000000000000000000000007"),
        (b"\0\x01", "0001"),
        (date(2026, 11, 23), date(2026, 11, 23)),
        (None, None),
    ],
)
def test_what_drivers_give_reads_as_in_other_sources(given: object, kept: object) -> None:
    value = plain_value(given)
    assert (str(value) if kept == "nan" else value) == kept
    assert type(value) in (str, int, float, date, type(None))


@pytest.mark.parametrize(
    ("reading", "says"),
    [
        ({}, r"which table of .*; tables: cheap, homes"),
        ({"table": "flats"}, r"no table 'flats' in .*; tables: cheap, homes"),
        ({"sql": "SELECT rooms FROM homes"}, r"my shop.db cannot be read: no such column: rooms"),
        ({"sql": "DELETE FROM homes"}, "readonly|read-only|does not return rows"),
        ({"sql": "SELECT * FROM homes WHERE id < 0"}, "the query's result holds no rows"),
        ({"sql": "SELECT 1", "table": "homes"}, "one of them"),
    ],
)
def test_what_a_database_cannot_give(shop: Path, reading: dict[str, str], says: str) -> None:
    with pytest.raises(BadSource, match=says):
        read_rows(shop, **reading)  # type: ignore[arg-type]
    assert len(values(shop, table="homes")) == 2500


@pytest.mark.parametrize(
    ("url", "says"),
    [
        ("sqlite:///no/such/shop.db", "no file no/such/shop.db"),
        ("nosuchdatabase://shop", "not a database URL"),
        ("postgresql://nobody:secret@127.0.0.1:9/site", r"nobody:\*\*\*@127.0.0.1:9/site cannot be read"),
    ],
)
def test_databases_that_are_not_there(url: str, says: str) -> None:
    if url.startswith("postgresql"):
        pytest.importorskip("psycopg")
    with pytest.raises(BadSource, match=says) as caught:
        read_rows(url, table="homes")
    assert "secret" not in str(caught.value)


# JSON-LD

LISTING = {
    "@type": "RealEstateListing",
    "@id": "#home",
    "name": "Mill house",
    "offers": {"@type": "Offer", "price": 250000},
}

EXPANDED = [
    {
        "@type": ["https://schema.org/RealEstateListing"],
        "https://schema.org/name": [{"@value": "Mill house"}],
        "https://schema.org/offers": [{"http://schema.org/price": [{"@value": 250000}]}],
    }
]


def as_page(*scripts: str) -> str:
    tags = "".join(f'<script type="application/ld+json">{script}</script>' for script in scripts)
    return f"<html><head><title>x</title>{tags}<script>var a = '<b>';</script></head><body>Mill house</body></html>"


def test_a_graph_gives_its_things_and_fills_in_references(tmp_path: Path) -> None:
    graph = {
        "@context": "https://schema.org",
        "@graph": [
            {"@type": "WebSite", "@id": "#site", "name": "Homes"},
            {"@type": "BreadcrumbList", "itemListElement": [{"@type": "ListItem", "name": "Home", "item": "/"}]},
            {"@type": "Organization", "@id": "#agency", "name": "Agency"},
            {**LISTING, "broker": {"@id": "#agency"}},
        ],
    }
    (row,) = values(written(tmp_path / "a.jsonld", json.dumps(graph)))
    assert row == {**LISTING, "broker": {"@type": "Organization", "@id": "#agency", "name": "Agency"}}
    assert values(written(tmp_path / "a.json", json.dumps(graph))) == [row]


@pytest.mark.parametrize(
    "document",
    [
        LISTING,
        [LISTING],
        {"@type": "ItemList", "itemListElement": [{"@type": "ListItem", "position": 1, "item": LISTING}]},
        {"@type": "DataFeed", "dataFeedElement": [{"@type": "DataFeedItem", "item": LISTING}]},
        {"@type": "WebPage", "name": "Page", "mainEntity": LISTING},
        {"@type": "schema:RealEstateListing", "schema:name": "Mill house", "schema:offers": LISTING["offers"]},
        EXPANDED,
    ],
)
def test_one_listing_in_the_ways_sites_write_it(tmp_path: Path, document: Any) -> None:
    (row,) = values(written(tmp_path / "a.jsonld", json.dumps(document)))
    assert (row["name"], row["offers"]["price"]) == ("Mill house", 250000)
    assert "RealEstateListing" in str(row["@type"])


def test_people_are_rows_where_nothing_else_is(tmp_path: Path) -> None:
    people = [{"@type": "Person", "@id": "1", "name": "Ann"}, {"@type": "Person", "@id": "2", "name": "Ben"}]
    assert values(written(tmp_path / "a.jsonld", json.dumps(people))) == people


@pytest.mark.parametrize("one", [{"name": "Wifi", "value": True}, [{"name": "Wifi", "value": True}]])
def test_one_amenity_is_a_list_of_one(tmp_path: Path, one: Any) -> None:
    for name in ("amenityFeature", "https://schema.org/amenityFeature"):
        (row,) = values(written(tmp_path / "a.jsonld", json.dumps({**LISTING, name: one})))
        assert row["amenityFeature"] == [{"name": "Wifi", "value": True}]
        assert load_adapter("realestate").to_item({"id": 1, **row}).fields["amenities"] == ["Wifi"]


def test_json_ld_is_lifted_out_of_a_page(tmp_path: Path) -> None:
    page = as_page(json.dumps({**LISTING, "name": "Mill\u2028house"}), '{"@type": "JobPosting", broken')
    rows = mixed(written(tmp_path / "a.html", page))
    assert rows[0][0] == 1
    assert str(rows[0][1]).startswith("a JSON-LD script is not JSON")
    assert rows[1] == (2, {**LISTING, "name": "Mill\u2028house"})
    latin = as_page(json.dumps({**LISTING, "name": "Café"}, ensure_ascii=False)).replace(
        "<head>", "<head><meta charset='iso-8859-1'>"
    )
    assert values(written(tmp_path / "b.htm", latin.encode("latin-1")))[0]["name"] == "Café"


def test_json_ld_nested_without_end_is_refused(tmp_path: Path) -> None:
    deep: Any = {"@type": "A"}
    for _ in range(200):
        deep = {"@type": "A", "in": deep}
    with pytest.raises(BadSource, match="nested more than"):
        read_rows(written(tmp_path / "a.jsonld", json.dumps(deep)))


# Feeds

RSS = """<?xml version="1.0"?>
<rss version="2.0" xmlns:content="http://purl.org/rss/1.0/modules/content/" xmlns:media="http://search.yahoo.com/mrss/"
     xmlns:g="http://base.google.com/ns/1.0" xmlns:dc="http://purl.org/dc/elements/1.1/">
<channel><title>Homes</title><link>https://homes.example</link>
<item><title>Mill &amp; house</title><link>https://homes.example/1</link><guid isPermaLink="false">home-1</guid>
 <description>Short.</description><content:encoded><![CDATA[<p>Long & quiet.</p>]]></content:encoded>
 <category>river</category><category>quiet</category><pubDate>Mon, 06 Sep 2021 00:01:00 +0200</pubDate>
 <dc:creator>Ann</dc:creator><media:thumbnail url="https://homes.example/1.jpg"/><g:price>250000 EUR</g:price></item>
<item><title>Flat</title><link>https://homes.example/2</link><enclosure url="a.mp3" type="audio/mpeg"/></item>
</channel></rss>"""

ATOM = """<feed xmlns="http://www.w3.org/2005/Atom"><title>Homes</title><updated>2024-01-01T00:00:00Z</updated>
<entry><id>urn:1</id><title type="html">Mill house</title><link rel="self" href="/self"/><link href="/1"/>
 <updated>2021-09-06T00:01:00Z</updated><published>2021-09-05T00:01:00Z</published>
 <author><name>Ann</name><uri>/ann</uri></author><category term="river" label="By the river"/>
 <content type="xhtml"><div xmlns="http://www.w3.org/1999/xhtml">Long <b>and</b> quiet.</div></content></entry>
<entry><id>urn:2</id><title>Flat</title><summary>Short.</summary><updated>2021-09-06T00:01:00Z</updated></entry>
</feed>"""

RDF = """<rdf:RDF xmlns:rdf="http://www.w3.org/1999/02/22-rdf-syntax-ns#" xmlns="http://purl.org/rss/1.0/"
 xmlns:dc="http://purl.org/dc/elements/1.1/"><channel rdf:about="/"><title>Homes</title></channel>
<item rdf:about="/1"><title>Mill house</title><link>/1</link><description>Quiet.</description>
<dc:date>2021-09-06T00:01:00Z</dc:date><dc:subject>river</dc:subject></item></rdf:RDF>"""


def test_rss(tmp_path: Path) -> None:
    first, second = values(written(tmp_path / "a.rss", RSS))
    assert first == {
        "id": "home-1",
        "title": "Mill & house",
        "url": "https://homes.example/1",
        "summary": "Short.",
        "content": "<p>Long & quiet.</p>",
        "text": "<p>Long & quiet.</p>",
        "tags": ["river", "quiet"],
        "created": datetime(2021, 9, 5, 22, 1, tzinfo=UTC),
        "author": "Ann",
        "image": "https://homes.example/1.jpg",
        "price": "250000 EUR",
    }
    assert (second["id"], second["title"], "image" in second) == ("https://homes.example/2", "Flat", False)


def test_an_rss_entrys_comments_are_an_address_or_a_number(tmp_path: Path) -> None:
    slash = 'xmlns:slash="http://purl.org/rss/1.0/modules/slash/"'
    said = "<comments>https://homes.example/1#comments</comments><slash:comments>3</slash:comments>"
    (entry,) = values(
        written(tmp_path / "a.rss", f"<rss {slash}><channel><item><title>A</title>{said}</item></channel></rss>")
    )
    assert (entry["comments"], entry["comments_url"]) == ("3", "https://homes.example/1#comments")


def test_atom(tmp_path: Path) -> None:
    first, second = values(written(tmp_path / "a.atom", ATOM))
    assert (first["id"], first["title"], first["url"], first["author"]) == ("urn:1", "Mill house", "/1", "Ann")
    assert (first["created"], first["tags"]) == ("2021-09-05T00:01:00Z", ["By the river"])
    assert first["text"].split() == ["Long", "and", "quiet."]
    assert (second["text"], second["created"]) == ("Short.", "2021-09-06T00:01:00Z")


def test_rss_of_1999(tmp_path: Path) -> None:
    (row,) = values(written(tmp_path / "a.rdf", gzip.compress(RDF.encode())))
    assert (row["id"], row["text"], row["created"], row["tags"]) == ("/1", "Quiet.", "2021-09-06T00:01:00Z", ["river"])


def test_a_feed_that_breaks_off_gives_what_came_before(tmp_path: Path) -> None:
    broken = RSS[: RSS.index("<item><title>Flat")] + "<item><title>Flat & house"
    rows = mixed(written(tmp_path / "a.xml", broken))
    assert len(rows) == 2
    assert rows[1][0] == 2
    assert "not well-formed" in str(rows[1][1])
    assert "nothing behind it was read" in str(rows[1][1])


@pytest.mark.parametrize(
    ("content", "says"),
    [
        ("<rss><channel><title>x</title></channel></rss>", "holds no entries"),
        ("no xml at all", "not well-formed"),
        ('<!DOCTYPE r [<!ENTITY a "aa"><!ENTITY b "&a;&a;">]><rss><item><title>&b;</title></item></rss>', "entities"),
        ('<!DOCTYPE r [<!ENTITY x SYSTEM "/etc/passwd">]><rss><item><title>&x;</title></item></rss>', "entities"),
    ],
)
def test_feeds_that_are_refused(tmp_path: Path, content: str, says: str) -> None:
    with pytest.raises(BadSource, match=says):
        read_rows(written(tmp_path / "a.rss", content))


# Sources that cannot be read


@pytest.mark.parametrize(
    ("name", "content", "says"),
    [
        ("a.csv", b"", "a.csv is empty"),
        ("a.csv", b"\n \r\n", "a.csv is empty"),
        ("a.csv.gz", gzip.compress(b""), "is empty"),
        ("a.csv", b"id,title\n", "has a header and no rows"),
        ("a.csv", b"id,title\n,\n", "holds no rows"),
        ("a.csv", b"i\0d\n1\n", "NUL characters.*--encoding utf-16-le"),
        ("a.csv", "id\n1\n".encode("utf-16-be"), "NUL characters.*--encoding utf-16-be"),
        ("a.csv", b"PK\x03\x04....", "zip file or a workbook: unpack it, or save the sheet as CSV"),
        ("a.csv.gz", gzip.compress(b"id,title\n1,Cottage\n" * 999)[:-9], "damaged.*download it again"),
        ("a.jsonl", b"\n\n", "is empty"),
        ("a.json", b"[]", "holds no rows"),
        ("a.json", b"[1, 2", "is not JSON"),
        ("a.json", b"17", "expected a list of objects, found 17"),
        ("a.json", b"[" * 100_000, "is not JSON: nested too deeply"),
        ("a.html", b"<p>Mill house</p>", "holds no JSON-LD"),
        ("a.parquet", b"id,title\n1,Cottage\n", "cannot be read as Parquet"),
        ("a.xlsx", b"....", "workbook: save the sheet as CSV"),
        ("a.dat", b"id,title\n1,Cottage\n", r"cannot be told from its name: add --format csv\|tsv"),
    ],
)
def test_sources_that_cannot_be_read(tmp_path: Path, name: str, content: bytes, says: str) -> None:
    with pytest.raises(BadSource, match=says):
        list(read_rows(written(tmp_path / name, content)))


def test_places_that_are_no_files(tmp_path: Path) -> None:
    with pytest.raises(BadSource, match=r"no file .*nothing.csv: check the path"):
        read_rows(tmp_path / "nothing.csv")
    with pytest.raises(BadSource, match="is a folder"):
        read_rows(tmp_path)
    for address in ("https://homes.example/listings.csv", "s3://bucket/listings.csv"):
        with pytest.raises(BadSource, match="download it first"):
            read_rows(address)


def test_the_format_can_be_named(tmp_path: Path) -> None:
    path = written(tmp_path / "export.dat", "id;title\n1;Cottage\n")
    assert values(path, format="csv") == [{"id": "1", "title": "Cottage"}]
    with pytest.raises(UnknownName, match="unknown source format 'excel'; known: csv"):
        read_rows(path, format="excel")
    for encoding in ("martian", "base64", "rot13"):
        with pytest.raises(BadSource, match=f"no text encoding is called '{encoding}'"):
            read_rows(path, format="csv", encoding=encoding)


def test_the_share_read_grows_to_one(tmp_path: Path) -> None:
    path = written(tmp_path / "a.csv", "id,text\n" + "".join(f"{n},{'x' * 90}\n" for n in range(40_000)))
    rows = read_rows(path)
    shares = [rows.share for _ in rows]
    assert shares == sorted(shares)  # type: ignore[type-var]
    assert 0 < shares[0] < 0.5  # type: ignore[operator]
    assert shares[-1] == 1.0
