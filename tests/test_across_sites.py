"""``bench sites``: one question to several sites, the parts of the log, and what is said of it."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest
from click.testing import CliRunner
from conftest import HashEncoder
from made_up_data import write_coffee

from brewlite.cli.main import main
from brewlite.evaluation.log import EventLog, from_micros
from brewlite.evaluation.statistics import Estimate
from brewlite.evaluation.suite.across_sites import (
    ALL,
    GOALS,
    GROUPS,
    OURS,
    SITES,
    WITHOUT,
    AcrossConfig,
    AcrossReport,
    across_report,
    across_tasks,
    as_markdown,
    beyond_noise,
    method_table,
    site_table,
    verdict,
)
from brewlite.evaluation.suite.datasets import data_set, open_site
from brewlite.evaluation.suite.methods import Classic
from brewlite.evaluation.suite.preference import matched_cases
from brewlite.evaluation.suite.report import SuiteReport
from brewlite.evaluation.suite.run import Suite, SuiteConfig
from brewlite.testing import FakeRanker

NAMES = ("stackexchange_coffee", "stackexchange_beer")


@pytest.fixture(scope="module")
def data(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Two made-up sites under the names of real ones."""
    folder = tmp_path_factory.mktemp("across")
    for seed, name in enumerate(NAMES):
        made = write_coffee(folder / str(seed), seed=seed) / "stackexchange_coffee"
        (folder / "data").mkdir(exist_ok=True)
        made.rename(folder / "data" / name)
    return folder / "data"


@pytest.fixture(scope="module")
def cache(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("cache")


def ran(data: Path, cache: Path, config: AcrossConfig, ranker: FakeRanker | None) -> tuple[SuiteReport, AcrossReport]:
    suite = Suite(across_tasks(config), data, cache, ranker, SuiteConfig(), encoder=HashEncoder())
    report = suite.run()
    return report, across_report(report, config)


@pytest.fixture(scope="module")
def both(data: Path, cache: Path) -> tuple[SuiteReport, AcrossReport]:
    return ran(data, cache, AcrossConfig(sites=NAMES, cases=12), FakeRanker())


def test_sites_count_alike_and_groups_hold_what_they_name(both: tuple[SuiteReport, AcrossReport]):
    suite, report = both
    result = next(each for each in suite.results if each.task.name == "matched")
    values = np.array(result.values[OURS], dtype=float)
    of_site = np.array([case.site for case in result.cases])
    history = np.array([case.facets["history"] for case in result.cases], dtype=float)
    everyone = report.find("matched")
    assert everyone is not None
    assert everyone.sites == 2
    row = everyone.row(OURS)
    assert row is not None
    assert row.ndcg.value == pytest.approx(np.mean([values[of_site == name].mean() for name in NAMES]))
    for group, (least, below) in GROUPS.items():
        here = (history >= least) & (history < (np.inf if below is None else below))
        found = report.find("matched", group)
        assert (found.cases if found is not None else 0) == int(here.sum())


def test_differences_are_ours_less_theirs(both: tuple[SuiteReport, AcrossReport]):
    _, report = both
    for group in report.groups:
        ours = group.row(OURS)
        if ours is None:
            continue
        for row in group.rows:
            if row.method != OURS:
                assert row.ours_less is not None
                assert row.ours_less.value == pytest.approx(ours.ndcg.value - row.ndcg.value)
        assert group.best is not None
        assert group.best.role == "baseline"
        assert group.best.ndcg.value == max(row.ndcg.value for row in group.rows if row.role == "baseline")


def test_tables_are_square_and_the_words_name_the_best_baseline(both: tuple[SuiteReport, AcrossReport]):
    _, report = both
    for heads, rows in (method_table(report, "matched"), method_table(report, "full"), site_table(report, "full")):
        assert rows
        assert {len(row) for row in rows} == {len(heads)}
    found = report.find("full")
    assert found is not None
    assert found.best is not None
    assert any(found.best.label in sentence for sentence in verdict(report))
    assert "(never learned from)" in as_markdown(report)  # Q&A beer is kept out
    assert sum("is the goal" in sentence for sentence in verdict(report)) <= 2 * len(GOALS)


def test_without_a_model_the_first_stage_is_compared(data: Path, cache: Path):
    _, report = ran(data, cache, AcrossConfig(sites=NAMES, views=("full",), cases=6), None)
    found = report.find("full", ALL, NAMES[0])
    assert found is not None
    assert found.row(OURS) is None
    assert all((row.ours_less is None) == (row.method == WITHOUT) for row in found.rows)
    assert not any("language model adds" in sentence for sentence in verdict(report))


class Watching:
    """A baseline that notes until when it was let learn."""

    def __init__(self) -> None:
        self.until: list[int] = []

    def why_not(self, past: EventLog) -> str | None:
        return None

    def fit(self, past: EventLog) -> Watching:
        self.until.append(int(past.at.max()))
        return self

    def scores(self, moment) -> np.ndarray:
        return np.zeros(len(moment.past.catalog.ids), dtype=np.float32)


@pytest.mark.parametrize("part", ["validation", "test"])
def test_a_baseline_learns_from_nothing_that_we_may_not_learn_from(part, data: Path, cache: Path):
    site = open_site(NAMES[0], data, cache, FakeRanker(), encoder=HashEncoder())
    cut = site.cut if part == "test" else site.validation_cut
    method, asked = Classic("watching", "watching", False), Watching()
    method.add(site.name, asked)
    for case in matched_cases(site, 4, part=part):
        method.answer(case.query, site)
        assert site.learned_until(case.query.at) == cut
    assert len(asked.until) == 1
    assert asked.until[0] < cut
    assert (site.log.at[site.log.at > asked.until[0]] >= cut).all(), "and from all before it"
    site.recommender.close()


def test_validation_cases_lie_before_the_test_part(data: Path, cache: Path):
    config = AcrossConfig(sites=NAMES[:1], views=("full",), cases=6, part="validation")
    suite, report = ran(data, cache, config, None)
    assert report.part == "validation"
    site = open_site(NAMES[0], data, cache, None, encoder=HashEncoder())
    keys = {case.key for case in suite.results[0].cases}
    moments = [case.query.at for case in matched_cases(site, 50, part="test")]
    assert moments
    assert not any(f"@{int(at.timestamp() * 1e6)}" in key for at in moments if at is not None for key in keys)
    assert all(at is not None and at >= from_micros(site.cut) for at in moments)
    site.recommender.close()


def test_noise_is_what_reaches_below_zero():
    assert beyond_noise(Estimate(value=0.1, low=0.01, high=0.2))
    assert not beyond_noise(Estimate(value=0.1, low=-0.01, high=0.2))
    assert not beyond_noise(Estimate(value=0.1))
    assert not beyond_noise(None)


def test_the_sites_that_are_asked_exist_and_two_are_kept_out():
    assert sum(not data_set(name).trained for name in SITES) == 2
    assert all(data_set(name).events for name in SITES)


# The command


@pytest.mark.parametrize(
    ("args", "said"),
    [
        (("--site", "no_such_site"), "no_such_site"),
        (("--site", "realestate_utah"), "has no log"),
        (("--data", "nowhere", "--model", "none"), "nowhere"),
        (("--cases", "0"), "0"),
        (("--view", "top"), "top"),
    ],
)
def test_a_mistake_is_named_in_one_line(args, said, tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.chdir(tmp_path)
    told = CliRunner().invoke(main, ["bench", "sites", *args])
    assert told.exit_code == 2
    assert said in told.output
    assert "Traceback" not in told.output
    assert not list(tmp_path.iterdir()), "nothing is written"


@pytest.mark.slow
@pytest.mark.weights
def test_the_command_writes_both_files(data: Path, tmp_path: Path):
    arguments = ["--site", NAMES[0], "--view", "full", "--model", "none", "--cases", "5", "--data", str(data)]
    arguments += ["--cache", str(tmp_path / "cache"), "--out", str(tmp_path / "out")]
    told = CliRunner().invoke(main, ["bench", "sites", *arguments])
    assert told.exit_code == 0, told.output
    assert "In words:" in told.output
    assert json.loads((tmp_path / "out" / "sites.json").read_bytes())["part"] == "test"
    assert "| method |" in (tmp_path / "out" / "sites.md").read_text(encoding="utf-8")
