"""How fast training runs on this machine, beside the obvious loop.

The obvious loop: one slate a call, all of it under a dense (1, 1, S, S) mask, float32 weights under autocast, an
optimizer step for each. Both learn the same differences of the same model on the same slates.
"""

from __future__ import annotations

import time
from collections.abc import Sequence
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import numpy as np
import torch
from msgspec import Struct
from torch import Tensor, nn

from brewlite.ranker.reference import slate_masks
from brewlite.ranker.tokenizer import PlainTokenizer
from brewlite.records import RankingPrompt
from brewlite.training.fit import Example, FitConfig, Fitting
from brewlite.training.lora import LoraConfig, add_lora
from brewlite.training.losses import listwise, pointwise
from brewlite.training.model import Student


class TrainSpeedConfig(Struct, frozen=True, kw_only=True):
    """What is timed: slates of random tokens, as the time does not depend on what they say."""

    prefix_tokens: int = 250
    candidates: int = 12
    candidate_tokens: int = 60
    step_tokens: int = 6000
    seconds: float = 45.0
    """Of each way, after one step that is not counted."""
    full: bool = False
    """All weights are learned instead of low-rank differences."""
    seed: int = 0


class TrainSpeed(Struct, frozen=True, kw_only=True):
    """Tokens a second, forward, backward and optimizer step."""

    model: str
    threads: int
    naive: float
    packed: float

    @property
    def ratio(self) -> float:
        """How many times as fast the packed way is."""
        return self.packed / self.naive


def slates(config: TrainSpeedConfig, vocabulary: int, count: int) -> list[Example]:
    """``count`` slates with one chosen candidate each."""
    rng = np.random.default_rng(config.seed)

    def drawn(tokens: int) -> tuple[int, ...]:
        return tuple(int(id_) for id_ in rng.integers(100, vocabulary, tokens))

    return [
        Example(
            prompt=RankingPrompt(
                prefix=drawn(config.prefix_tokens),
                candidates=tuple(drawn(config.candidate_tokens) for _ in range(config.candidates)),
            ),
            gains=tuple(float(place == 0) for place in range(config.candidates)),
        )
        for _ in range(count)
    ]


def measure_training(name: str, folder: Path, config: TrainSpeedConfig | None = None) -> TrainSpeed:
    """Time both ways on the model in ``folder``, the obvious one first. Needs some 3 GB of memory."""
    config = config or TrainSpeedConfig()
    tokenizer = PlainTokenizer.load(folder)
    naive = _naive(_load(folder, torch.float32), tokenizer, config)
    packed = _packed(_load(folder, torch.bfloat16), tokenizer, config)
    return TrainSpeed(model=name, threads=torch.get_num_threads(), naive=naive, packed=packed)


def _load(folder: Path, dtype: torch.dtype) -> Any:
    from transformers import AutoModelForCausalLM

    return AutoModelForCausalLM.from_pretrained(folder, dtype=dtype, local_files_only=True)


def _packed(model: Any, tokenizer: PlainTokenizer, config: TrainSpeedConfig) -> float:
    student = Student(model, tokenizer)
    if not config.full:
        add_lora(student.decoder, LoraConfig())
    shown = slates(config, model.config.vocab_size, 60)
    with TemporaryDirectory() as folder:
        run = Fitting(student, shown, FitConfig(steps=10_000, step_tokens=config.step_tokens), Path(folder))
        run.one_step()
        start = time.perf_counter()
        while time.perf_counter() - start < config.seconds:
            run.one_step()
        return sum(facts.tokens for facts in run.history[1:]) / (time.perf_counter() - start)


def _naive(model: Any, tokenizer: PlainTokenizer, config: TrainSpeedConfig) -> float:
    model.set_attn_implementation("sdpa")
    decoder: nn.Module = model.get_decoder()
    learned = list(decoder.parameters()) if config.full else add_lora(decoder, LoraConfig())
    optimizer = torch.optim.AdamW(learned, lr=1e-4)
    head = model.get_output_embeddings().weight
    direction = (head[tokenizer.word_id(" yes")] - head[tokenizer.word_id(" no")]).detach()
    shown = slates(config, model.config.vocab_size, 60)
    _naive_step(model, shown[0], direction, optimizer)
    start, tokens = time.perf_counter(), 0
    for example in _again(shown):
        _naive_step(model, example, direction, optimizer)
        tokens += example.tokens
        if time.perf_counter() - start > config.seconds:
            break
    return tokens / (time.perf_counter() - start)


def _naive_step(model: Any, example: Example, direction: Tensor, optimizer: torch.optim.Optimizer) -> None:
    ids, positions, masks, last = slate_masks(model.config, example.prompt.prefix, example.prompt.candidates)
    with torch.autocast("cpu", dtype=torch.bfloat16):
        hidden = model.get_decoder()(
            input_ids=ids, position_ids=positions[None], attention_mask=masks, use_cache=False
        ).last_hidden_state
    odds = hidden[0, last].float() @ direction.float()
    gains = torch.tensor(example.gains)
    optimizer.zero_grad(set_to_none=True)
    torch.autograd.backward(listwise(odds, gains) + 0.1 * pointwise(odds, gains))
    optimizer.step()


def _again(shown: Sequence[Example]) -> Any:
    while True:
        yield from shown
