"""brewlite.toml and BREWLITE_* variables."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

import brewlite
from brewlite.errors import BadSettings
from brewlite.settings import ELSEWHERE, load_settings


def read(tmp_path, text, **environment):
    path = tmp_path / "brewlite.toml"
    path.write_text(text, encoding="utf-8")
    return load_settings(path, environment)


def test_defaults_without_file_or_variables(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    settings = load_settings(environment={})
    assert settings.db is None
    assert settings.recommender.retrieval.candidates > 0


def test_sections_reach_their_stage_and_variables_override(tmp_path):
    text = 'db = "site.db"\nranker = "none"\n[retrieval]\ncandidates = 30\n[serving]\nport = 9000\n'
    settings = read(tmp_path, text, BREWLITE_RETRIEVAL__CANDIDATES="40", BREWLITE_DB="other.db", BREWLITE_HOME="/x")
    assert settings.db == "other.db"
    assert settings.recommender.ranker == "none"
    assert settings.recommender.retrieval.candidates == 40
    assert settings.serving.port == 9000


def test_variables_that_are_no_settings_and_a_mark_of_windows_are_passed_over(tmp_path):
    text = '\ufeffdb = "site.db"\n'
    assert read(tmp_path, text, BREWLITE_HOME="/x", BREWLITE_DATA="/y").db == "site.db"


def test_every_variable_that_the_code_reads_is_known():
    rooms = (Path(brewlite.__file__).parent, Path(__file__).parent)
    code = "".join(path.read_text(encoding="utf-8") for room in rooms for path in room.rglob("*.py"))
    assert set(re.findall(r"environ[^\n]*[\"']BREWLITE_([A-Z_]+)[\"']", code)) == ELSEWHERE


def test_a_task_is_one_entry(tmp_path):
    text = '[[tasks]]\nname = "swap"\naction = "contact"\nquestion = "Would they swap?"\n'
    assert read(tmp_path, text).recommender.tasks[0].name == "swap"


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("[retrieval]\ncandidate = 3\n", r"'retrieval.candidate': did you mean 'candidates'"),
        ("retreival = 3\n", "did you mean 'retrieval'"),
        ('[retrieval]\ncandidates = "many"\n', r"Expected `int`, got `str` - at `\$.retrieval.candidates`"),
        ("db = \n", "not valid TOML"),
        ("[serving]\nprt = 1\n", "'serving.prt': did you mean 'port'"),
        ('[policy]\nexclude_seen = "maybe"\n', "exclude_seen"),
        ("[retrieval]\ncandidates = 0\n", r"`int` >= 1 - at `\$.retrieval.candidates`"),
        ("[serving]\nport = 99999\n", r"`int` <= 65535 - at `\$.serving.port`"),
        ("[policy]\ndiversity = 7\n", "diversity"),
        ("threads = 0\n", "threads"),
    ],
)
def test_mistakes_are_named(tmp_path, text, message):
    with pytest.raises(BadSettings, match=message):
        read(tmp_path, text)


def test_a_named_file_must_be_there(tmp_path):
    with pytest.raises(BadSettings, match=r"nowhere\.toml"):
        load_settings(tmp_path / "nowhere.toml", {})
