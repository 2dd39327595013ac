"""Quantized decoders, and the gate that keeps the bad ones out."""

from __future__ import annotations

import json
from collections.abc import Iterator, Sequence
from pathlib import Path
from types import SimpleNamespace

import numpy as np
import pytest
import torch
from click.testing import CliRunner
from msgspec import structs
from test_attention import byte_tokenizer
from tiny_model import write_model, write_site
from transformers import LlamaConfig, LlamaForCausalLM

from brewlite import load_ranker
from brewlite.cli.main import main
from brewlite.errors import BadSettings
from brewlite.evaluation.suite.kept import fingerprint
from brewlite.evaluation.suite.site import BenchSite
from brewlite.ranker import Floats, Ranker, Scores
from brewlite.ranker.checkpoint import read_differences, read_manifest
from brewlite.ranker.quantized import KINDS, quantize_, weight_bytes
from brewlite.ranker.reference import one_at_a_time
from brewlite.ranker.torch_ranker import TorchRanker
from brewlite.records import RankingPrompt
from brewlite.training.answers import answers, validation_cases
from brewlite.training.examples import log_examples
from brewlite.training.experiment.sites import own_site
from brewlite.training.experiment.student import begun, save_student
from brewlite.training.fit import FitConfig, Fitting
from brewlite.training.lora import LoraConfig
from brewlite.training.quantize import GateConfig, gate, quantize_model
from brewlite.weights import locate

PROMPT = RankingPrompt(prefix=tuple(range(10, 60)), candidates=((70, 71), (80, 81, 82), (90,), (91, 92)))


def small_llama() -> LlamaForCausalLM:
    """As wide as blocks of 64 weights and rows of 8 bits want it."""
    torch.manual_seed(7)
    config = LlamaConfig(
        vocab_size=300, hidden_size=128, intermediate_size=256, num_hidden_layers=3, num_attention_heads=4,
        num_key_value_heads=2, max_position_embeddings=256, initializer_range=0.1, tie_word_embeddings=True,
    )  # fmt: skip
    return LlamaForCausalLM(config)


def spread(kind: str | None) -> np.ndarray:
    model = small_llama()
    if kind is not None:
        quantize_(model, kind)
    return TorchRanker(model, byte_tokenizer(), "small").score(PROMPT).log_odds


# The layers


@pytest.mark.parametrize(("kind", "nearness"), [("int8", 0.2), ("nf4", 1.0)])
def test_scores_stay_near_those_of_the_whole_weights(kind, nearness):
    whole, quantized = spread(None), spread(kind)
    assert np.abs(quantized - whole).max() < nearness * whole.std()
    assert np.abs(quantized - whole).max() > 0, "the layers are quantized indeed"


@pytest.mark.parametrize("kind", KINDS)
def test_shared_prefix_attention_gives_what_one_pass_a_candidate_gives(kind):
    model = small_llama()
    quantize_(model, kind)
    ranker = TorchRanker(model, byte_tokenizer(), "small")
    whole = spread(None)
    # Activations are rounded token by token, so a packed row and a row of its own round alike.
    np.testing.assert_allclose(ranker.score(PROMPT).log_odds, one_at_a_time(ranker, PROMPT), atol=0.02 * whole.std())


@pytest.mark.parametrize("kind", KINDS)
def test_a_quantized_16_bit_decoder_keeps_the_order(kind):
    """As on a machine that computes in bfloat16, with the sum over the layers in float32."""
    model = small_llama().to(torch.bfloat16)
    quantize_(model, kind)
    scores = TorchRanker(model, byte_tokenizer(), "small").score(PROMPT)
    assert scores.log_odds.dtype == np.float32
    assert np.argmax(scores.log_odds) == np.argmax(spread(None))


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("dtype", [torch.float32, torch.bfloat16])
def test_telling_a_ranker_apart_does_not_change_what_it_says(kind, dtype):
    model = small_llama().to(dtype)
    quantize_(model, kind)
    ranker = TorchRanker(model, byte_tokenizer(), "small")
    before = ranker.score(PROMPT).log_odds
    assert fingerprint(ranker) == fingerprint(ranker)
    np.testing.assert_array_equal(ranker.score(PROMPT).log_odds, before)


@pytest.mark.parametrize("kind", KINDS)
def test_the_decoder_takes_less_memory_and_the_head_stays(kind):
    model = small_llama()
    before = weight_bytes(model)
    head = model.get_output_embeddings().weight.clone()
    quantize_(model, kind)
    assert weight_bytes(model) < 0.5 * before
    assert torch.equal(model.get_output_embeddings().weight, head)
    assert model.get_output_embeddings().weight.dtype == torch.float32


@pytest.mark.parametrize("width", [128, 100], ids=["blocks of 64", "an odd width: one block"])
def test_a_large_weight_widens_the_steps_of_its_own_block_alone(width):
    weights = torch.randn(3, width, generator=torch.Generator().manual_seed(0))
    weights[0, 0] = 50.0
    layer = torch.nn.Linear(width, 3)
    layer.weight = torch.nn.Parameter(weights.clone())
    decoder = torch.nn.Module()
    decoder.layer = layer
    quantize_(SimpleNamespace(get_decoder=lambda: decoder), "int8")
    error = (decoder.layer(torch.eye(width)) - layer.bias).T - weights  # the identity reads the weights out
    block = 64 if width == 128 else width
    largest = weights.reshape(3, -1, block).abs().amax(2).repeat_interleave(block, dim=1)
    assert (error.abs() <= 0.51 * largest / 127 + 1e-3 * weights.abs()).all()
    assert error[0, :block].abs().max() > 10 * error[1].abs().max()


def test_what_cannot_be_quantized_is_refused():
    model = small_llama()
    with pytest.raises(BadSettings, match="'int4' does not exist: int8 or nf4"):
        quantize_(model, "int4")
    quantize_(model, "int8")
    with pytest.raises(BadSettings, match="quantize once"):
        quantize_(model, "nf4")


# The gate


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A site, a tiny model, and a checkpoint that has learned the site: ``site.db``, ``tiny`` and ``taught``."""
    where = tmp_path_factory.mktemp("quantize")
    site = own_site(str(write_site(where / "site.db")), None)
    student, manifest = begun(str(write_model(where / "tiny")), LoraConfig(rank=8))
    examples = log_examples(site, student.tokenizer, 100)
    config = FitConfig(steps=60, step_tokens=3000, learning_rate=2e-2, warmup=5, beside=0.0)
    fitting = Fitting(student, examples, config, where / "state")
    fitting.run()
    save_student(where / "stage", fitting, manifest, {})
    (where / "stage" / "model").rename(where / "taught")
    site.recommender.close()
    return where


@pytest.fixture
def site(folder: Path) -> Iterator[BenchSite]:
    opened = own_site(str(folder / "site.db"), None)
    yield opened
    opened.recommender.close()


def broken(folder: Path) -> Ranker:
    """The taught model with one bit a weight: its sign."""
    ranker = load_ranker(folder / "taught")
    assert isinstance(ranker, TorchRanker)
    with torch.no_grad():
        for module in ranker.model.get_decoder().modules():
            if isinstance(module, torch.nn.Linear):
                module.weight.copy_(module.weight.sign() * module.weight.abs().mean())
    return ranker


def test_a_broken_quantization_is_refused_and_the_report_shows_why(folder, site):
    report = gate(load_ranker(folder / "taught"), broken(folder), "one bit", [site], GateConfig(cases=40))
    assert report.over_all.before.value > 0.2, "the model has learned the site, so there is something to lose"
    assert not report.passed
    assert "falls by" in report.why
    assert "site" in report.why
    assert report.over_all.agreement < 0.9
    assert report.worst
    assert all(case.after < case.before and case.rank_after > case.rank_before for case in report.worst)
    assert [case.after - case.before for case in report.worst] == sorted(c.after - c.before for c in report.worst)


def test_a_harmless_quantization_passes(folder, site):
    """Weights rounded at the eighth decimal: the same order nearly everywhere."""
    before, after = (load_ranker(folder / "tiny", dtype="float32") for _ in range(2))
    assert isinstance(after, TorchRanker)
    with torch.no_grad():
        for weights in after.model.parameters():
            weights.copy_((weights.double() * 1e8).round() / 1e8)
    report = gate(before, after, "eight decimals", [site], GateConfig(cases=40))
    assert report.passed
    assert report.over_all.agreement > 0.995
    assert abs(report.over_all.relative) <= 0.005


class Slipping:
    """A ranker that turns the order of one prompt round, the one at ``place``."""

    def __init__(self, ranker: Ranker, place: int) -> None:
        self.ranker, self.left = ranker, place
        self.name, self.tokenizer, self.max_length = "slipping", ranker.tokenizer, ranker.max_length

    def score(self, prompt: RankingPrompt) -> Scores:
        scores = self.ranker.score(prompt)
        self.left -= 1
        return structs.replace(scores, log_odds=-scores.log_odds) if self.left == -1 else scores

    def score_texts(self, prefix: str, candidates: Sequence[str]) -> Floats:
        return self.ranker.score_texts(prefix, candidates)


@pytest.mark.parametrize("share", [0.9, 1.1])
def test_the_gate_lets_a_little_pass_and_no_more(folder, site, share):
    """One order turned round costs so much; the gate allows a little less, or a little more."""
    ranker = load_ranker(folder / "taught")
    cases = validation_cases(site, 40)
    right = [answer.model for answer in answers(site, ranker, cases)]
    best = int(np.argmax(right))
    lost = (right[best] - next(answers(site, Slipping(ranker, 0), cases[best:])).model) / sum(right)
    assert lost > 0
    report = gate(ranker, Slipping(ranker, best), "slip", [site], GateConfig(cases=40, allowed=lost * share))
    assert report.over_all.relative == pytest.approx(-lost)
    assert report.passed == (share > 1)
    assert [case.key for case in report.worst] == [cases[best].key]


def test_a_checkpoint_is_saved_when_the_gate_lets_it_pass(folder, site, tmp_path):
    config = GateConfig(cases=40, allowed=0.2)
    report = quantize_model(str(folder / "taught"), "int8", tmp_path / "small", [site], config, tmp_path / "scores")
    assert report.passed
    manifest = read_manifest(tmp_path / "small")
    assert manifest.quantization == "int8"
    assert manifest.figures["gate"]["passed"] is True
    ours, theirs = read_differences(tmp_path / "small"), read_differences(folder / "taught")
    assert all(torch.equal(ours[name], theirs[name]) for name in theirs)
    saved, asked = load_ranker(tmp_path / "small"), load_ranker(folder / "taught", dtype="int8")
    texts = ["garden home in Hill", "tower home in Mill"]
    np.testing.assert_array_equal(saved.score_texts("a garden", texts), asked.score_texts("a garden", texts))
    with pytest.raises(BadSettings, match="quantized to int8 already"):
        quantize_model(str(tmp_path / "small"), "nf4", tmp_path / "more", [site], config, tmp_path / "scores")


def test_nothing_is_saved_when_it_refuses(folder, site, tmp_path):
    report = quantize_model(
        str(folder / "taught"), "int8", tmp_path / "small", [site], GateConfig(cases=40), tmp_path / "scores",
        quantized=broken(folder),
    )  # fmt: skip
    assert not report.passed
    assert not (tmp_path / "small").exists()


@pytest.mark.parametrize("kind", KINDS)
def test_the_command_saves_or_says_why_not(folder, tmp_path, kind):
    out = tmp_path / "small"
    command = ["models", "quantize", str(folder / "taught"), "--kind", kind, "--out", str(out)]
    judged = ["--db", str(folder / "site.db"), "--cases", "30", "--cache", str(tmp_path / "cache")]
    done = CliRunner().invoke(main, [*command, *judged, "--json"])
    report = json.loads(done.stdout)
    assert report["kind"] == kind
    assert done.exit_code == (0 if report["passed"] else 2), done.output
    assert out.exists() == report["passed"]
    again = CliRunner().invoke(main, [*command, *judged])
    assert ("not saved: NDCG@10 falls" in again.output) != report["passed"]
    assert "blend" in again.output


def test_mistakes_are_told_before_the_gate(folder, tmp_path):
    gone, taken = tmp_path / "gone.db", tmp_path / "taken"
    taken.write_text("a file")
    for more, said in (
        (["--db", str(folder / "site.db"), "--site", "airbnb_barossa"], "give one or the other"),
        (["--db", str(folder / "site.db"), "--data", str(folder)], "give one or the other"),
        (["--db", f"sqlite:///{gone}"], "there is no database"),
        (["--db", str(folder / "site.db"), "--out", str(taken / "small")], "no checkpoint can be written to"),
    ):
        command = ["models", "quantize", str(folder / "taught"), "--out", str(tmp_path / "small"), *more]
        done = CliRunner().invoke(main, [*command, "--cache", str(tmp_path / "cache")])
        assert done.exit_code == 2
        assert said in done.stderr
    assert not gone.exists()
    assert not (tmp_path / "cache").exists(), "nobody was asked"


def test_a_gate_without_cases_or_sites_says_so(folder, site):
    ranker = load_ranker(folder / "tiny")
    with pytest.raises(BadSettings, match="at least one site"):
        gate(ranker, ranker, "int8", [])
    with pytest.raises(BadSettings, match="cases is 0"):
        GateConfig(cases=0)


@pytest.mark.weights
def test_the_real_model_in_8_bits_orders_nearly_as_before():
    locate("smollm2-135m")
    texts = ["a quiet cottage by the river, two bedrooms", "a loud flat above a bar", "a studio in the centre"]
    whole, small = (load_ranker("smollm2-135m", dtype=dtype) for dtype in ("auto", "int8"))
    before, after = (ranker.score_texts("The visitor wants a quiet home.", texts) for ranker in (whole, small))
    assert np.abs(after - before).max() < 0.5
