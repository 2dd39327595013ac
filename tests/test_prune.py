"""What is dropped: what does nothing goes first, plans hold what they say, and differences are cut with their base."""

from __future__ import annotations

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from test_attention import byte_tokenizer
from test_structure import GROUPS, LAYERS, NEURONS, UNEVEN, model_of, same_weights, structures

from brewlite.errors import BadSettings
from brewlite.ranker.differences import merge_lora
from brewlite.ranker.structure import Structure, cut, sizes_of
from brewlite.records import RankingPrompt
from brewlite.training.importance import Importance, harm, measure
from brewlite.training.lora import LoraConfig, add_lora, lora_state
from brewlite.training.model import Student
from brewlite.training.prune import Schedule, Target, cut_differences, plan, plan_target

LORA = LoraConfig(rank=3, alpha=6.0)


def prompts(count: int = 4) -> list[RankingPrompt]:
    rng = np.random.default_rng(3)
    return [
        RankingPrompt(
            prefix=tuple(rng.integers(3, 250, 30).tolist()),
            candidates=tuple(tuple(rng.integers(3, 250, 7).tolist()) for _ in range(5)),
        )
        for _ in range(count)
    ]


def student_of(model) -> Student:
    return Student(model, byte_tokenizer())


def taught(model) -> Student:
    """With differences that do something."""
    student = student_of(model)
    generator = torch.Generator().manual_seed(1)
    for parameter in add_lora(student.decoder, LORA):
        parameter.data += 0.05 * torch.randn(parameter.shape, generator=generator)
    return student


@torch.no_grad()
def idle(model, layer: int = 2, group: int = 1, neuron: int = 5):
    """``model`` with a layer that does nothing, and in layer 0 a group and a neuron that do nothing."""
    still, first = model.model.layers[layer], model.model.layers[0]
    still.self_attn.o_proj.weight.zero_()
    still.mlp.down_proj.weight.zero_()
    sizes = sizes_of(model)
    span = sizes.shared * sizes.width
    first.self_attn.o_proj.weight[:, group * span : (group + 1) * span] = 0
    first.mlp.down_proj.weight[:, neuron] = 0
    return model


# Measured


@pytest.mark.parametrize("family", ["llama", "qwen3"])
def test_what_does_nothing_counts_for_nothing_and_goes_first(family):
    student = student_of(idle(model_of(family)))
    seen = measure(student, prompts())
    assert seen.layers[2] == pytest.approx(0, abs=1e-6)
    assert np.delete(seen.layers, 2).min() > 1e-3
    assert seen.heads[0][1] == 0
    assert np.delete(seen.heads[0], 1).min() > 0
    assert seen.neurons[0][5] == 0
    assert np.delete(seen.neurons[0], 5).min() > 0
    kept = plan(seen, layers=3, heads=2, neurons=23 / 24, grain=1)
    assert kept.layers == (0, 1, 3)
    assert kept.heads[0] == (0, 2)
    assert kept.neurons[0] == tuple(n for n in range(NEURONS) if n != 5)


def test_what_did_nothing_is_not_missed():
    whole, smaller = (student_of(idle(model_of("llama"))) for _ in range(2))
    planned = plan(measure(smaller, prompts()), layers=3)
    smaller = idle(model_of("llama"))
    cut(smaller, planned)
    for prompt in prompts():
        with torch.no_grad():
            (before,), (after,) = whole.log_odds([prompt]), student_of(smaller).log_odds([prompt])
        torch.testing.assert_close(after, before, atol=1e-4, rtol=1e-4)


def test_influence_is_one_less_the_cosine():
    model, (prompt, *_) = model_of("llama"), prompts()
    one = RankingPrompt(prefix=prompt.prefix, candidates=prompt.candidates[:1])
    lead = byte_tokenizer().lead
    ids = torch.tensor([[*lead, *one.prefix, *one.candidates[0]]])
    model.set_attn_implementation("sdpa")
    with torch.no_grad():
        streams = model.model(ids, output_hidden_states=True, use_cache=False).hidden_states
    seen = measure(student_of(model), [one])
    for layer in range(LAYERS - 1):  # the last stream that transformers shows is behind the norm
        into, out = streams[layer][0].double(), streams[layer + 1][0].double()
        cosine = (into * out).sum(-1) / into.norm(dim=-1) / out.norm(dim=-1)
        assert seen.layers[layer] == pytest.approx(float((1 - cosine).mean()), abs=1e-5)


def test_differences_count_as_part_of_the_weights():
    student, merged = taught(model_of("llama")), model_of("llama")
    merge_lora(merged.model, lora_state(student.decoder), LORA.alpha / LORA.rank)
    with_them, plain = measure(student, prompts()), measure(student_of(merged), prompts())
    np.testing.assert_allclose(with_them.layers, plain.layers, rtol=1e-3)
    for name in ("heads", "neurons"):
        for mine, theirs in zip(getattr(with_them, name), getattr(plain, name), strict=True):
            np.testing.assert_allclose(mine, theirs, rtol=1e-3)


def test_harm_is_what_the_ranking_loses_without_the_layer():
    seen = harm(student_of(idle(model_of("llama"))), prompts())
    assert seen[2] == pytest.approx(0, abs=1e-9)
    assert np.delete(seen, 2).min() > 1e-6
    skipped = idle(model_of("llama"))
    cut(skipped, Structure(layers=(0, 2, 3)))
    gaps = []
    for prompt in prompts():
        with torch.no_grad():
            (all_of_it,) = student_of(idle(model_of("llama"))).log_odds([prompt])
            (less,) = student_of(skipped).log_odds([prompt])
        one, two = all_of_it.double().softmax(0), less.double().softmax(0)
        gaps.append(float((one * (one / two).log()).sum()))
    assert seen[1] == pytest.approx(np.mean(gaps), rel=1e-4)


def test_nothing_is_left_behind_in_the_model():
    student, (prompt, *_) = student_of(model_of("llama")), prompts()
    with torch.no_grad():
        (before,) = student.log_odds([prompt])
        measure(student, prompts())
        harm(student, prompts())
        (after,) = student.log_odds([prompt])
    assert torch.equal(before, after)
    assert not any(module._forward_hooks or module._forward_pre_hooks for module in student.model.modules())


def test_without_prompts_nothing_is_measured():
    for way in (measure, harm):
        with pytest.raises(BadSettings, match="prompts"):
            way(student_of(model_of("llama")), [])


# Planned


def importance(layers: int = 4, groups: int = 3, neurons: int = 256, seed: int = 0) -> Importance:
    rng = np.random.default_rng(seed)
    return Importance(
        layers=rng.random(layers),
        heads=tuple(rng.random(groups) for _ in range(layers)),
        neurons=tuple(rng.random(neurons) for _ in range(layers)),
    )


@given(layers=st.integers(1, 4), share=st.floats(0.05, 1), groups=st.integers(1, 3), seed=st.integers(0, 99))
def test_a_plan_keeps_the_most_important_and_as_many_as_it_says(layers, share, groups, seed):
    seen = importance(seed=seed)
    kept = plan(seen, layers, share, groups, grain=32)
    assert len(kept.layers) == layers
    assert min(seen.layers[list(kept.layers)]) >= max(
        (v for at, v in enumerate(seen.layers) if at not in kept.layers), default=0
    )
    for at, heads, neurons in zip(kept.layers, kept.heads, kept.neurons, strict=True):
        assert len(heads or range(3)) == groups
        assert len(neurons or range(256)) % 32 == 0
        assert abs(len(neurons or range(256)) - 256 * share) <= 16 or len(neurons) == 32
        if neurons:
            gone = np.delete(seen.neurons[at], neurons)
            assert seen.neurons[at][list(neurons)].min() >= gone.max()


def test_a_plan_that_keeps_all_is_the_whole():
    assert plan(importance()) == Structure(layers=(0, 1, 2, 3))


@pytest.mark.parametrize(
    ("asked", "words"),
    [
        ({"layers": 5}, "layers is 5: the model has 4"),
        ({"layers": 0}, "layers is 0"),
        ({"neurons": 0.0}, "neurons is 0.0"),
        ({"neurons": 80}, "neurons is 80"),
        ({"heads": 4}, "heads is 4: layers have 3"),
        ({"heads": 0}, "heads is 0"),
    ],
)
def test_a_plan_that_cannot_be_is_refused(asked, words):
    with pytest.raises(BadSettings, match=words):
        plan(importance(), **asked)


def test_a_targets_share_is_of_the_base():
    base, less = sizes_of(model_of("llama")), importance(groups=GROUPS, neurons=16)
    kept = plan_target(less, Target(layers=2, neurons=0.5), base, grain=2)
    assert {len(neurons) for neurons in kept.neurons} == {12}, "half of the base's 24, though 16 are left"


def test_a_schedule_falls_evenly():
    schedule = Schedule.even((24, 18, 12), neurons=0.7, heads=2)
    assert [step.layers for step in schedule.steps] == [24, 18, 12]
    assert [step.neurons for step in schedule.steps] == pytest.approx([0.9, 0.8, 0.7])
    assert [step.heads for step in schedule.steps] == [None, None, 2]
    assert schedule.jump.steps == schedule.steps[-1:]
    for wrong in ((), (12, 18)):
        with pytest.raises(BadSettings, match="schedule"):
            Schedule.even(wrong)


# Cut with what was learned


@settings(max_examples=25, deadline=None)
@given(structure=structures())
def test_a_cut_of_base_and_difference_is_the_cut_base_and_the_cut_difference(structure):
    state = lora_state(taught(model_of("qwen3")).decoder)
    scale = LORA.alpha / LORA.rank
    first_merged, first_cut = model_of("qwen3"), model_of("qwen3")
    merge_lora(first_merged.model, state, scale)
    cut(first_merged, structure)
    carried = cut_differences(state, structure, sizes_of(first_cut))
    cut(first_cut, structure)
    merge_lora(first_cut.model, carried, scale)
    for name, weight in first_merged.state_dict().items():
        torch.testing.assert_close(first_cut.state_dict()[name], weight, atol=1e-6, rtol=1e-5)


def test_cut_differences_fit_the_cut_student():
    state, model = lora_state(taught(model_of("llama")).decoder), model_of("llama")
    carried = cut_differences(state, UNEVEN, sizes_of(model))
    cut(model, UNEVEN)
    student = student_of(model)
    add_lora(student.decoder, LORA)
    own = lora_state(student.decoder)
    assert {name: tensor.shape for name, tensor in own.items()} == {n: t.shape for n, t in carried.items()}
    with pytest.raises(BadSettings, match="layer 9"):
        cut_differences(state, Structure(layers=(0, 9)), sizes_of(model_of("llama")))


def test_nothing_is_cut_by_the_whole():
    state, model = lora_state(taught(model_of("llama")).decoder), model_of("llama")
    same = cut_differences(state, Structure(layers=tuple(range(LAYERS))), sizes_of(model))
    assert same.keys() == state.keys()
    assert all(torch.equal(same[name], state[name]) for name in state)
    assert same_weights(model, model_of("llama"))
