"""The experiment's file: sections that are checked key by key, and a grid over any of them."""

from __future__ import annotations

import difflib
import itertools
import tomllib
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

import msgspec
from msgspec import Struct

from brewlite.errors import BadSettings
from brewlite.store.runs import Value
from brewlite.training.experiment.stage import Stage
from brewlite.weights import BASE

GRID = "grid"
MOST_POINTS = 500
"""Of a grid: more are mostly a mistake in the file."""


class Top(Struct, frozen=True, kw_only=True):
    """What stands above the sections."""

    name: str
    model: str = BASE
    """What is taught: a model's name, a folder of weights, or a checkpoint."""
    encoder: str = "default"
    """The sentence encoder of the sites, or ``none``."""
    seed: int = 0
    """Of every section that says none."""
    by: str = "model"
    """What runs are put in order by: NDCG@10 of the ``model`` by itself, or of the ``blend``."""

    def __post_init__(self) -> None:
        if not self.name.strip() or "/" in self.name:
            raise ValueError(f"name is {self.name!r}: give the experiment a name without a slash")
        if self.by not in ("model", "blend"):
            raise ValueError(f"by is {self.by!r}: give model or blend")


class Point(Struct, frozen=True, kw_only=True):
    """One run to be done: everything said, and everything left at its default."""

    top: Top
    sections: dict[str, Any]
    """Stage -> its section, in the order in which stages run."""
    varied: dict[str, Value]
    """Of the grid: dotted name -> this point's value."""

    @property
    def parameters(self) -> dict[str, Value]:
        """By dotted name, defaults too."""
        flat: dict[str, Value] = {"model": self.top.model, "encoder": self.top.encoder}
        for name, section in self.sections.items():
            flat |= dict(_flat(msgspec.to_builtins(section), f"{name}."))
        return flat


class ExperimentFile(Struct, frozen=True, kw_only=True):
    """A file that was read and checked."""

    path: str
    top: Top
    points: tuple[Point, ...]


def read_experiment(path: Path, stages: Sequence[Stage]) -> ExperimentFile:
    """Read ``path`` and work out the points of its grid.

    Raises:
        BadSettings: names the file, the key, the value and the mend; for an unknown key the nearest known one.
    """
    try:
        tree = tomllib.loads(path.read_text(encoding="utf-8"))
    except OSError as error:
        raise BadSettings(f"experiment file {path}: {error.strerror or error}; check the path") from error
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
        raise BadSettings(f"experiment file {path} is not valid TOML: {error}") from error
    grid = dict(_grid(tree.pop(GRID, {}), stages, tree, str(path)))
    _check(tree, stages, str(path))
    count = 1
    for values in grid.values():
        count *= len(values)
    if count > MOST_POINTS:
        raise BadSettings(f"{path}: the grid has {count:,} points, more than {MOST_POINTS}: sweep fewer values")
    points = tuple(_points(tree, grid, stages, str(path)))
    return ExperimentFile(path=str(path), top=points[0].top, points=points)


def _points(
    tree: Mapping[str, Any], grid: Mapping[str, list[Any]], stages: Sequence[Stage], where: str
) -> Iterator[Point]:
    """Every combination; the first name of the grid changes slowest, as neighbours should share their early stages."""
    order = {stage.name: place for place, stage in enumerate(stages)}
    names = sorted(grid, key=lambda name: order.get(name.partition(".")[0], -1))
    for values in itertools.product(*(grid[name] for name in names)):
        said = {key: dict(value) if isinstance(value, dict) else value for key, value in tree.items()}
        for name, value in zip(names, values, strict=True):
            _put(said, name, value)
        yield _point(said, dict(zip(names, values, strict=True)), stages, where)


def _point(said: dict[str, Any], varied: dict[str, Value], stages: Sequence[Stage], where: str) -> Point:
    top = _convert({key: value for key, value in said.items() if not isinstance(value, dict)}, Top, "", where)
    sections: dict[str, Any] = {}
    for stage in stages:
        if stage.name in said:
            given = dict(said[stage.name])
            if "seed" in _fields(stage.section):
                given.setdefault("seed", top.seed)
            sections[stage.name] = _convert(given, stage.section, f"{stage.name}.", where)
    return Point(top=top, sections=sections, varied=varied)


def _convert(tree: Any, section: type[Any], prefix: str, where: str) -> Any:
    try:
        return msgspec.convert(tree, section)
    except msgspec.ValidationError as error:
        message = str(error).replace("$.", f"{prefix}").replace("`$`", f"[{prefix.rstrip('.')}]")
        raise BadSettings(f"{where}: {message}") from error
    except BadSettings as error:
        raise BadSettings(f"{where}, [{prefix.rstrip('.')}]: {error}") from error


def _grid(grid: Any, stages: Sequence[Stage], tree: Mapping[str, Any], where: str) -> Iterator[tuple[str, list[Any]]]:
    """Dotted name -> values, each name checked; quoted names and tables within tables are the same."""
    if not isinstance(grid, dict):
        raise BadSettings(f'{where}: [grid] is a section: "fit.learning_rate" = [1e-3, 3e-4]')
    for name, values in _flat(grid, ""):
        if not isinstance(values, list) or not values:
            raise BadSettings(f"{where}: grid {name!r} is {values!r}: give a list of values")
        section = name.partition(".")[0]
        if "." in name and section in _names(stages) and section not in tree:
            raise BadSettings(f"{where}: the grid sweeps {name!r}, and there is no section [{section}]")
        probe: dict[str, Any] = {}
        _put(probe, name, values[0])
        _check(probe, stages, f"{where}, [grid]")
        yield name, values


def _check(tree: Mapping[str, Any], stages: Sequence[Stage], where: str) -> None:
    """Refuse keys that nothing has."""
    sections = {stage.name: stage.section for stage in stages}
    known = [*_fields(Top), *sections, GRID]
    for key, value in tree.items():
        if key in sections:
            if not isinstance(value, dict):
                raise BadSettings(f"{where}: {key!r} is a section: write [{key}]")
            check_keys(value, sections[key], f"{key}.", where)
        elif key not in known:
            raise BadSettings(f"{where}: unknown key {key!r}: {_nearest(key, known)}")


def check_keys(tree: Mapping[str, Any], section: type[Any], prefix: str, where: str) -> None:
    """Raise BadSettings for a key that ``section``, a Struct, does not have, with the nearest that it has."""
    fields = _fields(section)
    for key, value in tree.items():
        if key not in fields:
            raise BadSettings(f"{where}: unknown key {prefix + key!r}: {_nearest(key, list(fields))}")
        inner = fields[key]
        if isinstance(value, dict) and isinstance(inner, type) and issubclass(inner, Struct):
            check_keys(value, inner, f"{prefix}{key}.", where)


def _nearest(key: str, known: Sequence[str]) -> str:
    near = difflib.get_close_matches(key, known, n=1)
    return f"did you mean {near[0]!r}?" if near else f"known: {', '.join(known)}"


def _fields(section: type[Any]) -> dict[str, Any]:
    return {field.encode_name: field.type for field in msgspec.structs.fields(section)}


def _names(stages: Sequence[Stage]) -> list[str]:
    return [stage.name for stage in stages]


def _flat(tree: Mapping[str, Any], prefix: str) -> Iterator[tuple[str, Any]]:
    for key, value in tree.items():
        if isinstance(value, dict) and value:
            yield from _flat(value, f"{prefix}{key}.")
        else:
            yield f"{prefix}{key}", value


def _put(tree: dict[str, Any], name: str, value: Any) -> None:
    *path, last = name.split(".")
    for key in path:
        inner = tree.get(key)
        tree[key] = dict(inner) if isinstance(inner, dict) else {}
        tree = tree[key]
    tree[last] = value
