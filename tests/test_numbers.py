"""Numbers like those of what the visitor liked."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path

import numpy as np
import pytest
from conftest import NOW, HashEncoder
from hypothesis import given
from hypothesis import strategies as st

from brewlite import Event, Item, Query
from brewlite.recommender import Recommender
from brewlite.retrieval import Catalog
from brewlite.retrieval.taste import near_numbers
from brewlite.testing import FakeRanker


def flat(number: int, price: float | None, bedrooms: float | None = 2.0) -> Item:
    fields = {name: value for name, value in (("price", price), ("bedrooms", bedrooms)) if value is not None}
    return Item(id=str(number), kind="listing", title="A flat", fields=dict(fields), created=NOW - timedelta(days=30))


PRICES = (900.0, 950.0, 3000.0, None, 920.0, 300.0)


@pytest.fixture
def flats(tmp_path: Path) -> Iterator[Recommender]:
    """Six flats that differ in price alone, one of them without."""
    with Recommender.open(
        tmp_path / "flats.db", "realestate", ranker=FakeRanker(), encoder=HashEncoder(), clock=lambda: NOW
    ) as rec:
        rec.put_items([flat(number, price) for number, price in enumerate(PRICES)])
        yield rec


def near(rec: Recommender, *liked: int, names: tuple[str, ...] = ("price",)) -> np.ndarray:
    catalog = Catalog(rec.store, rec.adapter, "").refresh()
    rows = np.array([catalog.index[str(number)] for number in liked], dtype=np.int64)
    found = near_numbers(rows, catalog.as_of(NOW), names)
    return np.array([found[catalog.index[str(number)]] for number in range(len(catalog.items))])


def test_a_like_price_is_near_and_a_missing_one_is_as_far_as_most(flats: Recommender):
    values = near(flats, 0, 4)
    assert values[1] > max(values[2], values[5])
    others = values[[0, 1, 2, 4, 5]]
    assert values[3] == pytest.approx(others.mean(), abs=1e-6)
    assert (values <= 0).all()


def test_prices_are_compared_by_their_ratio(flats: Recommender):
    flats.put_items([flat(6, 450.0), flat(7, 1800.0)])
    values = near(flats, 0)
    assert values[6] == pytest.approx(values[7], abs=1e-2), "half of it, and twice"


def test_an_item_is_not_near_to_itself(flats: Recommender):
    assert near(flats, 0)[0] == pytest.approx(near(flats, 0)[3]), "nothing to compare it with"
    both = near(flats, 0, 2)
    assert both[0] == pytest.approx(both[2]), "each with the other alone"


def test_where_the_history_has_no_number_or_all_are_equal_nothing_is_said(flats: Recommender):
    assert not near(flats, 3).any()
    assert not near(flats, 0, names=("bedrooms",)).any()
    assert not near(flats, 0, names=()).any()
    assert near(flats, 0, names=("price", "bedrooms")).tolist() == near(flats, 0).tolist()


@given(st.lists(st.one_of(st.none(), st.floats(0, 1e9)), min_size=2, max_size=12), st.integers(0, 11))
def test_whatever_the_numbers_all_are_finite_and_at_most_0(prices: list[float | None], liked: int):
    class Held:
        items = prices

        def numbers(self, name: str) -> np.ndarray:
            return np.array([np.nan if price is None else price for price in prices])

    class At:
        catalog = Held()

    found = near_numbers(np.array([liked % len(prices)]), At(), ("price",))  # type: ignore[arg-type]
    assert found.shape == (len(prices),)
    assert np.isfinite(found).all()
    assert (found <= 0).all()


def test_who_saved_cheap_flats_is_shown_cheap_ones_and_told_why(tmp_path: Path):
    with Recommender.open(
        tmp_path / "many.db", "realestate", ranker=None, encoder=HashEncoder(), clock=lambda: NOW
    ) as rec:
        rec.put_items([flat(number, 500.0 * 1.15**number) for number in range(24)])
        for user, liked in (("thrifty", (0, 1, 2)), ("rich", (21, 22, 23))):
            for step, number in enumerate(liked):
                rec.record(Event(user=user, item=str(number), action="save", at=NOW - timedelta(days=9 - step)))
        between = tuple(str(number) for number in range(3, 21))
        for user, cheap_first in (("thrifty", True), ("rich", False)):
            picks = rec.rank(Query(user=user, k=18, candidates=between)).picks
            ranked = [int(pick.item.id) for pick in picks]
            assert np.corrcoef(ranked, np.arange(18))[0, 1] * (1 if cheap_first else -1) > 0.8
            assert any(pick.reason == "priced like what you saved" for pick in picks[:5])
