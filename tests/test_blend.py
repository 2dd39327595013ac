"""The blend: what the signals count for, lists of like items, words that level off, chances."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from msgspec import structs

from brewlite.adapter import Priors
from brewlite.blend import COLUMNS, Blend, BlendWeights, LearnedBlend, LearnedFrom, StatedConfig, Weights, knowledge
from brewlite.blend.alike import alikeness
from brewlite.blend.choice import Choices, fit, fit_slope
from brewlite.blend.stated import settled, stated
from brewlite.blend.weights import shipped
from brewlite.errors import BadRecord
from brewlite.retrieval import Signals

COUNT = 200


def signals(rng: np.random.Generator, **given: np.ndarray) -> Signals:
    """Random ones, of nobody who says anything."""
    silent = dict.fromkeys(("wish", "unwanted", "words", "unwanted_words"), np.zeros(COUNT, dtype=np.float32))
    known = {name: rng.random(COUNT).astype(np.float32) for name in Signals.__struct_fields__}
    return Signals(**{**known, **silent, **given})


def there() -> np.ndarray:
    return np.ones(COUNT, dtype=bool)


def weights(**columns: tuple[float, float, float]) -> Weights:
    return Weights(columns=columns)


def test_the_prior_is_the_sum_of_the_parts_and_the_middle_of_each_part_is_zero():
    some = signals(np.random.default_rng(0))
    blend = Blend(shipped()["listing"])
    weighing = blend.weigh(some, 3, there())
    np.testing.assert_allclose(weighing.prior, sum(weighing.parts.values()), atol=1e-5)
    for part in weighing.parts.values():
        assert np.median(part) == pytest.approx(0.0, abs=1e-5)


def test_what_is_known_of_a_visitor_changes_what_a_column_counts_for():
    some = signals(np.random.default_rng(0))
    blend = Blend(BlendWeights(wide=weights(ever=(1.0, 2.0, 3.0)), alike=Weights()))
    stranger, known = (blend.weigh(some, history, there()).prior for history in (0, 9))
    np.testing.assert_allclose(np.ptp(known) / np.ptp(stranger), (1 + 2 + 3 * np.log(10)) / 1, rtol=1e-5)
    np.testing.assert_allclose(knowledge(9), [1, 1, np.log(10)])


def test_pinned_lists_of_like_items_are_weighed_by_weights_of_their_own():
    ordered = np.arange(COUNT, dtype=np.float32)
    some = signals(np.random.default_rng(0), season=ordered, age=ordered)
    blend = Blend(BlendWeights(wide=weights(ever=(1.0, 0.0, 0.0)), alike=weights(trend=(1.0, 0.0, 0.0))))
    alike, mixed = np.arange(60, 110), np.arange(0, COUNT, 4)
    assert alikeness(some, mixed, there()) == 0.0
    assert alikeness(some, alike, there()) == 1.0
    np.testing.assert_array_equal(
        np.argsort(blend.weigh(some, 0, there(), mixed).prior), np.argsort(blend.weigh(some, 0, there()).prior)
    )
    pinned = blend.weigh(some, 0, there(), alike).prior
    np.testing.assert_array_equal(np.argsort(pinned), np.argsort(some.trend))


@given(seed=st.integers(0, 50), count=st.integers(0, 80))
def test_how_alike_a_list_is_does_not_depend_on_its_order(seed, count):
    rng = np.random.default_rng(seed)
    some, rows = signals(rng), rng.permutation(COUNT)[:count]
    alike = alikeness(some, rows, there())
    assert 0.0 <= alike <= 1.0
    assert alike == pytest.approx(alikeness(some, rng.permutation(rows), there()))


def test_words_say_no_more_once_an_item_fits():
    nearness = np.linspace(-0.1, 0.2, COUNT).astype(np.float32)
    nearness[-5:] = (0.7, 0.75, 0.8, 0.85, 0.9)
    holds = np.zeros(COUNT, dtype=np.float32)
    holds[-5:] = (0.2, 0.8, 0.85, 0.9, 1.0)
    config = StatedConfig()
    parts = stated(signals(np.random.default_rng(0), wish=nearness, words=holds), there(), config)
    assert parts["wish"][-5:] == pytest.approx([config.meaning] * 5)
    assert parts["words"][-4:] == pytest.approx([config.words] * 4)
    assert parts["words"][-5] == pytest.approx(config.words * 0.25)
    assert (parts["wish"][: COUNT // 2] == 0).all()


def test_nearness_is_yes_or_no_where_the_words_can_be_looked_up():
    nearness = np.random.default_rng(1).normal(size=COUNT).astype(np.float32)
    nearness[0] = 9.0
    holds = np.zeros(COUNT, dtype=np.float32)
    holds[nearness.argmin()] = 1.0
    config, rng = StatedConfig(), np.random.default_rng(0)
    guessed = stated(signals(rng, wish=nearness), there(), config)["wish"]
    assert len(set(guessed.tolist())) > 10, "no item holds the words: the nearer, the better"
    told = stated(signals(rng, wish=nearness, words=holds), there(), config)["wish"]
    assert np.flatnonzero(told).tolist() == sorted([0, int(nearness.argmin())])
    assert set(told.tolist()) == {0.0, config.meaning}


def test_what_is_like_the_refused_sinks_by_how_like_it_is():
    nearness = np.linspace(0.0, 0.9, COUNT, dtype=np.float32)
    holds = np.zeros(COUNT, dtype=np.float32)
    holds[-1] = 1.0
    parts = stated(signals(np.random.default_rng(0), unwanted=nearness, unwanted_words=holds), there(), StatedConfig())
    assert len(set(parts["wish"].tolist())) > COUNT // 10


def test_what_is_refused_sinks_and_silence_has_no_part():
    holds = np.zeros(COUNT, dtype=np.float32)
    holds[3] = 1.0
    parts = stated(signals(np.random.default_rng(0), unwanted_words=holds), there(), StatedConfig())
    assert parts["words"].argmin() == 3
    assert parts["words"].min() < 0
    assert stated(signals(np.random.default_rng(0)), there(), StatedConfig()) == {}


def test_chances_are_those_of_one_choice_among_the_candidates():
    weighing = Blend(shipped()["post"]).weigh(signals(np.random.default_rng(0)), 2, there())
    blended = Blend(shipped()["post"]).with_model(weighing, np.arange(50), None)
    chances = blended.probability()
    assert chances.sum() == pytest.approx(1.0)
    np.testing.assert_array_equal(np.argsort(chances), np.argsort(blended.score))
    sure, unsure = (structs.replace(blended, slope=slope).probability() for slope in (2.0, 0.0))
    assert sure.max() > chances.max()
    assert unsure == pytest.approx(np.full(50, 1 / 50))


def test_shipped_weights_are_of_columns_that_exist_and_priors_multiply_them():
    names = {column.name for column in COLUMNS}
    assert {"listing", "job", "post", "any"} <= set(shipped())
    for each in shipped().values():
        for one in (each.wide, each.alike):
            assert set(one.columns) <= names
            assert np.isfinite(one.matrix()).all()
            assert one.columns["disliked"][0] < 0
    doubled = shipped()["post"].times(Priors(freshness=2.0))
    for column in COLUMNS:
        factor = 2.0 if column.part == "freshness" else 1.0
        assert doubled.wide.columns[column.name][0] == factor * shipped()["post"].wide.columns[column.name][0]


def chosen_by(true: np.ndarray, rng: np.random.Generator, lists: int = 1500, size: int = 12) -> list[np.ndarray]:
    """Lists from which somebody with the weights ``true`` chose; what they chose is put first."""
    made = []
    for _ in range(lists):
        rows = rng.normal(size=(size, len(true)))
        scores = rows @ true + rng.gumbel(size=size)
        made.append(rows[np.argsort(-scores, kind="stable")])
    return made


def test_the_weights_behind_choices_are_found_again():
    true = np.array([1.0, -0.5, 0.0, 2.0])
    found = fit(Choices.of(chosen_by(true, np.random.default_rng(0))), np.zeros(4), 1.0)
    np.testing.assert_allclose(found, true, atol=0.15)


def test_few_choices_leave_the_weights_where_they_were():
    true, believed = np.array([1.0, -0.5]), np.array([-1.0, 1.0])
    few = fit(Choices.of(chosen_by(true, np.random.default_rng(0), lists=5)), believed, 100.0)
    many = fit(Choices.of(chosen_by(true, np.random.default_rng(0))), believed, 100.0)
    assert np.abs(few - believed).max() < 0.2
    assert np.abs(many - true).max() < 0.5


def test_a_fit_is_the_top_of_what_it_climbs():
    lists = chosen_by(np.array([1.0, -1.0]), np.random.default_rng(1), lists=60)
    lists[0] = lists[0][:1]
    choices, mean = Choices.of(lists), np.array([0.3, 0.1])
    best = fit(choices, mean, 2.0)

    def value(at: np.ndarray) -> float:
        return float(choices.likelihood(at).sum() - np.square(at - mean).sum())

    for step in np.eye(2) * 0.05:
        assert value(best) > max(value(best + step), value(best - step))


def test_the_slope_tells_how_much_scores_overstate():
    true = np.array([1.0, -0.5])
    choices = Choices.of(chosen_by(true, np.random.default_rng(0)))
    assert fit_slope(choices, true) == pytest.approx(1.0, abs=0.1)
    assert fit_slope(choices, 4 * true) == pytest.approx(0.25, abs=0.03)


def test_what_was_learned_is_kept_as_text():
    import datetime

    at = datetime.datetime(2024, 5, 1, tzinfo=datetime.UTC)
    how = LearnedFrom(cases=40, strength=None, gain=0.0)
    learned = LearnedBlend(weights=shipped()["job"], until=at, learned=at, visitors=9, wide=how, alike=how)
    assert LearnedBlend.decoded(learned.encoded()) == learned
    with pytest.raises(BadRecord, match="format 7"):
        LearnedBlend.decoded(structs.replace(learned, format=7).encoded())
    with pytest.raises(BadRecord, match="learn it again"):
        LearnedBlend.decoded("{}")


def shares(**held: float) -> np.ndarray:
    """(COUNT,) the share of the words that the items hold; 0 where nothing is said."""
    column = np.zeros(COUNT, dtype=np.float32)
    for row, share in held.items():
        column[int(row[1:])] = share
    return column


def test_an_item_that_holds_all_of_the_words_has_the_full_points_for_meaning():
    near = np.linspace(0.0, 0.9, COUNT, dtype=np.float32)
    some = signals(np.random.default_rng(0), wish=near, words=shares(_0=1.0, _1=0.4))
    part = stated(some, there(), StatedConfig())["wish"]
    assert part[0] == pytest.approx(StatedConfig().meaning) == pytest.approx(float(part.max()))
    assert part[1] == part[2] == 0.0


@pytest.mark.parametrize(
    ("words", "unwanted", "decided"),
    [
        (shares(_0=1.0, _1=1.0, _2=1.0, _50=1.0), shares(), True),  # all hold all of them
        (shares(_0=1.0, _1=0.9, _2=1.0, _50=1.0), shares(), False),  # one lacks a common word
        (shares(_50=1.0), shares(), True),  # none here, others do
        (shares(), shares(_50=1.0), True),  # none here has what is refused
        (shares(_0=1.0), shares(), False),  # one of the three does
        (shares(_0=0.3, _1=0.3, _2=0.3, _50=1.0), shares(), False),  # each holds a part: which one, nobody knows
        (shares(_50=0.3), shares(), False),  # no item answers: a paraphrase, somebody must read it
        (shares(_0=1.0, _1=1.0, _2=1.0), shares(_1=1.0), False),  # what is refused puts them apart
        (shares(), shares(), False),  # words that no item holds
    ],
)
def test_words_are_settled_where_they_put_no_two_apart(words: np.ndarray, unwanted: np.ndarray, decided: bool):
    some = signals(np.random.default_rng(0), words=words, unwanted_words=unwanted)
    wanted, refused = bool(words.any()), bool(unwanted.any())
    assert settled(some, np.arange(3), there(), StatedConfig(), wanted or not refused, refused) is decided


def test_a_refusal_in_words_that_no_item_holds_is_not_settled():
    """ "A balcony, without jackhammers", where all have a balcony: somebody must read of the jackhammers."""
    some = signals(np.random.default_rng(0), words=shares(_0=1.0, _1=1.0, _2=1.0))
    assert settled(some, np.arange(3), there(), StatedConfig(), wanted=True, refused=False)
    assert not settled(some, np.arange(3), there(), StatedConfig(), wanted=True, refused=True)
