"""What an outcome depends on, as short hashes: sections, code, models."""

from __future__ import annotations

import hashlib
import subprocess
from collections.abc import Sequence
from functools import lru_cache
from importlib.metadata import version
from pathlib import Path
from typing import Any

import msgspec

import brewlite
from brewlite.errors import BadSettings
from brewlite.weights import locate

PACKAGE = Path(brewlite.__file__).parent


def key_of(*parts: Any) -> str:
    """12 hex digits that follow from ``parts``, plain values and Structs; the order of a dictionary does not count."""
    encoded = msgspec.json.encode(parts, order="deterministic")
    return hashlib.blake2b(encoded, digest_size=6).hexdigest()


@lru_cache(maxsize=64)
def code_digest(paths: Sequence[str]) -> str:
    """Of the package's files and folders ``paths``, which are relative to it. Raises BadSettings for one not there."""
    digest = hashlib.blake2b(digest_size=6)
    for relative in paths:
        where = PACKAGE / relative
        files = sorted(where.rglob("*.py")) if where.is_dir() else [where]
        if not files or not files[0].is_file():
            raise BadSettings(f"a stage names the code {relative!r}, which brewlite does not have")
        for file in files:
            digest.update(str(file.relative_to(PACKAGE)).encode() + file.read_bytes())
    return digest.hexdigest()


@lru_cache(maxsize=16)
def model_digest(name: str) -> str:
    """Of the weights called ``name``, or in the folder ``name``. Raises as :func:`brewlite.weights.locate`."""
    folder = locate(name)
    digest = hashlib.blake2b(digest_size=8)
    for file in sorted(folder.iterdir()):
        if file.suffix in (".json", ".safetensors", ".bin"):
            with file.open("rb") as stream:
                digest.update(file.name.encode() + hashlib.file_digest(stream, "sha256").digest())
    return digest.hexdigest()


@lru_cache(maxsize=1)
def code_version() -> dict[str, str]:
    """``version`` of the package; in a checkout ``commit``, with a plus behind it where files were changed since."""
    said = {"version": version("brewlite")}
    checkout = PACKAGE.parent
    if (checkout / ".git").exists():
        commit = _git(checkout, "rev-parse", "--short=12", "HEAD")
        changed = _git(checkout, "status", "--porcelain", "--untracked-files=no", "--", "brewlite", "adapters")
        if commit:
            said["commit"] = commit + ("+" if changed else "")
    return said


def _git(checkout: Path, *words: str) -> str:
    """What git says; nothing where there is no git."""
    try:
        done = subprocess.run(["git", "-C", str(checkout), *words], capture_output=True, text=True, timeout=20)
    except (OSError, subprocess.SubprocessError):
        return ""
    return done.stdout.strip() if done.returncode == 0 else ""
