"""Fitting a student to labelled slates: batches of whole slates, a step at a time, from where it was left.

What a step does follows from the seed, its number and the weights, and everything that a step changes is in the saved
state. So a run that was killed and resumed ends with the same bits as one that was not.
"""

from __future__ import annotations

import hashlib
import json
import math
import time
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path

import numpy as np
import torch
from msgspec import Struct
from safetensors import SafetensorError
from safetensors.torch import load_file, save_file
from torch import Tensor, nn

from brewlite.errors import BadSettings
from brewlite.evaluation.metrics import Places, ndcg
from brewlite.memory import keep_freed_memory
from brewlite.ranker.checkpoint import writing
from brewlite.records import RankingPrompt
from brewlite.training.gradients import gradients, in_passes
from brewlite.training.losses import listwise, pointwise, to_chances, to_teacher
from brewlite.training.model import Student
from brewlite.training.whole import put_whole, write_whole

STATE = "state.json"


class Example(Struct, frozen=True, kw_only=True):
    """One slate to learn from. Raises ValueError when it has nothing to teach."""

    prompt: RankingPrompt
    gains: tuple[float, ...] = ()
    """(C,) what each candidate was worth, 0 for not chosen; empty: only the teacher speaks."""
    teacher: tuple[float, ...] = ()
    """(C,) another ranker's scores; empty: only the labels speak."""
    chances: bool = False
    """Whether the teacher's scores are log-odds, which also say how likely each candidate is."""
    first: tuple[float, ...] = ()
    """(C,) what the first stage gives each candidate, in log-odds; empty: it is not asked."""

    def __post_init__(self) -> None:
        count = len(self.prompt.candidates)
        if not self.gains and not self.teacher:
            raise ValueError("an example has neither labels nor a teacher's scores")
        if len(self.gains) not in (0, count) or len(self.teacher) not in (0, count):
            raise ValueError(f"{count} candidates, {len(self.gains)} gains and {len(self.teacher)} teacher's scores")
        if len(self.first) not in (0, count):
            raise ValueError(f"{count} candidates, and {len(self.first)} scores of the first stage")
        if self.gains and not max(self.gains) > 0:
            raise ValueError("none of an example's candidates was chosen")

    @property
    def tokens(self) -> int:
        """Of prefix and candidates."""
        return len(self.prompt.prefix) + sum(map(len, self.prompt.candidates))


class FitConfig(Struct, frozen=True, kw_only=True):
    """How a student is fitted."""

    steps: int = 300
    step_tokens: int = 6000
    """A step takes slates until it has so many tokens: large passes are what keeps the machine busy."""
    learning_rate: float = 1e-3
    warmup: int = 20
    """Steps over which the rate rises; it falls to a tenth by a half cosine."""
    pointwise: float = 0.1
    """Weight of the pointwise loss beside the listwise one."""
    teacher: float = 0.5
    """Weight of the teacher where an example has labels too; 1 where it has none."""
    temperature: float = 1.0
    """Of the teacher's distribution."""
    beside: float = 0.6
    """Weight of what the model must add to the first stage, against what it must know alone, where an example has
    the first stage's scores: the label's gradient is then that of their sum, as in boosting."""
    average: float = 0.0
    """How much of the running mean of the weights stays at each step (0.98: the last fifty steps count); the mean is
    what is looked at and what the student has in the end (Polyak and Juditsky 1992). 0: the weights themselves. A step
    sees a handful of choices, which are mostly chance: the mean goes where many of them point."""
    weight_decay: float = 0.01
    clip: float = 1.0
    validate_every: int = 50
    """Steps between two looks at the held-out examples, where there are any."""
    patience: int = 0
    """Looks without a lower loss after which the run ends; 0: it never ends early."""
    save_seconds: float = 180.0
    seed: int = 0


class StepFacts(Struct, frozen=True, kw_only=True):
    """One step."""

    step: int
    """1 is the first."""
    loss: float
    """Mean over the step's slates."""
    slates: int
    tokens: int
    seconds: float


class Look(Struct, frozen=True, kw_only=True):
    """One look at the held-out examples."""

    step: int
    """After so many steps; 0: before the first."""
    loss: float
    """Of the labels, alone and beside the first stage as in training. The best look is the one where it is lowest: over
    a few dozen lists it tells two states apart long before NDCG does."""
    ndcg: float
    """NDCG@10 of the model alone."""


class Fitting:
    """A run: its student, its optimizer, and how far it is.

    Args:
        student: with something to learn: differences (:func:`brewlite.training.lora.add_lora`), or all weights.
        examples: in any order.
        config: how.
        folder: where the state is saved; a state found there is gone on with.
        held_out: labelled examples that nothing is learned from: for the curve, and to stop early by. Of the states
            after a step that were looked at, the student has the one of the lowest loss when the run ends.

    Raises:
        BadSettings: no examples, or the saved state is that of another run, or damaged.
    """

    def __init__(
        self,
        student: Student,
        examples: Sequence[Example],
        config: FitConfig,
        folder: Path,
        held_out: Sequence[Example] = (),
    ) -> None:
        if not examples:
            raise BadSettings("there are no examples to learn from")
        self.student, self.examples, self.config, self.folder = student, examples, config, folder
        self.held_out = held_out
        self.step = 0
        self._batches: list[list[int]] = []
        self.history: list[StepFacts] = []
        self.looks: list[Look] = []
        self._best: dict[str, Tensor] = {}
        self._mean: dict[str, Tensor] = {}
        self._learned = {name: p for name, p in student.decoder.named_parameters() if p.requires_grad}
        # Steps of 1e-3 of a weight are lost in 16 bits: the optimizer moves copies of 32.
        self._masters = [p.detach().float().requires_grad_() for p in self._learned.values()]
        digest = hashlib.blake2b(digest_size=8)
        for master in self._masters:
            digest.update(master.detach().numpy().tobytes())
        self._start = digest.hexdigest()
        keep_freed_memory(2048)
        self._optimizer = torch.optim.AdamW(
            self._masters, lr=config.learning_rate, weight_decay=config.weight_decay, fused=True
        )
        if config.average:
            self._mean = {name: master.detach().clone() for name, master in self._named_masters()}
        folder.mkdir(parents=True, exist_ok=True)
        if (folder / STATE).exists():
            self._resume()

    def run(
        self, tell: Callable[[StepFacts, Look | None], None] | None = None, stop: Callable[[], bool] | None = None
    ) -> None:
        """All steps that are left, or until ``stop`` says so; saves now and then, and at the end."""
        saved = time.monotonic()
        if not self.looks:
            self._look()
        while self.step < self.config.steps and not self.out_of_patience and not (stop is not None and stop()):
            facts = self.one_step()
            looked = self.step % self.config.validate_every == 0 or self.step == self.config.steps
            if looked:
                self._look()
            if tell is not None:
                tell(facts, self.looks[-1] if self.looks else None)
            if time.monotonic() - saved > self.config.save_seconds:
                self.save()
                saved = time.monotonic()
        if self.looks and self.looks[-1].step < self.step:
            self._look()
        self.save()
        self._take(self._best or self._mean)

    @property
    def slates(self) -> int:
        """Examples that the student learned from in this run, each as often as it was shown."""
        kept = self.kept
        return sum(facts.slates for facts in self.history[: self.step if kept is None else kept.step])

    @property
    def kept(self) -> Look | None:
        """The look whose state the student has in the end; None where nothing was looked at after a step."""
        return min(self.looks[1:], key=lambda look: look.loss, default=None)

    @property
    def out_of_patience(self) -> bool:
        """Whether the last looks were all no better than one before them."""
        patience = self.config.patience
        if not patience or len(self.looks) <= patience:
            return False
        before, late = self.looks[:-patience], self.looks[-patience:]
        return min(look.loss for look in late) >= min(look.loss for look in before)

    def _look(self) -> None:
        """Judge the student on what it does not learn from; remember it where it is the best so far."""
        if not self.held_out:
            return
        state = self._mean or dict(self._named_masters())
        self._take(self._mean)
        loss, value = validate(self.student, self.held_out, self.config.beside)
        self._take(dict(self._named_masters()))
        if self.step and all(loss < look.loss for look in self.looks[1:]):
            self._best = {name: tensor.detach().clone() for name, tensor in state.items()}
        self.looks.append(Look(step=self.step, loss=loss, ndcg=value))

    def _named_masters(self) -> list[tuple[str, Tensor]]:
        return list(zip(self._learned, self._masters, strict=True))

    def _take(self, state: Mapping[str, Tensor]) -> None:
        """Give the student the weights of ``state``; nothing where it is empty."""
        with torch.no_grad():
            for name, tensor in state.items():
                self._learned[name].copy_(tensor)

    def one_step(self) -> StepFacts:
        """Learn from one batch."""
        start = time.perf_counter()
        batch = [self.examples[place] for place in self._batch(self.step)]
        for group in self._optimizer.param_groups:
            group["lr"] = self.config.learning_rate * rate(self.step, self.config)
        loss, found = gradients(batch, lambda example: example.tokens, self._loss, list(self._learned.values()))
        if not math.isfinite(loss):
            raise BadSettings(
                f"the loss is not a number at step {self.step + 1}: lower the learning rate, and empty {self.folder}"
            )
        for master, gradient in zip(self._masters, found, strict=True):
            master.grad = gradient
        nn.utils.clip_grad_norm_(self._masters, self.config.clip, foreach=False)
        self._optimizer.step()
        self._take(dict(self._named_masters()))
        self.step += 1
        # At first the mean is of few steps: it may not be of the start alone.
        kept = min(self.config.average, self.step / (self.step + 9))
        for name, master in self._named_masters() if self._mean else ():
            self._mean[name].lerp_(master.detach(), 1 - kept)
        facts = StepFacts(
            step=self.step,
            loss=loss,
            slates=len(batch),
            tokens=sum(example.tokens for example in batch),
            seconds=time.perf_counter() - start,
        )
        self.history.append(facts)
        return facts

    def save(self) -> None:
        """Write the state; it is there whole or not at all."""
        tensors = {f"weight.{name}": master.detach() for name, master in self._named_masters()}
        tensors |= {f"best.{name}": tensor for name, tensor in self._best.items()}
        tensors |= {f"mean.{name}": tensor for name, tensor in self._mean.items()}
        for number, state in self._optimizer.state_dict()["state"].items():
            tensors |= {f"optimizer.{number}.{name}": torch.as_tensor(value) for name, value in state.items()}
        name = f"state-{self.step}.safetensors"
        with writing(self.folder / name):
            save_file(tensors, self.folder / f"{name}.new")
            put_whole(self.folder / f"{name}.new", self.folder / name)
        told = {
            "step": self.step,
            "tensors": name,
            "run": self._identity(),
            "looks": [[look.step, look.loss, look.ndcg] for look in self.looks],
            "history": [[f.step, f.loss, f.slates, f.tokens, f.seconds] for f in self.history],
        }
        write_whole(self.folder / STATE, json.dumps(told).encode())
        for old in self.folder.glob("state-*"):
            if old.name != name:
                old.unlink()

    def _resume(self) -> None:
        try:
            told = json.loads((self.folder / STATE).read_bytes())
            ours, tensors = told["run"] == self._identity(), load_file(self.folder / told["tensors"])
        except (OSError, ValueError, KeyError, TypeError, SafetensorError) as error:
            mend = f"empty {self.folder}, and its run begins anew"
            raise BadSettings(f"the state in {self.folder / STATE} cannot be read ({error}): {mend}") from error
        weights = _below("weight.", tensors)
        if not ours or weights.keys() != self._learned.keys():
            raise BadSettings(f"{self.folder} holds the state of another run: choose another folder, or empty it")
        self._best = _below("best.", tensors)
        self._mean = _below("mean.", tensors)
        with torch.no_grad():
            for name, master in self._named_masters():
                master.copy_(weights[name])
        self._take(weights)
        state: dict[int, dict[str, Tensor]] = {}
        for name, tensor in _below("optimizer.", tensors).items():
            number, _, part = name.partition(".")
            state.setdefault(int(number), {})[part] = tensor
        self._optimizer.load_state_dict({**self._optimizer.state_dict(), "state": state})
        self.step = int(told["step"])
        self.looks = [Look(step=step, loss=loss, ndcg=value) for step, loss, value in told["looks"]]
        self.history = [
            StepFacts(step=step, loss=loss, slates=slates, tokens=tokens, seconds=seconds)
            for step, loss, slates, tokens, seconds in told["history"]
        ]

    def _identity(self) -> list[object]:
        """What two states of one run have in common: how it is done, from what, and what it began with."""
        how = {name: getattr(self.config, name) for name in FitConfig.__struct_fields__ if name != "save_seconds"}
        tokens = sum(e.tokens for e in self.examples)
        return [how, len(self.examples), tokens, len(self.held_out), self._start]

    def _batch(self, step: int) -> list[int]:
        """Which examples the step learns from: those of its epoch in a drawn order, until the tokens are full."""
        while len(self._batches) <= step:
            # The number of batches so far tells epochs apart as well as their own number would.
            order = np.random.default_rng([self.config.seed, len(self._batches)]).permutation(len(self.examples))
            self._batches += in_passes(
                order.tolist(), lambda place: self.examples[place].tokens, self.config.step_tokens
            )
        return self._batches[step]

    def _loss(self, examples: Sequence[Example]) -> Tensor:
        log_odds = self.student.log_odds([example.prompt for example in examples])
        return torch.stack([self._of_one(*pair) for pair in zip(log_odds, examples, strict=True)]).sum()

    def _of_one(self, log_odds: Tensor, example: Example) -> Tensor:
        loss = torch.zeros(())
        if example.gains:
            gains = torch.tensor(example.gains)
            loss = of_labels(log_odds, example, self.config.beside)
            loss = loss + self.config.pointwise * pointwise(log_odds, gains)
        if example.teacher:
            weight = self.config.teacher if example.gains else 1.0
            teacher = torch.tensor(example.teacher)
            told = to_teacher(log_odds, teacher, self.config.temperature)
            if example.chances:
                told = told + self.config.pointwise * to_chances(log_odds, teacher)
            loss = (1 - weight) * loss + weight * told
        return loss


def of_labels(log_odds: Tensor, example: Example, beside: float) -> Tensor:
    """The listwise loss of ``log_odds`` (C,) alone and, by the share ``beside``, added to the first stage's scores."""
    gains = torch.tensor(example.gains)
    loss = listwise(log_odds, gains)
    if example.first:
        together = listwise(torch.tensor(example.first) + log_odds, gains)
        loss = (1 - beside) * loss + beside * together
    return loss


def rate(step: int, config: FitConfig) -> float:
    """The share of the learning rate at ``step``: a rise over the warm-up, then half a cosine down to a tenth."""
    if step < config.warmup:
        return (step + 1) / config.warmup
    done = (step - config.warmup) / max(config.steps - config.warmup, 1)
    return 0.1 + 0.45 * (1 + math.cos(math.pi * min(done, 1.0)))


@torch.no_grad()
def validate(student: Student, examples: Sequence[Example], beside: float = 0.0) -> tuple[float, float]:
    """Mean loss of the labels (:func:`of_labels`), and mean NDCG@10 of the first chosen candidate."""
    losses, values = [], []
    for example in examples:
        (log_odds,) = student.log_odds([example.prompt])
        losses.append(float(of_labels(log_odds, example, beside)))
        one = Places.of_list(log_odds.double().numpy(), int(np.argmax(example.gains)))
        values.append(float(ndcg(one)[0]))
    return float(np.mean(losses)), float(np.mean(values))


def _below(prefix: str, tensors: dict[str, Tensor]) -> dict[str, Tensor]:
    return {name.removeprefix(prefix): tensor for name, tensor in tensors.items() if name.startswith(prefix)}
