"""The rules of DESIGN that a machine can check: which room imports which, and what an import costs."""

from __future__ import annotations

import ast
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import brewlite

PACKAGE = Path(brewlite.__file__).parent
ROOMS = [
    "errors",
    "memory",
    "crew",
    "records",
    "weights",
    "adapter",
    "adapter_contract",
    "wishes",
    "harmless",
    "sources",
    "store",
    "retrieval",
    "intake",
    "ranker",
    "prompt",
    "blend",
    "policy",
    "checks",
    "stopwatch",
    "recommender",
    "evaluation",
    "training",
    "settings",
    "serving",
    "cli",
    "testing",
]
"""A room imports only itself and rooms above it."""


def modules() -> list[Path]:
    return sorted(PACKAGE.rglob("*.py"))


def room(path: Path) -> str:
    return path.relative_to(PACKAGE).parts[0].removesuffix(".py")


def imports(path: Path) -> Iterator[str]:
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom) and node.module and node.level == 0:
            yield node.module
            yield from (f"{node.module}.{alias.name}" for alias in node.names)


def test_every_room_is_listed():
    assert {room(path) for path in modules()} - {"__init__"} <= set(ROOMS)


def test_imports_point_upward():
    wrong = []
    for path in modules():
        if room(path) == "__init__":
            continue
        for name in imports(path):
            other = name.split(".")[1] if name.startswith("brewlite.") else room(path)
            if other in ROOMS and ROOMS.index(other) > ROOMS.index(room(path)):
                wrong.append(f"{path.relative_to(PACKAGE)} imports {name}")
    assert wrong == []


def test_only_serving_knows_litestar_and_only_the_store_knows_sql():
    for path in modules():
        tops = {name.split(".")[0] for name in imports(path)}
        assert "litestar" not in tops or room(path) == "serving", path
        assert not {"sqlalchemy", "alembic"} & tops or room(path) in ("store", "sources"), path


def test_the_package_never_imports_an_adapter_by_name():
    assert [path for path in modules() for name in imports(path) if name.startswith("brewlite_adapters")] == []


def test_importing_brewlite_loads_neither_torch_nor_litestar():
    code = "import brewlite, sys; print(sorted({'torch', 'litestar', 'transformers', 'sqlalchemy'} & set(sys.modules)))"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"


def test_no_file_is_too_long():
    long = {str(path.relative_to(PACKAGE)): len(path.read_text().splitlines()) for path in modules()}
    assert {name: lines for name, lines in long.items() if lines > 400} == {}


def test_the_public_surface_is_frozen():
    assert brewlite.__all__ == [
        "BrewliteError",
        "Candidate",
        "Constraint",
        "Event",
        "Item",
        "Pick",
        "Query",
        "RankingPrompt",
        "Recommender",
        "Slate",
        "Task",
        "User",
        "load_ranker",
    ]
    for name in brewlite.__all__:
        assert getattr(brewlite, name) is not None
