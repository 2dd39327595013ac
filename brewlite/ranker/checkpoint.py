"""Checkpoints: what was learned on top of a base model, as a small folder that can be shipped, copied and rolled back.

``manifest.json`` names the base and says how to get from it to the ranker; ``differences.safetensors`` holds the
tensors. Loading: the base's weights, cut to the structure, the differences merged in, quantized if the manifest asks.
"""

from __future__ import annotations

import os
import shutil
import tempfile
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from datetime import datetime
from pathlib import Path
from typing import Any, Literal

import msgspec
import torch
from msgspec import Struct, structs
from safetensors import SafetensorError
from safetensors.torch import load_file, save_file
from torch import Tensor

from brewlite.errors import BadSettings, WeightsCorrupt
from brewlite.ranker.differences import merge_lora
from brewlite.ranker.loading import load_model
from brewlite.ranker.structure import Structure, cut
from brewlite.ranker.tokenizer import PlainTokenizer
from brewlite.weights import locate_base
from brewlite.weights.checkpoints import (
    DIFFERENCES,
    MANIFEST,
    check_differences,
    decode_manifest,
    is_checkpoint,
    read_head,
)
from brewlite.weights.folder import sha256_of, tensors_sha256

FORMAT = 1
"""Of the manifest. A newer brewlite may write a higher one, which this one then refuses."""


class LoraShape(Struct, frozen=True, kw_only=True):
    """How the tensors become differences."""

    rank: int
    alpha: float

    @property
    def scale(self) -> float:
        """What the product of a layer's two matrices is multiplied by."""
        return self.alpha / self.rank


class Source(Struct, frozen=True, kw_only=True):
    """Data that was learned from."""

    name: str
    licence: str


class Manifest(Struct, frozen=True, kw_only=True):
    """What a checkpoint is, and how it came about."""

    name: str
    """What slates say about the model."""
    base: str
    """A registry name, a hub id, or a folder (absolute, or relative to the checkpoint's)."""
    base_sha256: str
    """Of the base's tensors: see :func:`brewlite.weights.folder.tensors_sha256`."""
    format: int = FORMAT
    differences_sha256: str = ""
    """Of the file with the tensors; :func:`save_checkpoint` fills it in."""
    licence: str = ""
    """Of what was learned; the base has its own."""
    lora: LoraShape | None = None
    """None: nothing was learned that is merged, there is only a structure."""
    structure: Structure | None = None
    """What is kept of the base; None: all."""
    quantization: Literal["", "int8", "nf4"] = ""
    blend: dict[str, Any] = {}
    """What the blend is advised: see :class:`brewlite.ranker.Ranker`."""
    prompt_version: str = ""
    data: tuple[Source, ...] = ()
    slates: int = 0
    """Examples learned from since the base, each as often as it was shown."""
    recipe: dict[str, Any] = {}
    """The configs that it was trained with."""
    figures: dict[str, Any] = {}
    """How good it was, and on what."""
    created: datetime | None = None


def read_manifest(folder: Path) -> Manifest:
    """The manifest of the checkpoint in ``folder``.

    Raises:
        BadSource: the folder is no checkpoint.
        BadSettings: a newer brewlite wrote it.
        WeightsCorrupt: the manifest cannot be read.
    """
    head = read_head(folder)
    if head.format > FORMAT:
        raise BadSettings(
            f"checkpoint {folder} has format {head.format}, this brewlite reads up to {FORMAT}: update brewlite"
        )
    return decode_manifest(folder, Manifest)


def read_differences(folder: Path) -> dict[str, Tensor]:
    """Name -> tensor, on the CPU. Raises as :func:`read_manifest`, and WeightsCorrupt for a damaged file."""
    read_manifest(folder)
    check_differences(folder, read_head(folder))
    try:
        return load_file(folder / DIFFERENCES)
    except SafetensorError as error:
        raise WeightsCorrupt(f"checkpoint {folder}: {DIFFERENCES} cannot be read ({error}); train anew") from error


def save_checkpoint(folder: Path, manifest: Manifest, tensors: Mapping[str, Tensor]) -> Manifest:
    """Write a checkpoint, its tensors in bfloat16; it is there whole or not at all. Returns the manifest as written.

    A checkpoint that ``folder`` held is replaced.

    Raises:
        BadSettings: as :func:`check_place`; or the disk is full.
    """
    check_place(folder)
    with writing(folder):
        return _write(folder, manifest, tensors)


def _write(folder: Path, manifest: Manifest, tensors: Mapping[str, Tensor]) -> Manifest:
    work = Path(tempfile.mkdtemp(prefix=f".{folder.name}-", dir=folder.parent))
    try:
        small = {name: tensor.detach().cpu().to(torch.bfloat16).contiguous() for name, tensor in tensors.items()}
        save_file(small, work / DIFFERENCES)
        manifest = structs.replace(manifest, differences_sha256=sha256_of(work / DIFFERENCES))
        (work / MANIFEST).write_bytes(msgspec.json.format(msgspec.json.encode(manifest), indent=2) + b"\n")
        make_durable(work)
        _put_in_place(work, folder)
    finally:
        shutil.rmtree(work, ignore_errors=True)
    return manifest


@contextmanager
def writing(path: Path) -> Iterator[None]:
    """Turn what keeps ``path`` from being written, such as a full disk, into BadSettings."""
    try:
        yield
    except (OSError, SafetensorError) as error:  # the latter: what safetensors makes of the former
        reason = (isinstance(error, OSError) and error.strerror) or error
        raise BadSettings(
            f"{path} cannot be written: {reason}; make room there or choose another folder, and give the command again"
        ) from error


def check_place(folder: Path) -> None:
    """Raise BadSettings where no checkpoint can be written to ``folder``; to be asked before long work, not after it.

    That is where it holds something else, or the folder that it is to lie in cannot be written.
    """
    try:
        if folder.exists() and not is_checkpoint(folder) and (not folder.is_dir() or any(folder.iterdir())):
            raise BadSettings(f"{folder} is there and no checkpoint: choose another folder, or empty it")
        folder.parent.mkdir(parents=True, exist_ok=True)
        Path(tempfile.mkdtemp(prefix=f".{folder.name}-", dir=folder.parent)).rmdir()
    except OSError as error:
        raise BadSettings(
            f"no checkpoint can be written to {folder}: {error.strerror or error}; choose another folder"
        ) from error


def load_plain(folder: Path, dtype: torch.dtype) -> tuple[Any, PlainTokenizer, Manifest]:
    """The base of the checkpoint in ``folder``, cut to its structure; nothing is merged: what training starts from.

    Raises:
        WeightsMissing: the base is not on this machine; names the command that fetches it.
        BadSettings: the base is not the one that the checkpoint was learned on.
    """
    manifest, base = read_manifest(folder), locate_base(folder)
    if (seen := tensors_sha256(base)) != manifest.base_sha256:
        raise BadSettings(
            f"checkpoint {manifest.name!r} was learned on weights {manifest.base_sha256[:12]}..., but "
            f"{manifest.base} in {base} has {seen[:12]}...: fetch the base that it names, or train anew"
        )
    model, tokenizer = load_model(base, dtype), PlainTokenizer.load(base)
    if manifest.structure is not None:
        cut(model, manifest.structure)
    return model, tokenizer, manifest


def load_decoder(folder: Path, dtype: torch.dtype) -> tuple[Any, PlainTokenizer, Manifest]:
    """The ranker's model as the checkpoint in ``folder`` describes it, on the CPU, and its tokenizer.

    Raises:
        BadSettings: as :func:`load_plain`; or a tensor is of a layer or a shape that the base does not have.
        WeightsCorrupt: a file of the checkpoint or of its base is damaged.
    """
    tensors = read_differences(folder)
    model, tokenizer, manifest = load_plain(folder, dtype)
    if manifest.lora is not None:
        merge_lora(model.get_decoder(), tensors, manifest.lora.scale)
    if manifest.quantization:
        from brewlite.ranker.quantized import quantize_

        quantize_(model, manifest.quantization)
    return model, tokenizer, manifest


def make_durable(folder: Path) -> None:
    """Files readable by all, and on the disk before their folder gets its name."""
    folder.chmod(0o755)
    for file in folder.iterdir():
        file.chmod(0o644)
        with file.open("rb") as stream:
            os.fsync(stream.fileno())


def _put_in_place(work: Path, folder: Path) -> None:
    """Give ``work`` the name ``folder``, in place of what has it now; other files of it (a README) stay."""
    if not folder.exists():
        work.rename(folder)
        return
    for kept in folder.iterdir():
        if kept.is_file() and not (work / kept.name).exists() and kept.suffix != ".safetensors":
            shutil.copy2(kept, work / kept.name)
    old = Path(tempfile.mkdtemp(prefix=f".{folder.name}-old-", dir=folder.parent))
    folder.rename(old / folder.name)
    work.rename(folder)
    shutil.rmtree(old, ignore_errors=True)


__all__ = [
    "FORMAT",
    "LoraShape",
    "Manifest",
    "Source",
    "check_place",
    "is_checkpoint",
    "load_decoder",
    "load_plain",
    "make_durable",
    "read_differences",
    "read_manifest",
    "save_checkpoint",
    "writing",
]
