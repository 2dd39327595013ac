"""The suite: its registry, its cases, kept scores, and whole runs on a small made-up site."""

from __future__ import annotations

import gzip
import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import msgspec
import numpy as np
import pytest
from conftest import HashEncoder
from made_up_data import write_coffee
from msgspec import structs

from brewlite.cli.quality import quality
from brewlite.errors import BadSettings, UnknownName
from brewlite.evaluation.baselines import Rule, newest
from brewlite.evaluation.log import from_micros, to_micros
from brewlite.evaluation.suite.datasets import DATA, find_data, open_site
from brewlite.evaluation.suite.derived import parse_name
from brewlite.evaluation.suite.kept import KeptScores
from brewlite.evaluation.suite.methods import Classic, Ours, moment_for
from brewlite.evaluation.suite.preference import full_cases, log_of_actions, matched_cases
from brewlite.evaluation.suite.registry import MAKERS, METRICS, TASKS, chosen
from brewlite.evaluation.suite.report import SuiteReport
from brewlite.evaluation.suite.run import Suite, SuiteConfig
from brewlite.evaluation.suite.site import BenchSite
from brewlite.evaluation.suite.task import SuiteTask
from brewlite.records import RankingPrompt
from brewlite.testing import FakeRanker


@pytest.fixture(scope="module")
def data(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return write_coffee(tmp_path_factory.mktemp("data"))


@pytest.fixture(scope="module")
def cache(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("cache")


@pytest.fixture
def coffee(data: Path, cache: Path):
    site = open_site("stackexchange_coffee", data, cache, FakeRanker(), encoder=HashEncoder())
    yield site
    site.recommender.close()


def run(data: Path, cache: Path, seed: int = 0, ranker: FakeRanker | None = None, **config) -> SuiteReport:
    tasks = [structs.replace(task, quick=12) for task in TASKS if task.data == ("stackexchange_coffee",)]
    made = SuiteConfig(seed=seed, **config)
    return Suite(tasks, data, cache, ranker or FakeRanker(), made, encoder=HashEncoder()).run()


# The registry


def test_there_are_as_many_tasks_as_is_said_and_each_is_whole():
    assert len(TASKS) > 120
    assert "more than 120 " in quality.help
    assert len({task.name for task in TASKS}) == len(TASKS)
    known = {data.name for data in DATA}
    for task in TASKS:
        assert task.maker in MAKERS, task
        assert task.metric in METRICS, task
        assert {parse_name(name)[0] for name in task.data} <= known, task
        assert 0 < task.quick <= task.full, task
        assert task.about.strip(), task
        assert msgspec.json.decode(msgspec.json.encode(task), type=SuiteTask) == task


def test_tasks_are_chosen_by_name_or_family():
    assert {task.family for task in chosen(("history length",))} == {"history length"}
    assert [task.name for task in chosen(("all/matched-hr",))] == ["all/matched-hr"]
    assert chosen(()) == TASKS
    with pytest.raises(UnknownName, match="no such thing"):
        chosen(("no such thing",))


def test_a_missing_data_folder_is_named(tmp_path: Path):
    with pytest.raises(BadSettings, match="nowhere"):
        find_data(tmp_path / "nowhere")
    with pytest.raises(BadSettings, match="stackexchange_coffee"):
        open_site("stackexchange_coffee", tmp_path, tmp_path, None, encoder=None)


# Cases


def test_a_shorter_list_of_cases_begins_a_longer_one(coffee: BenchSite):
    long, short = matched_cases(coffee, 30, candidates=20), matched_cases(coffee, 10, candidates=20)
    assert len(long) == 30
    assert long[:10] == short
    assert long != matched_cases(coffee, 30, seed=1, candidates=20)


@pytest.mark.parametrize("part", ["test", "validation"])
def test_a_matched_case_asks_what_was_chosen_next(coffee: BenchSite, part):
    log = coffee.log
    for case in matched_cases(coffee, 25, part=part, candidates=20):
        at, (target,) = to_micros(case.query.at), case.good
        assert target in case.query.candidates
        assert len(case.query.candidates) == len(set(case.query.candidates)) == 20
        user = coffee.user_row[case.query.user]
        own = log.of_user(user)
        assert ((own.at == at) & (own.items == coffee.row[target])).any()
        seen = set(log.before(at).of_user(user).items)
        assert not seen & {coffee.row[id_] for id_ in case.query.candidates}
        assert case.facets["history"] == len(log.before(at).of_user(user))
        assert (at >= coffee.cut) == (part == "test")
        assert at >= coffee.validation_cut
        assert all(coffee.log.catalog.created[coffee.row[id_]] <= at for id_ in case.query.candidates)


def test_cases_are_spread_over_history_lengths(coffee: BenchSite):
    lengths = [case.facets["history"] for case in full_cases(coffee, 16)]
    assert {0.0} < {min(length, 1.0) for length in lengths}
    assert sum(length == 0 for length in lengths) <= 6


def test_facets_bound_the_cases(coffee: BenchSite):
    some = full_cases(coffee, 12, where={"history": (1, 6)})
    assert len(some) == 12
    assert all(1 <= case.facets["history"] < 6 for case in some)


def test_another_question_has_the_targets_of_its_action(coffee: BenchSite):
    log = log_of_actions(coffee, ("comment",))
    assert len(log) == len(coffee.log)
    columns = coffee.columns
    commented = {
        (u, i, a)
        for u, i, a, w in zip(columns.users, columns.items, columns.at, columns.actions, strict=True)
        if w == "comment"
    }
    cases = matched_cases(coffee, 15, candidates=20, log=log)
    assert len(cases) == 15
    assert all((c.query.user, c.good[0], to_micros(c.query.at)) in commented for c in cases)


def test_what_happens_later_changes_no_answer(coffee: BenchSite, data: Path, tmp_path: Path):
    """The whole of brewlite under the same check that the baselines are put to."""
    case = matched_cases(coffee, 8, candidates=20)[5]
    at = to_micros(case.query.at)
    with gzip_lines(data / "stackexchange_coffee" / "interactions.csv.gz") as lines:
        head, *rows = lines
    early = [row for row in rows if row.split(",")[3].strip() < from_micros(at).isoformat()]
    late = [f"v1,{n},answer,{from_micros(at + n * 1000).isoformat()}\n" for n in range(100)]
    assert 0 < len(early) < len(rows)
    altered = write_coffee(tmp_path)
    with gzip_writer(altered / "stackexchange_coffee" / "interactions.csv.gz") as file:
        file.writelines([head, *early, *late])
    other = open_site("stackexchange_coffee", altered, tmp_path, FakeRanker(), encoder=HashEncoder())
    # Where the log is cut is a share of all its events; here both are asked at, and learn up to, the same times.
    other.cut, other.validation_cut = coffee.cut, coffee.validation_cut
    for part in ("all", "first", "llm"):
        method = Ours(part, part, part)
        assert np.array_equal(method.answer(case.query, coffee).scores, method.answer(case.query, other).scores)
    other.recommender.close()


def gzip_lines(path: Path):
    import contextlib
    import gzip

    @contextlib.contextmanager
    def opened():
        with gzip.open(path, "rt", encoding="utf-8") as file:
            yield list(file)

    return opened()


def gzip_writer(path: Path):
    import gzip

    return gzip.open(path, "wt", encoding="utf-8")


def test_every_method_answers_over_the_same_whole_catalog(coffee: BenchSite):
    """Also what the visitor has commented on is no candidate, though the site would show it again."""
    baseline = Classic("newest", "newest", False)
    baseline.add(coffee.name, Rule("newest", "newest", newest))
    task = next(task for task in TASKS if task.name == "all/full")
    touched = 0
    for case in MAKERS["full"](task, coffee, 30, np.random.default_rng(0)):
        expected = baseline.answer(case.query, coffee).ids
        touched += len(case.query.exclude)
        assert case.good[0] in expected
        assert not set(case.query.exclude) & set(expected)
        for part in ("all", "first"):
            answer = Ours(part, part, part).answer(case.query, coffee)
            assert answer.ids == expected
            order = coffee.learned(case.query.at).order(case.query, use_model=part == "all").ids
            assert [answer.ids[place] for place in np.argsort(-answer.scores)] == order
    assert touched > 30


def test_what_the_site_would_not_show_stands_behind(coffee: BenchSite):
    case = next(case for case in full_cases(coffee, 5) if case.facets["history"] == 0)
    hidden = coffee.learned(case.query.at).order(case.query).ids[:3]
    query = structs.replace(case.query, exclude=tuple(hidden))
    answer = Ours("first", "first", "first").answer(query, coffee)
    assert set(answer.ids) >= set(hidden)
    assert {id_ for id_, score in zip(answer.ids, answer.scores, strict=True) if score == -np.inf} == set(hidden)


def test_a_history_that_comes_with_the_query_does_not_hide_who_asks(coffee: BenchSite):
    """brewlite reads what such a visitor had stored, so baselines may."""
    case = next(case for case in full_cases(coffee, 9) if case.facets["history"] > 0)
    hidden = moment_for(structs.replace(case.query, history=()), coffee)
    assert coffee.log.user_ids[hidden.user] == case.query.user
    assert not hidden.history.size
    assert not hidden.seen.size
    assert moment_for(structs.replace(case.query, user=None, history=()), coffee).user == -1


# Kept scores


def prompt_of(ranker: FakeRanker, texts: list[str]) -> RankingPrompt:
    encode = ranker.tokenizer.encode
    return RankingPrompt(
        prefix=tuple(encode("a quiet home by the sea")), candidates=tuple(tuple(encode(t)) for t in texts)
    )


def test_kept_scores_are_those_of_the_ranker_and_are_asked_once(tmp_path: Path):
    ranker = FakeRanker()
    kept = KeptScores(ranker, tmp_path)
    one = prompt_of(ranker, ["quiet sea", "loud town", "home"])
    two = prompt_of(ranker, ["home", "sea sea", "loud town"])
    assert np.array_equal(kept.score(one).log_odds, ranker.score(one).log_odds)
    assert kept.read_candidates == 3
    assert np.array_equal(kept.score(two).log_odds, ranker.score(two).log_odds)
    assert kept.read_candidates == 4
    with kept.fresh():
        kept.score(two)
    assert kept.read_candidates == 7
    again = KeptScores(ranker, tmp_path)
    assert np.array_equal(again.score(one).log_odds, ranker.score(one).log_odds)
    assert again.read_candidates == 0


def test_a_row_that_was_half_written_is_dropped(tmp_path: Path):
    ranker = FakeRanker()
    prompt = prompt_of(ranker, ["quiet sea", "loud town", "home"])
    KeptScores(ranker, tmp_path).score(prompt)
    (path,) = tmp_path.iterdir()
    path.write_bytes(path.read_bytes()[:-5])
    again = KeptScores(ranker, tmp_path)
    assert len(again) == 2
    assert np.array_equal(again.score(prompt).log_odds, ranker.score(prompt).log_odds)
    assert again.read_candidates == 1
    assert len(KeptScores(ranker, tmp_path)) == 3


# Whole runs


def test_a_run_reports_every_task_and_method(data: Path, cache: Path):
    report = run(data, cache)
    assert msgspec.json.decode(msgspec.json.encode(report), type=SuiteReport) == report
    names = {method.name for method in report.methods}
    assert {"brewlite", "llm", "popularity-60d", "newest", "ease", "als", "bpr", "logistic", "bm25-history"} <= names
    matched = next(result for result in report.results if result.task.name == "stackexchange_coffee/matched")
    assert matched.n == len(matched.cases) == matched.task.quick
    assert set(matched.figures) == names
    for name, values in matched.values.items():
        assert len(values) == matched.n
        assert matched.figures[name].value == pytest.approx(np.mean(values))
    for facts in matched.compared.values():
        assert facts.wins + facts.ties + facts.losses == matched.n
    shuffled = np.mean([1 / np.log2(rank + 1) if rank <= 10 else 0 for rank in range(1, 51)])
    assert matched.figures["random"].value == pytest.approx(shuffled), "the random method is exact, not drawn"
    assert any("leak check" in note for note in report.notes)


def test_the_same_seed_gives_the_same_figures_and_another_seed_others(data: Path, tmp_path: Path):
    one, two = run(data, tmp_path / "a"), run(data, tmp_path / "b")
    assert one.results == two.results
    assert one.worst == two.worst
    other = run(data, tmp_path / "a", seed=1)
    assert [result.figures for result in other.results] != [result.figures for result in one.results]


def test_a_worst_case_is_shown_with_the_question_of_its_own_task(data: Path, cache: Path):
    """The cases of both tasks are of the same visitors and moments, so of the same keys."""
    matched = next(task for task in TASKS if task.name == "stackexchange_coffee/matched")
    question = "Will this visitor say something at all?"
    options = {"action": "comment", "question": question, "judge": "Judge it.", "candidates": 50}
    other = structs.replace(matched, name="other", maker="asked otherwise", options=options)
    tasks = [structs.replace(task, quick=200) for task in (matched, other)]
    config = SuiteConfig(baselines=False)
    report = Suite(tasks, data, cache, FakeRanker(), config, encoder=HashEncoder()).run()
    keys = [{case.key for case in result.cases} for result in report.results]
    assert {worst.key for worst in report.worst if worst.task == matched.name} & keys[0] & keys[1]
    for worst in report.worst:
        assert (question in worst.prompt) == (worst.task == "other"), worst.task


def test_a_suite_that_does_not_exist_is_refused(data: Path, cache: Path):
    with pytest.raises(BadSettings, match="weekly"):
        run(data, cache, suite="weekly")


@pytest.mark.parametrize("baselines", [True, False])
def test_a_catalog_of_one_item_has_no_case_and_that_is_said(baselines: bool, tmp_path: Path):
    """Every visitor chooses the one item there is: nothing can be put in order."""
    where = write_coffee(tmp_path / "data") / "stackexchange_coffee"
    with gzip.open(where / "items.jsonl.gz", "rt") as file:
        first = next(file)
    with gzip.open(where / "items.jsonl.gz", "wt") as file:
        file.write(first)
    with gzip.open(where / "interactions.csv.gz", "rt") as file:
        head, *rows = (line.split(",") for line in file)
    with gzip.open(where / "interactions.csv.gz", "wt") as file:
        file.writelines(",".join(row) for row in [head, *([row[0], "0", *row[2:]] for row in rows)])
    said = "no case could be made for stackexchange_coffee/matched from stackexchange_coffee: .*longer logs"
    with pytest.raises(BadSettings, match=said):
        run(tmp_path / "data", tmp_path / "cache", baselines=baselines)


def test_stopped_before_the_first_task_says_how_to_go_on(data: Path, cache: Path):
    def stop(what: str, done: int, total: int) -> None:
        if what == "questions":
            raise KeyboardInterrupt

    tasks = [task for task in TASKS if task.data == ("stackexchange_coffee",)][:1]
    config = SuiteConfig(baselines=False, cases=0.1)
    with pytest.raises(BadSettings, match="stopped before a task was finished: the same command goes on"):
        Suite(tasks, data, cache, FakeRanker(), config, encoder=HashEncoder(), progress=stop).run()


SLOW_RUN = """
import sys, time
from pathlib import Path
sys.path.insert(0, {tests!r})
from conftest import HashEncoder
from brewlite.testing import FakeRanker
from brewlite.evaluation.suite.registry import TASKS
from brewlite.evaluation.suite.run import Suite, SuiteConfig

class Slow(FakeRanker):
    def score(self, prompt):
        time.sleep(0.05)
        return super().score(prompt)

tasks = [task for task in TASKS if task.data == ("stackexchange_coffee",)]
config = SuiteConfig(baselines=False)
suite = Suite(tasks, Path({data!r}), Path({cache!r}), Slow(), config, encoder=HashEncoder())
suite.run()
print("finished")
"""


def test_a_run_that_was_killed_goes_on_where_it_was(data: Path, tmp_path: Path):
    cache = tmp_path / "cache"
    code = SLOW_RUN.format(tests=str(Path(__file__).parent), data=str(data), cache=str(cache))
    killed = subprocess.Popen([sys.executable, "-c", code], stdout=subprocess.PIPE, text=True)
    while not (kept := list(cache.glob("scores/*.scores"))) or kept[0].stat().st_size < 24 * 300:
        assert killed.poll() is None, "killed too late"
        time.sleep(0.02)
    os.kill(killed.pid, signal.SIGKILL)
    assert "finished" not in killed.communicate()[0]
    done = len(KeptScores(_slow_named(), cache / "scores"))
    assert done >= 300

    class Counting(FakeRanker):
        read = 0

        def score(self, prompt):
            Counting.read += len(prompt.candidates)
            return super().score(prompt)

    Counting.__name__ = "Slow"  # kept scores are told apart by the ranker's type
    resumed = run(data, cache, ranker=Counting(), baselines=False)
    whole = run(data, tmp_path / "other", baselines=False)
    assert resumed.results == whole.results
    total = len(KeptScores(FakeRanker(), tmp_path / "other" / "scores"))
    assert Counting.read <= total - 300


def _slow_named() -> FakeRanker:
    class Slow(FakeRanker):
        pass

    return Slow()
