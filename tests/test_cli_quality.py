"""``brewlite bench quality`` as a person meets it."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from click.testing import CliRunner
from made_up_data import write_coffee

from brewlite.cli.main import main
from brewlite.cli.output import progress_bars


def run(*args: str):
    return CliRunner().invoke(main, ["bench", "quality", *args])


def test_the_tasks_are_listed():
    told = run("--list")
    assert told.exit_code == 0
    assert "stackexchange_beer/matched" in told.output
    tasks = json.loads(run("--list", "--json", "--task", "history length").output)
    assert {task["family"] for task in tasks} == {"history length"}


@pytest.mark.parametrize(
    ("args", "said"),
    [
        (("--task", "no such task"), "no such task"),
        (("--data", "nowhere", "--model", "none"), "nowhere"),
        (("--suite", "weekly"), "weekly"),
        (("--cases", "0"), "0"),
        (("--cases", "nan", "--data", "."), "cases is nan"),
        (("--cases", "inf", "--data", "."), "cases is inf"),
    ],
)
def test_a_mistake_is_named_in_one_line(args, said, tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.chdir(tmp_path)
    told = run(*args)
    assert told.exit_code == 2
    assert said in told.output
    assert "Traceback" not in told.output
    assert not list(tmp_path.iterdir()), "nothing is written"


@pytest.mark.parametrize(
    ("command", "where"),
    [
        (("quality", "--report"), "file"),
        (("quality", "--report"), "file/out"),
        (("sites", "--out"), "file/out"),
        (("study", "history-policy", "--out"), "file/out"),
    ],
)
def test_a_folder_that_cannot_be_made_is_named_before_the_work(command: tuple[str, ...], where: str, tmp_path: Path):
    (tmp_path / "file").write_text("")
    told = CliRunner().invoke(main, ["bench", *command, str(tmp_path / where), "--data", "nowhere"])
    assert told.exit_code == 2
    assert f"{command[-1]} {tmp_path / where}: {tmp_path / 'file'} is a file" in told.output


@pytest.mark.slow
@pytest.mark.weights
def test_a_run_writes_its_report(tmp_path: Path):
    data = write_coffee(tmp_path / "data")
    told = run(
        *("--task", "stackexchange_coffee/matched", "--model", "none", "--data", str(data)),
        *("--cache", str(tmp_path / "cache"), "--report", str(tmp_path / "out")),
    )
    assert told.exit_code == 0, told.output
    assert "stackexchange_coffee/matched" in told.output
    assert "In words" in told.output
    assert {path.name for path in (tmp_path / "out").iterdir()} == {"report.html", "report.json", "report.xlsx"}


def test_a_long_job_says_how_far_it_is_where_there_is_no_terminal(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
):
    """A log file gets a line every half minute, not one bar at the end."""
    now = [0.0]
    monkeypatch.setattr("brewlite.cli.output.time.monotonic", lambda: now[0])
    with progress_bars() as told:
        for done in range(1, 101):
            now[0] += 1.0
            told("lists", done, 100)
    lines = [line for line in capsys.readouterr().err.splitlines() if " of 100" in line]
    assert lines == ["lists: 31 of 100", "lists: 62 of 100", "lists: 93 of 100"]
