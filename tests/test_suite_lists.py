"""What top tens are like: each figure by hand, on a small site and on a bigger one."""

from __future__ import annotations

from datetime import timedelta
from pathlib import Path
from types import SimpleNamespace

import numpy as np
import pytest
from conftest import NOW, HashEncoder
from made_up_town import town

from brewlite.evaluation.suite import lists
from brewlite.evaluation.suite.asking import Desk
from brewlite.evaluation.suite.case import Answer, Case
from brewlite.evaluation.suite.datasets import open_site
from brewlite.evaluation.suite.methods import Ours
from brewlite.evaluation.suite.metric import Asked
from brewlite.evaluation.suite.preference import full_cases
from brewlite.evaluation.suite.registry import MAKERS as ALL_MAKERS
from brewlite.evaluation.suite.site import BenchSite, DataSet
from brewlite.recommender import Recommender
from brewlite.records import Query
from brewlite.testing import FakeRanker

DATA = DataSet(name="forty", kind="listings", adapter="realestate", items="none", events="none")


@pytest.fixture
def forty(site: Recommender) -> BenchSite:
    """Forty homes; before NOW homes 1 and 5 were liked twice, 9, 13, 2 and 6 once: 8 liking events."""
    return BenchSite(DATA, site, "forty")


def top(site: BenchSite, best: list[int], key: str = "k", good: tuple[str, ...] = (), at=NOW) -> Asked:
    """An answer that puts the homes ``best`` on top of all forty, in that order."""
    ids = tuple(str(n) for n in range(40))
    scores = np.array([float(100 - best.index(n)) if n in best else 0.0 for n in range(40)])
    case = Case(key=key, site="forty", visitor="v", query=Query(at=at), good=good)
    return Asked(case, Answer(ids=ids, scores=scores), None, site)


def test_the_top_is_ten_of_the_best_and_nothing_forbidden(forty: BenchSite):
    best = [7, 3, 39, 12, 0, 1, 2, 4, 5, 6]
    assert lists.top_of(top(forty, best)).tolist() == best
    one = top(forty, [5, 6])
    scores = np.where(one.answer.scores > 0, one.answer.scores, -np.inf)
    few = Asked(one.case, Answer(ids=one.answer.ids, scores=scores), None, forty)
    assert lists.top_of(few).tolist() == [5, 6]


def test_ties_are_broken_by_lot_and_the_same_each_time(forty: BenchSite):
    first, again, other = (lists.top_of(top(forty, [], key)).tolist() for key in ("a", "a", "b"))
    assert first == again != other
    shown = {row for key in range(200) for row in lists.top_of(top(forty, [], str(key)))}
    assert shown == set(range(40)), "no item is preferred for its place in the catalog"


def test_coverage_by_hand(forty: BenchSite):
    first, second = list(range(10)), list(range(5, 15))
    parts = [lists.shown(top(forty, best)) for best in (first, second)]
    assert lists.coverage(parts) == pytest.approx(15 / 40)
    assert lists.coverage(parts[:1]) == pytest.approx(10 / 40)
    elsewhere = parts[0] + np.array([1.0, 0.0, 40.0])  # another site, of 80
    assert lists.coverage([*parts, elsewhere]) == pytest.approx((15 / 40 + 10 / 80) / 2)


def test_gini_by_hand(forty: BenchSite):
    parts = [lists.shown(top(forty, list(range(10))))]
    # a quarter of the items have all the room, in equal parts: 1 - 1/4
    assert lists.gini(parts) == pytest.approx(0.75)
    every = [lists.shown(top(forty, list(range(start, start + 10)))) for start in (0, 10, 20, 30)]
    assert lists.gini(every) == pytest.approx(0)
    uneven = [*every, parts[0]]
    counts = np.array([2.0] * 10 + [1.0] * 30)
    plain = np.abs(counts[:, None] - counts[None, :]).sum() / (2 * 40**2 * counts.mean())
    assert lists.gini(uneven) == pytest.approx(plain)


def test_popularity_percentiles_by_hand(forty: BenchSite):
    # 34 homes were never liked (in the middle: 17 of 40), four once (36), two twice (39)
    assert lists.popular(top(forty, [0, 3, 4, 7, 8, 10, 11, 12, 14, 15])) == pytest.approx(100 * 17 / 40)
    best = [1, 5, 2, 6, 9, 13, 0, 3, 4, 7]
    mean = 100 * (2 * 39 + 4 * 36 + 4 * 17) / 10 / 40
    assert lists.popular(top(forty, best)) == pytest.approx(mean)
    assert lists.more_popular(top(forty, best, good=("1",))) == pytest.approx(mean - 100 * 39 / 40)
    assert lists.more_popular(top(forty, best, good=("0",))) == pytest.approx(mean - 100 * 17 / 40)
    assert lists.more_popular(top(forty, best)) is None


def test_popularity_is_that_of_the_moment(forty: BenchSite):
    before_all = NOW - timedelta(days=20)
    assert lists.likes(top(forty, [], at=NOW)).sum() == 8
    assert lists.likes(top(forty, [], at=before_all)).sum() == 0
    assert lists.popular(top(forty, [1, 5], at=before_all)) == pytest.approx(50)


def test_novelty_by_hand(forty: BenchSite):
    best = [1, 5, 2, 6, 9, 13, 0, 3, 4, 7]
    total = 8 + 40
    bits = -(2 * np.log2(3 / total) + 4 * np.log2(2 / total) + 4 * np.log2(1 / total)) / 10
    assert lists.novelty(top(forty, best)) == pytest.approx(bits)
    assert lists.novelty(top(forty, [0, 3, 4, 7, 8, 10, 11, 12, 14, 15])) == pytest.approx(np.log2(total))


def test_diversity_by_hand():
    vectors = np.array([[1, 0], [0, 1], [2, 0], [0, 0]], dtype=np.float32)
    site = SimpleNamespace(row={"a": 0, "b": 1, "c": 2, "d": 3}, vectors=vectors, name="s")

    def of(*ids: str) -> float | None:
        case = Case(key="k", site="s", visitor="v", query=Query())
        return lists.diversity(Asked(case, Answer(ids=ids, scores=np.ones(len(ids))), None, site))  # type: ignore[arg-type]

    assert of("a", "b") == pytest.approx(1)
    assert of("a", "c") == pytest.approx(0)
    assert of("a", "b", "c") == pytest.approx(1 - 1 / 3)
    assert of("a", "b", "d") == pytest.approx(1), "an item without words is left out"
    assert of("a", "d") is None


def test_nothing_to_show_counts_in_no_figure(forty: BenchSite):
    case = Case(key="k", site="forty", visitor="v", query=Query(at=NOW))
    none = Asked(case, Answer(ids=("1", "2"), scores=np.full(2, -np.inf)), None, forty)
    assert [lists.shown(none), lists.popular(none), lists.novelty(none), lists.diversity(none)] == [None] * 4


def figures(site: BenchSite, cases: list[Case], part: str) -> dict[str, float]:
    desk, method = Desk(), Ours(part, part, part)
    rows = [one for case in cases if (one := desk.ask(method, case, site)) is not None]
    found = {}
    for metric in lists.METRICS:
        if hasattr(metric, "pool"):
            found[metric.name] = metric.pool([metric.gather(one) for one in rows])
        else:
            found[metric.name] = float(np.mean([metric.measure(one) for one in rows]))
    return found


def check(found: dict[str, float]) -> None:
    assert 0 < found["coverage"] <= 1
    assert 0 <= found["gini"] < 1
    assert 0 <= found["popularity"] <= 100
    assert -100 <= found["popularity-lift"] <= 100
    assert 0 <= found["diversity"] <= 2
    assert found["novelty"] > 0


def test_lists_of_a_bigger_site(tmp_path: Path):
    with town(tmp_path / "site.db") as site:
        cases = full_cases(site, 20)
        assert all(case.query.candidates is None for case in cases)
        check(figures(site, cases, "all"))
        check(figures(site, cases, "first"))


@pytest.mark.slow
def test_lists_of_a_real_site(shared_data: Path, tmp_path: Path):
    site = open_site("stackexchange_beer", shared_data, tmp_path, FakeRanker(), encoder=HashEncoder())
    check(figures(site, full_cases(site, 10), "first"))
    site.recommender.close()


def test_every_list_task_is_made_of_full_cases():
    assert "full" in ALL_MAKERS
    assert {task.maker for task in lists.TASKS} == {"full"}
    assert len(lists.TASKS) == 3 * len(lists.METRICS)
