"""Diversity, ties, and the blend's arithmetic."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp

from brewlite.blend import Blend, BlendConfig, BlendWeights, ModelWeights, Weighing, Weights
from brewlite.policy import Policy, PolicyConfig
from brewlite.ranker import Scores

scores = hnp.arrays(np.float64, st.integers(1, 40), elements=st.floats(-5, 5))


def unit(rng: np.random.Generator, count: int) -> np.ndarray:
    vectors = rng.normal(size=(count, 8)).astype(np.float32)
    return vectors / np.linalg.norm(vectors, axis=1, keepdims=True)


@given(score=scores, k=st.integers(1, 50), diversity=st.floats(0, 1))
def test_the_order_is_k_different_positions_with_the_best_first(score, k, diversity):
    policy = Policy(PolicyConfig(diversity=diversity))
    order = policy.order(score, unit(np.random.default_rng(0), len(score)), k, np.random.default_rng(1))
    assert len(order) == len(set(order)) == min(k, len(score))
    assert score[order[0]] == score.max()


@given(score=scores)
def test_without_diversity_the_order_is_the_score(score):
    order = Policy(PolicyConfig(diversity=0)).order(
        score, unit(np.random.default_rng(0), len(score)), 100, np.random.default_rng(1)
    )
    assert (np.diff(score[order]) <= 0).all()


def test_diversity_parts_twins():
    vectors = np.array([[1, 0], [1, 0], [0, 1], [0.1, 1]], dtype=np.float32)
    vectors /= np.linalg.norm(vectors, axis=1, keepdims=True)
    score = np.array([1.0, 0.99, 0.9, 0.0])
    assert Policy(PolicyConfig(diversity=0.0)).order(score, vectors, 3, np.random.default_rng(0)) == [0, 1, 2]
    assert Policy(PolicyConfig(diversity=0.5)).order(score, vectors, 3, np.random.default_rng(0)) == [0, 2, 1]


def test_ties_are_broken_by_the_seed_alone():
    score, vectors = np.zeros(30), unit(np.random.default_rng(0), 30)
    policy = Policy(PolicyConfig(diversity=0))
    first = policy.order(score, vectors, 30, np.random.default_rng(7))
    assert first == policy.order(score, vectors, 30, np.random.default_rng(7))
    assert first != policy.order(score, vectors, 30, np.random.default_rng(8))


def answers(log_odds: list[float], mass: float = 0.9) -> Scores:
    values = np.array(log_odds, dtype=np.float32)
    return Scores(
        log_odds=values,
        label_mass=np.full(len(values), mass, dtype=np.float32),
        prefix_tokens=1,
        reused_tokens=0,
        candidate_tokens=len(values),
    )


def weighing(prior: list[float]) -> Weighing:
    return Weighing(parts={"popularity": np.array(prior, dtype=np.float32)}, slope=1.0, history=0, asked=False)


def blend(config: BlendConfig | None = None) -> Blend:
    return Blend(BlendWeights(wide=Weights(), alike=Weights()), config)


def test_the_models_offset_and_scale_do_not_matter():
    prior, rows = weighing([0.1, 0.5, 0.2]), np.arange(3)
    one = blend().with_model(prior, rows, answers([1.0, 2.0, 4.0]))
    other = blend().with_model(prior, rows, answers([-10.0, 0.0, 20.0]))
    assert one.used_model
    np.testing.assert_allclose(one.score, other.score, atol=1e-5)


def test_no_text_can_talk_the_model_into_more_than_the_clip():
    config = BlendConfig(model=ModelWeights(base=0.3), model_clip=2.0)
    blended = blend(config).with_model(weighing([0.0] * 100), np.arange(100), answers([0.0] * 99 + [1e6]))
    assert blended.model.max() <= 0.3 * 2.0


@pytest.mark.parametrize("scores", [None, answers([1.0, 2.0], mass=0.001), answers([float("nan"), 1.0])])
def test_a_model_that_is_absent_unsure_or_broken_adds_nothing(scores):
    blended = blend().with_model(weighing([0.3, 0.1]), np.arange(2), scores)
    assert not blended.used_model
    assert blended.score == pytest.approx([0.3, 0.1])


def test_a_taught_model_counts_as_it_speaks():
    """Its log-odds have a scale: where it hardly prefers anything, it hardly counts. Nothing said of all counts."""
    weights = ModelWeights(base=0.5, taught=True)
    config = BlendConfig(model=weights, model_clip=2.0)
    faint, rows = [0.0, 0.1, 0.2], np.arange(3)
    blended = blend(config).with_model(weighing([0.0] * 3), rows, answers(faint))
    assert blended.model.tolist() == pytest.approx([-0.05, 0.0, 0.05])
    lower = blend(config).with_model(weighing([0.0] * 3), rows, answers([value - 7.0 for value in faint]))
    assert lower.model.tolist() == pytest.approx(blended.model.tolist(), abs=1e-6)
    loud = blend(config).with_model(weighing([0.0] * 3), rows, answers([-90.0, 0.0, 90.0]))
    assert loud.model.tolist() == pytest.approx([-1.0, 0.0, 1.0]), "no text talks it into more"


def test_what_a_checkpoint_advises_counts_where_nothing_is_set():
    rows, scores = np.arange(2), answers([0.0, 1.0])
    advised = ModelWeights(base=0.8, taught=True)
    by_advice = blend().with_model(weighing([0.0, 0.0]), rows, scores, advised)
    assert by_advice.model.tolist() == pytest.approx([-0.4, 0.4])
    by_hand = blend(BlendConfig(model=ModelWeights(base=0.0))).with_model(weighing([0.0, 0.0]), rows, scores, advised)
    assert by_hand.model.tolist() == [0.0, 0.0]
