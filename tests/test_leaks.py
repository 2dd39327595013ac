"""The leak check: every planted leak is caught, and none of our own methods is taken for one."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import pytest
from conftest import HashEncoder

from brewlite.evaluation.baselines import Method, Rule, VectorMean, VectorRequest, popularity, simple_methods
from brewlite.evaluation.baselines.factors import Als, Bpr
from brewlite.evaluation.baselines.logistic import Logistic
from brewlite.evaluation.baselines.texts import Bm25History, Bm25Request
from brewlite.evaluation.leaks import altered, find_leaks
from brewlite.evaluation.log import DAY, NEVER, UNDATED, Catalog, EventLog, Floats
from brewlite.evaluation.splits import Cases, Moment, cut_time, find_cases

ITEMS, USERS = 40, 25
TEXTS = [f"a {('red', 'blue', 'green')[n % 3]} house in street {n % 7}" for n in range(ITEMS)]


def a_log(seed: int = 0, events: int = 900) -> EventLog:
    """Half of the items undated, a quarter first touched late."""
    rng = np.random.default_rng(seed)
    at = np.sort(rng.integers(0, 300 * DAY, events))
    there = np.where(at < 200 * DAY, 3 * ITEMS // 4, ITEMS)
    return EventLog(
        catalog=Catalog(
            ids=tuple(f"i{n}" for n in range(ITEMS)),
            created=np.where(np.arange(ITEMS) % 2, UNDATED, rng.integers(0, 200 * DAY, ITEMS)),
            expires=np.full(ITEMS, NEVER),
            hidden=np.zeros(ITEMS, dtype=np.bool_),
        ),
        user_ids=tuple(f"u{n}" for n in range(USERS)),
        users=rng.integers(0, USERS, events),
        items=rng.integers(0, there),
        at=at,
        weights=rng.choice([1.0, 1.0, 0.0], events),
    )


def three_cases(log: EventLog) -> tuple[int, Cases]:
    cut = cut_time(log, 0.6)
    return cut, find_cases(log, cut)[0].take(np.array([0, 5, 10]))


def leaks_of(method: Callable[[EventLog], Method]) -> list[str]:
    log = a_log()
    cut, cases = three_cases(log)
    return find_leaks(method(log), log, cut, cases, np.random.default_rng(1))


def whole_popularity(log: EventLog) -> Method:
    return Rule("planted", "", lambda moment: np.bincount(log.items, minlength=ITEMS).astype(float))


def last_event_as_age(log: EventLog) -> Method:
    def rule(moment: Moment) -> Floats:
        last = np.zeros(ITEMS)
        last[log.items] = log.at
        return last

    return Rule("planted", "", rule)


def created_by_first_event_to_come(log: EventLog) -> Method:
    def rule(moment: Moment) -> Floats:
        created = log.catalog.created
        return np.where(created == UNDATED, log.first_touch(), created).astype(float)

    return Rule("planted", "", rule)


def through_the_view(log: EventLog) -> Method:
    """The past is a view of the whole log's columns: whoever asks for their base has the future in hand."""

    def rule(moment: Moment) -> Floats:
        whole = moment.past.items.base
        assert whole is not None
        return np.bincount(whole, minlength=ITEMS).astype(float)

    return Rule("planted", "", rule)


class FittedOnMore(Rule):
    """Counts everything that can be reached when it is fitted, and never looks again."""

    def __init__(self) -> None:
        super().__init__("planted", "", popularity)

    def fit(self, past: EventLog) -> Rule:
        whole = past.items.base
        assert whole is not None
        counted = np.bincount(whole, minlength=ITEMS).astype(float)
        return Rule("planted", "", lambda moment: counted)


def next_of_the_visitor(log: EventLog) -> Method:
    return Rule(
        "planted", "", lambda moment: np.bincount(log.of_user(moment.user).items, minlength=ITEMS).astype(float)
    )


PLANTED: dict[str, Callable[[EventLog], Method]] = {
    "popularity over the whole log": whole_popularity,
    "an item's last event as its age": last_event_as_age,
    "creation from a first event to come": created_by_first_event_to_come,
    "the array behind the view": through_the_view,
    "fitted on more than the past": lambda log: FittedOnMore(),
    "the visitor's own future": next_of_the_visitor,
}


@pytest.mark.parametrize("what", PLANTED)
def test_a_planted_leak_is_caught(what: str):
    leaks = leaks_of(PLANTED[what])
    assert leaks
    assert all("'planted' uses the future" in leak for leak in leaks)


def test_it_says_which_method_visitor_and_moment():
    log = a_log()
    cut, cases = three_cases(log)
    leaks = find_leaks(FittedOnMore(), log, cut, cases, np.random.default_rng(1))
    assert len(leaks) == 3
    assert f"visitor 'u{cases.users[0]}' at 1970-" in leaks[0]
    assert "when fitted" in leaks[0]
    assert f"of {ITEMS} items" in leaks[0]


def our_own() -> list[Method]:
    encoder = HashEncoder()
    ids = [f"i{n}" for n in range(ITEMS)]
    vectors = encoder.encode(TEXTS)
    return [
        *simple_methods(),
        Als(factors=8),
        Bpr(factors=8, rounds=20),
        Bm25History(ids, TEXTS),
        Bm25Request(ids, TEXTS),
        VectorMean("hash-64", ids, vectors),
        VectorRequest(encoder, ids, vectors),
        Logistic(ids, vectors, encoder, lambda user, at: vectors[user]),
    ]


@pytest.mark.parametrize("method", our_own(), ids=lambda method: method.name)
def test_our_own_methods_know_nothing(method: Method):
    log = a_log(events=1500)
    cut, cases = three_cases(log)
    assert method.why_not(log.before(cut)) is None
    assert find_leaks(method, log, cut, cases, np.random.default_rng(1)) == []


def test_luck_is_told_from_a_leak():
    rng = np.random.default_rng(0)
    leaks = leaks_of(lambda log: Rule("dice", "", lambda moment: rng.random(ITEMS)))
    assert leaks == ["method 'dice' does not score the same twice on the same log: give it a fixed seed"]


def test_a_method_that_cannot_run_has_no_leak():
    log = a_log()
    cut, cases = three_cases(log)
    assert find_leaks(VectorMean("hash-64", [], np.zeros((0, 0))), log, cut, cases, np.random.default_rng(1)) == []


def test_the_log_is_left_as_it_was():
    log, same = a_log(), a_log()
    cut, cases = three_cases(log)

    with altered(log, cut, 0, np.random.default_rng(0)):
        assert (log.items != same.items).any()
        assert (log.items[log.at < cut] == same.items[same.at < cut]).all()
        assert (np.diff(log.at) >= 0).all()
    find_leaks(whole_popularity(log), log, cut, cases, np.random.default_rng(1))
    for column in ("users", "items", "at", "weights"):
        assert (getattr(log, column) == getattr(same, column)).all(), column


def test_the_log_comes_back_when_a_method_fails():
    log, same = a_log(), a_log()
    cut, cases = three_cases(log)

    class Broken(Rule):
        def fit(self, past: EventLog) -> Rule:
            if (log.items != same.items).any():
                raise RuntimeError("in the altered log")
            return self

    with pytest.raises(RuntimeError, match="in the altered log"):
        find_leaks(Broken("broken", "", popularity), log, cut, cases, np.random.default_rng(1))
    assert (log.items == same.items).all()
