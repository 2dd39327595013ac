"""A folder of weights in the cache: it appears whole or not at all, and knows the SHA-256 of its files."""

from __future__ import annotations

import hashlib
import json
import shutil
import tempfile
from collections.abc import Callable, Iterator
from pathlib import Path

import msgspec
from msgspec import Struct

from brewlite.errors import WeightsCorrupt

MANIFEST = "brewlite-weights.json"


class FileRecord(Struct, frozen=True, kw_only=True):
    """A file as it was written."""

    bytes: int
    sha256: str


class Manifest(Struct, frozen=True, kw_only=True):
    """What a folder of weights holds, and what it was made from."""

    name: str
    made_from: str
    files: dict[str, FileRecord]
    """By path relative to the folder."""


def sha256_of(file: Path) -> str:
    """Hexadecimal SHA-256 of ``file``."""
    with file.open("rb") as stream:
        return hashlib.file_digest(stream, "sha256").hexdigest()


def tensors_sha256(folder: Path) -> str:
    """Hexadecimal SHA-256 of the tensors in the safetensors files of ``folder``: their names, types, shapes and bits.

    Unlike a file's, it stays the same when another version of a library writes the same weights.
    """
    digest = hashlib.sha256()
    places = {name: (file, place) for file in sorted(folder.glob("*.safetensors")) for name, place in tensors_in(file)}
    for name, (file, (kind, shape, begin, end)) in sorted(places.items()):
        digest.update(f"{name} {kind} {shape}\n".encode())
        with file.open("rb") as stream:
            stream.seek(begin)
            while begin < end and (chunk := stream.read(min(1 << 24, end - begin))):
                digest.update(chunk)
                begin += len(chunk)
    return digest.hexdigest()


def tensors_in(file: Path) -> Iterator[tuple[str, tuple[str, list[int], int, int]]]:
    """Name -> (type, shape, first byte, end) of each tensor. The format: 8 bytes of length, a JSON header, the data."""
    with file.open("rb") as stream:
        size = int.from_bytes(stream.read(8), "little")
        header = json.loads(stream.read(size))
    for name, told in header.items():
        if name != "__metadata__":
            begin, end = told["data_offsets"]
            yield name, (told["dtype"], told["shape"], 8 + size + begin, 8 + size + end)


def write_folder(target: Path, name: str, made_from: str, fill: Callable[[Path], None]) -> None:
    """Make ``target`` with what ``fill`` writes into it: complete, or not there at all.

    Args:
        target: replaced if it exists.
        name: of the weights, for messages.
        made_from: the SHA-256 or the address of the source.
        fill: called with an empty folder.
    """
    target.parent.mkdir(parents=True, exist_ok=True)
    work = Path(tempfile.mkdtemp(prefix=f".{target.name}-", dir=target.parent))
    try:
        fill(work)
        files = {
            str(file.relative_to(work).as_posix()): FileRecord(bytes=file.stat().st_size, sha256=sha256_of(file))
            for file in sorted(work.rglob("*"))
            if file.is_file()
        }
        manifest = Manifest(name=name, made_from=made_from, files=files)
        (work / MANIFEST).write_bytes(msgspec.json.format(msgspec.json.encode(manifest), indent=2))
        work.chmod(0o755)
        if target.exists():
            shutil.rmtree(target)
        work.rename(target)
    finally:
        shutil.rmtree(work, ignore_errors=True)


def verify(folder: Path, name: str) -> None:
    """Raise WeightsCorrupt unless every file in ``folder`` is as it was written (about 0.3 s for 300 MB)."""
    mend = f"remove {folder} and fetch again with `brewlite models pull {name}`"
    try:
        manifest = msgspec.json.decode((folder / MANIFEST).read_bytes(), type=Manifest)
    except (OSError, msgspec.DecodeError) as error:
        raise WeightsCorrupt(f"weights {name!r}: {folder / MANIFEST} cannot be read ({error}); {mend}") from error
    for relative, record in manifest.files.items():
        file = folder / relative
        if not file.is_file():
            raise WeightsCorrupt(f"weights {name!r}: {file} is gone; {mend}")
        if file.stat().st_size != record.bytes:
            raise WeightsCorrupt(f"weights {name!r}: {file} has {file.stat().st_size} of {record.bytes} bytes; {mend}")
        if (seen := sha256_of(file)) != record.sha256:
            raise WeightsCorrupt(
                f"weights {name!r}: {file} has SHA-256 {seen[:12]}..., not {record.sha256[:12]}...; {mend}"
            )
