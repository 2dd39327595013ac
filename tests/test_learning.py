"""The blend learns from a site's log: what it learns, when it does not, and that it never looks ahead."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path

import numpy as np
import pytest
from click.testing import CliRunner
from conftest import HashEncoder
from msgspec import structs
from test_evaluate import NOW, START, town, visits

from brewlite.blend import COLUMNS, LearnedBlend
from brewlite.blend.weights import BlendWeights, Weights
from brewlite.cli import main
from brewlite.evaluation import EvaluationConfig, evaluate
from brewlite.evaluation.suite.site import BenchSite, DataSet
from brewlite.recommender import Recommender
from brewlite.recommender.choices import choices_of, others_of
from brewlite.recommender.learning import LearningConfig, learn_and_keep, learn_blend, too_few
from brewlite.records import Event, Query
from brewlite.retrieval import Catalog
from brewlite.testing import FakeRanker

CUT = START + timedelta(days=270)
QUICK = LearningConfig(most=150)


@pytest.fixture
def lively(tmp_path: Path) -> Iterator[Recommender]:
    """Sixty homes of three kinds, and visitors with one taste each who mostly save young ones."""
    path = tmp_path / "lively.db"
    with Recommender.open(path, "realestate", ranker=None, encoder=HashEncoder(), clock=lambda: NOW) as site:
        site.put_items(town())
        site.store.add_events(visits())
        yield site


def reached(site: Recommender, learned: LearnedBlend | None) -> float:
    """Mean reciprocal rank of what was saved after the cut."""
    weighing = site if learned is None else site.with_blend(learned)
    catalog = Catalog(site.store, site.adapter, "").refresh()
    late = [e for e in visits() if e.at is not None and e.at >= CUT][:80]
    ranks = []
    for event in late:
        ids = weighing.order(Query(user=event.user, at=event.at)).ids
        if event.item in ids:
            ranks.append(1 / (1 + ids.index(event.item)))
    assert len(ranks) > 30
    assert catalog.items
    return float(np.mean(ranks))


def test_what_is_learned_finds_more_of_what_comes_later(lively: Recommender):
    learned = learn_blend(lively, before=CUT, config=QUICK)
    assert learned is not None
    assert learned.until <= CUT
    assert learned.cases == 150
    assert learned.wide.gain > 0
    assert reached(lively, learned) > reached(lively, None) + 0.05


def test_nothing_at_or_after_the_cut_is_learned_from(lively: Recommender, tmp_path: Path):
    learned = learn_blend(lively, before=CUT, config=QUICK)
    with Recommender.open(tmp_path / "o.db", "realestate", ranker=None, encoder=HashEncoder(), clock=lambda: NOW) as o:
        o.put_items(town())
        early = [event for event in visits() if event.at is not None and event.at < CUT]
        flood = [Event(user=f"u{n}", item="h0", action="save", at=CUT + timedelta(hours=n)) for n in range(200)]
        o.store.add_events([*early, *flood])
        other = learn_blend(o, before=CUT, config=QUICK)
    assert learned is not None
    assert other is not None
    assert other.weights == learned.weights


def test_the_same_log_and_seed_teach_the_same(lively: Recommender):
    assert learn_blend(lively, seed=1, config=QUICK) == learn_blend(lively, seed=1, config=QUICK)


def test_a_short_log_teaches_nothing_and_says_why(site: Recommender):
    assert learn_blend(site) is None
    assert learn_and_keep(site) is None
    assert site.learned_blend is None
    assert "fewer than 30" in str(too_few(site))


def test_choices_are_first_touches_of_what_was_there(lively: Recommender):
    lively.store.add_events([Event(user="u1", item="h1", action="view", at=START + timedelta(days=340))])
    lively.store.add_events([Event(user="u1", item="h1", action="save", at=START + timedelta(days=341))])
    catalog = Catalog(lively.store, lively.adapter, "").refresh()
    chosen, found = choices_of(catalog, 2**62, 0.3, 10_000, np.random.default_rng(0))
    assert len(chosen) == found
    assert len({(choice.user, choice.row) for choice in chosen}) == len(chosen)
    assert not any(choice.at >= catalog.events.at[-1] for choice in chosen), "a save after a view is no choice"
    for choice in chosen[::40]:
        moment = catalog.as_of(START + timedelta(microseconds=choice.at - int(START.timestamp() * 1e6)))
        wide, alike = others_of(choice, moment, 10, np.random.default_rng(0))
        touched = set(catalog.events.item[moment.user_events(choice.user)].tolist())
        for others in (wide, alike):
            assert not touched & set(others.tolist())
            assert choice.row not in others
            assert moment.eligible[others].all()


def absurd(learned: LearnedBlend) -> LearnedBlend:
    """Everything the other way round, learned from the whole log."""
    upside_down = Weights.of(-learned.weights.wide.matrix())
    return structs.replace(learned, weights=BlendWeights(wide=upside_down, alike=upside_down))


def test_what_is_kept_is_used_at_once_and_not_for_earlier_moments(lively: Recommender, tmp_path: Path):
    with Recommender.open(tmp_path / "lively.db", ranker=None, encoder=HashEncoder(), clock=lambda: NOW) as service:
        query, early = Query(user="u1", k=20), Query(user="u1", k=20, at=CUT)
        before = [pick.score for pick in service.recommend(query).picks]
        before_early = [pick.score for pick in service.recommend(early).picks]
        kept = learn_and_keep(lively, config=QUICK)
        assert kept is not None
        assert service.learned_blend == kept
        assert [pick.score for pick in service.recommend(query).picks] != before
        assert [pick.score for pick in service.recommend(early).picks] == before_early
        lively.keep_blend(None)
        assert [pick.score for pick in service.recommend(query).picks] == before


def test_a_blend_of_another_version_is_passed_over(lively: Recommender):
    lively.store.set_meta("blend", '{"format": 99}')
    assert lively.learned_blend is None
    assert lively.recommend(Query(user="u1")).picks


def test_evaluation_does_not_use_what_was_learned_from_its_own_cases(lively: Recommender):
    config = EvaluationConfig(cases=40, methods=("brewlite-no-model",), use_model=False)
    shipped = evaluate(lively, config).figures
    learned = learn_blend(lively, config=QUICK)
    assert learned is not None
    lively.keep_blend(learned)
    plain = evaluate(lively, config).figures
    assert plain != shipped, "a site that serves the shipped weights is replayed with these"
    lively.keep_blend(absurd(learned))
    assert evaluate(lively, config).figures == plain


def test_the_suite_weighs_each_part_by_what_came_before_it(lively: Recommender):
    data = DataSet(name="lively", kind="listings", adapter="realestate", items="", events="there")
    site = BenchSite(data, lively, "")
    late = site.learned(NOW).learned_blend
    assert late is not None
    assert late.until <= START + timedelta(microseconds=site.cut - int(START.timestamp() * 1e6))
    assert site.learned(START) is lively
    assert site.learned(NOW) is site.asked_with(None, NOW)


def test_columns_are_signals():
    from brewlite.retrieval import Signals

    assert {column.name for column in COLUMNS} <= set(Signals.__struct_fields__)


def test_importing_events_lets_the_blend_learn(lively: Recommender, tmp_path: Path):
    rows = "\n".join(f"u{n % 40},h{n % 40},save,2024-12-2{n % 9}T0{n % 10}:00:00Z" for n in range(40))
    (tmp_path / "more.csv").write_text("user,item,action,at\n" + rows)
    asked = ["import", "events", str(tmp_path / "more.csv"), "--db", str(tmp_path / "lively.db")]
    left = CliRunner().invoke(main, [*asked, "--no-learn"], catch_exceptions=False)
    assert left.exit_code == 0, left.output
    assert "blend" not in left.output
    assert lively.learned_blend is None
    (tmp_path / "more.csv").write_text("user,item,action,at\n" + rows.replace("T0", "T1"))
    done = CliRunner().invoke(main, asked, catch_exceptions=False)
    assert done.exit_code == 0, done.output
    assert "blend learned from" in done.output
    assert lively.learned_blend is not None


def test_a_model_counts_by_what_was_learned_with_it_with_a_log_and_without(lively: Recommender):
    ranker = FakeRanker()
    ranker.advice = {"model": {"base": 0.5, "taught": True}, "model without a log": {"base": 0.1, "taught": True}}
    learned = learn_blend(lively, before=CUT, config=QUICK)
    assert learned is not None
    site = lively.with_config(lively.config, ranker)
    query = Query(instructions="a garden", candidates=tuple(f"h{n}" for n in range(12)))
    with_log, without = (rec.weigh(query).blended.model for rec in (site.with_blend(learned), site))
    assert np.abs(without).max() > 0
    np.testing.assert_allclose(with_log, 5 * without)
    early = structs.replace(query, at=learned.until - timedelta(days=1))
    before, plain = (rec.weigh(early).blended.model for rec in (site.with_blend(learned), site))
    np.testing.assert_array_equal(before, plain, "what was learned later does not count then")
