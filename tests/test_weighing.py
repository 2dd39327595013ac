"""What a checkpoint is asked before the blend is advised about it, and what is written down."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest
from conftest import HashEncoder
from msgspec import structs
from tiny_llama import tiny_base

from brewlite.blend import advised
from brewlite.errors import BadSettings
from brewlite.evaluation.suite.kept import KeptScores
from brewlite.evaluation.suite.site import BenchSite
from brewlite.ranker import load_ranker
from brewlite.ranker.checkpoint import LoraShape, Manifest, read_differences, read_manifest, save_checkpoint
from brewlite.testing import FakeRanker
from brewlite.training.lora import LoraConfig, lora_state
from brewlite.training.made_jobs import made_jobs
from brewlite.training.start import student_from
from brewlite.training.weighing import WeighingConfig, heard_choices, heard_requests, heard_whole, weigh_checkpoint
from brewlite.weights.folder import tensors_sha256

CONFIG = WeighingConfig(cases=50, whole=20, requests=8)


@pytest.fixture(scope="module")
def jobs(tmp_path_factory: pytest.TempPathFactory) -> Iterator[BenchSite]:
    site = made_jobs(tmp_path_factory.mktemp("jobs"), HashEncoder(), items=260, visitors=160)
    yield site
    site.recommender.close()


def test_choices_are_heard_in_the_order_of_their_candidates(jobs: BenchSite, tmp_path: Path):
    heard = list(heard_choices(jobs, KeptScores(FakeRanker(), tmp_path), CONFIG))
    assert len(heard) == 50
    assert all(len(each.first) == len(each.log_odds) > each.chosen for each in heard)
    assert not any(each.asked for each in heard)
    above = [np.mean(each.first[each.chosen] >= each.first) for each in heard]
    assert np.mean(above) > 0.55, "the simple signals put what was chosen above the middle"


def test_the_made_up_site_has_a_log_to_learn_from_as_any_other(jobs: BenchSite, tmp_path: Path):
    heard = list(heard_choices(jobs, KeptScores(FakeRanker(), tmp_path), CONFIG))
    assert any(not np.allclose(each.first, each.shipped) for each in heard)


def test_choices_from_the_whole_catalog_are_heard_of_what_is_proposed(jobs: BenchSite, tmp_path: Path):
    heard = list(heard_whole(jobs, KeptScores(FakeRanker(), tmp_path), CONFIG))
    assert 0 < len(heard) <= 20
    most = jobs.recommender.config.retrieval.candidates
    assert all(len(each.first) == len(each.shipped) == len(each.log_odds) <= most for each in heard)
    assert all(each.alike == 0.0 and not each.asked for each in heard), "nobody pinned a list"
    above = [np.mean(each.shipped[each.chosen] >= each.shipped) for each in heard]
    assert np.mean(above) > 0.55
    alike = [each.alike for each in heard_choices(jobs, KeptScores(FakeRanker(), tmp_path), CONFIG)]
    assert np.mean(alike) > 0.5


def test_of_a_request_only_one_candidate_answers_it(jobs: BenchSite, tmp_path: Path):
    heard = list(heard_requests(jobs, KeptScores(FakeRanker(), tmp_path), CONFIG))
    assert len(heard) >= 4
    assert all(each.kind == "requests" and each.chosen == 0 and 2 <= len(each.first) <= 5 for each in heard)
    assert any(each.asked for each in heard)
    assert len({each.visitor for each in heard}) == len(heard)


def test_what_was_learned_is_written_into_the_checkpoint(jobs: BenchSite, tmp_path: Path):
    base, folder = tiny_base(tmp_path / "tiny", layers=2), tmp_path / "taught"
    student, _ = student_from(base, LoraConfig(rank=2, alpha=4.0))
    manifest = Manifest(
        name="taught", base=str(base), base_sha256=tensors_sha256(base), lora=LoraShape(rank=2, alpha=4.0)
    )
    save_checkpoint(folder, manifest, lora_state(student.decoder))
    before = read_differences(folder)
    found = weigh_checkpoint(str(folder), [jobs], tmp_path / "kept", CONFIG)
    told = read_manifest(folder)
    both = {"model": found.learned.weights, "model without a log": found.unlearned.weights}
    assert told.blend == {name: structs.asdict(weights) for name, weights in both.items()}
    assert load_ranker(folder).advice == told.blend
    assert told.figures["beside the simple signals"]["cases"] == found.learned.cases
    for learned, weights in zip((True, False), both.values(), strict=True):
        assert advised(told.blend, learned) == weights
    assert advised({"model": told.blend["model"]}, learned=False) == found.learned.weights
    assert all((before[name] == tensor).all() for name, tensor in read_differences(folder).items())


def test_what_may_not_be_learned_from_is_not_asked(jobs: BenchSite, tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    with pytest.raises(BadSettings, match="no checkpoint"):
        weigh_checkpoint(str(tmp_path), [jobs], tmp_path, CONFIG)
    base, folder = tiny_base(tmp_path / "tiny", layers=2), tmp_path / "taught"
    save_checkpoint(folder, Manifest(name="taught", base=str(base), base_sha256=tensors_sha256(base)), {})
    monkeypatch.setattr(jobs, "data", structs.replace(jobs.data, trained=False))
    with pytest.raises(BadSettings, match="kept out of training"):
        weigh_checkpoint(str(folder), [jobs], tmp_path, CONFIG)
