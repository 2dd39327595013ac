"""Baselines: against the obvious slow way of writing them, and blind to the future."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from brewlite.evaluation.baselines import (
    Ease,
    ItemKNN,
    Method,
    VectorMean,
    by_chance,
    inverse_upper,
    newest,
    popularity,
    popularity_lately,
    simple_methods,
    symmetric_rows,
)
from brewlite.evaluation.log import EventLog, catalog_of, event_log, to_micros
from brewlite.evaluation.splits import Moment, moment_of
from brewlite.records import Item

START = datetime(2024, 1, 1, tzinfo=UTC)
WEIGHTS = {"like": 1.0, "view": 0.0, "hide": -1.0}
Row = tuple[str, str, str, float]


def micros(day: float) -> int:
    return to_micros(START + timedelta(days=day))


def log_of(events: list[Row], created: dict[str, float | None]) -> EventLog:
    items = [
        Item(id=id, kind="thing", title=id, created=None if day is None else START + timedelta(days=day))
        for id, day in created.items()
    ]
    users, ids, actions, days = zip(*events, strict=True)
    return event_log(catalog_of(items), users, ids, actions, [micros(day) for day in days], WEIGHTS)[0]


def moment(log: EventLog, user: str, at: float) -> Moment:
    return moment_of(log, log.user_ids.index(user), micros(at))


def random_events(rng: np.random.Generator, count: int, low: float, high: float) -> list[Row]:
    columns = (rng.integers(8, size=count), rng.integers(10, size=count), rng.uniform(low, high, count))
    actions = rng.choice(["like", "like", "like", "view", "hide"], size=count)
    return [(f"u{u}", f"i{i}", str(a), float(d)) for u, i, d, a in zip(*columns, actions, strict=True)]


def random_log(seed: int, count: int = 80) -> EventLog:
    rng = np.random.default_rng(seed)
    return log_of([("u0", "i0", "like", 0.0), *random_events(rng, count, 0, 100)], catalog())


def catalog() -> dict[str, float | None]:
    return {f"i{n}": None if n % 2 else 7.0 * n for n in range(12)}


def liked_matrix(log: EventLog) -> np.ndarray:
    """(U, I), the obvious way."""
    matrix = np.zeros((len(log.user_ids), len(log.catalog)))
    for user, item, weight in zip(log.users, log.items, log.weights, strict=True):
        if weight > 0:
            matrix[user, item] = 1
    return matrix


def test_counting_rules():
    log = log_of(
        [
            ("u", "a", "like", 1),
            ("v", "a", "like", 2),
            ("v", "b", "like", 70),
            ("u", "b", "view", 71),
            ("u", "c", "hide", 72),
            ("w", "c", "like", 80),
        ],
        {"a": 0, "b": 50, "c": None, "d": None, "e": 200},
    )
    now = moment(log, "u", 80)
    assert by_chance(now).tolist() == [0] * 5
    assert popularity(now).tolist() == [2, 1, 0, 0, 0]
    assert popularity_lately(now).tolist() == [0, 1, 0, 0, 0]
    assert popularity_lately(moment(log, "u", 61), days=60)[0] == 2  # the window's first moment counts
    assert newest(now).tolist() == [micros(0), micros(50), micros(72), -np.inf, micros(200)]


def test_newest_goes_by_the_first_event_where_that_is_earlier():
    log = log_of([("u", "a", "view", 3)], {"a": 50, "b": 20})
    assert newest(moment(log, "u", 60)).tolist() == [micros(3), micros(20)]


@pytest.mark.parametrize("seed", range(5))
def test_item_knn_against_the_formula(seed: int):
    log = random_log(seed)
    now = moment(log, "u0", 90)
    matrix = liked_matrix(now.past)
    expected = np.zeros(12)
    for mine in now.history:
        similar = np.array(
            [
                matrix[:, mine] @ matrix[:, other] / (np.sqrt(matrix[:, mine].sum() * matrix[:, other].sum()) + 2.0)
                for other in range(12)
            ]
        )
        similar[mine] = 0
        similar[similar < np.sort(similar)[-4]] = 0
        expected += similar
    method = ItemKNN(neighbours=4, shrink=2.0)
    assert method.similarity(now) == pytest.approx(expected)
    scores = method.fit(log.before(micros(60))).scores(now)
    assert scores[expected > 0] == pytest.approx(expected[expected > 0])
    assert (scores[expected == 0] < expected[expected > 0].min()).all()


@pytest.mark.parametrize("seed", range(5))
def test_ease_against_the_formula(seed: int):
    log = random_log(seed)
    now = moment(log, "u0", 90)
    matrix = liked_matrix(now.past)
    inverse = np.linalg.inv(matrix.T @ matrix + 3.0 * np.eye(12))
    weights = np.eye(12) - inverse / np.diag(inverse)
    np.fill_diagonal(weights, 0)  # what is known too: it is asked which of it is chosen again
    expected = matrix[0] @ weights
    said = np.abs(expected) > 1e-9
    assert Ease(ridge=3.0).fit(now.past).scores(now)[said] == pytest.approx(expected[said], abs=1e-5)


def test_ease_is_refitted_as_the_log_grows_and_never_on_more_than_the_past():
    log = random_log(1, count=400)
    scorer = Ease(ridge=3.0, growth=0.1).fit(log.before(micros(50)))
    first = len(log.before(micros(50)))
    for at in (50, 60, 99, 60):  # back in time too
        past = moment(log, "u0", at).past
        scores = scorer.scores(moment(log, "u0", at))
        due = scorer.models.due(len(past))
        assert len(past) / 1.1 - 2 <= due <= len(past)
        fresh = Ease(ridge=3.0, growth=1e9).fit(past.head(due)).scores(moment(log, "u0", at))
        assert scores == pytest.approx(fresh, abs=1e-6)
        if at == 50:
            assert due == first


def test_a_large_ease_is_fitted_once():
    log = random_log(1, count=400)
    scorer = Ease(ridge=3.0, growth=0.1, most_refitted=5).fit(log.before(micros(50)))
    late = moment(log, "u0", 99)
    assert scorer.models.due(len(late.past)) == len(log.before(micros(50)))


def test_the_inverse_is_taken_in_its_place():
    rng = np.random.default_rng(0)
    square = rng.normal(size=(30, 30)).astype(np.float32)
    matrix = np.asfortranarray(square @ square.T + 5 * np.eye(30, dtype=np.float32))
    expected = np.linalg.inv(matrix)
    upper = inverse_upper(matrix)
    assert np.shares_memory(upper, matrix)  # two copies of a 20,000 x 20,000 matrix would not fit a small server
    assert symmetric_rows(upper, np.array([0, 7, 29])) == pytest.approx(expected[[0, 7, 29]], abs=1e-5)
    assert symmetric_rows(upper, np.zeros(0, dtype=np.int64)).shape == (0, 30)


def test_a_matrix_without_an_inverse_is_refused():
    with pytest.raises(ValueError, match="not positive definite"):
        inverse_upper(np.zeros((3, 3), dtype=np.float32, order="F"))


def test_ease_says_when_the_catalog_is_too_large():
    log = random_log(2)
    assert Ease().why_not(log) is None
    reason = Ease(most_items=5).why_not(log)
    assert reason is not None
    assert "10 liked items, more than 5" in reason


def vectors_of(log: EventLog, rng: np.random.Generator) -> tuple[list[str], np.ndarray]:
    """For all items but the last, in another order than the catalog's."""
    ids = list(log.catalog.ids)[:-1][::-1]
    return ids, rng.normal(size=(len(ids), 5)).astype(np.float32)


def test_vector_mean_against_the_formula():
    log = random_log(3)
    ids, vectors = vectors_of(log, np.random.default_rng(0))
    now = moment(log, "u0", 90)
    mean = np.mean([vectors[ids.index(log.catalog.ids[row])] for row in now.history], axis=0)
    scores = VectorMean("minilm-l6", ids, vectors).fit(log).scores(now)
    assert scores[:-1] == pytest.approx([vectors[ids.index(id)] @ mean for id in log.catalog.ids[:-1]], abs=1e-5)
    assert 0 <= scores[-1] < np.abs(scores[:-1]).min(), "an item without words stands where 0 does"


def test_vector_mean_needs_vectors():
    reason = VectorMean("minilm-l6", [], np.zeros((0, 0), dtype=np.float32)).why_not(random_log(0))
    assert reason is not None
    assert "no item vectors by the encoder 'minilm-l6'" in reason


def learners(log: EventLog) -> list[Method]:
    return [ItemKNN(), Ease(), VectorMean("minilm", *vectors_of(log, np.random.default_rng(0)))]


def test_without_a_history_the_learners_fall_back_to_popularity_lately():
    log = log_of([*random_events(np.random.default_rng(4), 80, 0, 100), ("new", "i3", "view", 95)], catalog())
    now = moment(log, "new", 99)  # looked at something, liked nothing
    assert popularity_lately(now).any()
    for method in learners(log):
        assert method.fit(log.before(micros(60))).scores(now).tolist() == popularity_lately(now).tolist(), method.name


def test_an_unknown_history_falls_back_too():
    log = log_of(
        [("u", "a", "like", 1), ("v", "b", "like", 2), ("w", "b", "like", 3), ("u", "b", "like", 4)], {"a": 0, "b": 0}
    )
    now = moment(log, "u", 4)
    for method in (ItemKNN(), Ease()):
        assert method.fit(log.before(micros(1.5))).scores(now).tolist() == [1, 2], method.name


@pytest.mark.parametrize("method", [ItemKNN(), Ease()], ids=lambda method: method.name)
def test_what_nothing_is_known_about_stands_by_popularity_lately(method: Method):
    """Nobody else has the likes of ``u``, which are thus alike only to each other."""
    events = [("u", "a", "like", 1), ("u", "b", "like", 2), ("v", "c", "like", 3), ("w", "d", "like", 3)]
    log = log_of([*events, ("x", "d", "like", 4)], dict.fromkeys("abcde", 0))
    a, b, c, d, e = method.fit(log).scores(moment(log, "u", 5))
    assert d > c > e
    assert min(a, b) > d, "they speak for each other"


@pytest.mark.parametrize("method", [ItemKNN(), Ease()], ids=lambda method: method.name)
def test_what_speaks_for_an_item_counts_more_than_popularity(method: Method):
    alike = [("u", "a", "like", 1), ("w", "a", "like", 2), ("w", "b", "like", 2)]
    loved = [(f"v{n}", "c", "like", 3) for n in range(9)]
    log = log_of([*alike, *loved], dict.fromkeys("abcd", 0))
    _, b, c, d = method.fit(log).scores(moment(log, "u", 5))
    assert b > c > d == 0


@settings(max_examples=25, deadline=None)
@given(st.integers(0, 2**32 - 1))
def test_no_method_sees_the_future(seed: int):
    """The planted leak: items that become loved from the moment on, by everybody, must score as if they did not."""
    rng = np.random.default_rng(seed)
    before = [("u0", "i0", "like", 0.0), *random_events(rng, 60, 0, 50)]
    leak = [(f"u{u}", item, "like", 50.0 + u) for u in range(8) for item in ("i9", "i11", "i1")]
    calm, loved = log_of(before, catalog()), log_of([*before, *leak], catalog())
    vectors = vectors_of(calm, np.random.default_rng(0))
    for method in (*simple_methods(), VectorMean("minilm", *vectors)):
        scores = [method.fit(log.before(micros(40))).scores(moment(log, "u0", 50)).tolist() for log in (calm, loved)]
        assert scores[0] == scores[1], method.name


def test_every_method_scores_the_whole_catalog_with_numbers():
    log = random_log(6)
    for method in (*simple_methods(), *learners(log)):
        scores = method.fit(log.before(micros(40))).scores(moment(log, "u1", 90))
        assert scores.shape == (12,), method.name
        assert not np.isnan(scores).any(), method.name
