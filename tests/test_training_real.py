"""Two minutes of real training on a very small real site: what was not learned from is ranked better after it."""

from __future__ import annotations

from pathlib import Path

import pytest
import torch

from brewlite.evaluation.suite.datasets import open_site
from brewlite.ranker.loading import load_model
from brewlite.ranker.tokenizer import PlainTokenizer
from brewlite.training.fit import FitConfig, Fitting
from brewlite.training.lora import LoraConfig, add_lora
from brewlite.training.model import Student
from brewlite.training.stated import StatedConfig, stated_examples
from brewlite.weights import BASE, DEFAULT_ENCODER, locate

SHORT = StatedConfig(kinds=("want",), pairs=3, abroad=0.0, second=0.0, with_history=0.0)


@pytest.mark.slow
@pytest.mark.weights
@pytest.mark.timeout(900)
def test_two_minutes_of_training_rank_what_was_not_learned_from(shared_data: Path, tmp_path: Path):
    tokenizer = PlainTokenizer.load(locate(BASE))
    site = open_site("stackexchange_coffee", shared_data, tmp_path, encoder=DEFAULT_ENCODER)
    try:
        made = stated_examples(site, tokenizer, 84, SHORT)
    finally:
        site.recommender.close()
    asked = [tokenizer.decode(example.prompt.prefix) for example in made]
    held_out = made[:24]
    shown = [e for e, words in zip(made[24:], asked[24:], strict=True) if words not in asked[:24]]
    student = Student(load_model(locate(BASE), torch.bfloat16), tokenizer)
    add_lora(student.decoder, LoraConfig(first_layer=15))
    config = FitConfig(steps=18, step_tokens=1800, learning_rate=1e-3, warmup=3, validate_every=18)
    run = Fitting(student, shown, config, tmp_path / "run", held_out)
    run.run()
    before, after = run.looks[0], run.looks[-1]
    assert after.loss < before.loss - 0.02, f"validation loss {before.loss:.3f} -> {after.loss:.3f}"
    assert after.ndcg > before.ndcg + 0.02, f"validation NDCG {before.ndcg:.3f} -> {after.ndcg:.3f}"
