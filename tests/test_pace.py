"""Deadlines: told before the model is asked, and never shut for good."""

from __future__ import annotations

from brewlite import RankingPrompt
from brewlite.recommender.pace import Pace, Stopwatch

PROMPT = RankingPrompt(prefix=(1,) * 500, candidates=((1,) * 50,) * 10)


def test_no_deadline_is_always_kept():
    assert Pace(tokens_per_s=1).allows(PROMPT, None, spent_ms=1e9)


def test_what_was_seen_decides():
    pace = Pace(tokens_per_s=1000)
    assert pace.allows(PROMPT, deadline_ms=1001, spent_ms=0)
    assert not pace.allows(PROMPT, deadline_ms=1001, spent_ms=200)
    for _ in range(5):
        pace.saw(PROMPT, took_ms=4000)
    assert not pace.allows(PROMPT, deadline_ms=2000, spent_ms=0)


def test_one_slow_reading_does_not_shut_the_model_out_for_good():
    pace = Pace(tokens_per_s=1000)
    pace.saw(PROMPT, took_ms=60_000)
    tries = [pace.allows(PROMPT, deadline_ms=1500, spent_ms=0) for _ in range(20)]
    assert not tries[0]
    assert tries[-1]


def test_laps_add_up():
    watch = Stopwatch()
    watch.lap("a")
    watch.lap("b")
    watch.lap("a")
    done = watch.done()
    assert set(done) == {"a", "b", "total"}
    assert done["a"] + done["b"] <= done["total"] + 1.0
