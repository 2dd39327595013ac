"""Stated interests on real sites: twins that are twins, limits that mean what they say, rankers that read or not."""

from __future__ import annotations

import re
from datetime import UTC, datetime
from itertools import islice
from pathlib import Path

import numpy as np
import pytest
from msgspec import structs

from brewlite.evaluation.log import to_micros
from brewlite.evaluation.suite.case import Answer, Case
from brewlite.evaluation.suite.datasets import open_site
from brewlite.evaluation.suite.methods import Ours
from brewlite.evaluation.suite.metric import Asked
from brewlite.evaluation.suite.site import BenchSite
from brewlite.evaluation.suite.stated import MAKERS, METRICS, TASKS, held_out
from brewlite.evaluation.suite.stated.limits import drawn, keeps
from brewlite.evaluation.suite.stated.stock import stock_of
from brewlite.records import Item
from brewlite.testing import FakeRanker
from brewlite.wishes import allows

JUDGE = {metric.name: metric.measure for metric in METRICS}
BY_NAME = {task.name: task for task in TASKS}


@pytest.fixture(scope="module")
def real(shared_data: Path, tmp_path_factory: pytest.TempPathFactory):
    cache = tmp_path_factory.mktemp("cache")
    names = ("airbnb_barossa", "jobs_google", "stackexchange_beer")
    sites = {name: open_site(name, shared_data, cache, FakeRanker(), encoder=None) for name in names}
    yield sites
    for site in sites.values():
        site.recommender.close()


def cases_of(name: str, sites: dict[str, BenchSite], count: int = 24, seed: int = 0) -> list[Case]:
    task = BY_NAME[name]
    return [
        case
        for site in task.data
        if site in sites
        for case in MAKERS[task.maker](task, sites[site], count, np.random.default_rng(seed))
    ]


def pairs_share(name: str, sites: dict[str, BenchSite], score) -> float:
    shares = []
    for case in cases_of(name, sites):
        scores = np.array([score(case, id_) for id_ in case.query.candidates or ()], dtype=np.float64)
        answer = Answer(ids=case.query.candidates or (), scores=scores)
        shares.append(JUDGE["pairs"](Asked(case, answer, None, sites[case.site])))
    return float(np.mean(shares))


def all_words(item: Item) -> str:
    fields = [", ".join(value) if isinstance(value, list) else str(value) for value in item.fields.values()]
    return "\n".join((item.title, item.text, item.place or "", *fields))


def words_shared(sites: dict[str, BenchSite]):
    """Counts the words of the request that the item holds anywhere."""
    found: dict[tuple[str, str], set[str]] = {}

    def score(case: Case, id_: str) -> float:
        if (case.site, id_) not in found:
            text = all_words(sites[case.site].recommender.item(id_))
            found[case.site, id_] = set(re.findall(r"\w{3,}", text.casefold()))
        return len(found[case.site, id_] & set(re.findall(r"\w{3,}", case.query.instructions.casefold())))

    return score


@pytest.mark.parametrize(
    "name",
    [
        f"{kind}/{name}"
        for kind in ("listings", "jobs", "posts")
        for name in ("asks-common", "asks-niche", "asks-not", "asks-against-history", "asks-abroad")
    ],
)
def test_fitting_items_have_it_and_twins_lack_it_in_fields_and_text(name: str, real: dict[str, BenchSite]):
    made = cases_of(name, real)
    assert len(made) >= 15
    for case in made:
        site = real[case.site]
        key = str(case.facets["attribute"])
        attribute = next(a for a in stock_of(site).attributes if a.key == key.removeprefix("no "))
        assert held_out(attribute.key)
        assert 8 <= len(case.query.candidates or ()) <= 12 or len(case.pairs) == 3
        assert sorted(case.query.candidates or ()) == sorted(id_ for pair in case.pairs for id_ in pair)
        for pair in case.pairs:
            with_it, without = reversed(pair) if key.startswith("no ") else pair
            held = site.recommender.item(with_it)
            values = held.place if attribute.field == "place" else held.fields[attribute.field]
            assert any(attribute.has.search(value) for value in (values if isinstance(values, list) else [str(values)]))
            assert not attribute.mentions.search(all_words(site.recommender.item(without)))


def test_a_history_against_the_words_holds_only_what_they_refuse(real: dict[str, BenchSite]):
    for case in cases_of("listings/asks-against-history", real):
        stock = stock_of(real[case.site])
        key = str(case.facets["attribute"])
        states = stock.states(next(a for a in stock.attributes if a.key == key.removeprefix("no ")))
        history = [item for item, _ in case.query.history or ()]
        assert case.facets["history"] == len(history) >= 3
        assert {int(states[stock.row[item]]) for item in history} == {1 if key.startswith("no ") else -1}
        assert not set(history) & set(case.query.candidates or ())


def test_twins_are_nearer_than_chance(real: dict[str, BenchSite]):
    for name, site in real.items():
        stock, rng = stock_of(site), np.random.default_rng(0)
        task = next(t for t in TASKS if t.name.endswith("asks-common") and name in t.data)
        made = MAKERS[task.maker](task, site, 12, rng)
        rows = np.array([[stock.row[id_] for id_ in pair] for case in made for pair in case.pairs])
        near = np.array([stock.distances(rows[n, :1], rows[n, 1:])[0, 0] for n in range(len(rows))])
        chance = stock.distances(rows[:, 0], rng.integers(0, len(stock.items), 60))
        assert near.mean() < 0.75 * chance.mean()


def test_all_candidates_are_there_at_the_moment_and_it_is_not_in_the_future(real: dict[str, BenchSite]):
    for site in real.values():
        stock = stock_of(site)
        assert stock.at < datetime.now(UTC)
        assert all(item.created is None or item.created <= stock.at for item in stock.items)
        if len(site.columns.rows):
            assert to_micros(stock.at) > site.cut


@pytest.mark.parametrize("maker", sorted({task.maker for task in TASKS} - {"stated positions"}))
def test_makers_are_deterministic_by_seed(maker: str, real: dict[str, BenchSite]):
    task = next(t for t in TASKS if t.maker == maker and t.name.startswith("posts"))
    first, again = (cases_of(task.name, real, 8) for _ in range(2))
    assert first == again
    assert len({case.key for case in first}) == len(first)
    if maker != "stated hard limits":
        assert first != cases_of(task.name, real, 8, seed=1)


# What simple rankers make of it


def test_counting_words_finds_common_attributes_and_fails_at_refusals(real: dict[str, BenchSite]):
    counted = words_shared(real)
    common = [pairs_share(f"{kind}/asks-common", real, counted) for kind in ("listings", "jobs", "posts")]
    assert min(common) > 0.55
    assert np.mean(common) > 0.65
    assert np.mean([pairs_share(f"{kind}/asks-not", real, counted) for kind in ("listings", "jobs", "posts")]) < 0.4


def test_a_random_ranker_is_right_half_the_time(real: dict[str, BenchSite]):
    rng = np.random.default_rng(0)
    shares = [pairs_share(f"{kind}/asks-common", real, lambda case, id_: rng.random()) for kind in ("jobs", "posts")]
    assert np.mean(shares) == pytest.approx(0.5, abs=0.12)


def test_the_whole_of_brewlite_with_a_word_ranker_is_better_than_chance(real: dict[str, BenchSite]):
    method = Ours("brewlite", "brewlite", "all")
    shares = []
    for case in cases_of("jobs/asks-common", real):
        answer = method.answer(case.query, real[case.site])
        assert answer is not None
        shares.append(JUDGE["pairs"](Asked(case, answer, None, real[case.site])))
    assert np.mean(shares) > 0.6


# Limits


def test_limits_mean_what_they_say(real: dict[str, BenchSite]):
    for site in real.values():
        stock = stock_of(site)
        for limit in islice(drawn(stock, np.random.default_rng(3)), 40):
            kept = keeps(limit, stock)
            assert 0 < kept.sum() < len(kept)
            expected = [all(allows(one, item, stock.at) for one in limit.constraints) for item in stock.items]
            assert kept.tolist() == expected


@pytest.mark.parametrize("kind", ["listings", "jobs", "posts"])
def test_the_twin_of_a_limit_is_known_to_lie_beyond_it(kind: str, real: dict[str, BenchSite]):
    task = BY_NAME[f"{kind}/asks-within"]
    for name in set(task.data) & set(real):
        stock = stock_of(real[name])
        limits = {limit.words: limit for limit in islice(drawn(stock, np.random.default_rng(0)), 60)}
        for case in MAKERS[task.maker](task, real[name], 12, np.random.default_rng(0)):
            if (limit := limits.get(case.query.instructions)) is None:
                continue
            kept = keeps(limit, stock)
            assert all(kept[stock.row[fits]] and not kept[stock.row[twin]] for fits, twin in case.pairs)


@pytest.mark.parametrize("kind", ["listings", "jobs", "posts"])
def test_brewlite_keeps_every_limit_that_it_reads(kind: str, real: dict[str, BenchSite]):
    method = Ours("brewlite", "brewlite", "first")
    made = cases_of(f"{kind}/keeps-limits", real, 12)
    assert len(made) >= 10
    for case in made:
        answer = method.answer(case.query, real[case.site])
        assert answer is not None
        assert len(case.query.candidates or ()) == 40
        assert len(case.good) >= 10
        assert JUDGE["violations@10"](Asked(case, answer, None, real[case.site])) == 0
        assert JUDGE["understood"](Asked(case, answer, None, real[case.site])) == 1


def test_most_limits_are_read_and_the_answer_tells_the_others(real: dict[str, BenchSite]):
    read = []
    method = Ours("brewlite", "brewlite", "first")
    for kind in ("listings", "jobs", "posts"):
        understood = {case.key.rsplit("/", 1)[1] for case in cases_of(f"{kind}/keeps-limits", real, 40)}
        for case in cases_of(f"{kind}/reads-limits", real, 15):
            answer = method.answer(case.query, real[case.site])
            assert answer is not None
            read.append(JUDGE["understood"](Asked(case, answer, None, real[case.site])))
            if case.key.rsplit("/", 1)[1] in understood:
                assert read[-1] == 1
    assert np.mean(read) > 0.7


# What applicants stated


def test_positions_were_stated_before_and_the_silent_cases_are_the_same(shared_data: Path, tmp_path: Path):
    site = open_site("jobs_views", shared_data, tmp_path, FakeRanker(), encoder=None)
    made = {}
    for name in ("jobs/stated-positions", "jobs/stated-positions-silent"):
        task = BY_NAME[name]
        made[name] = MAKERS[task.maker](task, site, 12, np.random.default_rng(0))
    said, silent = made.values()
    assert len(said) >= 8
    users = {user.id: user for user in site.recommender.store.users()}
    for one, other in zip(said, silent, strict=True):
        assert structs.replace(one.query, instructions="") == other.query
        assert one.good == other.good
        assert one.good[0] in (one.query.candidates or ())
        user = users[one.visitor.split("/")[1]]
        assert user.updated is not None
        assert one.query.at is not None
        assert user.updated < one.query.at
        assert one.query.instructions == user.interests
        assert one.query.user is None
    site.recommender.close()
