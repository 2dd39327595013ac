"""What an outcome depends on, as short hashes: sections, code, models."""

from __future__ import annotations

import hashlib
import inspect
import subprocess
from collections.abc import Iterable, Sequence
from functools import lru_cache
from importlib.metadata import version
from pathlib import Path
from typing import Any

import msgspec

import brewlite
from brewlite.adapter import Adapter
from brewlite.errors import BadSettings
from brewlite.weights import checkpoint_of, locate, locate_base

PACKAGE = Path(brewlite.__file__).parent
OF_SITES = (
    *("adapter", "blend", "prompt", "recommender", "retrieval", "store", "wishes"),
    *("harmless.py", "policy.py", "records.py"),
    *(f"evaluation/{name}.py" for name in ("baselines/rules", "log", "splits")),
    *(f"evaluation/suite/{name}.py" for name in ("case", "matched", "preference", "site")),
)
"""Code that says what was chosen on a site, among what, and what its first stage and its prompts were then."""
OF_EXAMPLES = (
    *OF_SITES,
    *("evaluation/suite/stated", "ranker/labels.py", "ranker/tokenizer.py"),
    *(f"training/{name}.py" for name in ("dress", "examples", "lists", "made_jobs", "stated", "teachers", "warm")),
)
"""Code that examples come from."""
OF_STUDENTS = (
    *("ranker", "evaluation/metrics.py", "training/experiment/student.py"),
    *(f"training/{name}.py" for name in ("attention", "fit", "lora", "losses", "model", "start")),
)
"""Code that teaches a model, and that writes and reads it."""
_DECIDING = (".py", ".json", ".toml")
"""Files of the package with such names decide outcomes."""
_WEIGHTS = (".json", ".safetensors", ".bin")
_TOKENIZER = ("tokenizer*", "special_tokens*", "added_tokens*", "vocab*", "merges*", "*.model")
"""Files that tokenizers are kept in."""


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
        inside = where.rglob("*") if where.is_dir() else [where]
        files = sorted(file for file in inside if file.is_file() and file.suffix in _DECIDING)
        if not files:
            raise BadSettings(f"a stage names the code {relative!r}, which brewlite does not have")
        for file in files:
            digest.update(str(file.relative_to(PACKAGE)).encode() + file.read_bytes())
    return digest.hexdigest()


@lru_cache(maxsize=16)
def model_digest(name: str) -> str:
    """Of the weights called ``name``, or in the folder ``name``, and of what they stand on.

    Raises as :func:`brewlite.weights.locate`.
    """
    folders = dict.fromkeys((locate(name), base_folder(name)))
    each = [_of_files(file for file in folder.iterdir() if file.suffix in _WEIGHTS) for folder in folders]
    return " ".join([*each, tokenizer_digest(name)])


@lru_cache(maxsize=16)
def tokenizer_digest(name: str) -> str:
    """Of what the model ``name`` makes tokens with. Raises as :func:`brewlite.weights.locate`."""
    folder = base_folder(name)
    return _of_files({file for pattern in _TOKENIZER for file in folder.glob(pattern)})


def base_folder(name: str) -> Path:
    """Where the base of the model ``name`` lies, and its tokenizer. Raises as :func:`brewlite.weights.locate`."""
    checkpoint = checkpoint_of(name)
    return locate_base(checkpoint) if checkpoint is not None else locate(name)


def adapter_digest(adapter: Adapter) -> str:
    """Of what ``adapter`` declares, and of the files that its own code stands in."""

    def told(part: Any) -> str:
        owner = part if inspect.isroutine(part) else type(part)
        try:
            file = Path(inspect.getsourcefile(owner) or "")
        except TypeError:  # it is not written in Python: a compiled pattern, say
            return repr(part)
        return f"{owner.__qualname__} {_of_files([file]) if file.is_file() else ''}"

    encoded = msgspec.json.encode(adapter, enc_hook=told, order="deterministic")
    return hashlib.blake2b(encoded, digest_size=6).hexdigest()


def _of_files(files: Iterable[Path]) -> str:
    digest = hashlib.blake2b(digest_size=8)
    for file in sorted(files):
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
