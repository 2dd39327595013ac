"""Threads that compute alone: shares of the candidates, and blocks of the prefix."""

from __future__ import annotations

import threading

import numpy as np
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st
from test_attention import small_ranker, with_chunks

from brewlite.crew import Crew, Relay, crew_of, shared_out
from brewlite.records import RankingPrompt


@pytest.fixture
def two_threads():
    before = torch.get_num_threads()
    torch.set_num_threads(2)
    yield
    torch.set_num_threads(before)


def test_members_compute_alone_and_others_as_before(two_threads):
    crew = crew_of(2)
    assert crew is not None
    together = threading.Barrier(2, timeout=20)  # both at once, so both members answer

    def threads(_: int) -> int:
        together.wait()
        return torch.get_num_threads()

    assert crew.run(threads, [0, 1]) == [1, 1]
    assert torch.get_num_threads() == 2


def test_results_come_in_the_order_of_the_shares_and_failures_come_out():
    crew = Crew(2)
    assert crew.run(lambda share: share * 2, [3, 1, 2]) == [6, 2, 4]
    with pytest.raises(ZeroDivisionError):
        crew.run(lambda share: 1 // share, [1, 0])
    assert crew.run(str, [1]) == ["1"]  # it goes on


def test_one_thread_needs_no_crew_and_equal_numbers_share_one():  # torch gives a thread more than it has cores
    assert crew_of(1) is None
    assert crew_of(2) is crew_of(2)
    assert [(crew.members, crew.each) for crew in map(crew_of, (2, 3, 4, 6, 7, 8, 16)) if crew is not None] == [
        (2, 1), (3, 1), (4, 1), (3, 2), (3, 2), (4, 2), (4, 4),
    ]  # fmt: skip


def test_torch_with_threads_of_its_own_gets_no_crew(monkeypatch, two_threads):
    monkeypatch.setattr("brewlite.crew.threadpool_limits", lambda *_, **__: None)
    assert not Crew(2).is_alone()


def test_a_block_follows_the_one_before_layer_by_layer():
    relay, seen = Relay(2), []

    def read(block: int) -> None:
        for layer in range(50):
            with relay.running():
                relay.pass_on(block, layer)
            seen.append((layer, block))

    Crew(2).run(read, [1, 0])
    later = {layer: seen.index((layer, 1)) for layer in range(50)}
    written = {layer: seen.index((layer, 0)) for layer in range(49)}
    # Block 1 may be out of a layer before block 0 has noted that it is, but never before it has entered it.
    assert all(later[layer + 1] > written[layer] for layer in range(49))


def test_whoever_waits_for_a_block_that_failed_fails_too():
    relay = Relay(2)

    def read(block: int) -> None:
        with relay.running():
            if block == 0:
                raise MemoryError("no room")
            relay.pass_on(block, 0)

    with pytest.raises(MemoryError, match="no room"):
        Crew(2).run(read, [1, 0])


@given(lengths=st.lists(st.integers(1, 50), max_size=40), count=st.integers(1, 6))
def test_shares_hold_every_candidate_once_and_are_about_even(lengths, count):
    shares = shared_out(sorted(lengths), count)
    held = [sorted(lengths)[share] for share in shares]
    assert [length for part in held for length in part] == sorted(lengths)
    assert all(held)
    assert len(held) <= count
    assert max(map(sum, held), default=0) <= sum(lengths) / count + max(lengths, default=0)


@pytest.mark.parametrize("family", ["llama", "gemma2"])
def test_a_crew_gives_the_scores_that_all_threads_together_give(family, two_threads):
    generator = np.random.default_rng(3)
    draw = lambda n: tuple(generator.integers(3, 300, n).tolist())  # noqa: E731
    prompt = RankingPrompt(prefix=draw(100), candidates=tuple(draw(n) for n in range(1, 23)))
    by_crew, plain = (with_chunks(small_ranker(family), 64, 24, tokens) for tokens in (0, 10**9))
    ran = []
    crew = crew_of(2)
    before = crew.run
    crew.run = lambda work, shares: (ran.append(len(shares)), before(work, shares))[1]
    try:
        scores = by_crew.score(prompt)
    finally:
        del crew.run
    assert ran == [2, 2]  # the prefix, the candidates
    np.testing.assert_allclose(scores.log_odds, plain.score(prompt).log_odds, atol=1e-5)
    np.testing.assert_allclose(scores.label_mass, plain.score(prompt).label_mass, atol=1e-5)


def test_many_requests_at_once_wait_for_each_other(two_threads):
    ranker = with_chunks(small_ranker("llama"), 64, 8, crew_tokens=0)
    prompts = [
        RankingPrompt(prefix=tuple(range(3 + n, 60)), candidates=tuple((70 + c, 71) for c in range(9)))
        for n in range(8)
    ]
    alone = [with_chunks(small_ranker("llama"), 64, 8, 10**9).score(prompt).log_odds for prompt in prompts]
    found: dict[int, np.ndarray] = {}
    threads = [
        threading.Thread(target=lambda n=n: found.update({n: ranker.score(prompts[n]).log_odds})) for n in range(8)
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(timeout=60)
    for number, scores in enumerate(alone):
        np.testing.assert_allclose(found[number], scores, atol=1e-5)
