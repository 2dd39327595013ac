"""From what a stage is given to a student that can learn, and back to a checkpoint."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from functools import partial
from pathlib import Path
from typing import Any, NamedTuple

import torch
from msgspec import structs
from torch import Tensor

from brewlite.errors import BadSettings
from brewlite.ranker.checkpoint import LoraShape, Manifest, read_manifest, save_checkpoint
from brewlite.ranker.loading import load_model
from brewlite.ranker.tokenizer import PlainTokenizer
from brewlite.ranker.torch_ranker import pick_dtype
from brewlite.store.runs import CurvePoint, Value
from brewlite.training.experiment.keys import base_folder
from brewlite.training.experiment.stage import MODEL, Told
from brewlite.training.fit import Fitting, Look, StepFacts
from brewlite.training.lora import LoraConfig, lora_state
from brewlite.training.model import Student
from brewlite.training.shrinking import Load, Shape
from brewlite.training.start import student_from
from brewlite.weights import checkpoint_of


class Given(NamedTuple):
    """A model that is cut."""

    load: Load
    """Its whole base."""
    shape: Shape
    """What it keeps of the base, and what it has learned."""
    manifest: Manifest
    """Of its checkpoint; of a plain model, one that says nothing was learned yet."""


def begun(model: str, lora: LoraConfig) -> tuple[Student, Manifest]:
    """``model`` as a student; ``lora``: the shape of its differences where it has none yet.

    Raises:
        BadSettings: the checkpoint is quantized.
        WeightsMissing: the model, or its base, is not on this machine.
    """
    student, manifest = student_from(model, lora)
    if manifest.quantization:
        raise BadSettings(f"checkpoint {model} is quantized to {manifest.quantization}: learn first, then quantize")
    return student, manifest


def given(model: str) -> Given:
    """``model`` at rest. Raises as :func:`begun`."""
    student, manifest = begun(model, LoraConfig())
    checkpoint = checkpoint_of(model)
    learned = checkpoint is not None and read_manifest(checkpoint).lora is not None
    lora = manifest.lora or LoraShape(rank=LoraConfig().rank, alpha=LoraConfig().alpha)
    shape = Shape(
        structure=manifest.structure,
        lora=LoraConfig(rank=lora.rank, alpha=lora.alpha),
        differences=lora_state(student.decoder) if learned else {},
    )
    return Given(partial(_load, base_folder(model)), shape, manifest)


def save_student(folder: Path, fitting: Fitting, manifest: Manifest, recipe: dict[str, Any]) -> None:
    """Leave what the student of ``fitting`` has learned as the model of the stage whose folder it is."""
    manifest = structs.replace(manifest, slates=manifest.slates + fitting.slates)
    _save(folder, manifest, lora_state(fitting.student.decoder), recipe)


def save_shape(folder: Path, shape: Shape, manifest: Manifest, recipe: dict[str, Any]) -> None:
    """Leave ``shape`` as the model of the stage whose folder it is."""
    lora = LoraShape(rank=shape.lora.rank, alpha=shape.lora.alpha) if shape.differences else None
    _save(folder, structs.replace(manifest, structure=shape.structure, lora=lora), shape.differences, recipe)


def _save(folder: Path, manifest: Manifest, tensors: Mapping[str, Tensor], recipe: dict[str, Any]) -> None:
    """Named after the stage; figures that were taken before it no longer hold."""
    told = {**manifest.recipe, **recipe}
    now = datetime.now(UTC)
    save_checkpoint(
        folder / MODEL, structs.replace(manifest, name=folder.name, recipe=told, figures={}, created=now), tensors
    )


def tokens_of(model: str) -> PlainTokenizer:
    """The tokenizer of a base model or checkpoint."""
    return PlainTokenizer.load(base_folder(model))


def run_fitting(fitting: Fitting, name: str, tell: Told) -> None:
    """All steps that are left, with a bar that says how it goes."""
    steps = fitting.config.steps

    def show(facts: StepFacts, look: Look | None) -> None:
        held_out = f", held-out NDCG@10 {look.ndcg:.3f}" if look is not None else ""
        rate = facts.tokens / max(facts.seconds, 1e-9)
        tell(name, facts.step, steps, f"loss {facts.loss:.3f}{held_out}, {rate:,.0f} tokens/s")

    tell(name, fitting.step, steps)
    fitting.run(show)
    tell(name, steps, steps)


def curve_of(history: Sequence[StepFacts]) -> tuple[CurvePoint, ...]:
    """The loss and the speed of each step."""
    return tuple(
        CurvePoint(step=facts.step, loss=facts.loss, tokens_per_s=facts.tokens / max(facts.seconds, 1e-9))
        for facts in history
    )


def looks_of(fitting: Fitting) -> dict[str, Value]:
    """What the held-out examples said: at first, and at the step whose weights were kept."""
    looks = fitting.looks
    if not looks:
        return {}
    kept = fitting.kept or looks[0]
    return {
        "held-out NDCG@10 before": round(looks[0].ndcg, 4),
        "held-out NDCG@10 after": round(kept.ndcg, 4),
        "held-out loss before": round(looks[0].loss, 4),
        "held-out loss after": round(kept.loss, 4),
        "kept step": kept.step,
        "looks": [[look.step, round(look.loss, 4), round(look.ndcg, 4)] for look in looks],
    }


def _load(base: Path) -> tuple[Any, PlainTokenizer]:
    return load_model(base, pick_dtype("auto", torch.device("cpu"))), PlainTokenizer.load(base)
