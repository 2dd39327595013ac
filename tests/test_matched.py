"""Matched candidates: the target's like, by which neither freshness nor popularity finds it."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from brewlite.evaluation.baselines import newest, popularity_lately
from brewlite.evaluation.log import DAY, NEVER, Catalog, EventLog, Ints, read_log
from brewlite.evaluation.metrics import Places, auc, place
from brewlite.evaluation.splits import Cases, candidates, cut_time, find_cases, moment_of, sample_cases
from brewlite.evaluation.suite.matched import matched_candidates
from brewlite.recommender import Recommender

RULES = {"popularity-60d": popularity_lately, "newest": newest}


def made_up_log(seed: int, items: int = 400, events: int = 6000) -> EventLog:
    """Visitors choose what is liked and, even more, what is new: the popular and the fresh are all but given away."""
    rng = np.random.default_rng(seed)
    created = np.sort(rng.integers(0, 300 * DAY, items))
    charm = rng.lognormal(0, 1.2, items)
    at = np.sort(rng.integers(30 * DAY, 365 * DAY, events))
    age = (at[:, None] - created) / DAY
    pull = np.where(age > 0, charm * np.exp(-np.maximum(age, 0) / 60), 0)
    chosen = (pull.cumsum(axis=1) < rng.random((events, 1)) * pull.sum(axis=1, keepdims=True)).sum(axis=1)
    return EventLog(
        catalog=Catalog(
            ids=tuple(f"i{n}" for n in range(items)),
            created=created,
            expires=np.full(items, NEVER),
            hidden=np.zeros(items, dtype=np.bool_),
        ),
        user_ids=tuple(f"u{n}" for n in range(800)),
        users=rng.integers(0, 800, events),
        items=chosen,
        at=at,
        weights=np.ones(events),
    )


def matched_sets(log: EventLog, cases: Cases, rng: np.random.Generator) -> list[tuple[int, Ints]]:
    """(case, its matched candidates), less those that have no like."""
    first = log.first_touch()
    sets = []
    for case in range(len(cases)):
        moment = moment_of(log, int(cases.users[case]), int(cases.at[case]))
        if len(rows := matched_candidates(log, moment, int(cases.targets[case]), first, rng)):
            sets.append((case, rows))
    return sets


def mean_auc(log: EventLog, cases: Cases, sets: list[tuple[int, Ints]], rule: str) -> tuple[float, float]:
    """By one rule alone: among all that could be shown, and among the matched."""
    first, stood = log.first_touch(), ([], [])
    for case, rows in sets:
        moment = moment_of(log, int(cases.users[case]), int(cases.at[case]))
        few = np.zeros(len(log.catalog), dtype=np.bool_)
        few[rows] = True
        for among, into in zip((candidates(log, moment, first), few), stood, strict=True):
            into.append(place(RULES[rule](moment), int(cases.targets[case]), among))
    columns = [np.array(places).T for places in stood]
    full, matched = (auc(Places(above=above, tied=tied, total=total)).mean() for above, tied, total in columns)
    return float(full), float(matched)


@pytest.mark.parametrize("rule", RULES)
def test_one_rule_alone_does_no_better_than_chance(rule: str):
    log = made_up_log(1)
    cases = sample_cases(find_cases(log, cut_time(log, 0.7))[0], 500, np.random.default_rng(0))
    sets = matched_sets(log, cases, np.random.default_rng(2))
    assert len(sets) > 150
    full, matched = mean_auc(log, cases, sets, rule)
    assert full > 0.65, "the rule finds it among all"
    assert matched == pytest.approx(0.5, abs=0.1)


def test_the_target_is_not_always_in_the_middle():
    """A method that picks what is most average of the set must not be rewarded for it."""
    log = made_up_log(3)
    cases = sample_cases(find_cases(log, cut_time(log, 0.7))[0], 500, np.random.default_rng(0))
    ranks = []
    for case, rows in matched_sets(log, cases, np.random.default_rng(2)):
        came = newest(moment_of(log, int(cases.users[case]), int(cases.at[case])))
        ranks.append((came[rows] > came[cases.targets[case]]).sum())
    assert np.quantile(ranks, 0.1) < 15
    assert np.quantile(ranks, 0.9) > 34


def test_fifty_different_candidates_in_an_order_that_tells_nothing():
    log = made_up_log(4)
    cases = sample_cases(find_cases(log, cut_time(log, 0.7))[0], 200, np.random.default_rng(0))
    first = log.first_touch()
    sets = matched_sets(log, cases, np.random.default_rng(5))
    for case, rows in sets:
        moment = moment_of(log, int(cases.users[case]), int(cases.at[case]))
        assert len(np.unique(rows)) == 50
        assert candidates(log, moment, first)[rows].all()
    positions = [int(np.flatnonzero(rows == cases.targets[case])[0]) for case, rows in sets]
    assert np.mean(positions) == pytest.approx(24.5, abs=4)
    again = matched_sets(log, cases, np.random.default_rng(5))
    assert all((rows == others).all() for (_, rows), (_, others) in zip(sets, again, strict=True))


def test_they_are_alike():
    """Nearer in age and popularity than fifty drawn from all."""
    log = made_up_log(6)
    cases = sample_cases(find_cases(log, cut_time(log, 0.7))[0], 60, np.random.default_rng(0))
    first, rng = log.first_touch(), np.random.default_rng(7)
    for rule in RULES.values():
        apart: tuple[list[float], list[float]] = ([], [])
        for case, rows in matched_sets(log, cases, np.random.default_rng(5)):
            moment = moment_of(log, int(cases.users[case]), int(cases.at[case]))
            rank = np.argsort(np.argsort(rule(moment)))
            anybody = rng.choice(np.flatnonzero(candidates(log, moment, first)), 50, replace=False)
            for where, into in zip((rows, anybody), apart, strict=True):
                into.append(float(np.abs(rank[where] - rank[cases.targets[case]]).mean()))
        assert np.mean(apart[0]) < 0.6 * np.mean(apart[1])


def test_a_small_site_gives_all_that_can_be_shown():
    log = made_up_log(8, items=30, events=400)
    cases = find_cases(log, cut_time(log, 0.7))[0]
    moment = moment_of(log, int(cases.users[0]), int(cases.at[0]))
    first, rng = log.first_touch(), np.random.default_rng(0)
    rows = matched_candidates(log, moment, int(cases.targets[0]), first, rng)
    assert sorted(rows) == np.flatnonzero(candidates(log, moment, first)).tolist()


def test_the_newest_item_of_all_has_no_like():
    log = made_up_log(9)
    moment = moment_of(log, 0, int(log.at[-1]) + 1)
    first, came = log.first_touch(), newest(moment)
    target = int(np.argmax(np.where(candidates(log, moment, first), came, -np.inf)))
    assert matched_candidates(log, moment, target, first, np.random.default_rng(0)).shape == (0,)


def test_a_target_that_could_not_be_shown_is_refused():
    log = made_up_log(10)
    moment = moment_of(log, int(log.users[-1]), int(log.at[-1]) + 1)
    with pytest.raises(ValueError, match="could not be shown"):
        matched_candidates(log, moment, int(moment.seen[0]), log.first_touch(), np.random.default_rng(0))


@pytest.mark.slow
@pytest.mark.parametrize(
    ("folder", "adapter", "items", "events"),
    [
        ("airbnb_barossa", "realestate", "listings.csv.gz", "reviews.csv.gz"),
        ("stackexchange_beer", "posts", "items.jsonl.gz", "interactions.csv.gz"),
        ("jobs_views", "jobs", "jobs.csv.gz", "job_views.csv.gz"),
    ],
)
def test_on_real_logs(shared_data: Path, tmp_path: Path, folder: str, adapter: str, items: str, events: str):
    with Recommender.open(tmp_path / "site.db", adapter, ranker=None, encoder=None) as rec:
        rec.import_items(shared_data / folder / items)
        rec.import_events(shared_data / folder / events)
        log = read_log(rec.store, rec.adapter)[0]
    cases = find_cases(log, cut_time(log, 0.65))[0]
    cases = sample_cases(cases.take(cases.at < cut_time(log, 0.8)), 400, np.random.default_rng(0))
    sets = matched_sets(log, cases, np.random.default_rng(0))
    assert len(sets) > 80
    for rule in RULES:
        assert mean_auc(log, cases, sets, rule)[1] == pytest.approx(0.5, abs=0.1), rule
