"""Metrics: against ir-measures and scikit-learn, against brute force over ties, and as properties."""

from __future__ import annotations

from itertools import permutations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from sklearn.metrics import roc_auc_score

from brewlite.evaluation.metrics import METRICS, Places, auc, hit_rate, mrr, ndcg, place

small_scores = st.lists(st.integers(0, 3), min_size=2, max_size=6)
"""Few values, so that ties are the rule."""


def places(*rows: tuple[int, int, int]) -> Places:
    above, tied, total = (np.array(column) for column in zip(*rows, strict=True))
    return Places(above=above, tied=tied, total=total)


def placed(scores: list[float] | np.ndarray, target: int) -> Places:
    array = np.asarray(scores, dtype=np.float64)
    return places(place(array, target, np.ones(len(array), dtype=bool)))


def test_worked_by_hand():
    first, third, eleventh, last = (0, 0, 20), (2, 0, 20), (10, 0, 20), (19, 0, 20)
    stood = places(first, third, eleventh, last)
    assert ndcg(stood) == pytest.approx([1, 0.5, 0, 0])
    assert hit_rate(stood) == pytest.approx([1, 1, 0, 0])
    assert mrr(stood) == pytest.approx([1, 1 / 3, 1 / 11, 1 / 20])
    assert auc(stood) == pytest.approx([1, 17 / 19, 9 / 19, 0])


def test_agree_with_ir_measures_and_sklearn_on_random_runs():
    ir_measures = pytest.importorskip("ir_measures")
    rng = np.random.default_rng(5)
    for _ in range(50):
        size = int(rng.integers(2, 60))
        scores, target = rng.permutation(size).astype(np.float64), int(rng.integers(size))
        run = [ir_measures.ScoredDoc("case", str(row), score) for row, score in enumerate(scores)]
        qrels = [ir_measures.Qrel("case", str(target), 1)]
        measures = {"ndcg@10": ir_measures.nDCG @ 10, "hr@10": ir_measures.Success @ 10, "mrr": ir_measures.RR}
        theirs = ir_measures.calc_aggregate(list(measures.values()), qrels, run)
        ours = placed(scores, target)
        for name, measure in measures.items():
            assert METRICS[name](ours)[0] == pytest.approx(theirs[measure], abs=1e-9)
        assert auc(ours)[0] == pytest.approx(roc_auc_score(np.arange(size) == target, scores), abs=1e-9)


@given(small_scores, st.data())
def test_ties_count_as_the_mean_over_all_shuffles(scores: list[int], data: st.DataObject):
    target = data.draw(st.integers(0, len(scores) - 1))
    shuffled = [
        placed([score + rank / 1000 for score, rank in zip(scores, order, strict=True)], target)
        for order in permutations(range(len(scores)))
    ]
    tied = placed(scores, target)
    for measure in (lambda p: ndcg(p, 3), lambda p: hit_rate(p, 3), mrr, auc):
        assert measure(tied)[0] == pytest.approx(np.mean([measure(one)[0] for one in shuffled]), abs=1e-9)


@given(st.integers(2, 500))
def test_a_constant_scorer_has_no_luck(size: int):
    for target in (0, size - 1):
        stood = placed(np.zeros(size), target)
        assert auc(stood)[0] == pytest.approx(0.5)
        assert hit_rate(stood)[0] == pytest.approx(min(10, size) / size)
        assert ndcg(stood)[0] == pytest.approx(np.sum(1 / np.log2(np.arange(2, min(10, size) + 2))) / size)


@given(small_scores, st.data())
def test_properties(scores: list[int], data: st.DataObject):
    target = data.draw(st.integers(0, len(scores) - 1))
    array = np.array(scores, dtype=np.float64)
    stood = placed(array, target)
    values = {name: measure(stood)[0] for name, measure in METRICS.items()}
    assert all(0 <= value <= 1 for value in values.values())
    assert values["ndcg@10"] <= values["hr@10"] + 1e-12
    assert auc(placed(-array, target))[0] == pytest.approx(1 - values["auc"])
    squeezed = placed(np.exp(array) - 7, target)  # only the order counts
    assert {name: measure(squeezed)[0] for name, measure in METRICS.items()} == values


def test_only_candidates_are_counted():
    scores = np.array([9.0, 5.0, 9.0, 1.0, 5.0])
    among = np.array([True, True, False, True, True])
    assert place(scores, 1, among) == (1, 1, 4)


def test_minus_infinity_is_a_score_and_ties():
    scores = np.array([-np.inf, 3.0, -np.inf])
    assert place(scores, 0, np.ones(3, dtype=bool)) == (1, 1, 3)


def test_what_cannot_be_placed_is_refused():
    with pytest.raises(ValueError, match="1 of 2 candidates have a score that is not a number"):
        place(np.array([1.0, np.nan]), 0, np.ones(2, dtype=bool))
    with pytest.raises(ValueError, match="target 0 is not among the candidates"):
        place(np.array([1.0, 2.0]), 0, np.array([False, True]))


def test_a_target_without_rivals_has_no_auc():
    assert np.isnan(auc(places((0, 0, 1)))[0])
