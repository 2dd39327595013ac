"""`brewlite bench speed`, on a model small enough to time in a test."""

from __future__ import annotations

import json

import msgspec
import numpy as np
import pytest
from click.testing import CliRunner
from test_attention import small_ranker

from brewlite.cli.main import main
from brewlite.evaluation.speed import SpeedConfig, machine_name, measure_speed, operations

SMALL = SpeedConfig(prefix_tokens=40, candidate_tokens=6, candidates=(2, 21, 101), repetitions=2)


@pytest.fixture(scope="module")
def report():
    told: list[str] = []
    report = measure_speed(small_ranker("llama"), np.random.default_rng(0), SMALL, told.append)
    assert told[0] == "memory, 2 candidates"
    assert told[-1] == "101 candidates"
    return report


def test_each_way_is_timed_as_far_as_it_is_bearable(report):
    timed = {size: set(_plain(times)) for size, times in report.candidates.items()}
    assert timed == {
        "2": {"shared_prefix", "kept_prefix", "dense_mask", "one_at_a_time"},
        "21": {"shared_prefix", "kept_prefix", "dense_mask"},
        "101": {"shared_prefix", "kept_prefix"},
    }
    assert all(seconds > 0 for times in report.candidates.values() for seconds in _plain(times).values())


def _plain(times) -> dict[str, float]:
    return msgspec.to_builtins(times)


def test_rates_follow_from_times(report):
    best = report.candidates[str(report.peak_size)].shared_prefix
    assert report.tokens_per_s == pytest.approx((40 + 6 * report.peak_size) / best, rel=0.01)
    rate = operations(small_ranker("llama"), SMALL, report.peak_size) / best / 1e9
    assert report.peak_fraction == pytest.approx(rate / report.gemm_gflops, rel=0.05, abs=0.001)


def test_peak_memory_only_grows(report):
    memory = list(report.peak_rss_mb.values())
    assert memory == sorted(memory)
    assert set(report.peak_rss_mb) in (set(), {"2", "21", "101"})


def test_operations_are_counted_by_hand():
    """One layer's weights, a prefix of 2, one candidate of 1: 3 tokens, 3 + 3 pairs of query and key."""
    ranker = small_ranker("llama")
    layer = 48 * 96 * 2 + 48 * 32 * 2 + 3 * 48 * 64 + 2 * 48  # q and o, k and v, the feed-forward part, two norms
    weights = 3 * layer + 48
    expected = 2 * weights * 3 + 2 * 300 * 48 + 4 * (3 + 3) * 6 * 16 * 3
    assert operations(ranker, SpeedConfig(prefix_tokens=2, candidate_tokens=1), 1) == expected


def test_the_machine_has_a_name():
    assert machine_name().strip(", ")


def test_the_command_prints_one_object_or_a_table(tmp_path):
    small = small_ranker("llama")
    small.model.save_pretrained(tmp_path)
    small.tokenizer._backend.save(str(tmp_path / "tokenizer.json"))
    arguments = ["bench", "speed", "--model", str(tmp_path), "--dtype", "float32", "--prefix-tokens", "20"]
    arguments += ["--candidate-tokens", "4", "--candidates", "3"]
    result = CliRunner().invoke(main, [*arguments, "--json"])
    assert result.exit_code == 0, result.output
    report = json.loads(result.stdout)
    assert report["dtype"] == "float32"
    assert report["prefix_tokens"] == 20
    assert report["candidates"]["3"]["one_at_a_time"] > 0
    table = CliRunner().invoke(main, arguments).stdout
    assert "at 3 candidates" in table
    assert "GFLOP/s" in table


def test_weights_that_are_not_here_end_with_2(tmp_path, monkeypatch):
    monkeypatch.setenv("BREWLITE_HOME", str(tmp_path))
    result = CliRunner().invoke(main, ["bench", "speed"])
    assert result.exit_code == 2
    assert "brewlite models pull smollm2-135m" in result.stderr
