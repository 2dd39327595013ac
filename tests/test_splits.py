"""Which moments are cases, what could be shown at them, and that nothing of the future is seen."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from brewlite.errors import BadRecord, BadSettings
from brewlite.evaluation.log import EventLog, catalog_of, event_log, from_micros, to_micros
from brewlite.evaluation.splits import (
    GROUPS,
    Cases,
    Moment,
    candidates,
    cut_time,
    even_quotas,
    find_cases,
    moment_of,
    sample_cases,
)
from brewlite.records import Item

START = datetime(2024, 1, 1, tzinfo=UTC)
WEIGHTS = {"like": 1.0, "view": 0.0, "hide": -1.0}


def day(number: float) -> datetime:
    return START + timedelta(days=number)


def item(id: str, created: float | None = None, expires: float | None = None, hidden: bool = False) -> Item:
    return Item(
        id=id,
        kind="thing",
        title=id,
        created=None if created is None else day(created),
        expires=None if expires is None else day(expires),
        hidden=hidden,
    )


def log_of(items: list[Item], *events: tuple[str, str, str, float]) -> EventLog:
    users, ids, actions, days = zip(*events, strict=True)
    return event_log(catalog_of(items), users, ids, actions, [to_micros(day(d)) for d in days], WEIGHTS)[0]


def found(log: EventLog, cut: float) -> list[tuple[str, str]]:
    cases, _ = find_cases(log, to_micros(day(cut)))
    return [(log.user_ids[u], log.catalog.ids[i]) for u, i in zip(cases.users, cases.targets, strict=True)]


def shown(log: EventLog, user: str, at: float) -> set[str]:
    moment = moment_of(log, log.user_ids.index(user), to_micros(day(at)))
    return {log.catalog.ids[i] for i in np.flatnonzero(candidates(log, moment, log.first_touch()))}


def test_times_are_exact():
    moment = datetime(2024, 5, 6, 7, 8, 9, 123457, tzinfo=UTC)
    assert from_micros(to_micros(moment)) == moment


def test_the_cut_leaves_the_share_of_liking_events_before_it():
    events = [("u", f"i{n}", "like", n) for n in range(10)] + [("u", "i0", "view", n / 10) for n in range(50)]
    log = log_of([item(f"i{n}") for n in range(10)], *events)
    assert cut_time(log, 0.8) == to_micros(day(8))
    assert len(log.before(cut_time(log, 0.8)).liked()) == 8


@pytest.mark.parametrize("split", [0.0, 1.0, -1, 80, float("nan")])
def test_a_split_out_of_range_is_refused(split: float):
    with pytest.raises(BadSettings, match="between 0 and 1"):
        cut_time(log_of([item("a")], ("u", "a", "like", 1)), split)


def test_a_log_at_one_time_cannot_be_cut():
    log = log_of([item("a"), item("b")], ("u", "a", "like", 1), ("v", "b", "like", 1))
    with pytest.raises(BadRecord, match="no liking event lies before the cut at 2024-01-02"):
        cut_time(log, 0.5)


def test_a_case_is_the_first_touch_when_it_is_a_liking_one():
    log = log_of(
        [item("a", created=0), item("b", created=0), item("c", created=0)],
        ("u", "a", "like", 1),
        ("u", "a", "like", 6),  # a repeat
        ("u", "b", "view", 6),
        ("u", "b", "like", 7),  # known from the view
        ("u", "c", "hide", 8),  # no liking
        ("v", "a", "like", 3),  # before the cut
        ("v", "b", "view", 9),
        ("v", "b", "like", 9),  # viewed at the very same moment: new
        ("v", "c", "like", 10),
        ("v", "c", "like", 10.5),
    )
    assert found(log, cut=5) == [("v", "b"), ("v", "c")]
    refused = find_cases(log, to_micros(day(5)))[1]
    assert (refused.repeats, refused.first_touches, refused.not_shown) == (3, 0, 0)


def test_an_items_first_event_does_not_make_it_a_target():
    """The planted leak: `undated` and `older` would be given away as the items that nobody has touched."""
    log = log_of(
        [item("known", created=0), item("undated"), item("older", created=20)],
        ("u", "undated", "like", 6),  # the first sign of it
        ("v", "undated", "like", 7),
        ("u", "older", "like", 6),  # an event before the creation that the row names: the row is not to be trusted
        ("v", "older", "like", 25),
        ("w", "known", "like", 6),  # dated, first event: fine
    )
    assert found(log, cut=5) == [("w", "known"), ("v", "undated"), ("v", "older")]
    assert find_cases(log, to_micros(day(5)))[1].first_touches == 2


def test_the_event_by_which_an_item_comes_into_being_is_no_case():
    log = log_of([item("post", created=6)], ("author", "post", "like", 6), ("reader", "post", "like", 6.1))
    assert found(log, cut=5) == [("reader", "post")]


def test_hidden_and_expired_items_are_neither_targets_nor_candidates():
    items = [item("a", created=0), item("gone", created=0, expires=5), item("off", created=0, hidden=True)]
    log = log_of(
        items, ("u", "gone", "like", 6), ("u", "off", "like", 6), ("u", "a", "like", 6), ("v", "gone", "like", 4)
    )
    assert found(log, cut=3) == [("v", "gone"), ("u", "a")]
    assert shown(log, "v", 4) == {"a", "gone"}
    assert shown(log, "v", 6) == {"a"}


def test_candidates_existed_then_and_are_new_to_the_visitor():
    items = [item("old", created=0), item("undated"), item("next", created=9), item("early", created=9)]
    log = log_of(items, ("u", "old", "view", 1), ("v", "early", "like", 2), ("v", "next", "like", 9.5))
    assert shown(log, "v", 1) == {"old", "undated"}
    assert shown(log, "u", 2) == {"undated"}  # `early` was touched at this moment, not before it
    assert shown(log, "u", 3) == {"undated", "early"}  # events predate its creation: it was there
    assert shown(log, "u", 9) == {"undated", "early", "next"}


def test_history_counts_events_strictly_before():
    log = log_of(
        [item(name, created=0) for name in "abcd"],
        ("u", "a", "view", 1),
        ("u", "b", "like", 2),
        ("u", "c", "like", 2),
        ("u", "a", "hide", 3),
        ("u", "d", "like", 4),
        ("v", "d", "like", 4),
    )
    cases, _ = find_cases(log, to_micros(day(2)))
    rows = zip(cases.users, cases.targets, cases.history, strict=True)
    seen = {(log.user_ids[u], log.catalog.ids[i]): int(events) for u, i, events in rows}
    assert seen == {("u", "b"): 1, ("u", "c"): 1, ("u", "d"): 4, ("v", "d"): 0}
    moment = moment_of(log, log.user_ids.index("u"), to_micros(day(4)))
    assert [log.catalog.ids[i] for i in moment.history] == ["b", "c"]


def cases_with(history: list[int]) -> Cases:
    column = np.arange(len(history))
    return Cases(users=column, at=column, targets=column, history=np.array(history))


def test_groups_by_history_length():
    names = [GROUPS[g][0] for g in cases_with([0, 1, 5, 6, 20, 21, 900]).groups()]
    assert names == ["0", "1-5", "1-5", "6-20", "6-20", "21+", "21+"]


@given(st.lists(st.integers(0, 50), min_size=1, max_size=6), st.integers(1, 200))
def test_quotas_are_even_and_within_what_there_is(sizes: list[int], count: int):
    quotas = even_quotas(np.array(sizes), count)
    assert (quotas <= sizes).all()
    assert quotas.sum() == min(count, sum(sizes))
    capped = quotas < sizes
    if capped.any():  # nobody who could have given more gives less than another, but for the remainder
        assert quotas[capped].min() >= quotas.max() - 1


def test_the_sample_is_seeded_and_balanced():
    every = cases_with([0] * 500 + [3] * 40 + [10] * 5)
    first, again = (sample_cases(every, 60, np.random.default_rng(4)) for _ in range(2))
    assert (first.users == again.users).all()
    assert np.bincount(first.groups()).tolist() == [28, 27, 5]
    assert len(set(first.users.tolist())) == 60
    assert (np.diff(first.at) > 0).all()
    other = sample_cases(every, 60, np.random.default_rng(5))
    assert other.users.tolist() != first.users.tolist()


def test_no_case_to_take_is_refused():
    with pytest.raises(BadSettings, match="cases is 0"):
        sample_cases(cases_with([1]), 0, np.random.default_rng(0))


@given(st.integers(0, 2**32 - 1))
def test_a_moment_shows_nothing_of_the_future(seed: int):
    """Whatever happens from the moment on, what a method sees of it and the candidates stay the same."""
    rng = np.random.default_rng(seed)
    items = [item(f"i{n}", created=None if n % 3 == 0 else float(rng.uniform(0, 20))) for n in range(12)]

    def events(count: int, low: float, high: float) -> list[tuple[str, str, str, float]]:
        who, what, how = (
            rng.integers(4, size=count),
            rng.integers(12, size=count),
            rng.choice(list(WEIGHTS), size=count),
        )
        when = rng.integers(low, high, size=count)
        return [(f"u{u}", f"i{i}", str(a), float(d)) for u, i, a, d in zip(who, what, how, when, strict=True)]

    before = [("u0", "i0", "like", 0.0), *events(30, 0, 10)]
    now, later = log_of(items, *before), log_of(items, *before, *events(40, 10, 20))
    seen, still = (moment_of(log, 0, to_micros(day(10))) for log in (now, later))
    assert _columns(seen) == _columns(still)
    assert (candidates(now, seen, now.first_touch()) == candidates(later, still, later.first_touch())).all()


def _columns(moment: Moment) -> list[list[float]]:
    past = moment.past
    return [c.tolist() for c in (past.users, past.items, past.at, past.weights, moment.seen, moment.history)]


def test_a_part_of_the_log_is_a_view():
    log = log_of([item("a")], *[("u", "a", "like", n) for n in range(9)])
    assert np.shares_memory(log.before(to_micros(day(4))).at, log.at)


def test_events_on_items_that_are_gone_are_counted():
    catalog = catalog_of([item("a")])
    log, stray = event_log(catalog, ["u", "u"], ["a", "b"], ["like", "like"], [2, 1], WEIGHTS)
    assert (len(log), stray) == (1, 1)
