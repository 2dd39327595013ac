"""Cut models: they score as every slow way says, in place of what was dropped nothing is left, and they are faster."""

from __future__ import annotations

import copy
import statistics
import time

import msgspec
import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from test_attention import SMALL, byte_tokenizer, prompts
from transformers import AutoModelForCausalLM, LlamaConfig, LlamaForCausalLM, Qwen3Config

from brewlite.errors import BadSettings
from brewlite.ranker.attention import NAME
from brewlite.ranker.quantized import quantize_
from brewlite.ranker.reference import dense_mask, one_at_a_time
from brewlite.ranker.structure import Structure, compose, cut, sizes_of, whole
from brewlite.ranker.torch_ranker import TorchRanker, TorchRankerConfig
from brewlite.records import RankingPrompt
from brewlite.training.lora import LoraConfig, add_lora
from brewlite.training.model import Student

LAYERS, GROUPS, NEURONS = 4, 3, 24
SIZE = SMALL | {
    "num_hidden_layers": LAYERS, "num_key_value_heads": GROUPS, "intermediate_size": NEURONS,
}  # fmt: skip
CONFIGS = {
    "llama": lambda: LlamaConfig(**SIZE),
    "llama with biases": lambda: LlamaConfig(**SIZE, attention_bias=True, mlp_bias=True),
    "qwen3": lambda: Qwen3Config(**SIZE, layer_types=["full_attention"] * LAYERS),
}
UNEVEN = Structure(
    layers=(0, 2, 3),
    heads=((0, 2), (), (1,)),
    neurons=((0, 1, 5, 20), tuple(range(3, 19)), ()),
)
"""Layers that keep different numbers of everything."""


def model_of(family: str):
    torch.manual_seed(7)
    model = AutoModelForCausalLM.from_config(CONFIGS[family](), dtype=torch.float32)
    with torch.no_grad():
        for name, parameter in model.named_parameters():
            if name.endswith("bias"):
                parameter.normal_()
    return model.eval()


def ranker_of(model) -> TorchRanker:
    return TorchRanker(model, byte_tokenizer(), "cut", TorchRankerConfig(chunk_tokens=40, prefix_block=16))


def rows(count: int):
    """Ascending places of ``count``, or () for all."""
    return st.lists(st.integers(0, count - 1), unique=True, max_size=count).map(lambda kept: tuple(sorted(kept)))


@st.composite
def structures(draw, layers: int = LAYERS, groups=(GROUPS,) * LAYERS, neurons=(NEURONS,) * LAYERS) -> Structure:
    kept = tuple(sorted(draw(st.lists(st.integers(0, layers - 1), unique=True, min_size=1))))
    return Structure(
        layers=kept,
        heads=tuple(draw(rows(groups[layer])) for layer in kept),
        neurons=tuple(draw(rows(neurons[layer])) for layer in kept),
    )


def counts(structure: Structure) -> tuple[list[int], list[int]]:
    return [len(h) or GROUPS for h in structure.heads], [len(n) or NEURONS for n in structure.neurons]


def same_weights(one, other) -> bool:
    mine, theirs = one.state_dict(), other.state_dict()
    return mine.keys() == theirs.keys() and all(torch.equal(mine[name], theirs[name]) for name in mine)


@pytest.mark.parametrize("family", CONFIGS)
@settings(max_examples=8, deadline=None, derandomize=True)
@given(prompt=prompts)
def test_a_cut_model_scores_as_the_slow_ways_do(family, prompt):
    model = model_of(family)
    cut(model, UNEVEN)
    ranker = ranker_of(model)
    fast = ranker.score(prompt).log_odds
    np.testing.assert_allclose(fast, one_at_a_time(ranker, prompt), atol=1e-4, rtol=0)
    np.testing.assert_allclose(fast, dense_mask(ranker, prompt), atol=1e-4, rtol=0)
    model.set_attn_implementation(NAME)
    with torch.no_grad():
        (learned,) = Student(model, ranker.tokenizer).log_odds([prompt])
    np.testing.assert_allclose(fast, learned.numpy(), atol=1e-4, rtol=0)


@pytest.mark.parametrize("family", CONFIGS)
def test_dropping_nothing_changes_nothing(family):
    model, untouched = model_of(family), model_of(family)
    cut(model, whole(model))
    assert same_weights(model, untouched)
    assert sizes_of(model) == sizes_of(untouched)


@pytest.mark.parametrize("family", CONFIGS)
def test_what_is_dropped_is_what_was_silenced(family):
    """A group or neuron that is cut away, and one whose way back into the stream is set to 0, give the same scores."""
    model, silenced = model_of(family), model_of(family)
    kept = Structure(layers=(0, 1, 2, 3), heads=((0, 2), (), (1,), ()), neurons=((), (1, 2, 23), (0,), ()))
    cut(model, kept)
    sizes = sizes_of(silenced)
    with torch.no_grad():
        for layer, heads, neurons in zip(silenced.model.layers, kept.heads, kept.neurons, strict=True):
            for group in set(range(GROUPS)) - set(heads or range(GROUPS)):
                span = sizes.shared * sizes.width
                layer.self_attn.o_proj.weight[:, group * span : (group + 1) * span] = 0
            for neuron in set(range(NEURONS)) - set(neurons or range(NEURONS)):
                layer.mlp.down_proj.weight[:, neuron] = 0
    ids = torch.arange(5, 25)[None]
    torch.testing.assert_close(model(ids).logits, silenced(ids).logits, atol=1e-4, rtol=1e-4)


def test_kept_layers_keep_their_order_and_get_new_numbers():
    model = model_of("qwen3")
    model.config.layer_types[2] = "sliding_attention"
    second, last = model.model.layers[2], model.model.layers[3]
    cut(model, Structure(layers=(2, 3)))
    assert list(model.model.layers) == [second, last]
    assert [layer.self_attn.layer_idx for layer in model.model.layers] == [0, 1]
    assert model.config.num_hidden_layers == 2
    assert model.config.layer_types == ["sliding_attention", "full_attention"]


@settings(max_examples=30, deadline=None)
@given(data=st.data())
def test_two_cuts_are_one(data):
    first = data.draw(structures())
    heads, neurons = counts(first)
    second = data.draw(structures(len(first.layers), heads, neurons))
    model, at_once = model_of("llama with biases"), model_of("llama with biases")
    cut(model, first)
    cut(model, second)
    cut(at_once, compose(first, second))
    assert same_weights(model, at_once)
    assert sizes_of(model) == sizes_of(at_once)
    unchanged = Structure(layers=tuple(range(LAYERS)))
    assert compose(unchanged, first) == first
    assert compose(first, Structure(layers=tuple(range(len(first.layers))))) == first


def test_a_structure_survives_json():
    assert msgspec.json.decode(msgspec.json.encode(UNEVEN), type=Structure) == UNEVEN
    assert Structure(layers=(1, 2)).heads == ((), ())


def test_a_structure_that_cannot_be_is_refused():
    for wrong, words in (
        ({"layers": ()}, "no layer"),
        ({"layers": (1, 0)}, "ascending"),
        ({"layers": (0, 0)}, "ascending"),
        ({"layers": (-1, 0)}, "ascending"),
        ({"layers": (0, 1), "heads": ((0,),)}, "2 layers and names heads of 1"),
        ({"layers": (0,), "neurons": ((3, 1),)}, "ascending"),
    ):
        with pytest.raises(BadSettings, match=words):
            Structure(**wrong)
    for beyond, words in (
        (Structure(layers=(0, 4)), "layer 4, and the model has 4"),
        (Structure(layers=(2,), heads=((3,),)), "head group 3 of layer 2, which has 3"),
        (Structure(layers=(2,), neurons=((24,),)), "neuron 24 of layer 2, which has 24"),
    ):
        model = model_of("llama")
        with pytest.raises(BadSettings, match=words):
            cut(model, beyond)
        assert same_weights(model, model_of("llama")), "nothing is cut when it cannot be cut whole"
    for second, words in (
        (Structure(layers=(3,)), "layer 3, of 3"),
        (Structure(layers=(0,), heads=((2,),)), "place 2, of 2"),
    ):
        with pytest.raises(BadSettings, match=words):
            compose(UNEVEN, second)


def test_differences_are_put_on_after_the_cut():
    model = model_of("llama")
    add_lora(model.model, LoraConfig(rank=2))
    with pytest.raises(BadSettings, match="before differences"):
        cut(model, UNEVEN)


@pytest.mark.parametrize(("kind", "nearness"), [("int8", 0.25), ("nf4", 1.2)])
def test_a_cut_model_is_quantized_like_any_other(kind, nearness):
    pytest.importorskip("bitsandbytes")
    config = LlamaConfig(
        vocab_size=300, hidden_size=128, intermediate_size=256, num_hidden_layers=4, num_attention_heads=4,
        num_key_value_heads=2, max_position_embeddings=256, initializer_range=0.1, pad_token_id=0,
    )  # fmt: skip
    torch.manual_seed(7)
    model = LlamaForCausalLM(config)
    cut(
        model,
        Structure(layers=(0, 1, 3), heads=((1,), (), (0,)), neurons=((), tuple(range(64, 256)), tuple(range(128)))),
    )
    small = copy.deepcopy(model)
    quantize_(small, kind)
    texts = ["a quiet home", "a loud flat above a bar", "by the river, with a garden", "new", "two rooms"]
    plain, quantized = (ranker_of(one).score_texts("quiet home by the river", texts) for one in (model, small))
    assert 0 < np.abs(quantized - plain).max() < nearness * plain.std()


@pytest.mark.slow
def test_a_cut_model_is_faster():
    config = LlamaConfig(
        vocab_size=300, hidden_size=256, intermediate_size=1024, num_hidden_layers=8, num_attention_heads=8,
        num_key_value_heads=4, max_position_embeddings=1024, pad_token_id=0,
    )  # fmt: skip
    torch.manual_seed(0)
    large = LlamaForCausalLM(config)
    small = copy.deepcopy(large)
    cut(small, Structure(layers=(0, 2, 4, 7), neurons=(tuple(range(512)),) * 4, heads=((0, 1, 3),) * 4))
    rng = np.random.default_rng(0)
    seconds: dict[str, list[float]] = {"large": [], "small": []}
    rankers = {"large": ranker_of(large), "small": ranker_of(small)}
    for _ in range(9):  # by turns, so that a machine that is busy for a while slows both
        ids = rng.integers(3, 300, size=200 + 60 * 24).tolist()
        prompt = RankingPrompt(
            prefix=tuple(ids[:200]), candidates=tuple(tuple(ids[at : at + 24]) for at in range(200, len(ids), 24))
        )
        for name, ranker in rankers.items():
            start = time.perf_counter()
            ranker.score(prompt)
            seconds[name].append(time.perf_counter() - start)
    ratio = statistics.median(seconds["small"]) / statistics.median(seconds["large"])
    assert ratio < 0.6, "4 of 8 layers, each with half its neurons: about a third of the work"
