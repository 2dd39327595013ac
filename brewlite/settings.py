"""``brewlite.toml`` and ``BREWLITE_*`` variables, read once into each stage's small config.

A variable overrides the file: ``BREWLITE_RETRIEVAL__CANDIDATES=40`` is ``candidates`` in ``[retrieval]``.
"""

from __future__ import annotations

import difflib
import os
import tomllib
from collections.abc import Mapping
from pathlib import Path
from typing import Annotated, Any

import msgspec
from msgspec import Meta, Struct

from brewlite.errors import BadSettings
from brewlite.recommender import RecommenderConfig

FILE = "brewlite.toml"
PREFIX = "BREWLITE_"
ELSEWHERE = {"HOME", "DATA", "MOVIELENS"}
"""Variables of that prefix which are no settings: the places of the cache, of the benchmark's data sets, and of a set
that the tests compare published figures with."""


class ServingConfig(Struct, frozen=True, kw_only=True):
    """The service's own settings."""

    host: str = "127.0.0.1"
    port: Annotated[int, Meta(ge=0, le=65_535)] = 8000
    queue: Annotated[int, Meta(ge=0)] = 32
    """Requests that may wait for the model; one more gets the first stage's order."""
    deadline_ms: Annotated[float, Meta(gt=0)] | None = None
    """For requests that name none."""
    max_body_bytes: Annotated[int, Meta(ge=1)] = 10_000_000
    max_batch: Annotated[int, Meta(ge=1)] = 1_000


class Settings(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Everything a site can set."""

    db: str | None = None
    adapter: str | None = None
    recommender: RecommenderConfig = RecommenderConfig()
    serving: ServingConfig = ServingConfig()


def load_settings(path: str | Path | None = None, environment: Mapping[str, str] | None = None) -> Settings:
    """Read the settings.

    Args:
        path: a TOML file; None: ``brewlite.toml`` in the working folder, where there is one.
        environment: variables; None: the process's own.

    Raises:
        BadSettings: names the file or variable, the key, the value and the mend.
    """
    file = Path(path) if path is not None else Path(FILE)
    tree: dict[str, Any] = {}
    if path is not None or file.is_file():
        tree = _read(file)
    environment = os.environ if environment is None else environment
    for name, value in environment.items():
        if name.startswith(PREFIX) and name.removeprefix(PREFIX) not in ELSEWHERE:
            _put(tree, name, value)
    return _convert(tree, str(file))


def _read(file: Path) -> dict[str, Any]:
    try:
        return tomllib.loads(file.read_text(encoding="utf-8-sig"))
    except OSError as error:
        raise BadSettings(f"settings file {file}: {error.strerror or error}; check the path") from error
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
        raise BadSettings(f"settings file {file} is not valid TOML: {error}") from error


def _put(tree: dict[str, Any], name: str, value: str) -> None:
    """Set the key that variable ``name`` stands for; the value is read as TOML where it can be, else as text."""
    keys = [key.lower() for key in name.removeprefix(PREFIX).split("__")]
    try:
        parsed = tomllib.loads(f"value = {value}")["value"]
    except tomllib.TOMLDecodeError:
        parsed = value
    for key in keys[:-1]:
        tree = tree.setdefault(key, {})
        if not isinstance(tree, dict):
            raise BadSettings(f"variable {name}: {key!r} holds a value, not a section")
    tree[keys[-1]] = parsed


_TOP = ("db", "adapter", "serving")


def _convert(tree: dict[str, Any], file: str) -> Settings:
    """Sections of the recommender stand at the top of the file, beside ``[serving]``."""
    inner = {key: value for key, value in tree.items() if key not in _TOP}
    outer = {key: value for key, value in tree.items() if key in _TOP}
    _check_keys(inner, RecommenderConfig, "", _TOP)
    if isinstance(outer.get("serving"), dict):
        _check_keys(outer["serving"], ServingConfig, "serving.")
    try:
        return msgspec.convert({**outer, "recommender": inner}, Settings)
    except msgspec.ValidationError as error:
        message = str(error).replace("$.recommender.", "$.")
        raise BadSettings(f"settings ({file} or a {PREFIX}* variable): {message}") from error


def _check_keys(tree: Mapping[str, Any], config: type[Struct], where: str, also: tuple[str, ...] = ()) -> None:
    """Refuse a key that no config has, with the nearest that one has."""
    fields = {f.encode_name: f.type for f in msgspec.structs.fields(config)}
    for key, value in tree.items():
        if key not in fields:
            near = difflib.get_close_matches(key, [*fields, *also], n=1)
            hint = f"did you mean {near[0]!r}?" if near else f"known: {', '.join([*fields, *also])}"
            raise BadSettings(f"unknown setting {where + key!r}: {hint}")
        inner = fields[key]
        if isinstance(value, dict) and isinstance(inner, type) and issubclass(inner, Struct):
            _check_keys(value, inner, f"{where}{key}.")
