"""A student that becomes smaller: cut, then healed by learning on, as often as the schedule says.

What was learned before a cut carries over to what is left, so each round begins where the last one ended.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any, Literal

import msgspec
import torch
from msgspec import Struct, structs
from torch import Tensor

from brewlite.errors import BadSettings
from brewlite.ranker.differences import DOWN, UP, merge_lora
from brewlite.ranker.structure import Structure, compose, cut, sizes_of, whole
from brewlite.ranker.tokenizer import PlainTokenizer
from brewlite.ranker.torch_ranker import TorchRanker
from brewlite.records import RankingPrompt
from brewlite.training.fit import Example, FitConfig, Fitting, StepFacts
from brewlite.training.importance import Importance, harm, measure
from brewlite.training.lora import LoraConfig, add_lora, load_lora, lora_state
from brewlite.training.model import Student
from brewlite.training.prune import GRAIN, Schedule, Target, cut_differences, plan_target
from brewlite.training.whole import write_whole

Load = Callable[[], tuple[Any, PlainTokenizer]]
"""Gives the whole base anew at each call: a causal model of transformers, and its tokenizer."""
Progress = Callable[[str, int, int], None]
"""Called with what is done ("round 2: step"), how much of it, out of how much."""


class Shape(Struct, frozen=True, kw_only=True, eq=False):
    """A student at rest: what it keeps of its base, and what it has learned on top."""

    structure: Structure | None = None
    """None: all of the base."""
    lora: LoraConfig = LoraConfig()
    """Of the differences."""
    differences: dict[str, Tensor] = {}
    """Of the cut base; empty: nothing was learned yet."""


class ShrinkConfig(Struct, frozen=True, kw_only=True):
    """How a student is cut and healed."""

    tokens: int = 3_000_000
    """That all rounds together learn from, in even parts."""
    fit: FitConfig = FitConfig(learning_rate=6e-4, teacher=0.7)
    """Of each round; its steps follow from ``tokens``."""
    rank: int = 32
    """Of the differences while they heal, at least: a cut leaves more to learn than a lesson does."""
    measured: int = 48
    """Prompts that importance is measured on."""
    by: Literal["influence", "harm"] = "influence"
    """What layers are judged by: see :mod:`brewlite.training.importance`."""
    grain: int = GRAIN

    def __post_init__(self) -> None:
        if self.tokens < 1 or self.rank < 1 or self.measured < 1:
            raise BadSettings(
                f"tokens is {self.tokens}, rank {self.rank}, measured {self.measured}: give at least 1 of each"
            )


class Round(Struct, frozen=True, kw_only=True):
    """What one round came to."""

    layers: int
    neurons: float
    """Mean of the layers."""
    heads: float
    """Key/value groups, mean of the layers."""
    dropped: tuple[int, ...]
    """Layers of the base that went in this round."""
    tokens: int
    seconds: float
    """Of learning."""
    losses: tuple[float, ...]
    """One a step."""


class _Planned(Struct, frozen=True, kw_only=True):
    """A cut that was chosen, kept so that a resumed run makes the same."""

    target: Target
    by: str
    structure: Structure


def base_of(load: Load, shape: Shape) -> tuple[Any, PlainTokenizer]:
    """The base cut to ``shape``, without what was learned on top; and its tokenizer."""
    model, tokenizer = load()
    if shape.structure is not None:
        cut(model, shape.structure)
    return model, tokenizer


def student_of(load: Load, shape: Shape) -> Student:
    """A student in ``shape``, with differences to learn: also on parts where ``shape`` has none yet.

    Raises:
        BadSettings: ``shape`` has differences of parts that the base does not have, or of another shape.
    """
    model, tokenizer = base_of(load, shape)
    student = Student(model, tokenizer)
    add_lora(student.decoder, shape.lora)
    own = lora_state(student.decoder)
    wrong = [name for name, tensor in shape.differences.items() if name not in own or own[name].shape != tensor.shape]
    if wrong:
        raise BadSettings(
            f"differences {', '.join(wrong[:3])} do not fit the base: take that which they were learned on"
        )
    load_lora(student.decoder, {**own, **shape.differences})
    return student


def ranker_of(load: Load, shape: Shape, name: str) -> TorchRanker:
    """The ranker that ``shape`` is, differences merged."""
    model, tokenizer = base_of(load, shape)
    if shape.differences:
        merge_lora(model.get_decoder(), shape.differences, shape.lora.alpha / shape.lora.rank)
    return TorchRanker(model, tokenizer, name)


def widened(shape: Shape, rank: int, seed: int = 0) -> Shape:
    """``shape`` with differences of at least ``rank``, which do the same; the new rows have still to learn."""
    have = shape.lora
    if rank <= have.rank:
        return shape
    lora = structs.replace(have, rank=rank, alpha=have.alpha * rank / have.rank)
    generator = torch.Generator().manual_seed(seed)
    wide = {}
    for name, tensor in shape.differences.items():
        more = rank - have.rank
        if name.endswith(DOWN):
            rows = torch.empty(more, tensor.shape[1])
            torch.nn.init.kaiming_uniform_(rows, a=5**0.5, generator=generator)
            wide[name] = torch.cat([tensor.float(), rows])
        elif name.endswith(UP):
            wide[name] = torch.cat([tensor.float(), torch.zeros(len(tensor), more)], dim=1)
    return structs.replace(shape, lora=lora, differences=wide)


def shrink(
    load: Load,
    shape: Shape,
    schedule: Schedule,
    examples: Sequence[Example],
    config: ShrinkConfig,
    folder: Path,
    progress: Progress | None = None,
) -> tuple[Shape, list[Round]]:
    """Round after round of ``schedule``, each in a folder of its own; a killed run goes on where it was.

    Args:
        load: gives the base.
        shape: what the first round begins with.
        schedule: how small it becomes.
        examples: what heals it; importance is measured on the first of them.
        config: how.
        folder: of this way alone.
        progress: told about passes and steps.

    Raises:
        BadSettings: no examples, a target that the base cannot be cut to, or the folder holds another run.
    """
    rounds = []
    shape = widened(shape, config.rank, config.fit.seed)
    share = config.tokens // len(schedule.steps)
    for number, target in enumerate(schedule.steps, start=1):
        tell = under(f"round {number} of {len(schedule.steps)}", progress)
        at = folder / f"round-{number}"
        smaller, dropped = cut_to(load, shape, target, [example.prompt for example in examples], config, at, tell)
        steps = max(1, round(share / config.fit.step_tokens))
        fit = structs.replace(config.fit, steps=steps, seed=config.fit.seed + number)
        shape, facts = heal(load, smaller, examples, fit, at, tell)
        rounds.append(_round(load, shape, dropped, facts))
    return shape, rounds


def cut_to(
    load: Load,
    shape: Shape,
    target: Target,
    prompts: Sequence[RankingPrompt],
    config: ShrinkConfig,
    folder: Path,
    progress: Progress | None = None,
) -> tuple[Shape, tuple[int, ...]]:
    """``shape`` without what matters least, and which layers of the base went.

    The cut is kept in ``folder``, so that a resumed run makes the same. Raises BadSettings where that is to another
    target, or the base has no such parts to keep.
    """
    path = folder / "cut.json"
    if path.exists():
        try:
            planned = msgspec.json.decode(path.read_bytes(), type=_Planned)
        except (OSError, msgspec.DecodeError) as error:
            raise BadSettings(f"{path} cannot be read ({error}): empty {folder}, and its round begins anew") from error
        if (planned.target, planned.by) != (target, config.by):
            raise BadSettings(f"{folder} holds a cut to {planned.target}: choose another folder, or empty it")
    else:
        importance = importance_of(load, shape, prompts, config, progress)
        base = sizes_of(load()[0])
        planned = _Planned(target=target, by=config.by, structure=plan_target(importance, target, base, config.grain))
        folder.mkdir(parents=True, exist_ok=True)
        write_whole(path, msgspec.json.encode(planned))
    before = shape.structure or whole(load()[0])
    after = compose(before, planned.structure)
    gone = tuple(layer for layer in before.layers if layer not in after.layers)
    return after_cut(load, shape, planned.structure), gone


def after_cut(load: Load, shape: Shape, structure: Structure) -> Shape:
    """``shape`` after one more cut, whose places are those of the student as it is: what it had learned, it keeps."""
    model, _ = base_of(load, shape)
    return structs.replace(
        shape,
        structure=compose(shape.structure or whole(model), structure),
        differences=cut_differences(shape.differences, structure, sizes_of(model)),
    )


def heal(
    load: Load,
    shape: Shape,
    examples: Sequence[Example],
    fit: FitConfig,
    folder: Path,
    progress: Progress | None = None,
) -> tuple[Shape, list[StepFacts]]:
    """``shape`` after ``fit.steps`` steps on ``examples``; the state is kept in ``folder``."""
    student = student_of(load, shape)
    run = Fitting(student, examples, fit, folder)
    run.run(None if progress is None else lambda facts, look: progress("steps", facts.step, fit.steps))
    learned = {name: tensor.clone() for name, tensor in lora_state(student.decoder).items()}
    return structs.replace(shape, differences=learned), run.history


def importance_of(
    load: Load,
    shape: Shape,
    prompts: Sequence[RankingPrompt],
    config: ShrinkConfig,
    progress: Progress | None = None,
) -> Importance:
    """How much each part of the student in ``shape`` does, on the first of ``prompts``."""
    student, chosen = student_of(load, shape), prompts[: config.measured]
    told = measure(student, chosen, _passes("importance", progress))
    if config.by == "harm":
        told = structs.replace(told, layers=harm(student, chosen, _passes("harm", progress)))
    return told


def _round(load: Load, shape: Shape, dropped: tuple[int, ...], facts: Sequence[StepFacts]) -> Round:
    sizes = sizes_of(base_of(load, shape)[0])
    return Round(
        layers=sizes.layers,
        neurons=sum(sizes.neurons) / sizes.layers,
        heads=sum(sizes.heads) / sizes.layers,
        dropped=dropped,
        tokens=sum(step.tokens for step in facts),
        seconds=sum(step.seconds for step in facts),
        losses=tuple(step.loss for step in facts),
    )


def under(name: str, progress: Progress | None) -> Progress | None:
    """``progress``, told that what is done belongs to ``name``."""
    return None if progress is None else lambda what, done, total: progress(f"{name}, {what}", done, total)


def _passes(what: str, progress: Progress | None) -> Callable[[int, int], None] | None:
    return None if progress is None else lambda done, total: progress(what, done, total)
