"""Scaling studies: paired settings, resumable runs, and the files they leave."""

from __future__ import annotations

import json
import xml.etree.ElementTree as ElementTree
from collections.abc import Sequence
from datetime import timedelta
from itertools import pairwise
from pathlib import Path
from random import Random

import msgspec
import numpy as np
import pytest
from click.testing import CliRunner
from conftest import NOW, HashEncoder, home
from made_up_data import write_coffee
from msgspec import structs
from test_attention import small_ranker
from tiny_model import write_model

from brewlite import Event, Query, Recommender
from brewlite.cli.study import SITES, show, study
from brewlite.errors import BadRecord, BadSettings, UnknownName
from brewlite.evaluation.log import to_micros
from brewlite.evaluation.statistics import Estimate
from brewlite.evaluation.suite.case import Case
from brewlite.evaluation.suite.datasets import DATA, open_site
from brewlite.evaluation.suite.kept import KeptScores
from brewlite.evaluation.suite.site import BenchSite, DataSet
from brewlite.evaluation.suite.studies import STUDIES, Arm, Study, find_study
from brewlite.evaluation.suite.study_plots import INK, draw, headings, page, pictures, table_rows, write_study
from brewlite.evaluation.suite.study_report import StudyReport, chance
from brewlite.evaluation.suite.study_run import StudyConfig, StudyRun, posed, run_study
from brewlite.evaluation.suite.study_times import Times
from brewlite.prompt import PromptConfig
from brewlite.ranker import Scores
from brewlite.ranker.checkpoint import LoraShape, Manifest, save_checkpoint
from brewlite.records import RankingPrompt
from brewlite.testing import FakeRanker

FEW = StudyConfig(cases=12, timed=1)


class CountingRanker(FakeRanker):
    """Counts what it is asked, and is interrupted (as by Ctrl-C) when it has been asked ``patience`` times."""

    def __init__(self, patience: int = 10**9, name: str = "fake") -> None:
        super().__init__(name)
        self.patience = patience
        self.asked = 0

    def score(self, prompt: RankingPrompt) -> Scores:
        if self.asked == self.patience:
            raise KeyboardInterrupt
        self.asked += 1
        return super().score(prompt)


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Made-up data, and the database of a made-up letting site."""
    folder = write_coffee(tmp_path_factory.mktemp("study"))
    random = Random(5)
    with Recommender.open(folder / "homes.db", "realestate", ranker=None, encoder=HashEncoder()) as site:
        site.put_items([structs.replace(home(n), created=NOW - timedelta(days=400 - 3 * n)) for n in range(120)])
        for visitor in range(60):
            for _ in range(random.choice((1, 3, 8, 16))):
                days = random.uniform(5, 300)
                there = [n for n in range(120) if 400 - 3 * n > days + 1 and n % 4 == visitor % 4]
                action = "dismiss" if random.random() < 0.3 else "save"
                when = NOW - timedelta(days=days)
                site.record(Event(user=f"h{visitor}", item=str(random.choice(there[-20:])), action=action, at=when))
    return folder


@pytest.fixture
def sites_of(folder: Path, tmp_path: Path):
    """Opens both sites with a ranker whose scores are kept in the test's own folder."""

    def opened(ranker: FakeRanker, kept: Path = tmp_path) -> list[BenchSite]:
        keeping = KeptScores(ranker, kept / "scores")
        homes = DataSet(name="homes", kind="listings", adapter="realestate", items="", label="lettings")
        site = Recommender.open(folder / "homes.db", ranker=keeping, encoder=HashEncoder())
        coffee = open_site("stackexchange_coffee", folder, folder, keeping, encoder=HashEncoder())
        return [BenchSite(homes, site, "0"), coffee]

    return opened


def timeless(report: StudyReport) -> StudyReport:
    """Without what differs between two runs that find the same."""
    costs = tuple(structs.replace(cost, seconds=None) for cost in report.costs)
    return structs.replace(report, started=NOW, seconds=0.0, costs=costs)


@pytest.fixture
def report(sites_of) -> StudyReport:
    return run_study(find_study("history-policy"), ["fake"], lambda _: sites_of(CountingRanker()), FEW)


# The declarations


def test_studies_are_whole():
    assert [study.name for study in STUDIES] == [
        "history-events",
        "history-tokens",
        "candidate-tokens",
        "candidates",
        "model-size",
        "training-data",
        "history-policy",
    ]
    for each in STUDIES:
        assert each.reference is None or each.reference in each.settings
        arms = [each.arm(setting) for setting in each.settings]
        assert len({msgspec.json.encode(arm) for arm in arms}) == len(arms), "two settings that ask the same"
        assert each.name in (study.help or "")
    with pytest.raises(UnknownName, match="history-events"):
        find_study("history-lenght")


def test_the_references_are_the_defaults():
    for name in ("candidate-tokens", "candidates"):
        chosen = find_study(name)
        assert chosen.arm(chosen.reference) == Arm()
    assert find_study("history-policy").reference == PromptConfig().history_policy


def test_every_studied_data_set_is_known_under_its_kind():
    kinds = {data.name: (data.kind, data.events) for data in DATA}
    for kind, names in SITES.items():
        assert all(kinds[name][0] == kind and kinds[name][1] for name in names)


# What a setting asks


def test_shorter_lists_are_parts_of_longer_ones():
    ids = tuple(str(number) for number in range(200))
    case = Case(key="a", site="s", visitor="v", query=Query(candidates=ids), good=("77",))
    lists = [posed(case, Arm(candidates=count), seed=1).query.candidates for count in (10, 20, 50, 100, 200)]
    assert [len(found) for found in lists] == [10, 20, 50, 100, 200]
    for shorter, longer in pairwise(lists):
        assert set(shorter) < set(longer)
        assert "77" in shorter
        assert list(shorter) == [id_ for id_ in longer if id_ in set(shorter)], "in the same order"
    assert posed(case, Arm(candidates=10), seed=2).query.candidates != lists[0]
    places = [posed(structs.replace(case, key=str(n)), Arm(candidates=10), 1).query.candidates for n in range(200)]
    taken = np.bincount([int(id_) for found in places for id_ in found], minlength=200)
    assert taken[77] == 200
    assert np.delete(taken, 77).max() < 25, "the others are a fair draw"


@pytest.mark.parametrize(("metric", "gain"), [("ndcg@10", lambda rank: (rank <= 10) / np.log2(rank + 1))])
def test_chance_is_the_mean_over_all_places(metric, gain):
    for count in (2, 10, 50):
        assert chance(metric, count) == pytest.approx(np.mean([gain(rank) for rank in range(1, count + 1)]))
    assert chance("auc", 50) == pytest.approx(0.5)


def test_only_the_validation_part_is_read(sites_of):
    run = StudyRun(find_study("candidate-tokens"), ["fake"], lambda _: sites_of(FakeRanker()), FEW)
    run.run()
    for site in sites_of(FakeRanker()):
        times = [to_micros(case.query.at) for case in run._cases if case.site == site.name and case.query.at]
        assert times
        assert all(site.validation_cut <= at < site.cut for at in times)
        site.recommender.close()


def test_a_long_history_is_asked_for(sites_of):
    run = StudyRun(find_study("history-events"), ["fake"], lambda _: sites_of(FakeRanker()), FEW)
    report = run.run()
    assert all(case.facets["history"] >= 6 for case in run._cases)
    tokens = [cost.prefix_tokens for cost in report.costs if cost.kind == "posts"]
    assert tokens == sorted(tokens)
    assert tokens[0] < tokens[3], "five events are longer than none"


def test_what_one_site_of_a_kind_lacks_the_others_give(folder: Path, sites_of):
    def opened(_: str) -> list[BenchSite]:
        lettings, coffee = sites_of(FakeRanker())
        posts = DataSet(name="homes", kind="posts", adapter="realestate", items="", label="lettings")
        return [BenchSite(posts, lettings.recommender, "0"), coffee]

    for asked in (8, 30):
        run = StudyRun(find_study("history-policy"), ["fake"], opened, StudyConfig(cases=asked, timed=0))
        report = run.run()
        counts = [sum(case.site == name for case in run._cases) for name in ("homes", "stackexchange_coffee")]
        assert sum(counts) == report.kinds[0].cases == asked
        assert counts == ([4, 4] if asked == 8 else [14, 16]), "lettings has 14 of these in all"


# Figures


def test_each_kind_and_all_together_under_every_setting(report: StudyReport):
    assert [kind.kind for kind in report.kinds] == ["listings", "posts", "all"]
    assert report.kinds[-1].cases == report.kinds[0].cases + report.kinds[1].cases
    assert len(report.figures) == 3 * 2 * 4
    assert len(report.costs) == 3 * 4
    for figure in report.figures:
        assert all(0 <= estimate.value <= 1 for estimate in figure.figures.values())
        assert bool(figure.change) == (figure.setting != report.reference)
    assert all(cost.timed and cost.seconds is not None and cost.seconds > 0 for cost in report.costs)


def test_all_together_counts_each_kind_alike(report: StudyReport):
    value = {(f.kind, f.setting, f.method): f.figures["ndcg@10"].value for f in report.figures}
    for setting in report.settings:
        for method in ("brewlite", "llm"):
            both = [value["listings", setting, method], value["posts", setting, method]]
            assert value["all", setting, method] == pytest.approx(np.mean(both))


def test_changes_are_paired(report: StudyReport):
    value = {(f.kind, f.setting, f.method): f.figures["auc"].value for f in report.figures}
    for figure in report.figures:
        if figure.change:
            base = value[figure.kind, report.reference, figure.method]
            assert figure.change["auc"].value == pytest.approx(figure.figures["auc"].value - base)
    same = [f for f in report.figures if f.setting == "balanced" and f.kind == "posts"]
    assert all(f.change["auc"].low == f.change["auc"].high == 0 for f in same), "nobody dislikes anything there"


def test_a_setting_that_changes_nothing_has_no_noise(sites_of):
    twice = Study(name="same", about="-", axis="-", settings=(1, 2), arm=lambda _: Arm(), metric="auc")
    found = run_study(twice, ["fake"], lambda _: sites_of(FakeRanker()), FEW)
    change = [figure.change["auc"] for figure in found.figures if figure.change]
    assert change
    assert all((each.value, each.low or 0, each.high or 0) == (0, 0, 0) for each in change)


def test_the_same_seed_gives_the_same_figures(sites_of, tmp_path: Path, report: StudyReport):
    again = run_study(
        find_study("history-policy"), ["fake"], lambda _: sites_of(CountingRanker(), tmp_path / "other"), FEW
    )
    assert timeless(again) == timeless(report)
    other = structs.replace(FEW, seed=1)
    differs = run_study(find_study("history-policy"), ["fake"], lambda _: sites_of(CountingRanker()), other)
    assert differs.figures != report.figures


def test_the_list_length_moves_ndcg_and_not_auc_of_a_model_that_guesses(sites_of):
    lengths = Study(
        name="lengths", about="-", axis="-", settings=(5, 10, 30), arm=lambda n: Arm(candidates=int(n)), metric="auc"
    )
    found = run_study(lengths, ["fake"], lambda _: sites_of(FakeRanker()), StudyConfig(cases=40, timed=0))
    ndcg = {f.setting: f.figures["ndcg@10"].value for f in found.figures if (f.kind, f.method) == ("all", "llm")}
    auc = {f.setting: f.figures["auc"].value for f in found.figures if (f.kind, f.method) == ("all", "llm")}
    assert ndcg[5] > ndcg[10] > ndcg[30]
    assert max(auc.values()) - min(auc.values()) < 0.1
    assert {cost.candidates for cost in found.costs} == {5, 10, 30}


# Several models


def test_models_are_settings_of_model_size_only(sites_of):
    asked: list[str] = []

    def opened(model: str) -> Sequence[BenchSite]:
        asked.append(model)
        return sites_of(CountingRanker(name=model))

    found = run_study(find_study("model-size"), ["small", "large", "small"], opened, FEW)
    assert asked == ["small", "large"]
    assert found.settings == ("small", "large")
    assert found.reference == "small"
    large = [f for f in found.figures if f.setting == "large"]
    assert all(f.change["auc"].value == 0 for f in large), "they are the same model by two names"
    with pytest.raises(BadSettings, match="candidates reads one model, not 2"):
        run_study(find_study("candidates"), ["small", "large"], opened, FEW)


def test_more_data_stands_further_right(sites_of, tmp_path: Path):
    """Checkpoints stand by what they learned from, the base at 0, in whatever order they are named."""
    base = write_model(tmp_path / "base")
    for name, slates in (("much", 300), ("little", 40), ("as little", 40)):
        save_checkpoint(
            tmp_path / name,
            Manifest(name=name, base=str(base), base_sha256="", lora=LoraShape(rank=1, alpha=1), slates=slates),
            {},
        )
    much, little, as_little = (str(tmp_path / name) for name in ("much", "little", "as little"))
    asked: list[str] = []

    def opened(model: str) -> Sequence[BenchSite]:
        asked.append(model)
        return sites_of(CountingRanker(name=model))

    found = run_study(find_study("training-data"), [much, str(base), little], opened, FEW)
    assert asked == [much, str(base), little]
    assert found.settings == (0, 40, 300)
    assert found.reference == 0
    assert table_rows(found, "all")[1][0] == "40"
    with pytest.raises(BadSettings, match="both stand at 40"):
        run_study(find_study("training-data"), [little, as_little], opened, FEW)


# Interrupted, and gone on with


def test_what_is_finished_is_reported_and_the_next_run_goes_on(sites_of, tmp_path: Path, report: StudyReport):
    chosen, kept = find_study("history-policy"), tmp_path / "resumed"
    first = CountingRanker(patience=24)
    part = run_study(chosen, ["fake"], lambda _: sites_of(first, kept), FEW, kept / "times.jsonl")
    assert part.partial
    assert 0 < part.kinds[-1].cases < report.kinds[-1].cases
    assert {kind.kind for kind in part.kinds} == {"listings", "posts", "all"}, "an interrupted run has some of each"
    second, whole = CountingRanker(), CountingRanker()
    rest = run_study(chosen, ["fake"], lambda _: sites_of(second, kept), FEW, kept / "times.jsonl")
    run_study(chosen, ["fake"], lambda _: sites_of(whole, tmp_path / "at once"), FEW, tmp_path / "at once.jsonl")
    assert timeless(rest) == timeless(report)
    assert first.asked + second.asked == whole.asked, "nothing is asked twice"
    third = CountingRanker()
    again = run_study(chosen, ["fake"], lambda _: sites_of(third, kept), FEW, kept / "times.jsonl")
    assert third.asked == 0
    assert again.costs == rest.costs, "timings are kept too"


def test_a_timing_is_of_what_was_asked(sites_of, tmp_path: Path):
    """A study whose settings are given another meaning is timed anew; a question that two studies ask is timed once."""
    kept = tmp_path / "times.jsonl"

    def timings(*counts: int) -> int:
        arms = {f"setting {n}": Arm(candidates=count) for n, count in enumerate(counts)}
        varied = Study(name="same", about="-", axis="-", settings=tuple(arms), arm=lambda s: arms[str(s)])
        run_study(varied, ["fake"], lambda _: sites_of(FakeRanker()), FEW, kept)
        return len(kept.read_bytes().splitlines())

    assert timings(10, 20) == 4, "one case of each of two sites"
    assert timings(10, 20) == 4
    assert timings(10, 15) == 6


def test_a_model_that_was_changed_is_timed_anew(sites_of, tmp_path: Path):
    class Changed(FakeRanker):
        """The same name, another model."""

    kept, chosen = tmp_path / "times.jsonl", find_study("history-policy")
    lines = []
    for ranker in (FakeRanker(), Changed(), FakeRanker()):
        run_study(chosen, ["fake"], lambda _, ranker=ranker: sites_of(ranker), FEW, kept)
        lines.append(len(kept.read_bytes().splitlines()))
    assert lines == [lines[0], 2 * lines[0], 2 * lines[0]]


def test_an_interrupt_before_the_first_case_says_so(sites_of):
    with pytest.raises(BadRecord, match="no case was finished"):
        run_study(find_study("history-tokens"), ["fake"], lambda _: sites_of(CountingRanker(patience=0)), FEW)


def test_a_half_written_timing_is_dropped(tmp_path: Path):
    path = tmp_path / "times.jsonl"
    assert Times(path).of("a", lambda: 1.5) == 1.5
    with path.open("ab") as file:
        file.write(b'["b", 2')
    assert Times(path).of("a", lambda: 9.0) == 1.5
    assert Times(path).of("b", lambda: 3.0) == 3.0
    assert Times(path).of("b", lambda: 9.0) == 3.0


def test_no_case_for_a_study_is_told_with_the_reason(sites_of):
    asked = structs.replace(find_study("history-policy"), least_history=10_000)
    with pytest.raises(BadRecord, match=r"none of the data sets has a case for it: listings: 0 cases where 12"):
        run_study(asked, ["fake"], lambda _: sites_of(FakeRanker()), FEW)


# Files


def test_the_files_are_whole_and_need_no_network(report: StudyReport, tmp_path: Path):
    paths = {path.suffix: path for path in write_study(report, tmp_path / "new" / "out")}
    assert set(paths) == {".json", ".svg", ".png", ".html"}
    assert msgspec.json.decode(paths[".json"].read_bytes(), type=StudyReport) == report
    assert paths[".png"].read_bytes().startswith(b"\x89PNG")
    drawn = ElementTree.fromstring(paths[".svg"].read_text())
    words = " ".join(text for element in drawn.iter() if (text := element.text))
    for word in ("the language model alone", "history policy", "weighted", "seconds for one request", "listings"):
        assert word in words
    html = paths[".html"].read_text()
    assert "<table>" in html
    assert "currentColor" in html
    assert INK not in html
    links = {line for line in html.split('"') if line.startswith("http")}
    assert all(link.startswith(("http://www.w3.org", "http://purl.org", "http://creativecommons")) for link in links)
    assert "src=" not in html
    with pytest.raises(BadSettings, match="choose a folder"):
        write_study(report, paths[".json"])


def with_first(report: StudyReport, estimate: Estimate) -> StudyReport:
    """``report`` with another first figure."""
    first, *others = report.figures
    figures = {**first.figures, report.metric: estimate}
    return structs.replace(report, figures=(structs.replace(first, figures=figures), *others))


def test_a_value_outside_of_its_interval_is_drawn(report: StudyReport):
    for value in (0.1, 0.9):
        assert pictures(with_first(report, Estimate(value=value, low=0.2, high=0.8)))


def test_the_figures_are_kept_where_the_picture_fails(report: StudyReport, tmp_path: Path):
    odd = structs.replace(report, metric="a metric that has no label")
    with pytest.raises(KeyError):
        write_study(odd, tmp_path)
    assert msgspec.json.decode((tmp_path / "study-history-policy.json").read_bytes(), type=StudyReport) == odd


def test_the_same_report_gives_the_same_plot(report: StudyReport):
    assert pictures(report)[0] == pictures(report)[0]
    assert len(draw(report).axes) == 3


def test_words_from_outside_are_escaped(report: StudyReport):
    text = page(structs.replace(report, models=("<script>alert(1)</script>",)), pictures(report)[0])
    assert "<script>" not in text


def test_the_table_has_one_cell_a_heading(report: StudyReport, capsys: pytest.CaptureFixture[str]):
    for kind in report.kinds:
        rows = table_rows(report, kind.kind)
        assert [row[0] for row in rows] == ["newest", "relevant", "balanced", "weighted"]
        assert {len(row) for row in rows} == {len(headings(report))}
        assert {len(row) for row in table_rows(report, kind.kind, brief=True)} == {len(headings(report, brief=True))}
    show(report)
    printed = capsys.readouterr().out
    assert "each counting alike" in printed
    assert "weighted" in printed


# The command


@pytest.mark.weights
@pytest.mark.slow
def test_the_command_runs_from_files_to_files(tmp_path: Path):
    small = small_ranker("llama")
    small.model.config.max_position_embeddings = 2048  # prompts of the studies are longer than those of its own tests
    small.model.save_pretrained(tmp_path / "tiny")
    small.tokenizer._backend.save(str(tmp_path / "tiny" / "tokenizer.json"))
    for seed, name in enumerate(SITES["posts"]):
        made = write_coffee(tmp_path / str(seed), seed=seed) / "stackexchange_coffee"
        (tmp_path / "data").mkdir(exist_ok=True)
        made.rename(tmp_path / "data" / name)
    arguments = ["history-policy", "--model", str(tmp_path / "tiny"), "--dtype", "float32", "--kind", "posts"]
    arguments += ["--data", str(tmp_path / "data"), "--cache", str(tmp_path / "cache"), "--cases", "4"]
    result = CliRunner().invoke(study, [*arguments, "--out", str(tmp_path / "out"), "--json"])
    assert result.exit_code == 0, result.output
    found = json.loads(result.stdout)
    assert found["kinds"][0]["cases"] == 4
    assert len(list((tmp_path / "out").iterdir())) == 4


def test_mistakes_end_before_any_work(tmp_path: Path):
    with pytest.raises(UnknownName, match="history-policy"):
        CliRunner().invoke(study, ["history"], catch_exceptions=False)
    with pytest.raises(BadSettings, match="nowhere"):
        CliRunner().invoke(study, ["candidates", "--data", str(tmp_path / "nowhere")], catch_exceptions=False)


@pytest.mark.slow
@pytest.mark.weights
def test_the_real_model_on_a_real_site(shared_data: Path, tmp_path: Path):
    """Two settings on three cases; the same model behind longer texts reads more and takes longer."""
    from brewlite.ranker.torch_ranker import TorchRanker, TorchRankerConfig

    lengths = Study(
        name="lengths",
        about="-",
        axis="tokens",
        settings=(16, 64),
        arm=lambda tokens: Arm(prompt=PromptConfig(candidate_tokens=int(tokens)), candidates=20),
    )

    def opened(model: str) -> list[BenchSite]:
        ranker = TorchRanker.load(model, config=TorchRankerConfig(cache_bytes=0))
        return [open_site("stackexchange_beer", shared_data, tmp_path, KeptScores(ranker, tmp_path))]

    report = run_study(lengths, ["smollm2-135m"], opened, StudyConfig(cases=3))
    short, long = report.costs
    assert report.kinds[0].cases == 3
    assert short.candidate_tokens < long.candidate_tokens
    assert short.prefix_tokens == long.prefix_tokens
    assert short.seconds is not None
    assert long.seconds is not None
    assert short.seconds < long.seconds
