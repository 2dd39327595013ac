"""Two runs of the suite beside each other, and the paired test under it."""

from __future__ import annotations

import json
from pathlib import Path

import msgspec
import numpy as np
import pytest
from click.testing import CliRunner
from msgspec import structs
from scipy.stats import permutation_test
from suite_reports import made_report

from brewlite.cli.compare import compare as command
from brewlite.cli.main import main
from brewlite.errors import BadSettings
from brewlite.evaluation.paired import FLIPS, holm, sign_flip
from brewlite.evaluation.suite.compare import Change, Comparison, compare, read_report
from brewlite.evaluation.suite.report import SuiteReport, TaskResult

TASKS = 81
"""Of a made-up report."""
PAIRED = TASKS - 6
"""All but calibration error and coverage, of three kinds of site, which no single case has."""


def by_hand(sums: np.ndarray, resamples: int) -> float:
    """scipy's own test of one sample: the signs of its values are flipped."""
    tested = permutation_test(
        (sums,), lambda x, axis: np.sum(x, axis=axis), permutation_type="samples", n_resamples=resamples, rng=1
    )
    return float(tested.pvalue)


@pytest.mark.parametrize("seed", range(5))
def test_with_few_visitors_the_p_is_exact_and_scipys(seed: int):
    rng = np.random.default_rng(seed)
    visitors = rng.integers(0, 9, size=30)
    differences = rng.normal(0.3, 1.0, size=30)
    sums = np.array([differences[visitors == v].sum() for v in np.unique(visitors)])
    p = sign_flip(differences, visitors, np.random.default_rng(0))
    assert p == pytest.approx(by_hand(sums, 100_000), abs=1e-12)
    assert p == sign_flip(differences, visitors, np.random.default_rng(7)), "all ways were taken: no luck in it"


@pytest.mark.parametrize("mean", [0.0, 0.15, 0.3])
def test_with_many_visitors_the_p_is_near_scipys(mean: float):
    rng = np.random.default_rng(3)
    differences, visitors = rng.normal(mean, 1.0, size=80), np.arange(80)
    p = sign_flip(differences, visitors, np.random.default_rng(0))
    assert p == pytest.approx(by_hand(differences, FLIPS), abs=0.03)
    assert p == sign_flip(differences, visitors, np.random.default_rng(0))


def test_ties_and_rounding_do_not_make_a_p_too_small():
    same = np.full(10, 0.1)
    assert sign_flip(same, np.arange(10), np.random.default_rng(0)) == pytest.approx(2 / 2**10)
    assert sign_flip(np.zeros(50), np.arange(50), np.random.default_rng(0)) == 1.0
    assert sign_flip(np.zeros(0), np.zeros(0, dtype=int), np.random.default_rng(0)) == 1.0


def test_cases_of_one_visitor_are_one_witness():
    differences = np.full(40, 0.2)
    alone = sign_flip(differences, np.arange(40), np.random.default_rng(0))
    together = sign_flip(differences, np.repeat(np.arange(4), 10), np.random.default_rng(0))
    assert alone < 0.001
    assert together == pytest.approx(2 / 2**4)


def test_under_no_difference_one_p_in_twenty_is_below_a_twentieth():
    rng = np.random.default_rng(11)
    ps = [sign_flip(rng.normal(size=40), rng.integers(0, 30, 40), rng, flips=500) for _ in range(400)]
    assert 0.02 < np.mean(np.array(ps) < 0.05) < 0.085


def test_holm_against_its_definition():
    assert holm([0.01, 0.04, 0.03, 0.005]) == pytest.approx((0.03, 0.06, 0.06, 0.02))
    assert holm([0.9, 0.8]) == (1.0, 1.0)
    assert holm([]) == ()


@pytest.fixture(scope="module")
def before() -> SuiteReport:
    return made_report(cases=60)


@pytest.fixture(scope="module")
def after() -> SuiteReport:
    return made_report(cases=60, shift=0.15, model="trained")


@pytest.fixture(scope="module")
def change(before: SuiteReport, after: SuiteReport) -> Comparison:
    return compare(before, after)


def of(comparison: Comparison, task: str, method: str = "brewlite") -> Change:
    return next(c for c in comparison.changes if (c.task, c.method) == (task, method))


def test_a_better_model_is_seen_and_the_baselines_stand_still(change: Comparison):
    mine = of(change, "listings/next")
    assert mine.outcome == "better"
    assert mine.difference.low is not None
    assert 0 < mine.difference.low < mine.difference.value
    assert {c.outcome for c in change.changes if c.method == "newest"} == {"within noise", "cannot be paired"}
    assert of(change, "listings/next", "newest").p == 1.0
    assert change.verdict[0].startswith(f"Over {PAIRED} tasks brewlite is better in ")
    assert any(sentence.startswith("listings/next: ndcg@10 from ") for sentence in change.verdict)


def test_the_same_run_twice_changes_nothing(before: SuiteReport):
    same = compare(before, before)
    assert same.verdict == (f"Over {PAIRED} tasks no change of brewlite is beyond noise.",)
    assert {c.difference.value for c in same.changes} == {0.0}


def test_it_is_the_same_each_time(before: SuiteReport, after: SuiteReport, change: Comparison):
    assert compare(before, after) == change


def test_lower_is_better_where_the_metric_says_so(before: SuiteReport):
    slower = scaled(before, "listings/seconds", 3.0)
    assert of(compare(before, slower), "listings/seconds").outcome == "worse"
    assert of(compare(slower, before), "listings/seconds").outcome == "better"


def scaled(report: SuiteReport, task: str, factor: float) -> SuiteReport:
    def change(result: TaskResult) -> TaskResult:
        values = {m: tuple(None if v is None else v * factor for v in row) for m, row in result.values.items()}
        return structs.replace(result, values=values)

    return with_task(report, task, change)


def with_task(report: SuiteReport, task: str, change) -> SuiteReport:
    results = tuple(change(r) if r.task.name == task else r for r in report.results)
    return structs.replace(report, results=results)


def test_cases_are_paired_by_key_not_by_place(before: SuiteReport, after: SuiteReport, change: Comparison):
    def other_way(result: TaskResult) -> TaskResult:
        turned = {method: tuple(reversed(row)) for method, row in result.values.items()}
        return structs.replace(result, cases=tuple(reversed(result.cases)), values=turned)

    turned = of(compare(before, with_task(after, "posts/next", other_way)), "posts/next")
    assert turned.difference.value == pytest.approx(of(change, "posts/next").difference.value)

    def half(result: TaskResult) -> TaskResult:
        values = {method: row[:9] for method, row in result.values.items()}
        return structs.replace(result, cases=result.cases[:9], values=values)

    assert of(compare(before, with_task(after, "posts/next", half)), "posts/next").cases <= 9


def test_what_cannot_be_paired_or_compared_is_said(before: SuiteReport, after: SuiteReport):
    pooled = of(compare(before, after), "listings/coverage")
    assert (pooled.outcome, pooled.cases, pooled.p) == ("cannot be paired", 0, None)
    data = tuple(structs.replace(d, digest="other") if d.name == "jobs_views" else d for d in after.data)
    moved = structs.replace(after, data=data, seed=5, suite="full", machine="another", partial=True)
    comparison = compare(before, moved)
    assert {refused.task for refused in comparison.refused} == {
        r.task.name for r in after.results if "jobs_views" in r.task.data
    }
    assert "jobs_views" in comparison.refused[0].why
    assert not any(c.task.startswith("jobs/") for c in comparison.changes)
    said = " ".join(comparison.warnings)
    assert all(word in said for word in ("seeds differ", "full run", "interrupted", "jobs_views", "seconds"))


def test_a_task_that_asks_something_else_now_is_refused(before: SuiteReport, after: SuiteReport):
    def other_metric(result: TaskResult) -> TaskResult:
        return structs.replace(result, unit="hr@10")

    def other_options(result: TaskResult) -> TaskResult:
        return structs.replace(result, task=structs.replace(result.task, options={"count": 50}))

    changed = with_task(with_task(after, "jobs/next", other_metric), "jobs/full", other_options)
    refused = {r.task: r.why for r in compare(before, changed).refused}
    assert "hr@10" in refused["jobs/next"]
    assert "options" in refused["jobs/full"]


def test_tasks_of_one_run_are_listed(before: SuiteReport, after: SuiteReport):
    fewer = structs.replace(after, results=after.results[1:])
    assert compare(before, fewer).only_a == (after.results[0].task.name,)
    assert compare(fewer, before).only_b == (after.results[0].task.name,)
    with pytest.raises(BadSettings, match="no task in common"):
        compare(before, structs.replace(after, results=()))
    with pytest.raises(BadSettings, match="A has format 1 and B 2"):
        compare(before, structs.replace(after, format=2))


@pytest.fixture
def files(tmp_path: Path, before: SuiteReport, after: SuiteReport) -> tuple[str, str]:
    for name, report in (("a", before), ("b", after)):
        (tmp_path / name).mkdir()
        (tmp_path / name / "report.json").write_bytes(msgspec.json.encode(report))
    return str(tmp_path / "a" / "report.json"), str(tmp_path / "b")


def test_the_command_prints_what_moved_first(files: tuple[str, str]):
    done = CliRunner().invoke(command, [*files], env={"COLUMNS": "160"})
    assert done.exit_code == 0, done.output
    lines = done.output.splitlines()
    rows = [line for line in lines if "/" in line and "│" in line]
    outcomes = [line.split("│")[-2].strip() for line in rows]
    moved = [outcome in ("better", "worse") for outcome in outcomes]
    assert 0 < sum(moved) < len(moved) == TASKS
    assert moved == sorted(moved, reverse=True)
    assert "trained" in done.output
    assert lines[-1].startswith(f"Over {PAIRED} tasks brewlite is better in")
    everything = CliRunner().invoke(command, [*files, "--all-methods"], env={"COLUMNS": "160"}).output
    assert "popularity-60d" in everything
    assert "popularity-60d" not in done.output


def test_the_command_writes_json(files: tuple[str, str], change: Comparison):
    done = CliRunner().invoke(command, [*files, "--json"])
    assert msgspec.json.decode(done.output, type=Comparison) == change
    assert json.loads(done.output)["changes"][0]["outcome"] in ("better", "worse", "within noise")


def test_reading_what_is_no_report(tmp_path: Path, files: tuple[str, str]):
    (tmp_path / "no.json").write_text('{"hello": 1}')
    (tmp_path / "bytes.json").write_bytes(b"\xff\xfe\x00")
    (tmp_path / "old.json").write_text('{"format": 99}')
    (tmp_path / "cut.json").write_bytes(Path(files[0]).read_bytes()[:5000])
    for name, words in (
        ("no.json", "not a report"),
        ("bytes.json", "not a report"),
        ("old.json", "format 99"),
        ("cut.json", "not a report"),
        ("missing.json", "No such file"),
        ("", "No such file"),
    ):
        with pytest.raises(BadSettings, match=words) as caught:
            read_report(tmp_path / name)
        assert "\n" not in str(caught.value)


def test_the_command_is_in_the_group_and_ends_with_2_on_a_mistake(tmp_path: Path):
    done = CliRunner().invoke(main, ["bench", "compare", str(tmp_path / "a.json"), str(tmp_path / "b.json")])
    assert done.exit_code == 2
    assert done.output.startswith("brewlite: ")
    assert done.output.count("\n") == 1
