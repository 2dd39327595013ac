"""The example's catalog: varied, consistent with itself, the same for the same seed."""

from __future__ import annotations

import re
import xml.etree.ElementTree as ElementTree
from datetime import UTC, datetime, timedelta

import numpy as np
import pytest
from brewlite_listing_site import grammar, visitors
from brewlite_listing_site.catalog import SEED, TAGS, Listing, five_word_runs, make_listings, to_row
from brewlite_listing_site.drawing import draw, draw_town
from brewlite_listing_site.phrases import HOOKS, OPENERS, PLACES, TRAITS
from brewlite_listing_site.texts import topics_of
from brewlite_listing_site.town import NEIGHBOURHOODS

from brewlite.adapter import load_adapter

MOMENT = datetime(2026, 5, 4, 10, tzinfo=UTC)


@pytest.fixture(scope="module")
def listings() -> list[Listing]:
    return make_listings()


def test_three_hundred_homes_and_the_same_ones_every_time(listings: list[Listing]):
    assert len(listings) == 300
    assert len({listing.id for listing in listings}) == 300
    again = make_listings()
    assert [(one.title, one.text, one.home.price) for one in again] == [
        (o.title, o.text, o.home.price) for o in listings
    ]
    assert [one.text for one in make_listings(SEED + 1)] != [one.text for one in listings]


def test_no_two_read_alike(listings: list[Listing]):
    assert len({listing.title for listing in listings}) == 300
    runs = [five_word_runs(listing.text) for listing in listings]
    closest = max(len(one & other) / min(len(one), len(other)) for i, one in enumerate(runs) for other in runs[:i])
    assert closest < 0.25


def test_texts_are_of_a_size_and_clean(listings: list[Listing]):
    for listing in listings:
        assert 40 <= len(listing.text.split()) <= 90, listing.text
        assert 2 <= len(listing.title.split()) <= 12, listing.title
        for told in (listing.title, listing.text):
            assert not re.search(r"[\[\]{}|]|  | ,|,,|\.\.| \.|\ba 8|\ba 1[18]\b|\bNone\b|\bnan\b", told), told
        assert not listing.text[0].islower()
        assert listing.text.endswith((".", "?"))
        assert not re.search(r"[.?] [a-z]", listing.text), listing.text


def test_every_place_kind_and_price_range_is_there(listings: list[Listing]):
    homes = [listing.home for listing in listings]
    assert {home.hood.key for home in homes} == {hood.key for hood in NEIGHBOURHOODS}
    counts = {kind: sum(home.kind == kind for home in homes) for kind in {home.kind for home in homes}}
    assert counts.keys() == {"studio", "flat", "house", "room", "farm house", "houseboat"}
    assert min(counts.values()) >= 10
    prices = [home.price for home in homes]
    assert min(prices) > 250
    assert max(prices) < 4_000
    assert sum(price <= 1_200 for price in prices) > 80


def test_rent_follows_size_place_and_state(listings: list[Listing]):
    homes = [listing.home for listing in listings if listing.home.kind == "flat"]
    size, rent = np.array([h.size for h in homes]), np.array([h.price for h in homes])
    assert np.corrcoef(size, rent)[0, 1] > 0.8
    a_metre = rent / size
    hill = np.array([home.hood.rent > 1.1 for home in homes])
    dated = np.array([home.condition == "dated" for home in homes])
    assert a_metre[hill].mean() > a_metre[~hill].mean()
    assert a_metre[dated].mean() < a_metre[~dated].mean()


def test_facts_do_not_contradict_each_other(listings: list[Listing]):
    for listing in listings:
        home = listing.home
        if home.floor is not None:
            assert 0 <= home.floor < home.storeys
        assert (home.floor is None) == (home.kind in ("house", "farm house", "houseboat"))
        assert not {"lift", "stairs"} <= home.traits
        assert not {"period", "modern"} <= home.traits
        assert not {"top_floor", "ground_floor"} <= home.traits
        assert home.mates == 0 or home.kind == "room"
        if "step_free" in home.traits and home.floor:
            assert home.lift


def test_a_text_says_only_what_is_true(listings: list[Listing]):
    for listing in listings:
        topics = topics_of(listing.home)
        if "pets" not in topics:
            assert "dogs and cats are welcome" not in listing.text.lower()
        if "stove" not in topics:
            assert "fireplace in the" not in listing.text
        if listing.home.kind != "room":
            assert "housemate" not in listing.text


def test_every_topic_has_words_and_every_trait_a_tag_or_none(listings: list[Listing]):
    for listing in listings:
        assert listing.home.hood.key in PLACES.keys() & HOOKS.keys()
        assert listing.home.kind in OPENERS
        views = {trait for trait in listing.home.traits if trait.endswith("_view")}
        assert listing.home.traits - views <= TRAITS.keys()
        assert listing.home.traits - TAGS.keys() <= {"stairs", "small_kitchen"}


def test_templates_expand_without_leftovers():
    rng = np.random.default_rng(0)
    assert grammar.expand("[a [b|b]|a b] {x}", {"x": "c"}, rng) == "a b c"
    deck = grammar.Deck(rng)
    drawn = [deck.draw(["one", "two", "three"]) for _ in range(9)]
    assert all(sorted(drawn[i : i + 3]) == ["one", "three", "two"] for i in (0, 3, 6))


# Dates


def test_dates_lead_up_to_the_moment(listings: list[Listing]):
    rows = [to_row(listing, MOMENT) for listing in listings]
    created = [datetime.fromisoformat(str(row["created"])) for row in rows]
    assert max(created) < MOMENT
    assert max(created) > MOMENT - timedelta(days=1)
    assert min(created) > MOMENT - timedelta(days=120)
    later = to_row(listings[0], MOMENT + timedelta(days=3))
    assert datetime.fromisoformat(str(later["created"])) - created[0] == timedelta(days=3)
    dated = {"created", "available"}
    assert {k: v for k, v in later.items() if k not in dated} == {k: v for k, v in rows[0].items() if k not in dated}


def test_the_built_in_adapter_reads_every_row(listings: list[Listing]):
    adapter = load_adapter("realestate")
    for listing in listings:
        item = adapter.to_item(to_row(listing, MOMENT))
        assert item.id == listing.id
        assert item.title == listing.title
        assert item.text == listing.text
        assert item.place == f"{listing.home.hood.name}, Wrenmouth"
        assert item.fields["price"] == listing.home.price
        assert item.fields["area"] == listing.home.size
        assert item.fields["bedrooms"] == listing.home.bedrooms
        assert ("Pets allowed" in item.fields["amenities"]) == listing.home.pets


# Pictures


def test_pictures_are_small_whole_and_different(listings: list[Listing]):
    drawn = [draw(listing.home, SEED) for listing in listings]
    assert max(len(picture.encode()) for picture in drawn) <= 4096
    assert len(set(drawn)) == 300
    for picture in drawn:
        root = ElementTree.fromstring(picture)
        assert root.get("viewBox") == "0 0 400 300"
        assert "nan" not in picture
        for reference in re.findall(r'href="#(\w+)"|url\(#(\w+)\)', picture):
            name = "".join(reference)
            assert picture.count(f'id="{name}"') == 1, name


def test_a_picture_is_the_same_for_the_same_home(listings: list[Listing]):
    assert draw(listings[0].home, SEED) == draw(make_listings()[0].home, SEED)


def test_the_town_is_drawn_by_day_and_at_dusk(listings: list[Listing]):
    street = [listing.home for listing in listings if listing.home.kind == "flat"][:14]
    day, dusk = draw_town(street, SEED, "morning"), draw_town(street, SEED, "dusk")
    ElementTree.fromstring(day)
    assert day != dusk


# Past visitors


@pytest.fixture(scope="module")
def past(listings: list[Listing]):
    rng = np.random.default_rng(SEED)
    people = visitors.make_visitors(rng)
    return people, visitors.event_rows(people, listings, MOMENT, rng)


def test_about_1500_events_of_150_visitors_before_the_moment(past, listings: list[Listing]):
    people, events = past
    assert len(people) == 150
    assert 1_200 <= len(events) <= 1_800
    assert {event["action"] for event in events} == {"view", "save", "contact", "dismiss"}
    assert {event["user"] for event in events} <= {who.id for who in people}
    when = [datetime.fromisoformat(event["at"]) for event in events]
    assert when == sorted(when)
    assert MOMENT - timedelta(days=60) < when[0]
    assert when[-1] < MOMENT
    created = {listing.id: MOMENT - timedelta(days=listing.home.age_days) for listing in listings}
    assert all(at > created[event["item"]] for at, event in zip(when, events, strict=True))


def test_what_visitors_save_suits_them_better_than_the_rest(past, listings: list[Listing]):
    people, events = past
    who, home = {one.id: one for one in people}, {listing.id: listing.home for listing in listings}
    saved = [who[e["user"]].taste(home[e["item"]]) for e in events if e["action"] == "save"]
    seen = [who[e["user"]].taste(home[e["item"]]) for e in events if e["action"] == "view"]
    every = [person.taste(listing.home) for person in people for listing in listings[::10]]
    assert np.mean(saved) > np.mean(seen) + 0.2 > np.mean(every) + 1.0
