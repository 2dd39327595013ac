"""Smaller rankers: cut and healed by way of a teacher, three ways at one price, resumed where they were killed."""

from __future__ import annotations

import copy
from collections.abc import Iterator
from functools import cache
from pathlib import Path

import msgspec
import numpy as np
import pytest
import torch
from click.testing import CliRunner
from conftest import HashEncoder
from made_up_data import write_coffee
from msgspec import structs
from test_attention import byte_tokenizer
from transformers import LlamaConfig, LlamaForCausalLM

from brewlite.cli.main import main
from brewlite.errors import BadSettings
from brewlite.evaluation.suite.datasets import open_site
from brewlite.evaluation.suite.site import BenchSite
from brewlite.ranker.checkpoint import read_manifest
from brewlite.ranker.structure import cut, sizes_of
from brewlite.ranker.torch_ranker import TorchRanker
from brewlite.training.distil import UNHEALED, WAYS, WHOLE, Judge, only_labels, report_of, save_shape, three_ways
from brewlite.training.distil_report import DistilReport, table
from brewlite.training.experiment.student import given
from brewlite.training.fit import Example, FitConfig
from brewlite.training.lists import ListConfig, lessons
from brewlite.training.lora import LoraConfig, add_lora, lora_state
from brewlite.training.prune import Schedule, Target, plan
from brewlite.training.shrinking import (
    Shape,
    ShrinkConfig,
    after_cut,
    importance_of,
    ranker_of,
    shrink,
    student_of,
    widened,
)
from brewlite.training.smaller import prune_model, teacher_of
from brewlite.training.teachers import RankerTeacher, teach

CONFIG = LlamaConfig(
    vocab_size=300, hidden_size=32, intermediate_size=48, num_hidden_layers=4, num_attention_heads=4,
    num_key_value_heads=2, max_position_embeddings=2048, initializer_range=0.25, pad_token_id=0, bos_token_id=1,
    eos_token_id=2,
)  # fmt: skip
LISTS = ListConfig(chosen=16, stated=6, served=16)
SHRINK = ShrinkConfig(
    tokens=60_000,
    fit=FitConfig(step_tokens=4000, learning_rate=1e-2, warmup=2, teacher=0.95, save_seconds=0.0),
    rank=4,
    measured=6,
    grain=12,
)
SCHEDULE = Schedule.even((3, 2), neurons=0.5)


def load():
    torch.manual_seed(5)
    return LlamaForCausalLM(copy.deepcopy(CONFIG)), byte_tokenizer()


@cache
def large() -> Shape:
    """A large ranker that has learned something: its differences are not nothing."""
    student = student_of(load, Shape(lora=LoraConfig(rank=2, alpha=4.0)))
    generator = torch.Generator().manual_seed(1)
    for tensor in lora_state(student.decoder).values():
        tensor += 0.05 * torch.randn(tensor.shape, generator=generator)
    return Shape(lora=LoraConfig(rank=2, alpha=4.0), differences=lora_state(student.decoder))


@pytest.fixture(scope="module")
def coffee(tmp_path_factory: pytest.TempPathFactory) -> Iterator[BenchSite]:
    data, cache_folder = (tmp_path_factory.mktemp(name) for name in ("data", "cache"))
    site = open_site("stackexchange_coffee", write_coffee(data), cache_folder, encoder=HashEncoder())
    yield site
    site.recommender.close()


@pytest.fixture(scope="module")
def examples(coffee: BenchSite) -> list[Example]:
    asked = lessons([coffee], byte_tokenizer(), LISTS)
    return teach(asked, RankerTeacher(ranker_of(load, large(), "large")))


# One student


def scores(ranker: TorchRanker, shown: list[Example]) -> np.ndarray:
    return np.concatenate([ranker.score(example.prompt).log_odds for example in shown[:4]])


def test_what_was_learned_survives_the_cut(examples: list[Example]):
    shape = large()
    planned = plan(importance_of(load, shape, [e.prompt for e in examples], SHRINK), 3, 0.5, 1, grain=8)
    merged = ranker_of(load, shape, "large").model
    cut(merged, planned)
    smaller = after_cut(load, shape, planned)
    np.testing.assert_allclose(
        scores(ranker_of(load, smaller, "small"), examples),
        scores(TorchRanker(merged, byte_tokenizer(), "cut"), examples),
        atol=1e-4,
    )
    again = after_cut(load, smaller, plan(importance_of(load, smaller, [examples[0].prompt], SHRINK), 2))
    assert set(again.structure.layers) < set(planned.layers)
    assert again.structure.neurons[0] in planned.neurons


def test_more_room_to_learn_changes_nothing_yet(examples: list[Example]):
    wide = widened(large(), 7)
    assert (wide.lora.rank, wide.lora.alpha / 7) == (7, 2.0)
    np.testing.assert_allclose(
        scores(ranker_of(load, wide, "wide"), examples), scores(ranker_of(load, large(), "large"), examples), atol=1e-4
    )
    assert widened(large(), 1) is large()
    student = student_of(load, wide)
    assert {n: t.shape for n, t in lora_state(student.decoder).items()} == {
        n: t.shape for n, t in wide.differences.items()
    }
    assert len(add_lora(load()[0].model, wide.lora)) == len(wide.differences)


def test_parts_that_learned_nothing_yet_are_healed_too(examples: list[Example]):
    upper = {name: tensor for name, tensor in large().differences.items() if not name.startswith("layers.0.")}
    shape = structs.replace(large(), differences=upper)
    student = student_of(load, shape)
    assert lora_state(student.decoder).keys() == large().differences.keys()
    assert not lora_state(student.decoder)["layers.0.mlp.up_proj.lora_up"].any()
    with torch.no_grad():
        own = np.concatenate([student.log_odds([example.prompt])[0].numpy() for example in examples[:4]])
    np.testing.assert_allclose(own, scores(ranker_of(load, shape, "upper"), examples), atol=1e-4)
    strange = {**upper, "layers.7.mlp.up_proj.lora_up": torch.zeros(48, 2)}
    with pytest.raises(BadSettings, match=r"layers\.7"):
        student_of(load, structs.replace(large(), differences=strange))


class Killed(Exception):
    pass


def test_a_killed_run_ends_with_the_same_bits(examples: list[Example], tmp_path: Path):
    whole, rounds = shrink(load, large(), SCHEDULE, examples, SHRINK, tmp_path / "whole")

    def kill(what: str, done: int, total: int) -> None:
        if what.startswith("round 2") and what.endswith("steps") and done == 2:
            raise Killed

    with pytest.raises(Killed):
        shrink(load, large(), SCHEDULE, examples, SHRINK, tmp_path / "parts", kill)
    measured = []
    resumed, again = shrink(
        load, large(), SCHEDULE, examples, SHRINK, tmp_path / "parts", lambda what, *_: measured.append(what)
    )
    assert not any("importance" in what for what in measured), "what was measured is not measured again"
    assert resumed.structure == whole.structure
    assert all(torch.equal(resumed.differences[name], whole.differences[name]) for name in whole.differences)
    assert [one.losses for one in again] == [one.losses for one in rounds]
    with pytest.raises(BadSettings, match="holds a cut to"):
        shrink(load, large(), Schedule.even((3, 1), neurons=0.5), examples, SHRINK, tmp_path / "parts")


def test_rounds_are_told_as_they_were(examples: list[Example], tmp_path: Path):
    end, (first, second) = shrink(load, large(), SCHEDULE, examples, SHRINK, tmp_path)
    assert (first.layers, second.layers) == (3, 2)
    assert (first.neurons, second.neurons) == (36, 24), "of 48: three quarters, then a half"
    assert len(first.dropped) == len(second.dropped) == 1
    assert set(end.structure.layers) | {*first.dropped, *second.dropped} == {0, 1, 2, 3}
    steps = round(SHRINK.tokens / 2 / SHRINK.fit.step_tokens)
    assert len(first.losses) == len(second.losses) == steps, "half of the tokens to each round, a loss a step"
    model, _ = load()
    cut(model, end.structure)
    assert sizes_of(model).neurons == (24, 24)


def test_settings_that_ask_nothing_are_refused():
    with pytest.raises(BadSettings, match="tokens is 0"):
        ShrinkConfig(tokens=0)


# Three ways


@pytest.fixture(scope="module")
def told(coffee: BenchSite, examples: list[Example], tmp_path_factory: pytest.TempPathFactory):
    made, rounds = three_ways(load, large(), SCHEDULE, examples, SHRINK, tmp_path_factory.mktemp("ways"))
    judge = Judge([coffee], 12)
    return made, report_of(load, large(), made, rounds, judge, SCHEDULE, SHRINK, examples, "large")


def gap(shape: Shape, shown: list[Example]) -> float:
    """Mean KL from the teacher's distribution over each list to the ranker's."""
    ranker, gaps = ranker_of(load, shape, "any"), []
    for example in shown:
        one = torch.log_softmax(torch.tensor(example.teacher, dtype=torch.float64), 0)
        two = torch.log_softmax(torch.tensor(ranker.score(example.prompt).log_odds, dtype=torch.float64), 0)
        gaps.append(float((one.exp() * (one - two)).sum()))
    return float(np.mean(gaps))


def test_all_ways_read_as_many_tokens(told):
    _, report = told
    spent = {row.name: row.tokens for row in report.rows if row.rounds}
    assert spent.keys() == set(WAYS.values())
    assert max(spent.values()) <= SHRINK.tokens
    assert min(spent.values()) > 0.75 * SHRINK.tokens, "a step ends before a list that does not fit any more"
    assert [len(row.rounds) for row in report.rows] == [0, 0, 2, 1, 1]


def test_healing_brings_the_student_nearer_to_its_teacher(told, examples: list[Example]):
    made, _ = told
    before = gap(made[UNHEALED], examples)
    assert gap(made["one jump"], examples) < 0.95 * before
    assert gap(made["step by step"], examples) < 0.95 * before


def test_the_direct_way_owes_nothing_to_the_large_one(examples: list[Example], tmp_path: Path, told):
    made, _ = told
    other = [structs.replace(e, teacher=tuple(-score for score in e.teacher)) for e in examples]
    nothing_learned = structs.replace(large(), differences={})
    again, _ = three_ways(load, nothing_learned, SCHEDULE, other, SHRINK, tmp_path, ["direct"])
    mine, theirs = made["directly from labels"], again["directly from labels"]
    assert mine.structure == theirs.structure
    assert all(torch.equal(mine.differences[name], theirs.differences[name]) for name in mine.differences)
    assert all(example.gains and not example.teacher for example in only_labels(examples))
    silent = [e for e in examples if not e.gains]
    with pytest.raises(BadSettings, match="direct way"):
        three_ways(load, large(), SCHEDULE, silent, SHRINK, tmp_path / "none", ["direct"])


def test_the_report_is_whole(told):
    made, report = told
    assert [row.name for row in report.rows] == [WHOLE, UNHEALED, *WAYS.values()]
    assert made.keys() == {UNHEALED, *WAYS.values()}
    first, *small = report.rows
    assert (first.ratio, first.less.value, first.layers) == (1.0, 0.0, 4)
    assert first.parameters - first.layer_parameters == 2 * 300 * 32 + 32, "embedding, head and the last norm"
    for row in small:
        assert row.layers == 2
        assert row.layer_parameters < 0.4 * first.layer_parameters
        assert row.less.value == pytest.approx(row.ndcg.value - first.ndcg.value)
        assert 0 < row.ndcg.value < 1
    assert [(pair.way, pair.other) for pair in report.differences] == [
        ("step by step", "one jump"), ("step by step", "directly from labels"), ("one jump", "directly from labels"),
    ]  # fmt: skip
    assert msgspec.json.decode(msgspec.json.encode(report), type=DistilReport) == report
    words = table(report)
    assert all(f"| {row.name} |" in words for row in report.rows)
    assert "stackexchange_coffee" in words


# Folders and commands


@pytest.fixture(scope="module")
def base(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The tiny model as a folder of weights."""
    folder = tmp_path_factory.mktemp("base")
    model, tokenizer = load()
    model.save_pretrained(folder)
    tokenizer._backend.save(str(folder / "tokenizer.json"))
    return folder


@pytest.fixture(scope="module")
def checkpoint(base: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The large ranker as a checkpoint of it."""
    folder = tmp_path_factory.mktemp("made") / "large"
    save_shape(folder, given(str(base)).manifest, large(), {}, {})
    return folder


@pytest.fixture
def db(coffee: BenchSite) -> str:
    return str(coffee.recommender.store.file)


def run(*args: str):
    return CliRunner().invoke(main, ["models", *args])


def test_a_checkpoint_loads_as_what_was_saved(base: Path, examples: list[Example], tmp_path: Path):
    smaller = after_cut(
        load, large(), plan(importance_of(load, large(), [examples[0].prompt], SHRINK), 2, 0.5, grain=8)
    )
    folder = tmp_path / "small"
    written = save_shape(folder, given(str(base)).manifest, smaller, {"way": "test"}, {"ndcg": 0.5})
    assert (written.name, written.recipe["smaller"]) == ("small", {"way": "test"})
    loaded = TorchRanker.load(folder, dtype="float32")
    assert loaded.model.config.num_hidden_layers == 2
    want = scores(ranker_of(load, smaller, "small"), examples)
    np.testing.assert_allclose(scores(loaded, examples), want, atol=0.05)  # differences are kept in bfloat16
    back = given(str(folder))
    assert back.shape.structure == smaller.structure
    assert back.shape.lora.rank == smaller.lora.rank


def test_pruning_by_command(checkpoint: Path, db: str, tmp_path: Path):
    out = tmp_path / "pruned"
    said = run(
        *("prune", str(checkpoint), "--out", str(out), "--layers", "3", "--neurons", "0.5", "--grain", "8"),
        *("--site", db, "--encoder", "none", "--prompts", "6", "--json"),
    )
    assert said.exit_code == 0, said.output
    report = msgspec.json.decode(said.stdout)
    assert len([layer for layer in report["layers"] if layer["kept"]]) == 3
    assert report["after"]["neurons"] == [24, 24, 24]
    manifest = read_manifest(out)
    assert len(manifest.structure.layers) == 3
    assert manifest.lora is not None
    again = run("prune", str(out), "--out", str(tmp_path / "twice"), "--heads", "1", "--site", db, "--encoder", "none")
    assert again.exit_code == 0, again.output
    assert "3 -> 3 layers" in again.output
    assert set(read_manifest(tmp_path / "twice").structure.layers) == set(manifest.structure.layers)


@pytest.mark.slow
def test_distilling_by_command(checkpoint: Path, db: str, tmp_path: Path):
    command = (
        *("distil", str(checkpoint), "--out", str(tmp_path / "out"), "--layers", "3,2", "--way", "steps"),
        *("--way", "jump", "--tokens", "12000", "--step-tokens", "3000", "--rank", "4", "--site", db),
        *("--encoder", "none", "--chosen", "8", "--stated", "0", "--served", "8", "--cases", "4", "--prompts", "4"),
        *("--cache", str(tmp_path / "cache"), "--teacher", str(checkpoint), "--teacher", "similarity=0.5"),
    )
    said = run(*command)
    assert said.exit_code == 0, said.output
    assert "step by step less one jump" in said.output
    assert sorted(path.name for path in (tmp_path / "out").iterdir()) == [
        "jump",
        "report.json",
        "report.md",
        "run",
        "steps",
    ]
    assert read_manifest(tmp_path / "out" / "steps").figures["layers"] == 2
    assert "similarity" in read_manifest(tmp_path / "out" / "steps").recipe["smaller"]["teacher"]
    assert list((tmp_path / "cache" / "teachers").iterdir())
    before = msgspec.json.decode((tmp_path / "out" / "report.json").read_bytes(), type=DistilReport)
    again = run(*command, "--json")
    assert again.exit_code == 0, again.output
    after = msgspec.json.decode(again.stdout, type=DistilReport)
    assert [row.ndcg for row in after.rows] == [row.ndcg for row in before.rows]
    assert [row.rounds for row in after.rows] == [row.rounds for row in before.rows], "nothing was learned twice"
    other = run(*command, "--rate", "0.1")
    assert other.exit_code == 2
    assert "holds a run with other settings" in other.output


@pytest.mark.parametrize(
    ("args", "said"),
    [
        (("distil", "--layers", "24,many"), "24,many"),
        (("distil", "--teacher", "similarity=much"), "similarity=much"),
        (("distil", "--layers", "12,18"), "keeps more than the step before"),
        (("distil", "--site", "nowhere.db"), "nowhere.db"),
        (("prune", "--site", "nowhere.db"), "nowhere.db"),
        (("prune", "--site", "nosuch", "--data", "."), "nosuch"),
    ],
)
def test_a_mistake_is_named_in_one_line(args, said, tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.chdir(tmp_path)
    told = run(*args, "--out", "out")
    assert told.exit_code == 2
    assert said in told.output
    assert "Traceback" not in told.output
    assert not list(tmp_path.iterdir()), "nothing is written"


def test_a_model_that_cannot_be_cut_so_is_named(checkpoint: Path, coffee: BenchSite, tmp_path: Path):
    with pytest.raises(BadSettings, match="layers is 9: the model has 4"):
        prune_model(str(checkpoint), tmp_path / "out", Target(layers=9), [coffee], LISTS, SHRINK)
    assert not (tmp_path / "out").exists()


def test_a_teacher_is_named_once(coffee: BenchSite, tmp_path: Path):
    with pytest.raises(BadSettings, match="named twice"):
        teacher_of([("similarity", 1.0), ("similarity", 2.0)], [coffee], tmp_path)
    assert teacher_of([("similarity", 1.0)], [coffee], tmp_path).name == "similarity-hash-64"
