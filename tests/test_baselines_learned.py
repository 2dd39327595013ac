"""The baselines that learn or read: against their formulas, repeatable, and honest without a history."""

from __future__ import annotations

import warnings
from collections.abc import Sequence

import numpy as np
import pytest
from conftest import HashEncoder
from msgspec import structs

from brewlite.evaluation.baselines import Method, VectorRequest, popularity_lately
from brewlite.evaluation.baselines.factors import Als, Bpr
from brewlite.evaluation.baselines.features import FEATURES, Features, item_features
from brewlite.evaluation.baselines.growth import Growing
from brewlite.evaluation.baselines.logistic import Logistic, LogisticConfig
from brewlite.evaluation.baselines.texts import Bm25History, Bm25Request, words_of
from brewlite.evaluation.log import DAY, NEVER, UNDATED, Catalog, EventLog
from brewlite.evaluation.metrics import Places, auc, place
from brewlite.evaluation.splits import candidates, cut_time, find_cases, moment_of

COLOURS = ("red", "blue", "green", "yellow")
ITEMS, USERS = 60, 80
TEXTS = tuple(f"{COLOURS[n % 4]} lamp model {n}" for n in range(ITEMS))
IDS = tuple(f"i{n}" for n in range(ITEMS))


def tasteful_log(seed: int = 0, events: int = 2500, faithful: float = 0.9) -> EventLog:
    """Each visitor likes one colour: ``faithful`` of what they choose has it. Nothing else matters."""
    rng = np.random.default_rng(seed)
    users, items = rng.integers(0, USERS, events), rng.integers(0, ITEMS // 4, events)
    colour = np.where(rng.random(events) < faithful, users % 4, rng.integers(0, 4, events))
    return EventLog(
        catalog=Catalog(
            ids=IDS,
            created=np.full(ITEMS, -DAY),
            expires=np.full(ITEMS, NEVER),
            hidden=np.zeros(ITEMS, dtype=np.bool_),
        ),
        user_ids=tuple(f"u{n}" for n in range(USERS)),
        users=users,
        items=4 * items + colour,
        at=np.sort(rng.integers(0, 200 * DAY, events)),
        weights=np.ones(events),
    )


def mean_auc(method: Method, log: EventLog, words: str = "", count: int = 100) -> float:
    cut = cut_time(log, 0.7)
    cases, first, scorer = find_cases(log, cut)[0], log.first_touch(), method.fit(log.before(cut))
    stood = []
    for case in range(min(count, len(cases))):
        moment = moment_of(log, int(cases.users[case]), int(cases.at[case]), words)
        stood.append(place(scorer.scores(moment), int(cases.targets[case]), candidates(log, moment, first)))
    above, tied, total = np.array(stood).T
    return float(auc(Places(above=above, tied=tied, total=total)).mean())


def learners() -> list[Method]:
    vectors = HashEncoder().encode(TEXTS)
    return [
        Als(factors=8),
        Bpr(factors=8, rounds=50),
        Bm25History(IDS, TEXTS),
        Logistic(IDS, vectors, config=LogisticConfig(cases=200)),
    ]


by_name = pytest.mark.parametrize("method", learners(), ids=lambda method: method.name)


@by_name
def test_each_finds_what_a_visitor_likes(method: Method):
    assert mean_auc(method, tasteful_log()) > 0.7


@by_name
def test_two_fits_give_the_same_figures(method: Method):
    log = tasteful_log()
    past, moment = log.before(cut_time(log, 0.7)), moment_of(log, 3, 190 * DAY)
    assert (method.fit(past).scores(moment) == method.fit(past).scores(moment)).all()


@by_name
def test_each_scores_a_given_history_of_nobody_known(method: Method):
    """The suite asks with histories of its own: what counts is ``moment.history``, not who it is."""
    log = tasteful_log()
    scorer = method.fit(log.before(cut_time(log, 0.7)))
    known, nobody = moment_of(log, 3, 190 * DAY), moment_of(log, -1, 190 * DAY)
    assert not nobody.history.size
    given = structs.replace(nobody, history=known.history, seen=known.seen)
    assert scorer.scores(given) == pytest.approx(scorer.scores(known), rel=1e-6)


@pytest.mark.parametrize("method", learners()[:3], ids=lambda method: method.name)
def test_without_a_history_popularity_lately_answers(method: Method):
    log = tasteful_log()
    moment = moment_of(log, -1, 190 * DAY)
    assert method.fit(log.before(cut_time(log, 0.7))).scores(moment).tolist() == popularity_lately(moment).tolist()


@pytest.mark.parametrize("method", [Als(), Bpr()], ids=lambda method: method.name)
def test_a_history_that_the_model_does_not_know(method: Method):
    log = tasteful_log()
    late = int(log.at[-1])
    fresh = EventLog(
        catalog=log.catalog,
        user_ids=log.user_ids,
        users=np.append(log.users, 1),
        items=np.append(np.minimum(log.items, ITEMS - 2), ITEMS - 1),  # the last item is new to the model
        at=np.append(log.at, late),
        weights=np.append(log.weights, 1.0),
    )
    only_new = structs.replace(moment_of(fresh, 1, late + 1), history=np.array([ITEMS - 1]))
    assert method.fit(fresh.before(late)).scores(only_new).tolist() == popularity_lately(only_new).tolist()


@pytest.mark.parametrize("method", [Als(factors=8), Bpr(factors=8, rounds=20)], ids=lambda method: method.name)
def test_items_that_a_factorisation_does_not_know_stand_below_by_popularity_lately(method: Method):
    """Items 1 and 2 are liked since the fit only, and too seldom for another one; item 3 never."""
    log = tasteful_log()
    items = np.where(np.isin(log.items, (1, 2, 3)), 5, log.items)
    items[-3:] = 1, 2, 2
    log = structs.replace(log, items=items)
    moment = moment_of(log, 0, int(log.at[-1]) + 1)
    scores = method.fit(log.head(len(log) - 3)).scores(moment)
    others = np.delete(scores, (1, 2, 3))
    assert others.min() > scores[2] > scores[1] > scores[3]


def test_als_folds_in_by_the_closed_form():
    """Hu et al., equation 4, with the library's confidence of ``alpha`` for what was liked and 1 for the rest."""
    log = tasteful_log()
    moment = moment_of(log, 3, 190 * DAY)
    scorer = Als(factors=4, alpha=5.0, ridge=2.0).fit(log.before(cut_time(log, 0.7)))
    items, model = scorer._models.at(moment.past)
    factors = model._model.item_factors.astype(np.float64)
    mine = factors[np.isin(items, moment.history)]
    left = factors.T @ factors + (5.0 - 1) * mine.T @ mine + 2.0 * np.eye(4)
    expected = factors @ np.linalg.solve(left, 5.0 * mine.sum(axis=0))
    assert scorer.scores(moment)[items] == pytest.approx(expected, abs=1e-4)


def test_bpr_folds_in_where_its_loss_is_least():
    log = tasteful_log()
    past = log.before(cut_time(log, 0.7))
    items, model = Bpr(factors=4, rounds=30, ridge=0.05).fit(past)._models.at(past)
    history = np.array([0, 4, 9])
    vectors, bias = model._items, model._bias
    found = np.linalg.lstsq(vectors, model.fold_in(history) - bias)[0]
    others = np.setdiff1d(np.arange(len(items)), history)

    def loss(visitor: np.ndarray) -> float:
        scores = vectors @ visitor + bias
        pairs = [np.log1p(np.exp(scores[j] - scores[i])) for i in history for j in others]
        return float(np.mean(pairs) + 0.05 / 2 * visitor @ visitor)

    rng = np.random.default_rng(0)
    assert all(loss(found) < loss(found + 0.05 * rng.normal(size=4)) for _ in range(20))


def test_the_library_neither_warns_nor_prints(capfd: pytest.CaptureFixture[str]):
    log = tasteful_log(events=400)
    past = log.before(cut_time(log, 0.7))
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        for method in (Als(factors=4), Bpr(factors=4, rounds=5), Bm25History(IDS, TEXTS)):
            method.fit(past).scores(moment_of(log, 3, 190 * DAY))
    assert capfd.readouterr() == ("", "")


# Words


def bm25(query: Sequence[str], texts: Sequence[Sequence[str]], k1: float = 1.5, b: float = 0.75) -> np.ndarray:
    """As Lucene computes it, the obvious way."""
    length = np.mean([len(text) for text in texts])
    scores = np.zeros(len(texts))
    for word in query:
        holding = sum(word in text for text in texts)
        idf = np.log(1 + (len(texts) - holding + 0.5) / (holding + 0.5))
        for row, text in enumerate(texts):
            count = text.count(word)
            scores[row] += idf * count / (count + k1 * (1 - b + b * len(text) / length))
    return scores


def test_bm25_against_the_formula():
    log = tasteful_log()
    moment = moment_of(log, 3, 190 * DAY, "a blue or red lamp, model 7, please")
    texts = words_of(TEXTS)
    request = Bm25Request(IDS, TEXTS).fit(log).scores(moment)
    assert request == pytest.approx(bm25(words_of([moment.words])[0], texts), abs=1e-4)
    query = [word for row in moment.history[-20:] for word in texts[row]]
    assert Bm25History(IDS, TEXTS).fit(log).scores(moment) == pytest.approx(bm25(query, texts), rel=1e-4)


def test_texts_are_matched_to_items_by_id():
    log = tasteful_log()
    moment = moment_of(log, -1, 190 * DAY, "green")
    straight = Bm25Request(IDS, TEXTS).fit(log).scores(moment)
    turned = Bm25Request(IDS[:0:-1], TEXTS[:0:-1]).fit(log).scores(moment)
    green = list(range(2, ITEMS, 4))
    others = np.setdiff1d(np.arange(ITEMS), green)
    for scores in (straight, turned):
        assert scores[green].min() > scores[others].max()


@pytest.mark.parametrize("words", ["", "???", "unheard words"])
def test_words_that_say_nothing_leave_popularity_lately(words: str):
    log = tasteful_log()
    moment = moment_of(log, 3, 190 * DAY, words)
    scores = Bm25Request(IDS, TEXTS).fit(log).scores(moment)
    assert scores.tolist() == popularity_lately(moment).tolist()


class Counting(HashEncoder):
    calls = 0

    def encode(self, texts, progress=None):
        self.calls += 1
        return super().encode(texts, progress)


def test_the_request_is_encoded_once():
    log, encoder = tasteful_log(), Counting()
    vectors = encoder.encode(TEXTS)
    scorer = VectorRequest(encoder, list(IDS), vectors).fit(log)
    moments = [moment_of(log, user, 190 * DAY, "a yellow lamp") for user in range(5)]
    scores = [scorer.scores(moment) for moment in moments]
    assert encoder.calls == 2
    assert scores[0] == pytest.approx(vectors @ HashEncoder().encode(["a yellow lamp"])[0], abs=1e-6)
    silent = moment_of(log, 3, 190 * DAY)
    assert scorer.scores(silent).tolist() == popularity_lately(silent).tolist()


def test_methods_without_words_or_vectors_say_so():
    log = tasteful_log()
    assert Bm25History(["i1"], [""]).why_not(log) == "the items have no texts"
    assert "no item vectors" in (VectorRequest(HashEncoder(), [], np.zeros((0, 0))).why_not(log) or "")
    assert Als().why_not(log.head(0)) == "nobody liked anything before the cut"
    assert "fewer than 20" in (Logistic([], np.zeros((0, 0))).why_not(log.head(30)) or "")
    assert "fewer than 20" in (Logistic([], np.zeros((0, 0))).why_not(log.head(0)) or "")


# The logistic regression


def test_item_features_by_hand():
    log = EventLog(
        catalog=Catalog(
            ids=("a", "b", "c"),
            created=np.array([0, 10 * DAY, UNDATED]),
            expires=np.full(3, NEVER),
            hidden=np.zeros(3, dtype=np.bool_),
        ),
        user_ids=("u", "v"),
        users=np.array([0, 1, 0, 1]),
        items=np.array([0, 0, 1, 0]),
        at=np.array([5, 90, 98, 99]) * DAY,
        weights=np.array([1.0, 1.0, 0.0, 1.0]),
    )
    columns = np.expm1(item_features(moment_of(log, 0, 100 * DAY))).T
    assert columns[0] == pytest.approx([1, 0, 0])
    assert columns[1] == pytest.approx([2, 0, 0])
    assert columns[2] == pytest.approx([3, 0, 0])
    assert columns[3] == pytest.approx([100, 90, 3650])
    assert columns[4] == pytest.approx([1, 90, 3650])
    assert np.log1p(columns[5]) == pytest.approx([0, 1, 1])
    assert columns[6] == pytest.approx([0, 1, 1])
    assert columns[7] == pytest.approx([1, 0, 2])


def test_logistic_reads_words_as_one_more_liked_text():
    log, encoder = tasteful_log(), HashEncoder()
    vectors = encoder.encode(TEXTS)
    reads, deaf = Logistic(IDS, vectors, encoder), Logistic(IDS, vectors)
    assert (reads.reads_words, deaf.reads_words) == (True, False)
    past, asking = log.before(cut_time(log, 0.7)), moment_of(log, -1, 190 * DAY, "a green lamp")
    best = np.argsort(-reads.fit(past).scores(asking))[:10]
    assert set(best % 4) == {2}
    quiet = moment_of(log, -1, 190 * DAY)
    assert deaf.fit(past).scores(asking).tolist() == deaf.fit(past).scores(quiet).tolist()


def test_logistic_uses_what_visitors_had_stored():
    log = tasteful_log(seed=1)
    vectors = HashEncoder().encode(TEXTS)
    taste = HashEncoder().encode([f"{colour} lamp" for colour in COLOURS])
    asked: list[tuple[int, int]] = []

    def interests(user: int, at: int) -> np.ndarray | None:
        asked.append((user, at))
        return taste[user % 4] if user % 2 else None

    past = log.before(cut_time(log, 0.7))
    scorer = Logistic(IDS, vectors, interests=interests).fit(past)
    assert max(at for _, at in asked) < cut_time(log, 0.7)
    assert scorer.weights[FEATURES.index("similar to profile")] > 0


def test_features_that_say_nothing_have_no_weight():
    log = tasteful_log()
    method = Logistic([], np.zeros((0, 0), dtype=np.float32), HashEncoder(), lambda user, at: np.ones(64))
    assert not method.reads_words
    scorer = method.fit(log.before(cut_time(log, 0.7)))
    assert scorer.weights[FEATURES.index("similar to history")] == 0
    assert np.isfinite(scorer.weights).all()
    at = moment_of(log, 3, 190 * DAY)
    assert Features(np.zeros((ITEMS, 1), dtype=np.float32), None, None).at(at).shape == (ITEMS, len(FEATURES))


# Growing models


def test_a_model_is_fitted_once_a_step_and_never_on_more_than_the_past():
    log, fits = tasteful_log(events=1000), []

    def fit(past: EventLog) -> int:
        fits.append(len(past))
        return len(past)

    grown = Growing(fit, log.head(500), growth=0.1, kept=3)
    for length in (500, 560, 1000, 559, 550, 999, 500):
        assert length / 1.1 - 2 <= grown.at(log.head(length)) <= length
    assert len(fits) == len(set(fits)) == 3
    assert Growing(fit, log.head(500), growth=None).at(log) == 500
