"""Every snippet in README and docs runs; every command has its paragraph.

In one document the fenced blocks run top to bottom in one namespace and one empty folder. A ``toml`` block whose first
line is a comment with a file name (``# movies.toml``) is written to that file. Blocks of other languages are read only.
"""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from brewlite.cli.main import COMMANDS, main

ROOT = Path(__file__).resolve().parents[1]
DOCUMENTS = [ROOT / "README.md", *sorted((ROOT / "docs").glob("*.md"))]
FENCE = re.compile(r"^```(\w+)[^\n]*\n(.*?)^```", re.MULTILINE | re.DOTALL)


def blocks(path: Path) -> list[tuple[str, str]]:
    return FENCE.findall(path.read_text(encoding="utf-8"))


WITH_CODE = [path for path in DOCUMENTS if any(language == "python" for language, _ in blocks(path))]


@pytest.mark.weights
@pytest.mark.parametrize("path", WITH_CODE, ids=lambda path: path.name)
def test_snippets_run(path: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.chdir(tmp_path)
    namespace: dict[str, object] = {"__name__": "__main__"}
    for language, code in blocks(path):
        if language == "python":
            exec(compile(code, f"{path.name} snippet", "exec"), namespace)
        named = re.match(r"# (\S+\.\w+)\n", code)
        if language in ("toml", "csv", "json") and named:
            (tmp_path / named[1]).write_text(code.split("\n", 1)[1] if language == "csv" else code, encoding="utf-8")


def test_every_command_has_its_paragraph_and_its_example():
    text = (ROOT / "docs" / "cli.md").read_text(encoding="utf-8")
    context = main.make_context("brewlite", [], resilient_parsing=True)
    for name in COMMANDS:
        command = main.get_command(context, name)
        assert command is not None
        subcommands = [f"{name} {sub}" for sub in getattr(command, "commands", {})] or [name]
        for full in subcommands:
            assert re.search(rf"^#+ .*`brewlite {full}`", text, re.MULTILINE), f"docs/cli.md lacks `brewlite {full}`"


@pytest.mark.parametrize("name", COMMANDS)
def test_help_shows_an_example(name: str):
    context = main.make_context("brewlite", [], resilient_parsing=True)
    command = main.get_command(context, name)
    assert command is not None
    for sub in [command, *getattr(command, "commands", {}).values()]:
        assert f"brewlite {name}" in (sub.help or ""), f"{name} {sub.name}: --help lacks an example"


def test_links_between_documents_lead_somewhere():
    for path in DOCUMENTS:
        for target in re.findall(r"\]\(([^)#]+)(?:#[^)]*)?\)", path.read_text(encoding="utf-8")):
            if "://" not in target:
                assert (path.parent / target).exists(), f"{path.name} links to {target}"
