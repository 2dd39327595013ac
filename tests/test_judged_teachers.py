"""What teachers are worth, alone and averaged, on what visitors chose."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest
from click.testing import CliRunner
from conftest import HashEncoder
from made_up_data import write_coffee
from test_attention import byte_tokenizer
from tiny_llama import tiny_base

from brewlite.cli.main import main
from brewlite.errors import BadSettings
from brewlite.evaluation.suite.datasets import open_site
from brewlite.evaluation.suite.site import BenchSite
from brewlite.training import judged_teachers
from brewlite.training.answers import ndcg_of, validation_cases
from brewlite.training.judged_teachers import judge_teachers


@pytest.fixture(scope="module")
def folders(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, Path]:
    return write_coffee(tmp_path_factory.mktemp("data")), tmp_path_factory.mktemp("cache")


@pytest.fixture(scope="module")
def coffee(folders: tuple[Path, Path]) -> Iterator[BenchSite]:
    site = open_site("stackexchange_coffee", *folders, encoder=HashEncoder())
    yield site
    site.recommender.close()


def test_each_alone_and_their_average(coffee: BenchSite, tmp_path: Path):
    model = str(tiny_base(tmp_path / "model"))
    names = ("similarity", model)
    told: list[str] = []
    report = judge_teachers(
        names, [coffee], byte_tokenizer(), 12, tmp_path / "cache", progress=lambda name, *_: told.append(name)
    )
    values = {group.teachers: group.ndcg.value for group in report.groups}
    assert set(values) == {(names[0],), (names[1],), names}
    assert list(values.values()) == sorted(values.values(), reverse=True)
    assert [share.teacher for share in report.shares] == list(names)
    for share, other in zip(report.shares, reversed(names), strict=True):
        assert share.adds.value == pytest.approx(values[names] - values[(other,)])
    cases = validation_cases(coffee, 12)
    assert report.cases == len(cases) == told.count("asking similarity")
    weighed = [coffee.recommender.weigh(case.query, use_model=False) for case in cases]
    alone = [
        ndcg_of(one.signals["similarity"].astype(float), (case.query.candidates or ()).index(case.good[0]))
        for one, case in zip(weighed, cases, strict=True)
    ]
    assert values[("similarity",)] == pytest.approx(sum(alone) / len(alone), abs=1e-6)


def test_who_is_silent_of_all_lists_is_as_good_as_chance(coffee: BenchSite, tmp_path: Path, monkeypatch):
    class Silent:
        name, chances = "silent", False

        def scores(self, lesson):
            return np.zeros(0)

    monkeypatch.setattr(judged_teachers, "teacher_of", lambda *_: Silent())
    (only,) = judge_teachers(("silent",), [coffee], byte_tokenizer(), 6, tmp_path).groups
    tied = [ndcg_of(np.zeros(len(case.query.candidates or ())), 0) for case in validation_cases(coffee, 6)]
    assert only.ndcg.value == pytest.approx(sum(tied) / len(tied))


@pytest.mark.parametrize("names", [(), ("similarity", "similarity"), tuple("abcde")], ids=["none", "twice", "five"])
def test_names_that_make_no_table(coffee: BenchSite, tmp_path: Path, names):
    with pytest.raises(BadSettings, match="each once"):
        judge_teachers(names, [coffee], byte_tokenizer(), 6, tmp_path)


def test_the_command(folders: tuple[Path, Path], coffee: BenchSite, tmp_path: Path, monkeypatch):
    """On the cached site of the fixture; the encoder's vectors are in it."""
    data, cache = folders
    model = str(tiny_base(tmp_path / "model"))
    monkeypatch.setattr("brewlite.training.experiment.student.tokens_of", lambda _: byte_tokenizer())
    asked = ["models", "teachers", model, "--site", "stackexchange_coffee", "--data", str(data), "--cache", str(cache)]
    done = CliRunner().invoke(main, [*asked, "--encoder", "none", "--cases", "4", "--json"])
    assert done.exit_code == 0, done.output
    report = json.loads(done.stdout)
    assert [group["teachers"] for group in report["groups"]] == [[model]]
    assert report["shares"] == []
    shown = CliRunner().invoke(main, [*asked, "--encoder", "none", "--cases", "4"])
    assert "4 choices" in " ".join(shown.stdout.split())
