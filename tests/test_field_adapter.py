"""An adapter from declarations: TOML, values, columns, wording."""

from __future__ import annotations

import math
import re
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from importlib.metadata import EntryPoint
from pathlib import Path

import msgspec
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from msgspec.structs import replace

from brewlite.adapter import Action, Attribute, Field, FieldAdapter, any_of, load_adapter, loading, merge_users
from brewlite.adapter.dates import last_moment, parse_date
from brewlite.adapter.numbers import parse_money, parse_number
from brewlite.adapter.plain import cut, plain
from brewlite.adapter.values import parse_tags
from brewlite.errors import BadRecord, BadSettings, UnknownName, UserError
from brewlite.records import Item, Task, User
from brewlite.testing import AdapterContract

MOVIES = """
[adapter]
kind = "movies"
noun = "movie"
[fields]
id = "id"
title = "title"
text = "text"
created = "created"
[fields.price]
type = "money"
better = "lower"
[[tasks]]
name = "like"
action = "like"
question = "Will this visitor like this movie?"
"""
NOW = datetime(2024, 5, 15, tzinfo=UTC)


@pytest.fixture
def write(tmp_path):
    def to_file(text: str, name: str = "movies.toml") -> Path:
        path = tmp_path / name
        path.write_text(text, encoding="utf-8")
        return path

    return to_file


def adapter_of(*fields, **more):
    return FieldAdapter(name="things", kind="thing", noun="thing", fields=fields, clock=lambda: NOW, **more)


def read(field, value, column=None, **more):
    """What ``field`` holds after reading ``value``."""
    item = adapter_of(field, **more).to_item({"id": "1", "title": "a", column or field.name: value})
    return item.fields.get(field.name)


# --- TOML


def test_the_shortest_toml_is_an_adapter(write):
    movies = FieldAdapter.from_toml(write(MOVIES))
    item = movies.to_item(
        {"ID": 7, "Title": " Heat ", "Text": "Two <b>men</b>.", "price": "$12", "created": "1995-12-15"}
    )
    assert item == Item(
        id="7",
        kind="movies",
        title="Heat",
        text="Two men.",
        fields={"price": 12.0},
        created=datetime(1995, 12, 15, tzinfo=UTC),
    )
    assert (movies.name, movies.noun, movies.tasks[0].action) == ("movies", "movie", "like")
    assert movies.to_event({"user": "ann", "item": "7", "action": "like", "at": "2024-01-01"}).action == "like"
    assert movies.to_user({"user_id": 3, "about": "likes noir"}).profile == {"about": "likes noir"}


def test_only_id_and_title_are_needed(write):
    shop = load_adapter(write('[adapter]\nkind = "tool"\n[fields]\nid = "sku"\ntitle = "label"\n'))
    assert shop.to_item({"SKU": "a1", "Label": "Saw"}).title == "Saw"
    assert shop.tasks == (Task(name="like", action="like", question="Will this visitor like this tool?"),)


def test_everything_can_be_declared(write):
    path = write(
        """
[adapter]
kind = "boat"
noun = "boat"
name = "boats"
dates = "day first"
currency = "€"
[fields]
id = "nr"
title = ["label", "name"]
text = ["summary", "details"]
place = ["harbour", "country"]
builder = "yard"
[fields.created]
columns = "since"
missing = ["never"]
[fields.price]
type = "money"
better = "lower"
missing = ["POA", -1]
in_short = true
[fields.hire]
type = "money"
unit_field = "period"
units = { daily = "a day", weekly = "a week" }
[fields.period]
type = "category"
worded = false
[fields.length]
type = "number"
unit = "m"
columns = ["loa", "length_ft"]
words = ["long"]
[fields.sails]
type = "boolean"
values.true = ["sailing boat"]
values.false = "motor boat"
[users]
id = "member"
interests = "dreams_of"
town = "home"
[events]
user = "member"
item = "boat"
[[actions]]
name = "charter"
phrase = "chartered"
weight = 1.5
words = "booked"
columns = "charter_date"
[[tasks]]
name = "charter"
question = "Will this visitor charter this boat?"
note = "Prefer boats close by."
[priors]
freshness = 0.2
"""
    )
    boats = FieldAdapter.from_toml(path)
    item = boats.to_item(
        {
            "nr": "7", "name": "Ida", "summary": "A ketch.", "details": "Teak.", "harbour": "Kiel",
            "country": "Germany",
            "yard": "Abeking", "since": "03/04/2021", "price": "POA", "hire": "900", "period": "weekly",
            "length_ft": 40,
            "sails": "sailing boat",
        }
    )  # fmt: skip
    assert item.text == "A ketch. Teak."
    assert item.place == "Kiel, Germany"
    assert item.created == datetime(2021, 4, 3, tzinfo=UTC)
    assert item.fields == {"builder": "Abeking", "hire": 900.0, "period": "weekly", "length": 12.19, "sails": True}
    assert boats.describe(item).startswith(
        "Ida. Hire €900 a week in Kiel, Germany, 12.19 m, sailing boat. Builder: Abeking."
    )
    assert boats.to_item({"nr": 1, "label": "x", "since": "never"}).created is None
    assert boats.to_user({"member": 1, "home": "Kiel", "dreams of": "blue water"}).profile == {"town": "Kiel"}
    event = boats.to_event({"member": 1, "boat": "7", "charter_date": "x"})
    assert (event.user, event.item, event.action) == ("1", "7", "charter")
    assert boats.actions[0] == Action(
        name="charter", phrase="chartered", weight=1.5, words=("booked",), columns=("charter_date",)
    )
    assert boats.priors.freshness == 0.2
    assert boats.tasks[0].note == "Prefer boats close by."


def test_a_file_can_build_on_an_adapter(write):
    path = write(
        """
[adapter]
base = "realestate"
name = "uk"
dates = "day first"
currency = "£"
[fields.price]
missing = ["POA"]
[fields.epc]
type = "category"
"""
    )
    uk = load_adapter(path)
    item = uk.to_item({"Ref": "a", "Title": "Flat", "Price": "POA", "EPC": "C", "Listed": "03/04/2021"})
    assert item.fields == {"epc": "C"}
    assert item.created == datetime(2021, 4, 3, tzinfo=UTC)
    dear = uk.to_item({"Ref": "a", "Title": "Flat", "Rent pcm": "1,450"})
    assert "£1,450 a month" in uk.describe(dear)
    assert uk.tasks == load_adapter("realestate").tasks
    assert uk.refine is not None


def test_a_file_with_columns_of_its_own_keeps_what_its_base_reads_between_the_lines(write):
    german = load_adapter(
        write('[adapter]\nbase = "realestate"\ncurrency = "€"\n[fields.price]\ncolumns = ["Miete", "Wochenmiete pw"]\n')
    )
    monthly = german.to_item({"id": 1, "title": "Loft", "Miete": "1.250,00 € pcm"})
    assert monthly.fields == {"price": 1250.0, "offer": "for rent"}
    weekly = german.to_item({"id": 1, "title": "Loft", "Wochenmiete pw": "300"})
    assert weekly.fields == {"price": 1300.0, "offer": "for rent"}
    baths = load_adapter(write('[adapter]\nbase = "realestate"\n[fields.bathrooms]\ncolumns = ["Wet rooms"]\n'))
    shared = baths.to_item({"id": 1, "title": "Loft", "Wet rooms": "1 shared bath"})
    assert shared.fields == {"bathrooms": 1.0, "shared_bathroom": True}
    cellar = load_adapter(write('[adapter]\nbase = "realestate"\n[fields.floor]\nvalues.-1 = ["basement"]\n'))
    assert cellar.to_item({"id": 1, "title": "Loft", "floor": "Basement"}).fields == {"floor": -1.0}
    jobs = load_adapter(write('[adapter]\nbase = "jobs"\n[fields.salary]\ncolumns = ["Lohn"]\n'))
    job = jobs.to_item({"id": 1, "title": "Cook", "Lohn": "3,000", "salary_period": "month"})
    assert job.fields == {"salary": 36_000.0}


HEAD = '[adapter]\nkind = "m"\n[fields]\nid = "id"\ntitle = "title"\n'


@pytest.mark.parametrize(
    ("text", "complaint"),
    [
        ("[adapter", "not TOML"),
        ("", 'no [adapter] table: start with [adapter] and kind = "..."'),
        ("[adapter]\nnoun = 'm'\n", "adapter.kind is missing"),
        ("[adapter]\nkind = ''\n", "adapter.kind is '': not a text"),
        ("[adapter]\nkind = 'm'\n[fields]\ntitle = 't'\n", "fields.id is missing"),
        (HEAD + "[feilds]\n", "unknown key 'feilds'; did you mean 'fields'?"),
        (HEAD + "[fields.price]\ntyp = 'money'\n", "unknown key 'fields.price.typ'; did you mean 'type'?"),
        (HEAD + "[fields.price]\ntype = 'mony'\n", "fields.price.type is 'mony': not one of text, category"),
        (HEAD + "[fields.price]\ntype = 'mony'\n", "did you mean 'money'?"),
        (HEAD + "[fields.price]\nbetter = 'cheap'\n", "fields.price.better is 'cheap': not one of lower, higher"),
        (HEAD + "[fields.price]\nmissing = [true]\n", "not a text or a list of texts"),
        (HEAD + "[fields.price]\nin_short = 'yes'\n", "fields.price.in_short is 'yes': not true or false"),
        (HEAD + "[fields.price]\nunit_field = 'offer'\n", "fields.price.unit_field is 'offer': not a field"),
        (HEAD + "[fields.wifi]\ntype = 'boolean'\nvalues.on = ['wifi']\n", "the values of a boolean"),
        (HEAD + "[fields.rooms]\ntype = 'integer'\nvalues.none = ['studio']\n", "under a figure"),
        (HEAD + "[fields.rooms]\ntype = 'integer'\nvalues.'²' = ['two']\n", "under a figure"),
        (HEAD + "[fields.created]\ntype = 'date'\n", "unknown key 'fields.created.type'"),
        (HEAD + "[[tasks]]\nname = 'like'\n", "tasks[0].question is missing"),
        (HEAD + "[tasks]\nname = 'like'\n", "a list of tables, written [[tasks]]"),
        (HEAD + "[[actions]]\nname = 'a'\nweight = 'big'\n", "actions[0].weight is 'big': not a number"),
        (HEAD + "[priors]\nnewness = 1\n", "unknown key 'priors.newness'; did you mean 'freshness'?"),
        (HEAD + "[events]\nwho = 'x'\n", "unknown key 'events.who'"),
        (
            HEAD.replace("[fields]", "dates = 'english'\n[fields]"),
            "adapter.dates is 'english': not one of day first, month first",
        ),
        ("[adapter]\nbase = 'realestat'\n", "did you mean 'realestate'?"),
        ("fields = 3\n[adapter]\nkind = 'm'\n", "fields is 3: not a table"),
    ],
)
def test_broken_toml_says_where_and_what(write, text, complaint):
    path = write(text)
    with pytest.raises(BadSettings) as caught:
        load_adapter(str(path))
    assert complaint in str(caught.value)
    assert str(path) in str(caught.value)


def test_a_missing_file_is_said(tmp_path):
    with pytest.raises(BadSettings, match="No such file"):
        load_adapter(tmp_path / "none.toml")


# --- loading


def test_unknown_adapters_are_listed():
    with pytest.raises(UnknownName) as caught:
        load_adapter("realestat")
    assert "known: jobs, posts, realestate" in str(caught.value)
    assert "did you mean 'realestate'?" in str(caught.value)


def test_adapters_are_found_by_name_path_or_as_they_are(write):
    assert load_adapter("jobs").name == "jobs"
    assert load_adapter(str(write(MOVIES))).name == "movies"
    own = adapter_of()
    assert load_adapter(own) is own
    with pytest.raises(BadSettings, match="not an Adapter"):
        load_adapter({"kind": "movies"})


@pytest.mark.parametrize(
    ("target", "complaint"),
    [("brewlite.no_such_module:adapter", "cannot be loaded"), ("brewlite.errors:UserError", "not an Adapter")],
)
def test_a_broken_plugin_is_named(monkeypatch, target, complaint):
    entry = EntryPoint(name="broken", value=target, group=loading.GROUP)
    monkeypatch.setattr(loading, "entry_points", lambda group: [entry])
    with pytest.raises(BadSettings, match=complaint) as caught:
        load_adapter("broken")
    assert "'broken'" in str(caught.value)


def test_a_third_partys_class_is_built(monkeypatch):
    entry = EntryPoint(name="own", value=f"{__name__}:OwnAdapter", group=loading.GROUP)
    monkeypatch.setattr(loading, "entry_points", lambda group: [entry])
    assert load_adapter("own").name == "own"


class OwnAdapter(FieldAdapter, frozen=True, kw_only=True):
    name: str = "own"
    kind: str = "own"
    noun: str = "own"


# --- money, numbers, dates, tags

MONEY = [
    ("$1,450", 1450, "$", None), ("1450", 1450, None, None), ("1.2M", 1_200_000, None, None),
    ("300k", 300_000, None, None),
    ("€950 pcm", 950, "€", "month"), ("950,50 €", 950.5, "€", None), ("€1.450", 1450, "€", None),
    ("1.450,00 €", 1450, "€", None), ("1 450 €", 1450, "€", None), ("CHF 1'450.-", 1450, "CHF ", None),
    ("USD 1200", 1200, "$", None), ("1200 EUR/month", 1200, "€", "month"), ("£300 pw", 300, "£", "week"),
    ("$30/hr", 30, "$", "hour"), ("$85,000 per year", 85_000, "$", "year"), ("A$254 a night", 254, "A$", "night"),
    ("from $1,200", 1200, "$", None), ("$60k - $80k", 60_000, "$", None), ("50-70k", 50_000, None, None),
    ("$1,200+", 1200, "$", None), ("£450,000 ono", 450_000, "£", None), ("offers over £450,000", 450_000, "£", None),
    ("1.5 million", 1_500_000, None, None), ("$0", 0, "$", None), ("90000.0", 90_000, None, None),
    ("12,345,678", 12_345_678, None, None), ("1,450 (bills included)", 1450, None, None),
    ("9.500", 9500, None, None), ("1.250.000", 1_250_000, None, None), ("9.500,00", 9500, None, None),
    ("0.500", 0.5, None, None), ("85.5", 85.5, None, None), ("1.500M", 1_500_000, None, None),
    ("950 / month €", 950, "€", "month"), ("950 pcm GBP", 950, "£", "month"), ("12 000 ₽", 12_000, "₽", None),
    ("AED 90,000", 90_000, "AED ", None), ("RON 9.500", 9500, "RON ", None), ("950 / month PEN", 950, "PEN ", "month"),
    ("£950 p.c.m.", 950, "£", "month"), ("300 EUR p.w.", 300, "€", "week"), ("£12,000 p.a. neg", 12_000, "£", "year"),
]  # fmt: skip


@pytest.mark.parametrize(("text", "amount", "currency", "period"), MONEY)
def test_money(text, amount, currency, period):
    money = parse_money(text)
    assert (money.amount, money.currency, money.period) == (amount, currency, period)


@pytest.mark.parametrize(
    "text",
    [
        *(
            "POA",
            "free",
            "nan",
            "inf",
            "-5",
            "-$50",
            "($50)",
            "3 bedrooms",
            "1.2.3.4",
            "$",
            "1e400",
            "on request",
            "12/34",
        ),
        *(math.nan, math.inf, -1.0, 1e15, True, "two"),
    ],
)
def test_no_money(text):
    with pytest.raises(ValueError, match="money"):
        parse_money(text)


@pytest.mark.parametrize(
    ("text", "unit", "number"),
    [
        ("2", "", 2), ("2.0", "", 2), ("1 private bath", "", 1), ("1.5 shared baths", "", 1.5), ("2½", "", 2.5),
        ("½", "", 0.5),
        ("1,200 sq ft", "m²", 111.48), ("1,200 sqft (111 m²)", "m²", 111.48), ("120 m² (1,292 sq ft)", "m²", 120),
        ("1,200 sq. ft., 111 m²", "m²", 111.48), ("1200 sqft approx", "m²", 111.48), ("120 m² of 900", "m²", 120),
        ("120 m2", "m²", 120), ("3-4 rooms", "", 3), ("-34.49563", "", -34.49563),
        ("1,234", "", 1234), ("1.234", "", 1.234), ("12 km", "", 12), ("85%", "", 85), ("4,5", "", 4.5), (7, "", 7.0),
    ],
)  # fmt: skip
def test_numbers(text, unit, number):
    assert parse_number(text, unit) == number


@pytest.mark.parametrize(
    "text", ["", "many", "1/2", "10:30", "3x4", "nan", math.nan, math.inf, "1.2.3", True, "room 5"]
)
def test_no_numbers(text):
    with pytest.raises(ValueError, match="not a number"):
        parse_number(text)


def test_a_number_of_another_thing_is_refused():
    with pytest.raises(ValueError, match="not a number of m²"):
        parse_number("5 km", "m²")


APRIL = datetime(2021, 4, 3, tzinfo=UTC)


@pytest.mark.parametrize(
    ("value", "moment"),
    [
        ("2021-04-03", APRIL), ("2021-4-3", APRIL), ("2021/04/03", APRIL), ("20210403", APRIL), (20210403, APRIL),
        ("3 April 2021", APRIL), ("April 3, 2021", APRIL), ("3rd of April 2021", APRIL), ("Sat, 3 Apr 2021", APRIL),
        ("03.04.2021", APRIL), ("2021-04", APRIL.replace(day=1)), ("2021", datetime(2021, 1, 1, tzinfo=UTC)),
        ("31/12/2021", datetime(2021, 12, 31, tzinfo=UTC)), ("12/31/2021", datetime(2021, 12, 31, tzinfo=UTC)),
        ("05/05/2021", datetime(2021, 5, 5, tzinfo=UTC)), (date(2021, 4, 3), APRIL),
        ("2014-12-12 20:12:32 UTC", datetime(2014, 12, 12, 20, 12, 32, tzinfo=UTC)),
        ("2016-08-02T15:39:14.947", datetime(2016, 8, 2, 15, 39, 14, 947000, tzinfo=UTC)),
        ("2021-04-03T02:00:00+02:00", APRIL), ("2021-04-03T00:00:00Z", APRIL), ("2021-04-03 02:00:00 +0200", APRIL),
        ("Sat, 03 Apr 2021 00:00:00 GMT", APRIL), ("April 3, 2021 at 5:30 pm", APRIL.replace(hour=17, minute=30)),
        (1617408000, APRIL), (1617408000.0, APRIL), ("1617408000", APRIL), (1617408000000, APRIL),
        ("1617408000000", APRIL),
        (datetime(2021, 4, 3), APRIL),
    ],
)  # fmt: skip
def test_dates(value, moment):
    assert parse_date(value) == moment


@pytest.mark.parametrize(
    "value", ["soon", "", "2021-13-01", "31.02.2021", "44290", 12, math.nan, True, "99999999999999999999"]
)
def test_no_dates(value):
    with pytest.raises(ValueError, match="not a date"):
        parse_date(value)


@pytest.mark.parametrize(
    ("value", "end"),
    [
        ("2026-11-23", (2026, 11, 24)),
        ("2026-11-23Z", (2026, 11, 24)),
        ("2026-11", (2026, 12, 1)),
        ("2026/12", (2027, 1, 1)),
        (2026, (2027, 1, 1)),
        ("2026-11-23T00:00Z", (2026, 11, 23)),
    ],
)
def test_what_ends_on_a_day_month_or_year_ends_with_it(value, end):
    assert last_moment(value, parse_date(value)) == datetime(*end, tzinfo=UTC)


def test_a_date_that_could_be_two_is_refused_until_the_order_is_said():
    with pytest.raises(ValueError, match="day or month first"):
        parse_date("03/04/2021")
    assert parse_date("03/04/2021", "day first") == APRIL
    assert parse_date("03/04/2021", "month first") == datetime(2021, 3, 4, tzinfo=UTC)


@pytest.mark.parametrize(
    ("raw", "tags"),
    [
        (["a", "B ", "b", ""], ["a", "B"]), ('["Hot tub", "Wifi"]', ["Hot tub", "Wifi"]), ("['a', 'b']", ["a", "b"]),
        ('{TV,"Air conditioning",Kitchen}', ["TV", "Air conditioning", "Kitchen"]),
        ("<hops><whole-bean>", ["hops", "whole-bean"]),
        ("a, b ,c", ["a", "b", "c"]), ("a|b", ["a", "b"]), ("a; b, c", ["a", "b, c"]), ("one", ["one"]), ("[]", []),
        ("{}", []),
        ([{"name": "Pool", "value": True}, {"name": "Gym", "value": False}], ["Pool"]),
    ],
)  # fmt: skip
def test_tags(raw, tags):
    assert parse_tags(raw, Field(name="tags", type="tags")) == tags


@given(st.floats(0, 1e9).map(lambda x: round(x, 2)))
@settings(deadline=None)
def test_written_money_is_read_back(amount):
    for text in (f"${amount:,.2f}", f"{amount:.2f}", f"{amount:,.2f} USD a month", f"€ {amount:.2f}"):
        assert parse_money(text).amount == pytest.approx(amount)


@given(st.datetimes(datetime(1974, 1, 1), datetime(2090, 1, 1), timezones=st.just(UTC)))
@settings(deadline=None)
def test_written_dates_are_read_back(moment):
    whole = moment.replace(microsecond=0)
    assert parse_date(moment.isoformat()) == moment
    assert parse_date(whole.strftime("%Y-%m-%d %H:%M:%S UTC")) == whole
    assert parse_date(whole.strftime("%d %B %Y %H:%M:%S")) == whole
    assert parse_date(whole.timestamp()) == whole


ANYTHING = st.one_of(
    st.text(max_size=60), st.floats(), st.integers(), st.booleans(), st.none(), st.lists(st.text(max_size=9))
)


@given(
    st.dictionaries(
        st.sampled_from(["id", "title", "text", "price", "rooms", "on", "when", "tags", "created", "url", "kind"]),
        ANYTHING,
    )
)
@settings(max_examples=400, deadline=None)
def test_any_row_is_an_item_or_a_users_mistake(row):
    adapter = adapter_of(
        Field(name="price", type="money"),
        Field(name="rooms", type="integer"),
        Field(name="on", type="boolean"),
        Field(name="when", type="date"),
        Field(name="tags", type="tags"),
    )
    try:
        item = adapter.to_item(row)
    except UserError:
        return
    assert msgspec.json.decode(msgspec.json.encode(item), type=Item) == item
    assert "\n" not in adapter.describe(item)


# --- values in their fields

PRICE = Field(name="price", type="money")


@pytest.mark.parametrize(
    ("field", "value", "held"),
    [
        (PRICE, "", None), (PRICE, None, None), (PRICE, "N/A", None), (PRICE, "null", None),
        (Field(name="price", type="money", missing=("POA",)), "poa ", None),
        (Field(name="pay", type="money", unit="a year"), "$30 an hour", 62_400.0),
        (Field(name="pay", type="money", unit="a year"), "3000 per month", 36_000.0),
        (Field(name="rent", type="money", unit="a month"), "£300 pw", 1300.0),
        (Field(name="rooms", type="integer"), "3.0", 3.0),
        (Field(name="rooms", type="integer", values={"0": ("studio",)}), "Studio", 0.0),
        (Field(name="on", type="boolean"), "Yes", True), (Field(name="on", type="boolean"), 0, False),
        (Field(name="on", type="boolean", values={"true": ("TELECOMMUTE",)}), "telecommute", True),
        (Field(name="when", type="date"), "2021-04-03", "2021-04-03T00:00:00+00:00"),
        (Field(name="when", type="date"), "0000-00-00", None),
        (Field(name="kind_of", type="category"), "single_family", "single family"),
        (Field(name="kind_of", type="category", values={"full-time": ("FULL_TIME",)}), "Full Time", "full-time"),
        (Field(name="kind_of", type="category"), ["FULL", "PART"], "FULL, PART"),
        (Field(name="note"), "a <b>b</b>\n c", "a b c"),
    ],
)  # fmt: skip
def test_values(field, value, held):
    assert read(field, value) == held


@pytest.mark.parametrize(
    ("field", "column", "value", "held"),
    [
        (Field(name="pay", type="money", unit="a year", columns=("hourly_rate",)), "Hourly Rate", "30", 62_400.0),
        (Field(name="area", type="number", unit="m²", columns=("lot_sqft",)), "lotSqft", 1000, 92.9),
    ],
)
def test_a_columns_name_gives_the_unit(field, column, value, held):
    assert read(field, value, column) == held


@pytest.mark.parametrize(
    ("row", "complaint"),
    [
        ({"price": "POA"}, "column 'price' has 'POA': not money; map it with fields.price.missing = [\"POA\"]"),
        ({"price": "nan"}, "column 'price' has 'nan': not money"),
        ({"price": math.nan}, "column 'price' has 'nan': not money"),
        ({"price": math.inf}, "column 'price' has 'inf': not money"),
        ({"price": -3}, "column 'price' has '-3': money below zero"),
        ({"Rooms": "2.5"}, "column 'Rooms' has '2.5': not a whole number"),
        ({"on": "perhaps"}, 'fields.on.values.true or fields.on.values.false or fields.on.missing = ["perhaps"]'),
        ({"when": "soon"}, "column 'when' has 'soon': not a date; map it with fields.when.missing"),
        ({"created": "soon"}, "column 'created' has 'soon': not a date"),
        ({"created": "2024-05-17"}, "column 'created' has '2024-05-17': in the future"),
        ({"created": "03/04/2021"}, "day or month first?"),
        ({"hidden": "sort of"}, "neither yes nor no"),
        ({"url": "javascript:alert(1)"}, "column 'url' has 'javascript:alert(1)': not a web address"),
        ({"image": "data:text/html,x"}, "not a web address"),
        ({"id": ""}, "no id in the row: looked for id, item_id"),
        ({"id": True}, "not an id"),
        ({"id": 1.5}, "not an id"),
        ({"id": 7.9e17}, "digits of this id are lost"),
        ({"id": "7.92E+17"}, "a spreadsheet rounded this id"),
        ({"id": "x" * 600}, "an id of 600 characters, more than 512"),
        ({"title": " "}, "no title in the row: looked for title, name, headline; map it with"),
        ({"title": "x" * 1_000_000}, "a title of 1,000,000 characters, more than 10,000"),
    ],
)
def test_bad_values_are_refused(row, complaint):
    adapter = adapter_of(
        PRICE, Field(name="rooms", type="integer"), Field(name="on", type="boolean"), Field(name="when", type="date")
    )
    with pytest.raises(BadRecord) as caught:
        adapter.to_item({"id": "1", "title": "a", **row})
    assert complaint in str(caught.value)
    assert len(str(caught.value)) < 500


def test_a_long_title_is_cut_at_a_word_and_a_long_text_too():
    item = adapter_of().to_item({"id": "1", "title": "word " * 100, "text": "word " * 9_000})
    assert len(item.title) <= 300
    assert item.title.endswith("word…")
    assert len(item.text) <= 20_000
    assert item.text.endswith("word…")


@pytest.mark.parametrize("id_", [12, 12.0, "12", " 12 "])
def test_ids_of_two_exports_are_one(id_):
    assert adapter_of().to_item({"id": id_, "title": "a"}).id == "12"


def test_a_day_ahead_is_let_pass_for_zones():
    assert adapter_of().to_item({"id": 1, "title": "a", "created": "2024-05-15T20:00:00"}).created is not None


# --- columns


def test_columns_are_found_whatever_their_case_and_punctuation():
    adapter = adapter_of(
        Field(name="view", columns=("Job.ID",)), item_columns={**adapter_of().item_columns, "id": any_of("job_id")}
    )
    assert adapter.to_item({"JOB ID": "7", "\ufeffTitle": "a"}).id == "7"


def test_a_mapping_wins_and_says_what_is_wrong():
    adapter = adapter_of(PRICE)
    row = {"id": 1, "title": "a", "Kosten": "$3", "price": "$9"}
    assert adapter.to_item(row, {"price": "kosten"}).fields == {"price": 3.0}
    with pytest.raises(BadRecord, match=r"no column 'cost' for price; columns: id, title, Kosten, price"):
        adapter.to_item(row, {"price": "cost"})
    with pytest.raises(UnknownName, match=r"unknown field in the mapping 'prise'.*did you mean 'price'"):
        adapter.to_item(row, {"prise": "Kosten"})


def test_nested_rows_are_read_by_dotted_names():
    row = {"@type": "Thing", "identifier": {"value": 5}, "name": "a", "offers": [{"price": "7"}, {"price": "8"}]}
    item = adapter_of(Field(name="price", type="money", columns=("offers.price",))).to_item(row)
    assert (item.id, item.fields) == ("5", {"price": 7.0})


def test_texts_and_places_join_their_parts_once():
    columns = {
        **adapter_of().item_columns,
        "text": Attribute(columns=(("summary",), ("body",))),
        "place": Attribute(columns=(("suburb",), ("city",), ("address",))),
    }
    item = adapter_of(item_columns=columns).to_item(
        {
            "id": 1,
            "title": "a",
            "summary": "One.",
            "body": "One. Two.",
            "suburb": "Tanunda",
            "city": "tanunda",
            "address": "Main St",
        }
    )
    assert item.text == "One. One. Two."
    assert item.place == "Tanunda, Main St"


# --- users and events


def test_actions_come_from_the_row_the_caller_or_the_columns():
    adapter = adapter_of(
        actions=(
            Action(name="save", phrase="saved", words=("bookmark",)),
            Action(name="view", phrase="saw", columns=("view_start",)),
        )
    )
    row = {"user": 1, "item": 2}
    assert adapter.to_event({**row, "event": "BOOKMARK"}, None, "view").action == "save"
    assert adapter.to_event(row, None, "view").action == "view"
    assert adapter.to_event({**row, "View.Start": ""}).action == "view"
    with pytest.raises(BadRecord, match=r"^no action in the row"):
        adapter.to_event(row)
    with pytest.raises(BadRecord, match=r"unknown action 'zap'; known: save, view, like; declare it: .* name = .zap."):
        adapter.to_event({**row, "event": "zap"})


def test_a_tasks_own_action_is_known():
    adapter = adapter_of(tasks=(Task(name="lend", action="lend", question="Will this visitor lend it?"),))
    assert adapter.to_event({"user": 1, "item": 2, "action": "lend"}).action == "lend"
    assert adapter.actions[-1].phrase == "chose to lend"


def test_event_times_and_values():
    event = adapter_of().to_event({"user": 1, "item": 2, "action": "view", "at": 1617408000, "value": "12.5"})
    assert (event.at, event.value) == (APRIL, 12.5)
    with pytest.raises(BadRecord, match="in the future"):
        adapter_of().to_event({"user": 1, "item": 2, "action": "view", "at": "2030-01-01"})


def test_a_mapping_can_name_lines_of_the_profile():
    user = adapter_of().to_user({"user_id": 1, "Wohnort": "Kiel"}, {"profile.town": "wohnort"})
    assert user.profile == {"town": "Kiel"}


def test_users_of_one_id_merge():
    first = User(id="1", interests="Host; Barista", profile={"town": "Kiel"}, updated=APRIL)
    second = User(id="1", interests="barista; Cook", profile={"town": "Ulm"}, consent=False, updated=NOW)
    merged = merge_users(first, second)
    assert merged == User(id="1", interests="Host; Barista; Cook", profile={"town": "Ulm"}, consent=False, updated=NOW)
    assert merge_users(second, first).updated == NOW
    with pytest.raises(BadRecord, match="two visitors"):
        merge_users(first, User(id="2"))


# --- wording


class Shares:
    """Standings with fixed shares below and up to a value."""

    def __init__(self, below: float | None, up_to: float | None) -> None:
        self.below, self.up_to = below, up_to

    def percentile(self, field: str, value: float) -> float | None:
        return self.below if value == 285.0 else self.up_to


PAY = Field(name="pay", type="money", unit="a year", better="higher")
SCORE = Field(name="score", type="number", unit="votes", better="higher")
NIGHT = Field(name="price", type="money", unit="a night", better="lower", in_short=True)


@pytest.mark.parametrize(
    ("field", "shares", "words"),
    [
        (NIGHT, (26, 27), "$285 a night, cheaper than 70% of this site's things"),
        (NIGHT, (79.9, 81), "$285 a night, dearer than 70% of this site's things"),
        (NIGHT, (0, 100), "$285 a night"),
        (NIGHT, (None, None), "$285 a night"),
        (PAY, (60, 61), "Pay $285 a year, more than 60% of this site's things"),
        (PAY, (10, 11), "Pay $285 a year, less than 80% of this site's things"),
        (SCORE, (99, 99.5), "285 votes, more than 90% of this site's things"),
        (Field(name="score", type="number", unit="votes"), (99, 99.5), "285 votes"),
    ],
)  # fmt: skip
def test_numbers_are_worded_with_their_place(field, shares, words):
    item = Item(id="1", kind="thing", title="Hut", fields={field.name: 285.0})
    assert adapter_of(field).describe(item, Shares(*shares)) == f"Hut. {words}."


def test_wording_says_each_thing_once_and_shortly():
    adapter = adapter_of(
        Field(name="type", type="category", in_short=True),
        Field(name="rooms", type="integer", unit="rooms"),
        NIGHT,
        Field(name="wifi", type="boolean"),
        Field(name="lift", type="boolean"),
        Field(name="secret", worded=False),
        Field(name="tags", type="tags"),
        Field(name="note"),
    )
    item = Item(
        id="1",
        kind="thing",
        title="Mill in Ulm",
        text="By the\nriver.",
        place="Ulm",
        fields={
            "type": "mill", "rooms": 1.0, "price": 1450.0, "wifi": True, "lift": False, "secret": "x",
            "note": "Ring twice",
            "tags": [f"t{n}" for n in range(20)], "currency": "€",
        },
    )  # fmt: skip
    assert adapter.describe(item) == (
        "Mill in Ulm. 1 room, €1,450 a night, wifi. Tags: t0, t1, t2, t3, t4, t5, t6, t7, t8, t9, t10, t11. "
        "Note: Ring twice. By the river."
    )
    assert adapter.describe(item, short=True) == "Mill in Ulm, €1,450 a night"


def test_a_column_names_its_currency():
    adapter = adapter_of(NIGHT)
    for column in ("price_gbp", "priceGBP", "Price (GBP)"):
        item = adapter.to_item({"id": 1, "title": "Hut", column: "285"}, {"price": column})
        assert adapter.describe(item) == "Hut. £285 a night."


def test_a_year_has_no_thousands():
    adapter = adapter_of(Field(name="year_built", type="integer"), Field(name="views", type="integer"))
    item = adapter.to_item({"id": 1, "title": "Hut", "year_built": "1998", "views": 1998})
    assert adapter.describe(item) == "Hut. Year built 1998, views 1,998."


@pytest.mark.parametrize(
    ("written", "shown_until"),
    [
        ("2026-11-23", datetime(2026, 11, 24, tzinfo=UTC)),
        ("23.11.2026", datetime(2026, 11, 24, tzinfo=UTC)),
        (date(2026, 11, 23), datetime(2026, 11, 24, tzinfo=UTC)),
        ("20261123", datetime(2026, 11, 24, tzinfo=UTC)),
        (20261123, datetime(2026, 11, 24, tzinfo=UTC)),
        (1763856000, datetime(2025, 11, 23, tzinfo=UTC)),
        ("2026-11-23T00:00:00Z", datetime(2026, 11, 23, tzinfo=UTC)),
        ("2026-11-23 18:00", datetime(2026, 11, 23, 18, tzinfo=UTC)),
        (datetime(2026, 11, 23, tzinfo=UTC), datetime(2026, 11, 23, tzinfo=UTC)),
        ("1763856000", datetime(2025, 11, 23, tzinfo=UTC)),
        ("9999-12-31", datetime(9999, 12, 31, tzinfo=UTC)),
    ],
)
def test_what_expires_on_a_day_is_shown_all_that_day(written, shown_until):
    adapter = adapter_of(NIGHT)
    item = adapter.to_item({"id": 1, "title": "Hut", "expires": written})
    assert item.expires == shown_until
    assert adapter.eligible(item, shown_until - timedelta(seconds=1))
    assert not adapter.eligible(item, shown_until)


@pytest.mark.parametrize(("written", "meant"), [("ja", True), ("Nein", False), ("oui", True), ("não", False)])
def test_yes_and_no_in_other_languages(written, meant):
    adapter = adapter_of(Field(name="lift", type="boolean"))
    assert adapter.to_item({"id": 1, "title": "Hut", "lift": written}).fields == {"lift": meant}


def test_a_category_of_several_is_the_one_that_is_declared():
    adapter = adapter_of(Field(name="hours", type="category", values={"full-time": ("FULL_TIME",)}))
    assert adapter.to_item({"id": 1, "title": "Cook", "hours": ["OTHER", "FULL_TIME"]}).fields == {"hours": "full-time"}
    assert adapter.to_item({"id": 1, "title": "Cook", "hours": ["by day", "by night"]}).fields == {
        "hours": "by day, by night"
    }


def test_another_currency_in_a_row_is_kept():
    adapter = adapter_of(NIGHT)
    item = adapter.to_item({"id": 1, "title": "Hut", "price": "€285"})
    assert adapter.describe(item) == "Hut. €285 a night."
    assert adapter.to_item({"id": 1, "title": "Hut", "price": "$285"}).fields == {"price": 285.0}
    for code in ("RON", "ron ", "ALL"):
        item = adapter.to_item({"id": 1, "title": "Hut", "price": 285, "currency": code})
        assert item.fields["currency"] == f"{code.strip().upper()} "
    for nothing in (math.nan, "NaN", "tba", ""):
        item = adapter.to_item({"id": 1, "title": "Hut", "price": 285, "currency": nothing})
        assert item.fields == {"price": 285.0}


@pytest.mark.parametrize("number", [9.125, np.float32(9.125), Decimal("9.125"), 9])
def test_a_number_of_money_has_no_thousands_to_find(number):
    assert parse_money(number).amount == float(number)
    assert parse_number(number, "m", "km") == 1000 * float(number)


@pytest.mark.parametrize("kind", ["money", "number", "integer", "date"])
def test_a_number_beyond_all_floats_is_refused(kind):
    with pytest.raises(BadRecord, match="column 'many' has '1000"):
        adapter_of(Field(name="many", type=kind)).to_item({"id": 1, "title": "Hut", "many": 10**400})


def test_the_nearest_column_names_the_currency():
    adapter = adapter_of(Field(name="price", type="money", columns=("homes.offers.lowPrice", "price")))
    nested = {"homes": {"offers": {"lowPrice": 9, "priceCurrency": "EUR"}}, "offers": {"priceCurrency": "GBP"}}
    assert adapter.to_item({"id": 1, "title": "Hut", **nested}).fields == {"price": 9.0, "currency": "€"}
    beside = {"price": 9, "priceCurrency": "GBP", "offers": [{"priceCurrency": "EUR"}]}
    assert adapter.to_item({"id": 1, "title": "Hut", **beside}).fields == {"price": 9.0, "currency": "£"}


@pytest.mark.parametrize(
    ("row", "wording"),
    [
        ({"salary": "$50,000", "bonus": "€5,000"}, "salary $50,000, bonus €5,000"),
        ({"salary": "€50,000", "bonus": "$5,000"}, "salary €50,000, bonus $5,000"),
        ({"salary": "50,000", "bonus": "5,000 €"}, "salary €50,000, bonus €5,000"),
        ({"salary": 9, "salary_currency": "EUR", "bonus": 1, "bonus_currency": "USD"}, "salary €9, bonus $1"),
    ],
)
def test_each_sum_of_money_keeps_its_currency(row, wording):
    adapter = adapter_of(Field(name="salary", type="money"), Field(name="bonus", type="money"))
    assert adapter.describe(adapter.to_item({"id": 1, "title": "Cook", **row})).casefold() == f"cook. {wording}."


def test_a_day_is_worded_as_it_was_written():
    adapter = adapter_of(Field(name="starts", type="date"))
    item = adapter.to_item({"id": 1, "title": "Cook", "starts": "2026-11-23T23:30-05:00"})
    assert adapter.describe(item) == "Cook. Starts 2026-11-23."
    assert parse_date(item.fields["starts"]) == datetime(2026, 11, 24, 4, 30, tzinfo=UTC)


def test_what_a_list_leaves_empty_is_no_word():
    adapter = adapter_of(Field(name="sort", type="category"), Field(name="note"), Field(name="price", type="money"))
    item = adapter.to_item({"id": 1, "title": "Hut", "sort": [None, "wood"], "note": [None], "price": [None, 9]})
    assert item.fields == {"sort": "wood", "price": 9.0}


@pytest.mark.parametrize(
    ("text", "wanted"),
    [
        ("a<br />b", "a b"), ("<b>The space</b><br/>x", "The space x"), ("fish &amp; chips", "fish & chips"),
        ("a < b > c", "a < b > c"),
        ("vector<int> and <your name>", "vector<int> and <your name>"), ("<script>alert(1)</script>hi", "hi"),
        ("bo<em>ld</em>er", "bolder"), ("x\x00\x1b[31m\u200b\u202ey", "x [31m y"), ("<!-- a -->b", "b"),
        ("a\u00a0\tb", "a b"),
        ("e\u0301", "é"), ("\ud800x", "x"), ("<p>one</p><p>two</p>", "one two"),
    ],
)  # fmt: skip
def test_plain(text, wanted):
    assert plain(text) == wanted


@given(st.text(max_size=200))
@settings(deadline=None)
def test_plain_text_is_one_clean_line(text):
    clean = plain(text)
    assert clean == clean.strip()
    assert not re.search(r"[\x00-\x1f\x7f-\x9f\u2028\u2029]", clean)
    clean.encode("utf-8")


@given(st.text(max_size=200), st.integers(2, 60))
def test_cut_text_fits(text, limit):
    assert len(cut(text, limit)) <= limit


# --- what may be shown


def test_eligible():
    item = Item(id="1", kind="thing", title="a", created=APRIL, expires=NOW)
    adapter = adapter_of()
    assert adapter.eligible(item, APRIL)
    assert not adapter.eligible(item, NOW)
    assert not adapter.eligible(replace(item, hidden=True), APRIL)
    assert adapter.eligible(replace(item, created=None, expires=None), NOW)
    picky = adapter_of(rule=lambda item, at: item.title != "a")
    assert not picky.eligible(item, APRIL)


class TestToml(AdapterContract):
    adapter = adapter_of(PRICE, Field(name="rooms", type="integer"), Field(name="tags", type="tags"))
    item_rows = (
        {"id": "1", "title": "Heat", "price": "$12", "rooms": "3", "tags": "a,b", "created": "1995"},
        {"id": "2", "title": "Alien", "text": "In space."},
    )
    user_rows = ({"user_id": "ann", "about": "likes noir"},)
    event_rows = ({"user": "ann", "item": "1", "at": "2024-01-01"}, {"user": "ann", "item": "1", "action": "hide"})


def test_where_a_word_may_break_is_no_space():
    assert plain("Wohn\u00adzimmer, Donau\u200bblick &shy;\ufeffneu") == "Wohnzimmer, Donaublick neu"


def test_a_zone_by_its_name_is_read():
    assert parse_date("Wed, 05 Jun 2024 10:00:00 EST") == datetime(2024, 6, 5, 15, tzinfo=UTC)


def test_objects_in_a_cell_say_their_address_and_their_text():
    adapter = load_adapter("posts")
    image = [{"@type": "ImageObject", "url": "https://a.example/1.jpg"}, {"@type": "ImageObject", "url": "/2.jpg"}]
    steps = [{"@type": "HowToStep", "text": "Chop."}, {"@type": "HowToStep", "text": "Fry."}]
    item = adapter.to_item({"id": 1, "title": "Onions", "image": image, "text": steps})
    assert (item.image, item.text) == ("https://a.example/1.jpg", "Chop., Fry.")


@pytest.mark.parametrize(
    ("cell", "tags"),
    [
        ("Arts &amp; Crafts, Kids", ["Arts & Crafts", "Kids"]),
        ("<ul><li>Wifi</li>\n<li>Pool</li></ul>", ["Wifi", "Pool"]),
        ("<river><quiet>", ["river", "quiet"]),
    ],
)
def test_tags_as_a_shop_or_a_page_writes_them(cell: str, tags: list[str]):
    assert parse_tags(cell, Field(name="tags", type="tags")) == tags
