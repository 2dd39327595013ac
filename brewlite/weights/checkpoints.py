"""Finding checkpoints: folders that hold what was learned on top of a base model, shipped in the package or anywhere.

Only what is needed to list one and to fetch its base is read here; :mod:`brewlite.ranker.checkpoint` reads the rest.
"""

from __future__ import annotations

from pathlib import Path
from typing import TypeVar

import msgspec
from msgspec import Struct

from brewlite.errors import BadSource, WeightsCorrupt
from brewlite.weights.folder import sha256_of

MANIFEST = "manifest.json"
DIFFERENCES = "differences.safetensors"
SHIPPED = Path(__file__).resolve().parents[1] / "checkpoints"
"""Each folder in it is a checkpoint that comes with brewlite; the folder's name is its name."""

Kind = TypeVar("Kind", bound=Struct)


class Head(Struct, frozen=True, kw_only=True):
    """The part of a checkpoint's manifest that does not depend on what was learned."""

    format: int
    name: str
    base: str
    """A registry name, a hub id, or a folder."""
    licence: str = ""
    differences_sha256: str = ""
    """Of the file with the tensors."""


def is_checkpoint(folder: Path) -> bool:
    """Whether ``folder`` says that it is one."""
    return (folder / MANIFEST).is_file()


def shipped() -> dict[str, Path]:
    """Name -> folder of the checkpoints that come with brewlite."""
    return {found.parent.name: found.parent for found in sorted(SHIPPED.glob(f"*/{MANIFEST}"))}


def find_checkpoint(name_or_path: str | Path) -> Path | None:
    """The folder of a shipped checkpoint of that name, or a local folder that is a checkpoint; None for all else."""
    found = shipped().get(str(name_or_path))
    if found is None and is_checkpoint(Path(name_or_path)):
        found = Path(name_or_path)
    return found


def read_head(folder: Path) -> Head:
    """What the checkpoint in ``folder`` is called, and what it stands on.

    Raises:
        BadSource: the folder is no checkpoint.
        WeightsCorrupt: its manifest cannot be read.
    """
    return decode_manifest(folder, Head)


def decode_manifest(folder: Path, kind: type[Kind]) -> Kind:
    """The manifest of ``folder``, read as ``kind``; raises as :func:`read_head`."""
    if not is_checkpoint(folder):
        raise BadSource(f"{folder} is not a checkpoint: it holds no {MANIFEST}")
    try:
        return msgspec.json.decode((folder / MANIFEST).read_bytes(), type=kind)
    except (OSError, msgspec.DecodeError) as error:
        raise WeightsCorrupt(f"checkpoint {folder}: {MANIFEST} cannot be read ({error}); {_mend(folder)}") from error


def check_differences(folder: Path, head: Head) -> None:
    """Raise WeightsCorrupt unless the tensors in ``folder`` are those that ``head`` speaks of."""
    file = folder / DIFFERENCES
    if not file.is_file():
        raise WeightsCorrupt(f"checkpoint {folder}: {DIFFERENCES} is gone; {_mend(folder)}")
    if (seen := sha256_of(file)) != head.differences_sha256:
        raise WeightsCorrupt(
            f"checkpoint {folder}: {DIFFERENCES} has SHA-256 {seen[:12]}..., not {head.differences_sha256[:12]}...; "
            f"{_mend(folder)}"
        )


def _mend(folder: Path) -> str:
    return "install brewlite again" if folder.parent == SHIPPED else "copy it again from where it came, or train anew"
