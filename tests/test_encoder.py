"""The sentence encoder, with its real weights."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor

import numpy as np
import pytest

from brewlite.ranker import load_ranker
from brewlite.retrieval import SentenceEncoder

pytestmark = pytest.mark.weights


def test_vectors_have_length_1_and_likeness_shows():
    calm, quiet, engine = SentenceEncoder().encode(["a calm apartment", "a quiet flat", "diesel engine repair"])
    assert np.linalg.norm(calm) == pytest.approx(1.0, abs=1e-3)
    assert calm @ quiet > calm @ engine + 0.2


def test_progress_and_no_texts():
    seen: list[int] = []
    encoder = SentenceEncoder()
    assert encoder.encode([]).shape == (0, encoder.dimension)
    encoder.encode(["word"] * 300, progress=seen.append)
    assert seen == [128, 256, 300]


def test_two_models_may_be_loaded_at_once():
    with ThreadPoolExecutor(2) as pool:
        encoder, ranker = pool.submit(SentenceEncoder().encode, ["x"]), pool.submit(load_ranker)
        assert encoder.result().shape == (1, 384)
        assert np.isfinite(ranker.result().score_texts("A visitor likes boats.", ["A boat.", "A car."])).all()


def test_many_texts_are_shared_out_and_come_back_in_order(monkeypatch):
    texts = [" ".join(["word", "river", "engine", "quiet"][: 1 + n % 4] * (1 + n % 23)) for n in range(90)]
    encoder = SentenceEncoder()
    many = encoder.encode(texts)
    monkeypatch.setattr("brewlite.crew.crew_of", lambda threads: None)
    alone = encoder.encode(texts)
    assert (many * alone).sum(1).min() > 0.999
