"""Real sites, from their own files to a slate: three kinds of visitor on four sets of rows."""

from __future__ import annotations

from pathlib import Path

import pytest
from conftest import HashEncoder

from brewlite import Query, Recommender
from brewlite.recommender import RecommenderConfig
from brewlite.retrieval import RetrievalConfig
from brewlite.testing import FakeRanker
from brewlite.weights import DEFAULT_RANKER

SETS = {
    "airbnb_barossa": ("realestate", "listings.csv.gz", 777, "reviews.csv.gz", 33_749, "a quiet cottage, under $300"),
    "airbnb_singapore": ("realestate", "listings.csv.gz", 3_483, "reviews.csv.gz", 35_698, "near the airport"),
    "stackexchange_travel": ("posts", "items.jsonl.gz", 2_725, "interactions.csv.gz", 23_026, "night trains in Europe"),
    "jobs_views": ("jobs", "jobs.csv.gz", 7_047, "job_views.csv.gz", 6_868, "cashier, part-time"),
}


def visitors(rec: Recommender, words: str) -> list[Query]:
    known = rec.store.events_after(0).users[0]
    return [Query(user=known, k=5), Query(user="somebody new", k=5, instructions=words), Query(k=5)]


@pytest.mark.slow
@pytest.mark.parametrize("name", SETS)
def test_a_real_site_answers_every_kind_of_visitor(shared_data: Path, tmp_path: Path, name: str):
    adapter, items, item_rows, events, event_rows, words = SETS[name]
    with Recommender.open(tmp_path / "site.db", adapter, ranker=FakeRanker(), encoder=HashEncoder()) as rec:
        read = rec.import_items(shared_data / name / items)
        assert (read.rows, read.rejected_count) == (item_rows, 0)
        read = rec.import_events(shared_data / name / events)
        assert (read.rows, read.rejected_count) == (event_rows, 0)
        for query in visitors(rec, words):
            slate = rec.recommend(query)
            assert len({pick.item.id for pick in slate.picks}) == 5
            assert not slate.degraded
            for constraint in slate.understood:
                assert all(pick.item.fields.get(constraint.field) is not None for pick in slate.picks)


@pytest.mark.slow
@pytest.mark.weights
def test_the_real_models_on_a_real_site(shared_data: Path, tmp_path: Path):
    config = RecommenderConfig(retrieval=RetrievalConfig(candidates=12, per_source=3))
    folder = shared_data / "airbnb_barossa"
    with Recommender.open(tmp_path / "site.db", "realestate", encoder=None) as rec:
        rec.import_items(folder / "listings.csv.gz")
        rec.import_events(folder / "reviews.csv.gz")
    with Recommender.open(tmp_path / "site.db", config=config) as rec:
        for query in visitors(rec, "a quiet cottage, under $300"):
            slate = rec.recommend(query)
            assert slate.model == DEFAULT_RANKER
            assert not slate.degraded, "the model understands the question"
            assert len({pick.sources["model"] for pick in slate.picks}) > 1
