"""Fitting: it learns, it can be killed and resumed to the bit, and refuses what it cannot learn from."""

from __future__ import annotations

import os
from pathlib import Path

import numpy as np
import pytest
import torch
from msgspec import structs
from transformers import LlamaConfig, LlamaForCausalLM

from brewlite.errors import BadSettings
from brewlite.records import RankingPrompt
from brewlite.training.fit import Example, FitConfig, Fitting, Look, StepFacts, rate, validate
from brewlite.training.lora import LoraConfig, add_lora, lora_state
from brewlite.training.model import Student

YES, NO, WORDS = 1, 2, 60


class Tokens:
    """The little that a student wants of a tokenizer."""

    lead: tuple[int, ...] = (0,)

    def word_id(self, word: str) -> int:
        return YES if word == " yes" else NO


def student() -> Student:
    torch.manual_seed(0)
    config = LlamaConfig(
        vocab_size=WORDS, hidden_size=32, intermediate_size=64, num_hidden_layers=2, num_attention_heads=4,
        num_key_value_heads=2, tie_word_embeddings=True,
    )  # fmt: skip
    made = Student(LlamaForCausalLM(config), Tokens())
    add_lora(made.decoder, LoraConfig(rank=8))
    return made


def examples(count: int, seed: int, teacher: bool = False) -> list[Example]:
    """Of five candidates the one is chosen whose first word is one of the lower half."""
    rng = np.random.default_rng(seed)
    made = []
    for _ in range(count):
        chosen = int(rng.integers(5))
        words = [int(rng.integers(10, 25) if place == chosen else rng.integers(25, 40)) for place in range(5)]
        candidates = tuple(
            (int(word), *(int(w) for w in rng.integers(40, WORDS, rng.integers(1, 4)))) for word in words
        )
        prompt = RankingPrompt(prefix=(5, int(rng.integers(40, WORDS)), 6), candidates=candidates)
        gains = tuple(float(place == chosen) for place in range(5))
        made.append(Example(prompt=prompt, gains=gains, teacher=tuple(3 * gain for gain in gains) if teacher else ()))
    return made


CONFIG = FitConfig(steps=120, step_tokens=400, learning_rate=3e-3, warmup=5)


def test_it_learns_what_it_was_not_shown(tmp_path: Path):
    taught, unseen = student(), examples(80, seed=9)
    before = validate(taught, unseen)
    Fitting(taught, examples(400, seed=1), CONFIG, tmp_path).run()
    after = validate(taught, unseen)
    assert after[0] < before[0] - 0.3, "validation loss falls"
    assert after[1] > before[1] + 0.1, "validation NDCG rises"


def test_a_teacher_alone_teaches(tmp_path: Path):
    taught, unseen = student(), examples(80, seed=9)
    silent = [Example(prompt=e.prompt, teacher=e.teacher) for e in examples(400, seed=1, teacher=True)]
    before = validate(taught, unseen)
    Fitting(taught, silent, CONFIG, tmp_path).run()
    assert validate(taught, unseen)[1] > before[1] + 0.1


def test_beside_the_first_stage_it_learns_what_that_leaves_open(tmp_path: Path):
    """A first stage that knows the choice leaves nothing to learn; one that knows nothing leaves all."""
    config = structs.replace(CONFIG, beside=1.0, pointwise=0.0)
    losses = {}
    for name, size in (("knows", 60.0), ("does not know", 0.0)):
        shown = [structs.replace(e, first=tuple(size * gain for gain in e.gains)) for e in examples(400, seed=1)]
        taught = student()
        Fitting(taught, shown, config, tmp_path / name).run()
        losses[name] = validate(taught, examples(80, seed=9))[0]
    assert losses["knows"] == pytest.approx(np.log(5), abs=0.1), "nothing was learned: five candidates, all alike"
    assert losses["does not know"] < losses["knows"] - 0.3


def test_it_ends_early_and_keeps_the_state_of_the_lowest_loss(tmp_path: Path):
    """Held-out lists that contradict what is learned: each step makes them worse."""
    against = [structs.replace(e, gains=tuple(np.roll(e.gains, 1).tolist())) for e in examples(40, seed=9)]
    config = structs.replace(CONFIG, validate_every=5, patience=3)
    taught = student()
    run = Fitting(taught, examples(400, seed=1), config, tmp_path, against)
    run.run()
    losses = [look.loss for look in run.looks]
    assert run.out_of_patience
    assert 15 <= run.step < config.steps
    assert validate(taught, against, config.beside)[0] == pytest.approx(min(losses[1:]), abs=1e-5)
    assert min(losses[1:]) < losses[-1] - 0.05, "the last state is not the one that is kept"
    assert run.slates == sum(facts.slates for facts in run.history[:5])


def test_the_first_stage_must_speak_of_every_candidate():
    (example,) = examples(1, seed=0)
    with pytest.raises(ValueError, match="2 scores of the first stage"):
        structs.replace(example, first=(1.0, 2.0))


@pytest.mark.parametrize("average", [0.0, 0.8])
def test_a_resumed_run_ends_with_the_same_bits(average: float, tmp_path: Path):
    config = FitConfig(steps=12, step_tokens=300, warmup=3, average=average)
    shown = examples(60, seed=1)
    whole = student()
    Fitting(whole, shown, config, tmp_path / "whole").run()
    stopped = Fitting(student(), shown, config, tmp_path / "parts")
    for _ in range(5):
        stopped.one_step()
    stopped.save()
    stopped.one_step()  # lost, as by a kill
    resumed_student = student()
    resumed = Fitting(resumed_student, shown, config, tmp_path / "parts")
    assert resumed.step == 5
    resumed.run()
    assert [f.loss for f in resumed.history] == [
        f.loss for f in Fitting(student(), shown, config, tmp_path / "whole").history
    ]
    ours, theirs = lora_state(resumed_student.decoder), lora_state(whole.decoder)
    assert all(torch.equal(ours[name], theirs[name]) for name in theirs)


def test_the_running_mean_of_the_weights_is_what_is_kept(tmp_path: Path):
    config = structs.replace(CONFIG, steps=30, average=0.9)
    taught = student()
    mean, last = weights_of(taught), {}
    run = Fitting(taught, examples(100, seed=1), config, tmp_path)

    def follow(facts: StepFacts, look: Look | None) -> None:
        nonlocal last
        last, kept = weights_of(taught), min(0.9, facts.step / (facts.step + 9))
        for name, tensor in last.items():
            mean[name] = kept * mean[name] + (1 - kept) * tensor

    run.run(follow)
    assert all(torch.allclose(tensor, mean[name], atol=1e-6) for name, tensor in weights_of(taught).items())
    assert any(not torch.allclose(mean[name], tensor, atol=1e-3) for name, tensor in last.items())


def weights_of(taught: Student) -> dict[str, torch.Tensor]:
    return {name: tensor.clone() for name, tensor in lora_state(taught.decoder).items()}


def test_the_state_of_another_run_is_refused(tmp_path: Path):
    Fitting(student(), examples(20, seed=1), FitConfig(steps=1), tmp_path).run()
    with pytest.raises(BadSettings, match="another run"):
        Fitting(student(), examples(21, seed=1), FitConfig(steps=1), tmp_path)
    with pytest.raises(BadSettings, match="another run"):
        Fitting(student(), examples(20, seed=1), FitConfig(steps=1, learning_rate=1e-4), tmp_path)
    begun = student()
    with torch.no_grad():
        next(p for p in begun.decoder.parameters() if p.requires_grad).add_(0.1)
    with pytest.raises(BadSettings, match="another run"):
        Fitting(begun, examples(20, seed=1), FitConfig(steps=1), tmp_path)
    with pytest.raises(BadSettings, match="no examples"):
        Fitting(student(), [], FitConfig(), tmp_path / "none")


@pytest.mark.parametrize("file", ["state.json", "state-2.safetensors"])
def test_a_damaged_state_is_named(file: str, tmp_path: Path):
    Fitting(student(), examples(20, seed=1), FitConfig(steps=2), tmp_path).run()
    whole = (tmp_path / file).read_bytes()
    for damage in (lambda path: path.write_bytes(whole[: len(whole) // 2]), lambda path: path.write_bytes(b"[1]")):
        damage(tmp_path / file)
        with pytest.raises(BadSettings, match=r"the state in .*state\.json cannot be read .* begins anew"):
            Fitting(student(), examples(20, seed=1), FitConfig(steps=2), tmp_path)


def test_a_state_is_on_the_disk_before_it_counts(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    seen: list[tuple[str, bool]] = []
    monkeypatch.setattr(os, "fsync", lambda number: seen.append((Path(f"/dev/fd/{number}").resolve().name, counts())))
    counts = (tmp_path / "state.json").exists
    Fitting(student(), examples(20, seed=1), FitConfig(steps=1), tmp_path).run()
    assert seen == [("state-1.safetensors.new", False), ("state.json.new", False)]
    assert not list(tmp_path.glob("*.new"))


def test_a_run_that_comes_apart_says_so(tmp_path: Path):
    config = FitConfig(steps=40, learning_rate=1e30, warmup=0, weight_decay=0.0)
    with pytest.raises(BadSettings, match=r"not a number at step \d+: lower the learning rate"):
        Fitting(student(), examples(20, seed=1), config, tmp_path).run()


def test_an_example_must_teach_something():
    prompt = RankingPrompt(prefix=(1,), candidates=((2,), (3,)))
    for wrong in ({}, {"gains": (1.0,)}, {"gains": (0.0, 0.0)}, {"teacher": (1.0, 2.0, 3.0)}):
        with pytest.raises(ValueError, match=r"example|candidates"):
            Example(prompt=prompt, **wrong)


def test_every_example_is_taken_once_an_epoch(tmp_path: Path):
    shown = examples(30, seed=1)
    fitting = Fitting(student(), shown, FitConfig(step_tokens=100), tmp_path)
    taken: list[int] = []
    step = 0
    while len(taken) < 30:
        batch = fitting._batch(step)
        assert sum(shown[place].tokens for place in batch) <= 100 or len(batch) == 1
        taken += batch
        step += 1
    assert sorted(taken) == list(range(30))


def test_the_rate_rises_and_falls():
    config = FitConfig(steps=100, warmup=10)
    rates = [rate(step, config) for step in range(100)]
    assert rates[:10] == sorted(rates[:10])
    assert rates[10:] == sorted(rates[10:], reverse=True)
    assert max(rates) == pytest.approx(1.0, abs=1e-3)
    assert rates[-1] == pytest.approx(0.1, abs=0.01)


def test_both_ways_of_training_can_be_timed(tmp_path: Path):
    from tiny_model import write_model

    from brewlite.training.speed import TrainSpeedConfig, measure_training

    config = TrainSpeedConfig(prefix_tokens=20, candidates=3, candidate_tokens=5, step_tokens=100, seconds=0.2)
    found = measure_training("tiny", write_model(tmp_path / "model"), config)
    assert found.naive > 0
    assert found.packed > 0
