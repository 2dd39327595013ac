"""Experiments: one file, a grid, stages that are shared and resumed, one table."""

from __future__ import annotations

import json
import re
import shutil
import sqlite3
from datetime import UTC, datetime
from pathlib import Path

import msgspec
import pytest
from click.testing import CliRunner
from msgspec import structs
from openpyxl import load_workbook
from tiny_model import stays, write_model, write_site

from brewlite.adapter import load_adapter
from brewlite.cli.main import main
from brewlite.errors import BadSettings, StoreError
from brewlite.recommender import Recommender
from brewlite.store.runs import CurvePoint, Figure, RunRow, RunStore, StageRow
from brewlite.training.experiment import keys
from brewlite.training.experiment.file import check_keys, read_experiment
from brewlite.training.experiment.keys import adapter_digest, code_digest, model_digest
from brewlite.training.experiment.pages import page, spark, write_tables
from brewlite.training.experiment.run import Workshop, read_done
from brewlite.training.experiment.sites import OpenSites
from brewlite.training.experiment.stage import Outcome
from brewlite.training.experiment.stages import STAGES
from brewlite.training.experiment.table import ALL, BLEND, MODEL, differing, figure, table_of
from brewlite.training.fit import FitConfig

EXAMPLE = Path(__file__).resolve().parents[1] / "examples" / "experiment.toml"


def written(folder: Path, text: str) -> Path:
    path = folder / "experiment.toml"
    path.write_text(text)
    return path


# The file


def test_the_example_file_is_read_and_its_grid_shares_early_stages():
    read = read_experiment(EXAMPLE, STAGES)
    assert read.top.name == "first-look"
    assert len(read.points) == 4
    rates = [point.sections["fit"].learning_rate for point in read.points]
    assert rates == sorted(rates, reverse=True), "what comes early in the pipeline changes slowest"
    assert [point.sections["prune"].layers for point in read.points[:2]] == [(24,), (27, 24)]
    assert read.points[0].varied == {"fit.learning_rate": 6e-4, "prune.layers": [24]}


BASE = 'name = "x"\n[data]\nsites = ["site.db"]\n[fit]\nsteps = 3\n'


@pytest.mark.parametrize(
    ("text", "words"),
    [
        (BASE + "learning_rat = 1e-3", r"unknown key 'fit.learning_rat': did you mean 'learning_rate'\?"),
        (BASE + "[fitt]\nsteps = 3", r"unknown key 'fitt': did you mean 'fit'\?"),
        (BASE + "[fit.lora]\nrnk = 3", r"unknown key 'fit.lora.rnk': did you mean 'rank'\?"),
        (BASE + "[grid]\n'fit.stepz' = [1, 2]", r"unknown key 'fit.stepz': did you mean 'steps'\?"),
        (BASE + "[grid]\n'prune.layers' = [[2], [1]]", r"sweeps 'prune.layers', and there is no section \[prune\]"),
        (BASE + "[grid]\n'fit.steps' = 3", r"grid 'fit.steps' is 3: give a list of values"),
        (BASE + "[grid]\n'fit.steps' = [3, 'many']", r"fit.steps"),
        (BASE + "[grid]\n'fit.steps' = []", r"give a list of values"),
        (BASE + "[evaluate]\ncases = 0", r"\[evaluate\]: cases is 0"),
        (BASE + "kinds = ['clicks']", r"kinds names 'clicks': give one or more of warm, stated, log"),
        ('name = "x"\n[data]\nsites = ["jobs_views"]', r"'jobs_views' is kept out of training"),
        ('name = "x"\nfit = 3', r"'fit' is a section: write \[fit\]"),
        ("[fit]\nsteps = 3", r"name"),
        ("name = 'a/b'", r"without a slash"),
        ("name = ", r"not valid TOML"),
        (BASE + "[grid]\n'seed' = [" + ", ".join(map(str, range(501))) + "]", r"501 points, more than 500"),
    ],
)
def test_mistakes_in_the_file_name_the_key_and_the_mend(tmp_path, text, words):
    with pytest.raises(BadSettings, match=words):
        read_experiment(written(tmp_path, text), STAGES)


def test_a_missing_file_is_one_line(tmp_path):
    done = CliRunner().invoke(main, ["experiment", "run", str(tmp_path / "no.toml")])
    assert done.exit_code == 2
    assert "check the path" in done.output


def test_a_seed_at_the_top_is_every_sections(tmp_path):
    text = 'name = "x"\nseed = 7\n[data]\nsites = ["site.db"]\n[fit]\nsteps = 3\n[evaluate]\nseed = 1\n'
    (point,) = read_experiment(written(tmp_path, text), STAGES).points
    assert [point.sections[name].seed for name in ("data", "fit", "evaluate")] == [7, 7, 1]


def test_keys_are_checked_in_nested_sections_too():
    check_keys({"steps": 3}, FitConfig, "fit.", "here")
    with pytest.raises(BadSettings, match="known: steps"):
        check_keys({"zzzzzz": 3}, FitConfig, "fit.", "here")


# The whole pipeline


TEXT = """
name = "tiny"
model = "{folder}/tiny"
encoder = "none"

[data]
sites = ["{folder}/site.db"]
log = 60
held_out = 10

[fit]
steps = 12
step_tokens = 3000
learning_rate = 2e-2
warmup = 2
validate_every = 6
lora.rank = 4

[distil]
steps = 3
step_tokens = 3000
teachers = ["before"]

[prune]
layers = [1]
tokens = 6000
measured = 4
grain = 16
fit.step_tokens = 3000

[quantize]
kind = "int8"
cases = 12
allowed = 0.99

[evaluate]
cases = 20

[grid]
"prune.layers" = [[2], [1]]
"""


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    where = tmp_path_factory.mktemp("experiment")
    write_site(where / "site.db")
    write_model(where / "tiny")
    return where


@pytest.fixture(scope="module")
def ran(folder: Path) -> Path:
    """The folder after one run of the whole pipeline over a grid of two."""
    (folder / "experiment.toml").write_text(TEXT.format(folder=folder))
    done = run(folder, "experiment.toml")
    assert done.exit_code == 0, done.output
    return folder


def run(folder: Path, file: str, *more: str):
    command = ["experiment", "run", str(folder / file), "--work", str(folder / "work")]
    return CliRunner().invoke(main, [*command, "--cache", str(folder / "cache"), *more])


def runs_of(folder: Path) -> list[RunRow]:
    with RunStore(folder / "work" / "runs.db") as store:
        return store.runs()


def test_every_run_is_written_down_whole(ran):
    for row in runs_of(ran):
        assert row.state == "done"
        assert [stage.stage for stage in row.stages] == ["data", "fit", "distil", "prune", "quantize", "evaluate"]
        assert row.parameters["fit.learning_rate"] == 2e-2
        assert row.parameters["fit.clip"] == FitConfig().clip, "defaults are written down, too"
        assert row.code["version"]
        assert len(row.data) == 1
        fit = row.stages[1]
        assert [point.step for point in fit.curve] == list(range(1, 13))
        assert all(point.tokens_per_s > 0 for point in fit.curve)
        assert fit.curve[-1].loss < fit.curve[0].loss
        model, blend = figure(row, MODEL), figure(row, BLEND)
        assert model is not None
        assert blend is not None
        assert 0 < model.low <= model.value <= model.high <= 1
        assert {each.site for each in row.figures} == {ALL, "site"}


def test_points_share_what_is_equal(ran):
    first, second = runs_of(ran)
    keys = [[stage.key for stage in row.stages] for row in (first, second)]
    assert keys[0][:3] == keys[1][:3]
    assert all(one != two for one, two in zip(keys[0][3:], keys[1][3:], strict=True))
    assert [stage.shared for stage in first.stages] == [False] * 6
    assert [stage.shared for stage in second.stages] == [True] * 3 + [False] * 3
    assert {row.stages[3].facts["layers"] for row in (first, second)} == {1, 2}
    assert len(list((ran / "work" / "stages").glob("fit-*/done.json"))) == 1


def test_a_second_run_does_nothing_again(ran):
    before = {path: path.stat().st_mtime_ns for path in (ran / "work" / "stages").rglob("done.json")}
    done = run(ran, "experiment.toml", "--json")
    assert done.exit_code == 0
    assert [each["id"] for each in json.loads(done.stdout)] == [row.id for row in runs_of(ran)]
    assert {path: path.stat().st_mtime_ns for path in (ran / "work" / "stages").rglob("done.json")} == before


def test_a_stage_whose_result_is_damaged_is_done_anew(ran, tmp_path):
    shutil.copytree(ran / "work", tmp_path / "work")
    text = TEXT.format(folder=ran).split("[distil]")[0].replace('"tiny"', '"tiny, anew"', 1)
    (tmp_path / "experiment.toml").write_text(text)
    stages = tmp_path / "work" / "stages"
    (examples,) = stages.glob("data-*/examples.msgpack")
    (tensors,) = stages.glob("fit-*/model/differences.safetensors")
    before = tensors.read_bytes()
    examples.write_bytes(examples.read_bytes()[:20])
    tensors.write_bytes(before[:20])
    (tensors.parent / "manifest.json").unlink()
    command = ["experiment", "run", str(tmp_path / "experiment.toml"), "--work", str(tmp_path / "work"), "--json"]
    done = CliRunner().invoke(main, [*command, "--cache", str(ran / "cache")])
    assert done.exit_code == 0, done.output
    assert [stage["shared"] for stage in json.loads(done.stdout)[0]["stages"]] == [False, False]
    assert "data is done anew: the examples in" in done.stderr
    assert "fit is done anew: " in done.stderr
    assert tensors.read_bytes() == before


def test_one_changed_line_redoes_only_what_depends_on_it(ran):
    text = TEXT.format(folder=ran).split("[grid]")[0]
    text = text.replace("cases = 20", "cases = 10").replace('"tiny"', '"tiny, fewer cases"', 1)
    (ran / "second.toml").write_text(text)
    done = run(ran, "second.toml", "--json")
    assert done.exit_code == 0, done.output
    (row,) = json.loads(done.stdout)
    assert [stage["shared"] for stage in row["stages"]] == [True] * 5 + [False]


def test_the_table_shows_differences_only_and_the_best_first(ran):
    done = CliRunner().invoke(main, ["experiment", "show", "tiny", "--work", str(ran / "work")], env={"COLUMNS": "200"})
    assert done.exit_code == 0
    assert "prune.layers" in done.output
    assert "fit.learning_rate" not in done.output
    rows = json.loads(
        CliRunner().invoke(main, ["experiment", "show", "tiny", "--work", str(ran / "work"), "--json"]).stdout
    )
    table = table_of(msgspec.convert(rows, list[RunRow]))
    values = [figure(row.run, MODEL).value for row in table.rows]
    assert values == sorted(values, reverse=True)
    one = CliRunner().invoke(main, ["experiment", "show", rows[0]["id"], "--work", str(ran / "work")])
    assert "fit.learning_rate" in one.output
    assert "NDCG@10, blend" in one.output
    wrong = CliRunner().invoke(main, ["experiment", "show", "tinny", "--work", str(ran / "work")])
    assert wrong.exit_code == 2
    assert "known: tiny" in wrong.output


def test_the_page_stands_alone_and_the_workbook_holds_everything(ran):
    text = (ran / "work" / "runs.html").read_text()
    assert "color-scheme: light dark" in text
    assert "<polyline" in text
    assert not re.search(r"(?:src|href)=|https?://", text)
    book = load_workbook(ran / "work" / "runs.xlsx")
    assert book.sheetnames == ["Runs", "Figures", "Parameters", "Stages", "Curves"]
    heads = [cell.value for cell in book["Runs"][1]]
    assert "prune.layers" in heads
    assert book["Runs"].max_row >= 3
    assert book["Curves"].max_row > 12


def test_a_killed_fit_goes_on_where_it_was(folder, tmp_path):
    """Killed in the middle of the fit; the second call ends with the same losses as a run that was not."""

    class Killed(BaseException):
        pass

    def tell(name: str, done: int, total: int, note: str = "") -> None:
        if name == "fit: steps" and done == 6:
            raise Killed

    def quiet(name: str, done: int, total: int, note: str = "") -> None:
        seen.append((name, done))

    seen: list[tuple[str, int]] = []
    text = TEXT.format(folder=folder).split("[distil]")[0]
    saving = text.replace("validate_every", "save_seconds = 0.0\nvalidate_every")
    (tmp_path / "experiment.toml").write_text(saving)
    read = read_experiment(tmp_path / "experiment.toml", STAGES)
    whole = Workshop(tmp_path / "whole", STAGES, None, tmp_path / "cache", quiet, lambda runs: None)
    (straight,) = whole.run(read)
    whole.close()
    parts = Workshop(tmp_path / "parts", STAGES, None, tmp_path / "cache", tell, lambda runs: None)
    with pytest.raises(Killed):
        parts.run(read)
    assert parts.store.runs()[0].state == "running"
    parts.close()
    seen.clear()
    again = Workshop(tmp_path / "parts", STAGES, None, tmp_path / "cache", quiet, lambda runs: None)
    (resumed,) = again.run(read)
    assert len(again.store.runs()) == 1
    again.close()
    first = next(done for name, done in seen if name == "fit: steps")
    assert 0 < first < 12, "the fit was not begun anew"
    assert [stage.shared for stage in resumed.stages] == [True, False]
    assert [point.loss for point in resumed.stages[1].curve] == [point.loss for point in straight.stages[1].curve]


def test_a_run_that_fails_is_noted_and_the_next_one_begun(folder, tmp_path):
    """The data section makes no requests in words, so that the first point has nothing to learn from."""
    text = TEXT.format(folder=folder).split("[distil]")[0] + '[grid]\n"fit.kinds" = [["stated"], ["log"]]\n'
    (tmp_path / "experiment.toml").write_text(text)
    command = ["experiment", "run", str(tmp_path / "experiment.toml"), "--work", str(tmp_path / "work")]
    done = CliRunner().invoke(main, [*command, "--cache", str(tmp_path / "cache")], env={"COLUMNS": "200"})
    assert done.exit_code == 2
    assert "1 of 2 runs failed: there are no examples to learn from" in done.output
    with RunStore(tmp_path / "work" / "runs.db") as store:
        assert [(each.state, len(each.stages)) for each in store.runs()] == [("failed", 1), ("done", 2)]


def test_a_stage_without_examples_or_sites_says_what_is_missing(folder, tmp_path):
    for text, words in (
        ('name = "x"\nmodel = "{0}/tiny"\n[fit]\nsteps = 2', "add a section [data]"),
        ('name = "x"\nmodel = "{0}/tiny"\n[evaluate]\ncases = 2', "name them there, or add a section [data]"),
        ('name = "x"\nmodel = "{0}/none"\n[data]\nsites = ["{0}/site.db"]', "unknown model"),
        ('name = "x"\nmodel = "{0}/tiny"\n[data]\nsites = ["{0}/no.db"]', "there is no database"),
    ):
        path = tmp_path / "experiment.toml"
        path.write_text(text.format(folder))
        command = ["experiment", "run", str(path), "--work", str(tmp_path / "work")]
        done = CliRunner().invoke(main, [*command, "--cache", str(tmp_path / "cache")])
        assert done.exit_code == 2
        assert words in done.output


# What an outcome depends on


def test_other_tokens_other_examples(folder, tmp_path):
    """Models of one tokenizer share examples; one that cuts words otherwise has its own."""
    for name in ("same", "other"):
        shutil.copytree(folder / "tiny", tmp_path / name)
    write_model(tmp_path / "same", seed=1)
    tokenizer = tmp_path / "other" / "tokenizer.json"
    tokenizer.write_text(tokenizer.read_text().replace('"byte_fallback":', '"byte_fallback" :', 1))
    models = ", ".join(f'"{path}"' for path in (folder / "tiny", tmp_path / "same", tmp_path / "other"))
    text = TEXT.format(folder=folder).split("[fit]")[0] + f"[grid]\nmodel = [{models}]\n"
    (tmp_path / "experiment.toml").write_text(text)
    assert run(tmp_path, "experiment.toml").exit_code == 0
    keys = {Path(str(each.parameters["model"])).name: each.stages[0].key for each in runs_of(tmp_path)}
    assert keys["tiny"] == keys["same"] != keys["other"]
    begun = [model_digest(str(path)) for path in (folder / "tiny", tmp_path / "same", tmp_path / "other")]
    assert len(set(begun)) == 3


def test_the_shipped_weights_and_every_stages_files_count(tmp_path, monkeypatch):
    for stage in STAGES:
        assert code_digest(stage.code)
    shutil.copytree(keys.PACKAGE / "blend", tmp_path / "blend")
    monkeypatch.setattr(keys, "PACKAGE", tmp_path)
    before = code_digest.__wrapped__(("blend",))
    shipped = tmp_path / "blend" / "shipped.json"
    shipped.write_text(shipped.read_text() + " ")
    assert code_digest.__wrapped__(("blend",)) != before


def test_what_examples_come_from_is_what_the_recipe_keeps_them_by():
    """Every module of the package that takes part when examples are made."""
    stages = {stage.name: stage.code for stage in STAGES}
    for needed in ("evaluation/suite/site.py", "evaluation/splits.py", "training/lists.py", "adapter", "store"):
        assert needed in stages["data"]
        assert needed in keys.OF_EXAMPLES
    assert {"ranker", "training/experiment/student.py"} <= {*stages["fit"]} & {*stages["distil"]} & {*stages["prune"]}
    assert {"recommender", "evaluation/suite/site.py", "evaluation/metrics.py"} <= {*stages["evaluate"]}


def test_what_an_adapter_declares_counts():
    adapter = load_adapter("realestate")
    assert adapter_digest(adapter) == adapter_digest(load_adapter("realestate"))
    weighty = [structs.replace(action, weight=0.77) for action in adapter.actions]
    assert adapter_digest(structs.replace(adapter, actions=tuple(weighty))) != adapter_digest(adapter)
    assert adapter_digest(structs.replace(adapter, refine=re.compile("a").sub)) != adapter_digest(adapter)
    ruled = structs.replace(adapter, rule=lambda item, at: True)
    assert adapter_digest(ruled) != adapter_digest(adapter)


def test_databases_of_one_name_are_two_sites(tmp_path):
    for name in ("a", "b"):
        (tmp_path / name).mkdir()
        write_site(tmp_path / name / "site.db")
    with Recommender.open(tmp_path / "b" / "site.db", ranker=None, encoder=None) as site:
        site.record(structs.replace(stays()[0], action="view"))
    sites = OpenSites(None, tmp_path, "none")
    try:
        one, other = (sites.site(str(tmp_path / name / "site.db")) for name in ("a", "b"))
        assert one.name == "site"
        assert re.fullmatch("site-[0-9a-f]{4}", other.name)
        assert sites.digest(str(tmp_path / "a" / "site.db")) != sites.digest(str(tmp_path / "b" / "site.db"))
        assert one.digest != other.digest
    finally:
        sites.close()


class Fragile:
    """A stage that can come apart."""

    class Section(msgspec.Struct, frozen=True, kw_only=True):
        whole: bool

    name, section, reads, makes, code = "fragile", Section, (), None, ()

    def sites(self, section, of_data):
        return ()

    def models(self, section):
        return ()

    def run(self, section, inputs, where, sites, tell):
        if not section.whole:
            raise RuntimeError("a tensor of another shape\nand where that was")
        return Outcome(facts={"whole": True})


def test_no_error_of_one_point_ends_the_others(folder, tmp_path):
    text = f'name = "x"\nmodel = "{folder}/tiny"\n[fragile]\n[grid]\n"fragile.whole" = [false, true]\n'
    workshop = Workshop(tmp_path / "work", [Fragile()], None, tmp_path, lambda *told: None, lambda runs: None)
    try:
        failed, done = workshop.run(read_experiment(written(tmp_path, text), [Fragile()]))
    finally:
        workshop.close()
    assert (failed.state, failed.why) == ("failed", "RuntimeError: a tensor of another shape")
    assert done.state == "done"
    (kept,) = (tmp_path / "work" / "stages").glob("fragile-*/done.json")
    assert read_done(kept.parent) is not None
    kept.write_bytes(kept.read_bytes()[:20])
    assert read_done(kept.parent) is None, "it is done anew"


def test_a_folder_that_cannot_be_written_is_told(folder, tmp_path):
    (tmp_path / "taken").write_text("a file")
    written(tmp_path, TEXT.format(folder=folder))
    command = ["experiment", "run", str(tmp_path / "experiment.toml"), "--work", str(tmp_path / "taken" / "work")]
    done = CliRunner().invoke(main, command)
    assert done.exit_code == 2
    assert "name another folder with --work" in done.output


# The table and the store


STEPS = (CurvePoint(step=1, loss=2.0, tokens_per_s=10.0), CurvePoint(step=2, loss=1.0, tokens_per_s=30.0))


def row(id_: str, value: float | None, **parameters) -> RunRow:
    """A run that is done, or one that failed for want of a ``value``."""
    fit = StageRow(stage="fit", key=f"k{id_}", seconds=60.0, shared=False, facts={"x": [1, None]}, curve=STEPS)
    failed = value is None
    return RunRow(
        id=id_, experiment="e", state="failed" if failed else "done", why="=1+1" if failed else "",
        code={"version": "1"}, parameters=parameters, data={}, machine="m", started=datetime(2026, 1, 1, tzinfo=UTC),
        figures=() if failed else (Figure(site=ALL, metric=MODEL, value=value),), stages=(fit,),
    )  # fmt: skip


def test_only_what_differs_is_a_column():
    rows = [row("a", 0.1, x=1, y=2), row("b", 0.3, x=1, y=3), row("c", None, x=1, y=3, z=True)]
    assert differing(rows) == ("y", "z")
    table = table_of(rows)
    assert [(each.place, each.run.id) for each in table.rows] == [(1, "b"), (2, "a"), (None, "c")]
    assert table.rows[2].said == ("3", "true")


def test_texts_in_the_tables_stay_texts(tmp_path):
    rows = [row("a", 0.1, x="=cmd()", y="<b>"), row("c", None, x="1", y="2")]
    write_tables(rows, tmp_path)
    sheet = load_workbook(tmp_path / "runs.xlsx")["Runs"]
    cells = [cell for line in sheet.iter_rows() for cell in line if cell.value in ("=cmd()", "=1+1")]
    assert len(cells) == 2
    assert all(cell.data_type == "s" for cell in cells)
    assert "&lt;b&gt;" in page(rows)
    assert "<b>" not in page(rows)


def test_a_curve_of_one_step_draws_nothing():
    one = CurvePoint(step=1, loss=2.0, tokens_per_s=10.0)
    assert spark([one], "fit") == ""
    flat = spark([one, CurvePoint(step=2, loss=2.0, tokens_per_s=1.0)], "fit")
    assert "nan" not in flat
    assert flat.count("<polyline") == 1


def test_what_is_put_comes_back_and_replaces(tmp_path):
    with RunStore(tmp_path / "runs.db") as store:
        store.put(row("a", None, x=1))
        store.put(row("a", 0.5, x=1))
        store.put(row("b", 0.4, x=[1, 2]))
    with RunStore(tmp_path / "runs.db") as store:
        assert store.runs() == [row("a", 0.5, x=1), row("b", 0.4, x=[1, 2])]
        assert store.runs("other") == []
        assert store.run("b") == row("b", 0.4, x=[1, 2])
        assert store.run("c") is None


def test_a_file_of_another_layout_or_kind_is_refused(tmp_path):
    RunStore(tmp_path / "runs.db").close()
    with sqlite3.connect(tmp_path / "runs.db") as connection:
        connection.execute("UPDATE layout SET number = 99")
    connection.close()
    with pytest.raises(StoreError, match="layout 99"):
        RunStore(tmp_path / "runs.db")
    (tmp_path / "text.db").write_text("no database at all, but long enough to be taken for one by its size " * 20)
    with pytest.raises(BadSettings, match="no SQLite database"):
        RunStore(tmp_path / "text.db")
