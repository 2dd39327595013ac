"""What a student starts from: a base model, or a checkpoint whose differences are learned further."""

from __future__ import annotations

from pathlib import Path

import torch
from msgspec import structs
from torch import nn

from brewlite.ranker.checkpoint import LoraShape, Manifest, load_plain, read_differences
from brewlite.ranker.loading import load_model
from brewlite.ranker.tokenizer import PlainTokenizer
from brewlite.ranker.torch_ranker import pick_dtype
from brewlite.training.lora import LoraConfig, LoraLinear, add_lora, load_lora
from brewlite.training.model import Student
from brewlite.weights import REGISTRY, checkpoint_of, is_hub_id, locate, locate_base
from brewlite.weights.folder import tensors_sha256


def student_from(name_or_path: str | Path, new: LoraConfig | None = None) -> tuple[Student, Manifest]:
    """A student that ranks as ``name_or_path`` does until it is taught, and the manifest that what it learns goes with.

    A checkpoint's differences are the student's own, on the same layers, so that what is saved stands on the same base
    again and stays as small. What a manifest asks for beside them (quantization) is left out while the student learns.

    Args:
        name_or_path: see :func:`brewlite.weights.locate`.
        new: shape of the differences where there are none yet.

    Raises:
        BadSettings, WeightsMissing, WeightsCorrupt: as :func:`brewlite.ranker.checkpoint.load_decoder`.
    """
    new = new or LoraConfig()
    dtype = pick_dtype("auto", torch.device("cpu"))
    checkpoint, state = checkpoint_of(name_or_path), {}
    if checkpoint is not None:
        model, tokenizer, manifest = load_plain(checkpoint, dtype)
        state = read_differences(checkpoint) if manifest.lora is not None else {}
        manifest = _on_absolute_base(manifest, checkpoint)
    else:
        folder = locate(name_or_path)
        model, tokenizer = load_model(folder, dtype), PlainTokenizer.load(folder)
        manifest = _on_base(name_or_path, folder)
    shape = manifest.lora or LoraShape(rank=new.rank, alpha=new.alpha)
    student = Student(model, tokenizer)
    if state:
        add_lora(student.decoder, LoraConfig(rank=shape.rank, alpha=shape.alpha))
        _only(student.decoder, {name.rpartition(".")[0] for name in state})
        load_lora(student.decoder, state)
    else:
        add_lora(student.decoder, structs.replace(new, rank=shape.rank, alpha=shape.alpha))
    return student, structs.replace(manifest, lora=shape)


def _only(decoder: nn.Module, layers: set[str]) -> None:
    """Take the differences off all but ``layers``."""
    for name, module in list(decoder.named_modules()):
        if isinstance(module, LoraLinear) and name not in layers:
            parent, _, last = name.rpartition(".")
            setattr(decoder.get_submodule(parent), last, module.base)


def _on_base(name_or_path: str | Path, folder: Path) -> Manifest:
    name = str(name_or_path)
    known = name in REGISTRY or is_hub_id(name)
    return Manifest(
        name=name if known else folder.name,
        base=name if known else str(folder.resolve()),
        base_sha256=tensors_sha256(folder),
    )


def _on_absolute_base(manifest: Manifest, checkpoint: Path) -> Manifest:
    """``manifest``, whose base is found from any folder."""
    if manifest.base in REGISTRY or is_hub_id(manifest.base):
        return manifest
    return structs.replace(manifest, base=str(locate_base(checkpoint).resolve()))
