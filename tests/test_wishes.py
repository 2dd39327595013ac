"""A visitor's words, read as hard limits; and the limits, kept."""

from __future__ import annotations

import time
from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from msgspec.structs import replace

from brewlite.adapter import Field, load_adapter
from brewlite.errors import BadRecord
from brewlite.records import Constraint, Item
from brewlite.wishes import ENGLISH, allows, parse_filters, understand

AT = datetime(2024, 5, 15, 12, tzinfo=UTC)
HOMES = load_adapter("realestate").fields
JOBS = load_adapter("jobs").fields
POSTS = load_adapter("posts").fields
KNOWN = {
    "place": ["Angaston", "Tanunda", "Mount Pleasant", "Bellingham, Washington"],
    "type": ["Entire cottage", "Cottage"],
    "company": ["Google", "Server"],
}


def read(words, fields=HOMES, known=KNOWN):
    return understand(words, fields, at=AT, known=known)


def limits(words, fields=HOMES, known=KNOWN):
    return {
        (c.field, c.op, tuple(c.value) if isinstance(c.value, list) else c.value)
        for c in read(words, fields, known).constraints
    }


def days_ago(days):
    return (AT - timedelta(days=days)).isoformat()


PETS = ("Pets allowed", "Pets live on this property")
LIMITS = [
    # money
    ("under $1,500", ("price", "<=", 1500)),
    ("below 300k", ("price", "<=", 300_000)),
    ("max 1200 a month", ("price", "<=", 1200)),
    ("max. 1500 euros", ("price", "<=", 1500)),
    ("1500 dollars max", ("price", "<=", 1500)),
    ("$1,500 or less", ("price", "<=", 1500)),
    ("£1.2k pcm max", ("price", "<=", 1200)),
    ("under £300 a week", ("price", "<=", 1300)),
    ("under 1.2 million", ("price", "<=", 1_200_000)),
    ("under 2m", ("price", "<=", 2_000_000)),
    ("<= $1500", ("price", "<=", 1500)),
    ("cheaper than 200", ("price", "<=", 200)),
    ("budget 1500", ("price", "<=", 1500)),
    ("my budget is $1,500", ("price", "<=", 1500)),
    ("budget of up to 1500", ("price", "<=", 1500)),
    ("price under 1500", ("price", "<=", 1500)),
    ("rent max 1200", ("price", "<=", 1200)),
    ("prices from 300k", ("price", ">=", 300_000)),
    ("between 800 and 1,200", ("price", ">=", 800), ("price", "<=", 1200)),
    ("between $800 and $1,200 a month", ("price", ">=", 800), ("price", "<=", 1200)),
    ("$800-1200", ("price", ">=", 800), ("price", "<=", 1200)),
    ("300-400k", ("price", ">=", 300_000), ("price", "<=", 400_000)),
    ("more than 100 and less than 200 a night", ("price", ">=", 100), ("price", "<=", 200)),
    ("from $1200 to $800", ("price", ">=", 800), ("price", "<=", 1200)),
    # a dot for thousands, and the currency behind
    ("max 1.500 EUR", ("price", "<=", 1500)),
    ("under 1.500 euros", ("price", "<=", 1500)),
    ("max. 1.500 €", ("price", "<=", 1500)),
    ("under 40 €", ("price", "<=", 40)),
    ("1.200-1.500 EUR", ("price", ">=", 1200), ("price", "<=", 1500)),
    ("800-1200€", ("price", ">=", 800), ("price", "<=", 1200)),
    ("max 950.000", ("price", "<=", 950_000)),
    ("under 2.500 a month", ("price", "<=", 2500)),
    ("budget 2.500", ("price", "<=", 2500)),
    ("under 2.500", ("price", "<=", 2500)),
    ("at least 2.500 m2", ("area", ">=", 2500)),
    ("under 1.250m", ("price", "<=", 1_250_000)),
    ("at least 2.5 bathrooms", ("bathrooms", ">=", 2.5)),
    ("rent 1.250 to 2.000", ("price", ">=", 1250), ("price", "<=", 2000)),
    ("under 1.25 million", ("price", "<=", 1_250_000)),
    ("area over 1.000 m2", ("area", ">=", 1000)),
    ("under 1500/month", ("price", "<=", 1500)),
    ("house under 2m", ("price", "<=", 2_000_000), ("building", "==", "house")),
    ("villa below 3m near the sea", ("price", "<=", 3_000_000)),
    ("we can spend up to 1.5m on a house", ("price", "<=", 1_500_000)),
    ("4 bedrooms under 2M with a view", ("bedrooms", ">=", 4), ("price", "<=", 2_000_000)),
    ("new build under 450000", ("price", "<=", 450_000)),
    ("newly renovated for under 1500", ("price", "<=", 1500)),
    ("under one hundred thousand", ("price", "<=", 100_000)),
    ("at least two hundred sqm", ("area", ">=", 200)),
    ("only studios", ("bedrooms", "==", 0)),
    ("just ground floor", ("floor", "==", 0)),
    ("private room or shared room ok", ("room_type", "in", ("private room", "shared room"))),
    ("no more than 1500 without parking", ("price", "<=", 1500), ("amenities", "!=", "Parking")),
    ("house not on a main road without a pool", ("amenities", "!=", "Pool")),
    ("2 bed under 1000 or 3 bed under 1500", ("bedrooms", ">=", 2), ("price", "<=", 1500)),
    # turned round
    ("not without a pool", ("amenities", "==", "Pool")),
    ("no place without a pool", ("amenities", "==", "Pool")),
    ("can't do without wifi", ("amenities", "==", "Wifi")),
    ("not under 100", ("price", ">=", 100)),
    ("nothing over 1500", ("price", "<=", 1500)),
    ("don't want to pay more than 900", ("price", "<=", 900)),
    ("can’t pay over 900 a month", ("price", "<=", 900)),
    ("no more than two bedrooms", ("bedrooms", "<=", 2)),
    ("not exactly 3 bedrooms", ("bedrooms", "!=", 3)),
    ("nothing with 4 or more bedrooms", ("bedrooms", "<=", 3)),
    # a noun between the refusal and the limit
    ("no house with more than 3 bedrooms", ("bedrooms", "<=", 3)),
    ("no big houses with 4 or more bedrooms", ("bedrooms", "<=", 3)),
    ("don't show me houses with fewer than 2 bedrooms", ("bedrooms", ">=", 2)),
    ("no flat under 50 m2", ("area", ">=", 50)),
    ("no house over 300k", ("price", "<=", 300_000)),
    ("no homes over $2,000", ("price", "<=", 2000)),
    ("no shared room under 800", ("price", "<=", 800), ("room_type", "!=", "shared room")),
    ("no house, more than 3 bedrooms", ("bedrooms", ">=", 4), ("building", "!=", "house")),
    ("no house and more than 3 bedrooms", ("bedrooms", ">=", 4), ("building", "!=", "house")),
    ("no parking under 900", ("price", "<=", 900), ("amenities", "!=", "Parking")),
    ("a room under $800", ("price", "<=", 800)),
    # counts and measures
    ("more than 2 bedrooms", ("bedrooms", ">=", 3)),
    ("fewer than 3 bedrooms", ("bedrooms", "<=", 2)),
    ("nothing over 3 bedrooms", ("bedrooms", "<=", 3)),
    ("more than 2 bathrooms", ("bathrooms", ">=", 2)),
    ("above ground floor", ("floor", ">=", 1)),
    ("at least ground floor", ("floor", ">=", 0)),
    ("max floor 2", ("floor", "<=", 2)),
    ("above the 2nd floor", ("floor", ">=", 3)),
    ("at least 2 bedrooms", ("bedrooms", ">=", 2)),
    ("2+ beds", ("bedrooms", ">=", 2)),
    ("3 bedrooms", ("bedrooms", ">=", 3)),
    ("a 2-bedroom flat near the park", ("bedrooms", ">=", 2)),
    ("exactly 3 bedrooms", ("bedrooms", "==", 3)),
    ("two bedroom", ("bedrooms", ">=", 2)),
    ("2 bedrooms or more", ("bedrooms", ">=", 2)),
    ("2 or more bedrooms", ("bedrooms", ">=", 2)),
    ("2 bedrooms max", ("bedrooms", "<=", 2)),
    ("bedrooms >= 2", ("bedrooms", ">=", 2)),
    ("bedrooms: 2", ("bedrooms", ">=", 2)),
    ("2 large bedrooms", ("bedrooms", ">=", 2)),
    ("2-3 bedrooms", ("bedrooms", ">=", 2), ("bedrooms", "<=", 3)),
    ("two or three bedrooms", ("bedrooms", ">=", 2), ("bedrooms", "<=", 3)),
    ("3 bed 2 bath", ("bedrooms", ">=", 3), ("bathrooms", ">=", 2)),
    ("studio", ("bedrooms", "==", 0)),
    ("sleeps 6", ("guests", ">=", 6)),
    ("for 2 people", ("guests", ">=", 2)),
    ("for up to 4 guests", ("guests", ">=", 4)),
    ("1-2 people", ("guests", ">=", 2)),
    ("2 single beds", ("beds", ">=", 2)),
    ("rating above 4.5", ("rating", ">=", 4.5)),
    ("4 stars or more", ("rating", ">=", 4)),
    ("at least 80 m²", ("area", ">=", 80)),
    ("at least 1000 sq ft", ("area", ">=", 92.9)),
    ("over 2 acres", ("land_area", ">=", 8093.71)),
    ("at least 80 m2 living space and 500 m2 of land", ("area", ">=", 80), ("land_area", ">=", 500)),
    ("not on the ground floor", ("floor", "!=", 0)),
    ("not ground floor", ("floor", "!=", 0)),
    ("3rd floor", ("floor", "==", 3)),
    ("2 bedrooms max $900", ("bedrooms", ">=", 2), ("price", "<=", 900)),
    # names
    ("no shared room", ("room_type", "!=", "shared room")),
    ("we don't want shared rooms or hostels", ("room_type", "!=", "shared room"), ("building", "!=", "hostel")),
    ("no hostel, hotel or dorm", ("building", "not in", ("hostel", "hotel")), ("room_type", "!=", "shared room")),
    ("entire place only", ("room_type", "==", "entire home")),
    ("private bathroom", ("shared_bathroom", "==", False)),
    ("not a shared bathroom", ("shared_bathroom", "!=", True)),
    ("unfurnished", ("furnished", "==", False)),
    ("pet friendly", ("amenities", "==", "Pets allowed")),
    ("without pets", ("amenities", "not in", PETS)),
    ("must allow pets", ("amenities", "in", PETS)),
    ("with a pool", ("amenities", "==", "Pool")),
    ("pool, quiet", ("amenities", "==", "Pool")),
    ("with a garden and a garage", ("amenities", "==", "Garden"), ("amenities", "==", "Garage")),
    ("either a pool or a hot tub", ("amenities", "in", ("Pool", "Hot tub"))),
    ("a house, flat or townhouse", ("building", "in", ("house", "apartment", "townhouse"))),
    ("no pool", ("amenities", "!=", "Pool")),
    ("to rent, max £900", ("offer", "==", "for rent"), ("price", "<=", 900)),
    # places and other values of the catalog
    ("in Angaston", ("place", "==", "Angaston")),
    ("in Angaston or Tanunda", ("place", "in", ("Angaston", "Tanunda"))),
    ("not in Tanunda", ("place", "!=", "Tanunda")),
    ("in Bellingham", ("place", "==", "Bellingham")),
    ("cottage only", ("type", "==", "Cottage")),
    ("no cottage", ("type", "!=", "Cottage")),
    # dates
    ("posted this week", ("created", ">=", days_ago(7))),
    ("posted today", ("created", ">=", days_ago(1))),
    ("listed in the last 3 days", ("created", ">=", days_ago(3))),
    ("newer than 3 days", ("created", ">=", days_ago(3))),
    ("no older than a week", ("created", ">=", days_ago(7))),
    ("less than 2 weeks old", ("created", ">=", days_ago(14))),
    ("not posted this week", ("created", "<=", days_ago(7))),
    ("posted since 1 May", ("created", ">=", "2024-05-01T00:00:00+00:00")),
    ("posted after 2024-03-09", ("created", ">=", "2024-03-09T00:00:00+00:00")),
    ("available now", ("available", "<=", AT.isoformat())),
    ("available from 1 June", ("available", "<=", "2024-06-01T00:00:00+00:00")),
    ("available by March 3rd", ("available", "<=", "2025-03-03T00:00:00+00:00")),
]  # fmt: skip


@pytest.mark.parametrize(("words", "wanted"), [(words, set(wanted)) for words, *wanted in LIMITS])
def test_plain_limits_are_understood(words, wanted):
    assert limits(words) == wanted


@pytest.mark.parametrize(
    ("words", "wanted"),
    [
        ("remote only", {("remote", "==", True)}),
        ("must be remote", {("remote", "==", True)}),
        ("not remote", {("remote", "!=", True)}),
        ("no remote work", {("remote", "!=", True)}),
        ("on site only", {("remote", "==", False)}),
        ("full-time", {("employment", "==", "full-time")}),
        ("part-time barista", {("employment", "==", "part-time")}),
        ("part time or full time", {("employment", "in", ("part-time", "full-time"))}),
        ("no internships", {("employment", "!=", "internship")}),
        ("salary over 60k", {("salary", ">=", 60_000)}),
        ("salary: 60k+", {("salary", ">=", 60_000)}),
        ("at least $30 an hour", {("salary", ">=", 62_400)}),
        ("pays more than $25/hr", {("salary", ">=", 52_000)}),
        ("at least 30/hr", {("salary", ">=", 62_400)}),
        ("salary per year at least 60000", {("salary", ">=", 60_000)}),
        ("over one hundred thousand", {("salary", ">=", 100_000)}),
        ("salary over 1.5m a year", {("salary", ">=", 1_500_000)}),
        ("min 4.000 EUR a month", {("salary", ">=", 48_000)}),
        ("over 5k a month", {("salary", ">=", 60_000)}),
        ("50k-70k", {("salary", ">=", 50_000), ("salary", "<=", 70_000)}),
        ("closing before 1 June", {("expires", "<=", "2024-06-01T00:00:00+00:00")}),
        ("not Google", {("company", "!=", "Google")}),
        ("posted this week, remote only", {("created", ">=", days_ago(7)), ("remote", "==", True)}),
    ],
)
def test_limits_on_jobs(words, wanted):
    assert limits(words, JOBS) == wanted


@pytest.mark.parametrize(
    ("words", "wanted"),
    [
        ("at least 5 answers", {("answers", ">=", 5)}),
        ("only unanswered", {("solved", "==", False)}),
        ("over 10k views", {("views", ">=", 10_000)}),
        ("posted in the last year", {("created", ">=", days_ago(366))}),
    ],
)
def test_limits_on_posts(words, wanted):
    assert limits(words, POSTS) == wanted


WISHES = [
    "", "cheap", "quiet, by the river", "around $1,500", "about 2 bedrooms", "$1500ish", "under 200 or so",
    "ideally under 2km", "ideally a pool and 2 bedrooms", "preferably entire home", "would be nice to have a pool",
    "a slight preference for places with a pool",
    "I don't mind shared rooms", "shared room is fine", "own room is fine but not a shared one", "don't need a pool",
    "pool not needed", "near the pool", "close to a farm", "a view of the pool", "pool table",
    "no noise from the hotel",
    "5 minutes from the beach", "within 2km of the beach", "under 5 minutes walk", "under $50 per person",
    "less than 30 days", "under 30 hours a week", "house under 10 years old", "not too expensive", "under the bridge",
    "one of the best", "the one with a view", "something romantic for two", "no smoking", "a pool or a nice view",
    "2 bedrooms or a large studio", "a cottage", "house, flat or cottage", "between 2 and 3", "not between 300 and 400",
    "quiet house by the river", "a wifi password that works", "minimum stay under 3 nights", "arriving 1 June",
    "a 5 ha garden", "bedroom two is dark", "my passport expires 1 June",
    "pool but no pool", "$1,500",
    "no flats without a balcony", "no parking needed", "no balcony or parking needed",
    "max 2/week cleaning", "under a studio", "no flat without a balcony",
    "no villas with more than 3 bedrooms", "no lift required", "I don't have pets", "we have no pets",
    "shared room ok", "ground floor fine", "not above ground floor",
    "ceilings over 3m", "garden at least 10 m long", "school within 500 m", "max 300m to the metro",
    "built between 1950 and 1970", "between 2020 and 2024", "year over 2015", "postcode between 75001 and 75010",
    'TV bigger than 55"', "2 bed or 1200 max", "up to one thousand two hundred", "posted in the last 5000 years",
]  # fmt: skip


@pytest.mark.parametrize("words", WISHES)
def test_wishes_are_no_limits(words):
    wishes = read(words)
    assert wishes.constraints == ()
    assert wishes.rest == words


@pytest.mark.parametrize(
    "words",
    [
        "nothing with 2 to 3 bedrooms",
        "no flats between 500 and 700 euros",
        "no 2-3 bedrooms",
        "I don't want 2 to 3 beds",
        "no more than 2 to 3 bedrooms",
    ],
)
def test_a_refused_range_is_no_wish_for_it(words):
    assert not [limit for limit in limits(words) if limit[0] in ("bedrooms", "beds", "price")]


def test_a_moment_is_the_same_in_every_zone():
    item = Item(id="a", kind="home", title="", fields={"seen": "2026-11-23T10:00:00+02:00"})
    same = Constraint(field="seen", op="==", value="2026-11-23T08:00:00+00:00")
    assert allows(same, item, AT)
    assert not allows(replace(same, op="!="), item, AT)


@pytest.mark.parametrize(
    "words",
    [
        "salary 60k", "min 80%", "founded between 1990 and 2000", "within 500 m of the station", "office max 2/week",
        "remote python job", "in Chicago", "server", "at Google", "night shift ok", "remote or hybrid",
        "jobs in Washington put me off", "I'm tired of jobs in Washington", "I've had my share of jobs in Washington",
    ],
)  # fmt: skip
def test_wishes_about_jobs_are_no_limits(words):
    assert read(words, JOBS).constraints == ()


@pytest.mark.parametrize(
    ("words", "rest"),
    [
        ("quiet, by the river, no shared room, under $300", "quiet, by the river"),
        ("a quiet place with a pool and at least 2 bedrooms", "a quiet place"),
        ("under $1,500", ""),
        ("I'd like something under 1,200 pcm with parking please", ""),
        ("ideally with a pool, under $200", "ideally with a pool"),
        ("no shared room and pool", "pool"),
        ("2 BEDROOMS UNDER $1,500!!! sunny", "sunny"),
        ("close to the station but not on the ground floor", "close to the station"),
        ("Hi! I need a pool, thanks.", ""),
        ("We finally want a pool", ""),
    ],
)
def test_the_rest_keeps_what_is_not_a_limit(words, rest):
    assert read(words).rest == rest


def test_constraints_quote_the_visitor():
    first, second = read("Quiet, NOT under $100, at least Two bedrooms").constraints
    assert (first.words, second.words) == ("NOT under $100", "at least Two bedrooms")


def test_places_and_catalog_values_need_to_be_known():
    assert limits("in Angaston", known=None) == set()
    assert limits("no cottage", known=None) == set()


def test_a_field_that_the_catalog_leaves_empty_sets_no_limit():
    known = {"offer": [], "amenities": ["Pool"], "guests": []}
    wishes = read("for sale, with a pool, for 4 guests, quiet", known=known)
    assert [(c.field, c.value) for c in wishes.constraints] == [("amenities", "Pool")]
    assert wishes.rest == "for sale, for 4 guests, quiet"


def test_a_catalogs_own_words_must_be_plainly_refused():
    known = {"amenities": ["Safe", "Sauna"], "type": ["Barn"]}
    assert limits("not safe at night", known=known) == set()
    assert limits("no sauna, not a barn", known=known) == {("amenities", "!=", "Sauna"), ("type", "!=", "Barn")}
    assert limits("with a sauna", known=known) == set()


def test_rough_words_stay_even_where_a_limit_stands_beside_them():
    assert limits("around $1,500 but at least 2 bedrooms") == {("bedrooms", ">=", 2)}


def test_another_language_is_a_table():
    german = replace(
        ENGLISH,
        numbers={"zwei": 2.0, "drei": 3.0},
        at_most="unter|höchstens|bis|maximal",
        at_least="über|mindestens|ab",
        negations="kein|keine|keinen|nicht|ohne",
        soft="am liebsten|gerne|möglichst",
        required="mit",
        fillers="ein|eine|einen|der|die|das|und|ich|suche",
    )
    fields = (
        Field(name="price", type="money"),
        Field(name="zimmer", type="integer", words=("zimmer",)),
        Field(name="extras", type="tags", values={"Balkon": ("balkon",)}),
    )

    def understood(words):
        found = understand(words, fields, at=AT, language=german).constraints
        return {(c.field, c.op, c.value) for c in found}

    assert understood("mindestens zwei Zimmer, unter 900 €, mit Balkon") == {
        ("zimmer", ">=", 2.0),
        ("price", "<=", 900.0),
        ("extras", "==", "Balkon"),
    }
    assert understood("kein Balkon, am liebsten drei Zimmer") == {("extras", "!=", "Balkon")}


AT_MOST = ["under", "below", "max", "at most", "no more than", "up to", "not over", "less than"]
AT_LEAST = ["over", "at least", "more than", "min", "not under", "no less than", "above"]
STRICT = {"under", "below", "less than", "over", "more than", "above"}
amounts = st.integers(min_value=51, max_value=9_999_999)


@given(amounts, st.sampled_from(AT_MOST + AT_LEAST), st.sampled_from(["${:,}", "${}", "{:,} dollars", "{}", "€{:,}"]))
@settings(deadline=None)
def test_a_written_amount_is_read_back(amount, comparison, shape):
    op = "<=" if comparison in AT_MOST else ">="
    assert limits(f"{comparison} {shape.format(amount)}") == {("price", op, float(amount))}


@given(st.integers(0, 40), st.sampled_from(AT_MOST + AT_LEAST), st.sampled_from(["bedrooms", "bathrooms", "rooms"]))
@settings(deadline=None)
def test_a_written_count_is_read_back(count, comparison, unit):
    op = "<=" if comparison in AT_MOST else ">="
    whole = unit == "bedrooms"  # there are half rooms and half bathrooms: "more than 2" may be 2 and a half
    said = count + (1 if op == ">=" else -1) * (whole and comparison in STRICT)
    assert limits(f"sunny, {comparison} {count} {unit}, please") == {(unit, op, float(said))}


@given(st.integers(1, 200), st.sampled_from([("day", 1), ("week", 7), ("month", 31)]))
@settings(deadline=None)
def test_a_written_age_is_read_back(count, unit):
    name, days = unit
    wanted = {("created", ">=", days_ago(count * days))}
    assert limits(f"posted in the last {count} {name}s") == wanted
    if count * days <= 366:
        assert limits(f"newer than {count} {name}s") == wanted


@given(st.text(max_size=300))
@settings(max_examples=300, deadline=None)
def test_no_text_breaks_it(words):
    wishes = read(words)
    assert all(c.field and c.words for c in wishes.constraints)


PIECES = [
    "no", "not", "without", "or", "and", "but", "under", "at least", "max", "between", "around", "ideally", "2", "3",
    "$900", "300k", "bedrooms", "beds", "shared room", "pool", "house", "in Angaston", "a", "with", "posted",
    "this week", "1 June", "available", ",", ".", "-", "+", "a month", "only", "don't mind", "newer than", "days",
    "m²", "per", "older", "ago",
]  # fmt: skip


@given(st.lists(st.sampled_from(PIECES), max_size=14).map(" ".join))
@settings(max_examples=400, deadline=None)
def test_no_heap_of_its_own_words_breaks_it(words):
    names = {field.name for field in HOMES} | {"created", "expires", "place"}
    for constraint in read(words).constraints:
        assert constraint.field in names
        assert constraint.op in ("<=", ">=", "==", "!=", "in", "not in")
        assert constraint.words
        allows(constraint, ITEM, AT)


def test_a_very_long_text_is_read_in_reasonable_time():
    start = time.perf_counter()
    read("2 bedrooms or a pool, not under $900 and no shared room " * 2_000)
    assert time.perf_counter() - start < 5


# --- keeping to limits

ITEM = Item(
    id="1",
    kind="listing",
    title="Coach house",
    place="Angaston, South Australia",
    created=AT - timedelta(days=3),
    fields={
        "price": 254.0,
        "bedrooms": 2.0,
        "room_type": "entire home",
        "amenities": ["Pool", "Wi-Fi"],
        "furnished": True,
        "available": "2024-06-01T00:00:00+00:00",
    },
)


def one(field, op, value):
    return Constraint(field=field, op=op, value=value)


@pytest.mark.parametrize(
    ("constraint", "fits"),
    [
        (one("price", "<=", 254.0), True),
        (one("price", "<=", 253.9), False),
        (one("price", ">=", 300.0), False),
        (one("bedrooms", "==", 2.0), True),
        (one("bedrooms", "!=", 2.0), False),
        (one("room_type", "==", "Entire home"), True),
        (one("room_type", "in", ["shared room", "entire home"]), True),
        (one("room_type", "not in", ["shared room", "hotel room"]), True),
        (one("amenities", "==", "pool"), True),
        (one("amenities", "in", ["Hot tub", "wi fi"]), True),
        (one("amenities", "not in", ["Hot tub", "pool"]), False),
        (one("furnished", "==", True), True),
        (one("furnished", "!=", True), False),
        (one("place", "==", "angaston"), True),
        (one("place", "==", "Angaston, South Australia"), True),
        (one("place", "!=", "Angaston"), False),
        (one("created", ">=", days_ago(7)), True),
        (one("created", ">=", days_ago(1)), False),
        (one("available", "<=", "2024-06-01T00:00:00+00:00"), True),
        (one("available", "<=", "now"), False),
        # unknown
        (one("area", ">=", 50.0), False),
        (one("area", "<=", 50.0), False),
        (one("floor", "==", 0.0), False),
        (one("floor", "!=", 0.0), True),
        (one("type", "in", ["house"]), False),
        (one("type", "not in", ["house"]), True),
        (one("expires", "<=", days_ago(0)), False),
        # of another type than the limit
        (one("room_type", "<=", 3.0), False),
        (one("furnished", ">=", 0.0), False),
        (one("price", "<=", days_ago(1)), False),
    ],
)
def test_allows(constraint, fits):
    assert allows(constraint, ITEM, AT) is fits


def test_now_is_the_moment_that_is_asked_about():
    limit = one("available", "<=", "now")
    assert allows(limit, ITEM, datetime(2024, 6, 2, tzinfo=UTC))
    assert not allows(limit, ITEM, datetime(2024, 5, 31, tzinfo=UTC))


prices = st.one_of(st.none(), st.floats(0, 5_000))
rooms = st.one_of(st.none(), st.integers(0, 6).map(float))
kinds = st.one_of(st.none(), st.sampled_from(["shared room", "entire home", "private room"]))
ages = st.one_of(st.none(), st.integers(0, 40))


@given(prices, rooms, kinds, ages, st.integers(60, 4_000), st.integers(0, 5))
@settings(max_examples=300, deadline=None)
def test_what_passes_keeps_to_what_was_said(price, bedrooms, room_type, age, most, least):
    fields = {"price": price, "bedrooms": bedrooms, "room_type": room_type}
    item = Item(
        id="1",
        kind="listing",
        title="x",
        fields={name: value for name, value in fields.items() if value is not None},
        created=None if age is None else AT - timedelta(days=age),
    )
    found = read(f"under ${most}, at least {least} bedrooms, no shared room, posted this week, quiet").constraints
    assert len(found) == 4
    fits = all(allows(constraint, item, AT) for constraint in found)
    assert fits == (
        price is not None
        and price <= most
        and bedrooms is not None
        and bedrooms >= least
        and room_type != "shared room"
        and age is not None
        and age <= 7
    )


# --- filters


def test_filters_become_constraints():
    found = parse_filters(
        {
            "price": {"min": 100, "max": "1,500".replace(",", "")},
            "bedrooms": 2,
            "room_type": {"not": ["shared room", "hotel room"]},
            "amenities": ["Pool", "Gym"],
            "furnished": True,
            "created": {"min": "2024-05-01"},
            "place": "Angaston",
        },
        HOMES,
    )
    assert [(c.field, c.op, c.value) for c in found] == [
        ("price", ">=", 100.0),
        ("price", "<=", 1500.0),
        ("bedrooms", "==", 2.0),
        ("room_type", "not in", ["shared room", "hotel room"]),
        ("amenities", "in", ["Pool", "Gym"]),
        ("furnished", "==", True),
        ("created", ">=", "2024-05-01T00:00:00+00:00"),
        ("place", "==", "Angaston"),
    ]


def test_a_tag_is_named_by_its_last_words():
    pools = ["Shared outdoor pool - open 24 hours", "Heated pool"]
    known = {"amenities": ["Pool", *pools, "Pool table", "Pool view", "No pool", "Carpool lane"]}
    assert limits("no pool", known=known) == {("amenities", "not in", ("Pool", *pools))}
    assert limits("with a pool", known=known) == {("amenities", "in", ("Pool", *pools))}


@pytest.mark.parametrize(
    ("words", "values"),
    [("no c or c++", ["c", "c++"]), ("only c++ or python", ["c++", "python"]), ("no c++, no c#", ["c++", "c#"])],
)
def test_marks_end_no_clause(words, values):
    (constraint,) = read(words, POSTS, {"tags": ["c", "c++", "c#", "python"]}).constraints
    assert constraint.value == values


@pytest.mark.parametrize(("words", "kept"), [("only c#", "c#"), ("only c++", "c++"), ("only c", "c")])
def test_marks_behind_a_word_are_a_part_of_its_name(words, kept):
    known = {"tags": ["c", "c++", "c#", "python"]}
    (constraint,) = read(words, POSTS, known).constraints
    (filtered,) = parse_filters({"tags": kept}, POSTS)
    for tag in known["tags"]:
        item = Item(id="1", kind="post", title="x", fields={"tags": [tag]})
        assert allows(constraint, item, AT) == allows(filtered, item, AT) == (tag == kept)


def test_filters_go_by_the_names_that_an_import_keeps():
    found = parse_filters({"room_type": "Entire home/apt", "amenities": {"not": "Swimming pool"}}, HOMES)
    assert [constraint.value for constraint in found] == ["entire home", "Pool"]


def test_filters_on_long_numbers_keep_every_figure():
    (constraint,) = parse_filters({"price": {"in": [1234567, 900]}}, HOMES)
    assert allows(constraint, Item(id="1", kind="listing", title="x", fields={"price": 1234567.0}), AT)


def test_filters_on_lists_of_numbers_hold():
    (constraint,) = parse_filters({"bedrooms": {"in": [1, 2]}}, HOMES)
    assert allows(constraint, ITEM, AT)
    (constraint,) = parse_filters({"bedrooms": {"not": [1, 2]}}, HOMES)
    assert not allows(constraint, ITEM, AT)


@pytest.mark.parametrize(
    ("filters", "complaint"),
    [
        ({"prise": 3}, "did you mean 'price'"),
        ({"prise": 3}, "fields: type, offer"),
        ({"price": "cheap"}, "filter 'price' has 'cheap': not a number"),
        ({"price": float("nan")}, "not a number"),
        ({"price": {"mim": 3}}, "min, max, in (a list), not"),
        ({"price": {"max": None}}, "not a number"),
        ({"price": {"in": 3}}, "in (a list)"),
        ({"price": {}}, "is empty"),
        ({"room_type": {"in": []}}, "empty list"),
        ({"room_type": {"min": 3}}, "room_type is a category"),
        ({"furnished": "perhaps"}, "not true or false"),
        ({"created": {"min": "soon"}}, "not a date"),
        ({"room_type": {"a": 1, "b": 2}}, "'a'"),
        ({"room_type": [["x"]]}, "not a text"),
    ],
)
def test_bad_filters_are_refused(filters, complaint):
    with pytest.raises(BadRecord) as caught:
        parse_filters(filters, HOMES)
    assert complaint in str(caught.value)


@pytest.mark.parametrize(
    ("words", "op", "value"),
    [
        ("Anything above $260 a night is too dear", "<=", 260.0),
        ("more than $300 is out of the question", "<=", 300.0),
        ("over $300 won't do", "<=", 300.0),
    ],
)
def test_what_is_denied_is_turned_round(words, op, value):
    (constraint,) = understand(words, load_adapter("realestate").fields, at=datetime.now(UTC)).constraints
    assert (constraint.field, constraint.op, constraint.value) == ("price", op, value)


def test_a_refusal_reaches_over_a_few_words():
    fields = load_adapter("posts").fields
    (since,) = understand("Nothing that was posted before June 2013", fields, at=datetime.now(UTC)).constraints
    assert (since.field, since.op) == ("created", ">=")


def test_anything_but_is_a_refusal():
    known = {"room_type": ["Entire home/apt", "Private room", "Shared room"]}
    fields = load_adapter("realestate").fields
    read = understand("Anything but shared rooms", fields, at=datetime.now(UTC), known=known)
    assert [(c.op, c.value) for c in read.constraints] == [("!=", "shared room")]
    assert understand("fewer than 3 bedrooms is too small", fields, at=datetime.now(UTC)).constraints[0].op == ">="


HELD = st.one_of(
    st.sampled_from(
        ["pool", "Pool ", "Pool table", "C", "C++", "C#", "3", "3.0", "true", "", "+", "2024-01-01T10:00",
         "2024-01-01T10:00:00+00:00", "2024-01-01 12:00+02:00", "2024-01-01"]
    ),
    st.booleans(),
    st.sampled_from([0, 1, 3, 3.0, 1.5]),
)  # fmt: skip


@given(
    held=st.one_of(HELD, st.lists(HELD.filter(lambda value: isinstance(value, str)), max_size=3)),
    wanted=st.one_of(HELD, st.lists(HELD, min_size=1, max_size=4)),
    negated=st.booleans(),
)
def test_a_value_among_many_is_told_as_it_is_beside_each(held: object, wanted: object, negated: bool):
    many = isinstance(wanted, list)
    op = ("not in" if many else "!=") if negated else ("in" if many else "==")
    item = Item(id="1", kind="x", title="t", fields={"f": held})  # type: ignore[dict-item]
    each = [
        allows(Constraint(field="f", op="==", value=one), replace(item, fields={"f": value}), AT)
        for one in (wanted if isinstance(wanted, list) else [wanted])
        for value in (held if isinstance(held, list) else [held])
    ]
    assert allows(Constraint(field="f", op=op, value=wanted), item, AT) is (any(each) is not negated)
