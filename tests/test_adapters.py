"""The built-in adapters: real estate, jobs, posts; on rows of our own, on schema.org, and on the real data."""

from __future__ import annotations

import csv
import gzip
import json
from collections import Counter
from datetime import UTC, datetime
from functools import lru_cache
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from brewlite.adapter import load_adapter, merge_users
from brewlite.adapter_contract import Ranks
from brewlite.errors import UserError
from brewlite.testing import AdapterContract

HOMES, JOBS, POSTS = (load_adapter(name) for name in ("realestate", "jobs", "posts"))

STAY = {
    "id": "9001",
    "name": "The Old Forge",
    "description": "A stone forge.<br /><b>The space</b><br />Sleeps two by the stove.",
    "neighborhood_overview": "Vines and a bakery.",
    "neighbourhood_cleansed": "Elmbrook",
    "property_type": "Entire cottage",
    "room_type": "Entire home/apt",
    "accommodates": "2",
    "bathrooms_text": "1 private bath",
    "bedrooms": "1.0",
    "beds": "1.0",
    "amenities": '["Wifi", "Pets allowed", "translation missing: en.x", "Free parking on premises"]',
    "price": "$1,254.00",
    "minimum_nights": "2",
    "first_seen": "2023-09-26",
    "last_seen": "2024-02-28",
}
SALE = {"listing_id": "s-1", "type": "single_family", "text": "Two storeys, big yard.", "listPrice": "90000.0"}
SPREADSHEET = {
    "Ref": "R7",
    "Headline": "Top-floor flat",
    "Type": "Flat",
    "Beds": "2",
    "Rent pcm": "£1,450",
    "Posted": "2024-03-01",
    "Town": "Leith",
    "Sq ft": "800",
    "Furnished": "yes",
}
LISTING = {
    "@context": "https://schema.org",
    "@type": "RealEstateListing",
    "@id": "https://homes.example/42",
    "name": "Mill house",
    "description": "By the weir.",
    "datePosted": "2024-03-01",
    "url": "https://homes.example/42",
    "image": ["https://homes.example/42.jpg", "https://homes.example/43.jpg"],
    "numberOfRooms": 5,
    "numberOfBedrooms": 3,
    "floorSize": {"@type": "QuantitativeValue", "value": 1000, "unitCode": "FTK"},
    "address": {"@type": "PostalAddress", "addressLocality": "Ulm", "addressRegion": "BW"},
    "amenityFeature": [{"@type": "LocationFeatureSpecification", "name": "Garage", "value": True}],
    "offers": {"@type": "Offer", "price": "420000", "priceCurrency": "EUR", "businessFunction": "sell"},
}
POSTING = {
    "@type": "JobPosting",
    "identifier": {"@type": "PropertyValue", "name": "Bakers", "value": "b-12"},
    "title": "Baker",
    "description": "<p>Bread at dawn.</p>",
    "datePosted": "2024-03-01",
    "validThrough": "2024-06-01T00:00:00Z",
    "employmentType": "FULL_TIME",
    "hiringOrganization": {"@type": "Organization", "name": "Crumb & Co", "logo": "https://crumb.example/l.png"},
    "jobLocationType": "TELECOMMUTE",
    "jobLocation": [
        {"@type": "Place", "address": {"addressLocality": "Cork", "addressRegion": "Munster", "addressCountry": "IE"}}
    ],
    "baseSalary": {
        "@type": "MonetaryAmount",
        "currency": "EUR",
        "value": {"minValue": 20, "maxValue": 24, "unitText": "HOUR"},
    },
}
DISCUSSION = {
    "@type": "DiscussionForumPosting",
    "@id": "https://forum.example/t/9",
    "headline": "Which yeast for rye?",
    "articleBody": "Mine will not rise.",
    "author": {"@type": "Person", "name": "Ida"},
    "datePublished": "2024-03-01T10:00:00+01:00",
    "keywords": "rye, yeast",
    "commentCount": 4,
}
QUESTION = {
    "item_id": "77",
    "title": "Is <b>dark</b> malt sweet?",
    "body": "Tasted it.",
    "tags": ["malt"],
    "created": "2016-08-02T15:39:14.947",
}
JOB = {
    "Job.ID": "84141",
    "Title": "Part Time Baker @ Crumb & Co",
    "Position": "Part Time Baker",
    "Company": "Crumb & Co",
    "City": "Cork",
    "State.Name": "Munster",
    "State.Code": "MU",
    "Industry": "",
}
VIEW = {
    "Applicant.ID": "10001",
    "Job.ID": "84141",
    "View.Start": "2014-12-12 20:12:32 UTC",
    "View.Duration": "286.0",
    "Created.At": "2014-12-12 20:12:32 UTC",
}
WANTED = {
    "Applicant.ID": "10003",
    "Position.Of.Interest": "baker",
    "Created.At": "2014-12-12 21:20:54 UTC",
    "Updated.At": "2015-01-01 00:00:00 UTC",
}


class TestRealEstate(AdapterContract):
    adapter = HOMES
    item_rows = (STAY, SALE)
    event_rows = (
        {"listing_id": "9001", "reviewer_id": "5", "date": "2024-01-02"},
        {"user": "5", "item": "9001", "action": "save"},
    )
    user_rows = ({"user_id": "5", "looking_for": "quiet"},)


class TestJobs(AdapterContract):
    adapter = JOBS
    item_rows = (
        JOB,
        {
            "job_id": "0",
            "company": "Crumb",
            "title": "Baker",
            "category": "Food",
            "location": "Cork, Ireland",
            "responsibilities": "Bake.",
        },
    )
    event_rows = (VIEW,)
    user_rows = (WANTED,)


class TestPosts(AdapterContract):
    adapter = POSTS
    item_rows = (QUESTION,)
    event_rows = ({"user_id": "9", "item_id": "77", "event": "answer", "timestamp": "2016-08-02T15:40:24.820"},)
    user_rows = ({"user_id": "9", "about_me": "brews"},)


# --- real estate


def test_a_short_stay():
    item = HOMES.to_item(STAY)
    assert item.title == "The Old Forge"
    assert item.text == "A stone forge. The space Sleeps two by the stove. Vines and a bakery."
    assert item.place == "Elmbrook"
    assert item.created == datetime(2023, 9, 26, tzinfo=UTC)
    assert item.expires is None
    assert item.fields == {
        "type": "Entire cottage",
        "offer": "short stay",
        "room_type": "entire home",
        "guests": 2.0,
        "bedrooms": 1.0,
        "beds": 1.0,
        "bathrooms": 1.0,
        "shared_bathroom": False,
        "price": 1254.0,
        "minimum_nights": 2.0,
        "building": "house",
        "amenities": ["Wifi", "Pets allowed", "Parking"],
    }


def test_a_short_stay_reads_well():
    item = HOMES.to_item(STAY)
    cheaper = [HOMES.to_item({**STAY, "id": str(n), "price": f"${1500 + n}"}) for n in range(9)]
    assert HOMES.describe(item, Ranks([item, *cheaper])).startswith(
        "The Old Forge. Entire cottage in Elmbrook, entire home, 2 guests, 1 bedroom, $1,254 a night, "
        "cheaper than 90% of this site's listings, 1 bed, 1 bathroom, private bathroom, 2 nights minimum. "
        "Amenities: Wifi, Pets allowed, Parking. A stone forge."
    )
    assert HOMES.describe(item, short=True) == "The Old Forge, Entire cottage, Elmbrook, 1 bedroom, $1,254 a night"


def test_a_listing_without_a_title_gets_one():
    item = HOMES.to_item(SALE)
    assert item.title == "Single family, $90,000"
    assert (item.fields["offer"], item.fields["building"]) == ("for sale", "house")
    assert HOMES.describe(item) == "Single family, $90,000. Two storeys, big yard."
    assert HOMES.to_item({**SALE, "listPrice": "0.0"}).title == "Single family"


def test_a_letting_agents_spreadsheet():
    item = HOMES.to_item(SPREADSHEET)
    assert (item.id, item.title, item.place) == ("R7", "Top-floor flat", "Leith")
    assert item.created == datetime(2024, 3, 1, tzinfo=UTC)
    assert item.fields == {
        "type": "Flat", "offer": "for rent", "bedrooms": 2.0, "area": 74.32, "price": 1450.0, "currency": "£",
        "furnished": True, "building": "apartment",
    }  # fmt: skip
    assert "£1,450 a month" in HOMES.describe(item)


@pytest.mark.parametrize(
    ("row", "offer", "price"),
    [
        ({"Price": "€950 pcm"}, "for rent", 950),
        ({"Price": "£300 pw"}, "for rent", 1300),
        ({"Weekly rent": "300"}, "for rent", 1300),
        ({"Price": "£12,000 pa"}, "for rent", 1000),
        ({"price": 300, "offers": {"priceSpecification": {"unitCode": "WEE"}}}, "for rent", 1300),
        ({"price": 9, "offers": {"priceSpecification": {"referenceQuantity": {"unitCode": "MON"}}}}, "for rent", 9),
        ({"Price per night": "80"}, "short stay", 80),
        ({"Price": "80 per night"}, "short stay", 80),
        ({"Asking price": "$1.2M"}, "for sale", 1_200_000),
        ({"Price": "$1,450"}, None, 1450),
        ({"Price": "900", "Listing type": "To let"}, "for rent", 900),
    ],
)
def test_sale_rent_or_stay(row, offer, price):
    fields = HOMES.to_item({"id": 1, "title": "Flat", **row}).fields
    assert (fields.get("offer"), fields["price"]) == (offer, price)


@pytest.mark.parametrize(
    ("text", "baths", "shared"),
    [
        ("1 bath", 1, None),
        ("1.5 shared baths", 1.5, True),
        ("1 private bath", 1, False),
        ("Half-bath", 0.5, None),
        ("Shared half-bath", 0.5, True),
        ("", None, None),
    ],
)
def test_bathrooms_in_words(text, baths, shared):
    fields = HOMES.to_item({**STAY, "bathrooms_text": text}).fields
    assert (fields.get("bathrooms"), fields.get("shared_bathroom")) == (baths, shared)


@pytest.mark.parametrize(
    ("title", "bedrooms"),
    [
        ("Condo in Elmbrook · 2 bedrooms · 3 beds", 2),
        ("Hotel in Elmbrook · Studio · 1 bed", 0),
        ("Room for 2 bedrooms", None),
    ],
)
def test_bedrooms_that_only_the_title_tells(title, bedrooms):
    assert HOMES.to_item({**STAY, "name": title, "bedrooms": ""}).fields.get("bedrooms") == bedrooms


def test_older_amenities():
    fields = HOMES.to_item({**STAY, "amenities": '{TV,"Air conditioning",Internet}'}).fields
    assert fields["amenities"] == ["TV", "Air conditioning", "Wifi"]


@pytest.mark.parametrize(
    ("kind", "building"),
    [
        ("Entire cottage", "house"), ("townhomes", "townhouse"), ("condo_townhome_rowhome_coop", "townhouse"),
        ("Entire serviced apartment", "apartment"), ("Room in aparthotel", "hotel"),
        ("Shared room in hostel", "hostel"),
        ("Private room in bed and breakfast", "bed and breakfast"), ("land", "land"), ("mobile", "mobile home"),
        ("Farm stay", "farm"),
        ("Tent", None),
    ],
)  # fmt: skip
def test_buildings(kind, building):
    assert HOMES.to_item({**SALE, "type": kind}).fields.get("building") == building


def test_schema_org_listing():
    item = HOMES.to_item(LISTING)
    assert (item.id, item.title, item.place) == ("https://homes.example/42", "Mill house", "Ulm, BW")
    assert (item.url, item.image) == ("https://homes.example/42", "https://homes.example/42.jpg")
    assert item.created == datetime(2024, 3, 1, tzinfo=UTC)
    assert item.fields == {
        "offer": "for sale", "bedrooms": 3.0, "rooms": 5.0, "area": 92.9, "price": 420_000.0, "currency": "€",
        "amenities": ["Garage"],
    }  # fmt: skip


# --- jobs


def test_a_job_of_a_log():
    item = JOBS.to_item(JOB)
    assert (item.id, item.title, item.place, item.text) == ("84141", "Part Time Baker", "Cork, Munster", "")
    assert item.fields == {"company": "Crumb & Co", "employment": "part-time"}
    assert JOBS.describe(item) == "Part Time Baker. Crumb & Co in Cork, Munster."


def test_schema_org_posting():
    item = JOBS.to_item(POSTING)
    assert (item.id, item.title, item.text, item.place) == ("b-12", "Baker", "Bread at dawn.", "Cork, Munster, IE")
    assert item.created == datetime(2024, 3, 1, tzinfo=UTC)
    assert item.expires == datetime(2024, 6, 1, tzinfo=UTC)
    assert item.fields == {
        "company": "Crumb & Co", "employment": "full-time", "remote": True, "salary": 41_600.0, "currency": "€",
    }  # fmt: skip
    assert JOBS.describe(item).startswith(
        "Baker. Crumb & Co in Cork, Munster, IE, full-time, remote, salary €41,600 a year. Bread at dawn."
    )
    assert not JOBS.eligible(item, datetime(2024, 6, 1, tzinfo=UTC))


@pytest.mark.parametrize(
    ("row", "field", "value"),
    [
        ({"Salary": "$30 an hour"}, "salary", 62_400),
        ({"Salary": "$60k - $80k"}, "salary", 60_000),
        ({"Hourly rate": 30}, "salary", 62_400),
        ({"Salary": "competitive"}, "salary", None),
        ({"Salary": "5000", "Pay period": "monthly"}, "salary", 60_000),
        ({"Title": "Seasonal picker"}, "employment", "temporary"),
        ({"Title": "Cook PT"}, "employment", "part-time"),
        ({"Title": "Full-Time cook", "Job type": "Contractor"}, "employment", "contract"),
        ({"Title": "Nurse (Remote)"}, "remote", True),
        ({"Location": "Remote"}, "remote", True),
        ({"Title": "Remote sensing engineer"}, "remote", None),
        ({"Workplace type": "Hybrid"}, "remote", False),
    ],
)
def test_what_postings_say_between_the_lines(row, field, value):
    assert (
        JOBS.to_item({"id": 1, "title": "Cook", **row} if "Title" not in row else {"id": 1, **row}).fields.get(field)
        == value
    )


def test_views_and_wishes_of_applicants():
    event = JOBS.to_event(VIEW)
    assert (event.user, event.item, event.action, event.value) == ("10001", "84141", "view", 286.0)
    assert event.at == datetime(2014, 12, 12, 20, 12, 32, tzinfo=UTC)
    user = JOBS.to_user(WANTED)
    assert (user.id, user.interests, user.updated) == ("10003", "baker", datetime(2014, 12, 12, 21, 20, 54, tzinfo=UTC))
    later = JOBS.to_user({**WANTED, "Position.Of.Interest": "cook", "Created.At": "2015-02-01"})
    assert merge_users(user, later).interests == "baker; cook"
    assert merge_users(user, later).updated == datetime(2015, 2, 1, tzinfo=UTC)


# --- posts


def test_a_question():
    item = POSTS.to_item(QUESTION)
    assert (item.id, item.title, item.text) == ("77", "Is dark malt sweet?", "Tasted it.")
    assert item.created == datetime(2016, 8, 2, 15, 39, 14, 947000, tzinfo=UTC)
    assert POSTS.describe(item) == "Is dark malt sweet? Tags: malt. Tasted it."
    assert POSTS.to_item({**QUESTION, "tags": "<dark-malt><sugar>"}).fields == {"tags": ["dark-malt", "sugar"]}


def test_schema_org_discussion():
    item = POSTS.to_item(DISCUSSION)
    assert (item.id, item.title, item.text) == (
        "https://forum.example/t/9",
        "Which yeast for rye?",
        "Mine will not rise.",
    )
    assert item.created == datetime(2024, 3, 1, 9, tzinfo=UTC)
    assert item.fields == {"author": "Ida", "comments": 4.0, "tags": ["rye", "yeast"]}


def test_a_post_without_a_headline_is_known_by_its_first_sentence():
    item = POSTS.to_item({"guid": "g1", "description": "My sourdough will not rise at all. What now?"})
    assert item.title == "My sourdough will not rise at all."


def test_a_feed_entry():
    row = {
        "guid": "g1",
        "title": "Rye",
        "link": "https://b.example/rye",
        "description": "<p>Hot.</p>",
        "pubDate": "Fri, 01 Mar 2024 10:00:00 GMT",
    }
    item = POSTS.to_item(row)
    assert (item.url, item.text, item.created) == (
        "https://b.example/rye",
        "Hot.",
        datetime(2024, 3, 1, 10, tzinfo=UTC),
    )


# --- all three


CELLS = st.one_of(
    st.text(max_size=40),
    st.floats(),
    st.integers(),
    st.none(),
    st.booleans(),
    st.lists(st.text(max_size=9), max_size=3),
    st.dictionaries(st.sampled_from(["name", "value", "price"]), st.text(max_size=9), max_size=2),
)


@pytest.mark.parametrize(("adapter", "row"), [(HOMES, STAY), (HOMES, LISTING), (JOBS, POSTING), (POSTS, DISCUSSION)])
def test_no_cell_breaks_an_adapter(adapter, row):
    @given(st.sampled_from(sorted(row)), CELLS)
    @settings(max_examples=60, deadline=None)
    def check(column, cell):
        try:
            item = adapter.to_item({**row, column: cell})
        except UserError:
            return
        assert adapter.describe(item)
        assert adapter.describe(item, short=True)

    check()


@lru_cache(maxsize=4)
def rows_of(path):
    with gzip.open(path, "rt", encoding="utf-8") as file:
        return [json.loads(line) for line in file] if path.name.endswith("jsonl.gz") else list(csv.DictReader(file))


@pytest.mark.parametrize(
    ("adapter", "path", "count", "fields"),
    [
        (HOMES, "airbnb_barossa/listings.csv.gz", 777, {"price": 777, "bedrooms": 772, "amenities": 763, "offer": 777}),
        (HOMES, "airbnb_singapore/listings.csv.gz", 3483, {"price": 3483, "bedrooms": 3480, "bathrooms": 3464}),
        (HOMES, "realestate_utah/listings.csv.gz", 3991, {"price": 3988, "type": 3991, "building": 3980}),
        (JOBS, "jobs_views/jobs.csv.gz", 7047, {"company": 6690, "employment": 2278, "industry": 904}),
        (JOBS, "jobs_google/jobs.csv.gz", 1127, {"company": 1127, "industry": 1127}),
        (POSTS, "stackexchange_travel/items.jsonl.gz", 2725, {"tags": 2725}),
        (POSTS, "stackexchange_beer/items.jsonl.gz", 561, {"tags": 561}),
        (POSTS, "stackexchange_coffee/items.jsonl.gz", 225, {"tags": 225}),
        (POSTS, "stackexchange_ai_titles/items.jsonl.gz", 2151, {"tags": 2151}),
    ],
)
def test_every_real_item_is_read(shared_data, adapter, path, count, fields):
    items = [adapter.to_item(row) for row in rows_of(shared_data / path)]
    assert len({item.id for item in items}) == count
    filled = Counter(name for item in items for name in item.fields)
    assert {name: filled[name] for name in fields} == fields
    assert all(item.title and len(adapter.describe(item)) > len(item.title) for item in items)


@pytest.mark.parametrize(
    ("adapter", "path", "actions"),
    [
        (HOMES, "airbnb_barossa/reviews.csv.gz", {"stay": 33_749}),
        (HOMES, "airbnb_singapore/reviews.csv.gz", {"stay": 35_698}),
        (JOBS, "jobs_views/job_views.csv.gz", {"view": 6868}),
        (POSTS, "stackexchange_travel/interactions.csv.gz", {"comment": 14_873, "answer": 5564, "ask": 2589}),
        (
            POSTS,
            "stackexchange_beer/interactions.csv.gz",
            {"comment": 1705, "answer": 1325, "ask": 559, "favourite": 211, "bounty": 7},
        ),
    ],
)
def test_every_real_event_is_read(shared_data, adapter, path, actions):
    events = [adapter.to_event(row) for row in rows_of(shared_data / path)]
    assert Counter(event.action for event in events) == actions
    assert all(event.at is not None for event in events)


def test_every_real_wish_is_read(shared_data):
    users = {}
    for row in rows_of(shared_data / "jobs_views/positions_of_interest.csv.gz"):
        user = JOBS.to_user(row)
        users[user.id] = merge_users(users[user.id], user) if user.id in users else user
    assert len(users) == 1146
    assert sum(bool(user.interests) for user in users.values()) >= 1144


@pytest.mark.parametrize("adapter", [HOMES, JOBS, POSTS], ids=lambda adapter: adapter.name)
def test_the_manual_lists_every_column_field_and_action(adapter):
    manual = (Path(__file__).resolve().parents[1] / "docs" / "adapters.md").read_text(encoding="utf-8")
    tables = (adapter.item_columns, adapter.user_columns, adapter.event_columns)
    columns = {column for table in tables for source in table.values() for part in source.columns for column in part}
    columns |= {column for field in adapter.fields for column in field.columns}
    assert not {column for column in columns if f"`{column}`" not in manual}
    assert not {field.name for field in adapter.fields if f"| {field.name} |" not in manual}
    assert not {action.name for action in adapter.actions if f"`{action.name}`" not in manual}
