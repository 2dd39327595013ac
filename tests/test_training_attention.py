"""Attention that is learned through: the dense mask's values and gradients, without the mask."""

from __future__ import annotations

import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from transformers import LlamaConfig, LlamaForCausalLM

from brewlite.errors import BadSettings
from brewlite.ranker.attention import NAME, Rule
from brewlite.training import products
from brewlite.training.attention import SlatesPass, packed
from brewlite.training.lora import LoraConfig, add_lora, load_lora, lora_state, merge_lora
from brewlite.training.losses import listwise, pointwise, to_teacher

SLATES = st.lists(
    st.tuples(st.integers(1, 9), st.lists(st.integers(1, 6), min_size=1, max_size=4)), min_size=1, max_size=3
)


def seen(plan: SlatesPass) -> torch.Tensor:
    """(T, T) bool: the mask that the pass never builds."""
    total = sum(slate.tokens for slate in plan.slates)
    mask = torch.zeros(total, total, dtype=torch.bool)
    for slate in plan.slates:
        begin, end = slate.start, slate.start + slate.prefix
        mask[begin:end, begin:end] = torch.ones(slate.prefix, slate.prefix).tril().bool()
        for length in slate.lengths:
            own = slice(end, end + length)
            mask[own, begin : slate.start + slate.prefix] = True
            mask[own, own] = torch.ones(length, length).tril().bool()
            end += length
    return mask


@settings(max_examples=40, deadline=None)
@given(slates=SLATES, groups=st.sampled_from([1, 2, 3]), seed=st.integers(0, 9))
def test_values_and_gradients_are_those_of_the_dense_mask(slates, groups, seed):
    torch.manual_seed(seed)
    plan = packed([prefix for prefix, _ in slates], [lengths for _, lengths in slates])
    total = sum(slate.tokens for slate in plan.slates)
    query = torch.randn(1, 2 * groups, total, 8, requires_grad=True)
    key, value = (torch.randn(1, 2, total, 8, requires_grad=True) for _ in range(2))
    ours = plan.attend(0, query, key, value, Rule(scaling=0.3))
    wide = [heads.repeat_interleave(groups, 1) for heads in (key, value)]
    dense = torch.nn.functional.scaled_dot_product_attention(query, *wide, attn_mask=seen(plan), scale=0.3)
    torch.testing.assert_close(ours, dense, atol=2e-6, rtol=1e-5)
    grad = torch.randn_like(ours)
    for mine, theirs in zip(
        torch.autograd.grad(ours, (query, key, value), grad),
        torch.autograd.grad(dense, (query, key, value), grad),
        strict=True,
    ):
        torch.testing.assert_close(mine, theirs, atol=5e-6, rtol=1e-4)


def small_llama() -> LlamaForCausalLM:
    torch.manual_seed(0)
    config = LlamaConfig(
        vocab_size=99, hidden_size=24, intermediate_size=40, num_hidden_layers=2, num_attention_heads=4,
        num_key_value_heads=2, tie_word_embeddings=True,
    )  # fmt: skip
    return LlamaForCausalLM(config)


def test_a_whole_model_gives_the_weights_the_dense_masks_gradients():
    model = small_llama()
    plan = packed([5, 3], [[2, 4], [3]])
    ids = torch.randint(0, 99, (1, sum(slate.tokens for slate in plan.slates)))
    positions = torch.cat([slate.positions() for slate in plan.slates])[None]
    last = torch.cat([slate.last() for slate in plan.slates])
    grads = {}
    for way in (NAME, "sdpa"):
        model.set_attn_implementation(way)
        more = {"shared_prefix": plan} if way == NAME else {"attention_mask": seen(plan)[None, None]}
        hidden = model.model(input_ids=ids, position_ids=positions, use_cache=False, **more).last_hidden_state
        model.zero_grad()
        hidden[0, last].square().sum().backward()
        grads[way] = {name: p.grad.clone() for name, p in model.model.named_parameters()}
    for name, grad in grads["sdpa"].items():
        torch.testing.assert_close(grads[NAME][name], grad, atol=1e-4, rtol=1e-3, msg=name)


def test_a_window_is_refused():
    heads = torch.randn(1, 2, 4, 8)
    with pytest.raises(BadSettings, match="windows"):
        packed([2], [[2]]).attend(0, heads, heads, heads, Rule(scaling=1.0, window=3))


def test_differences_begin_at_nothing_and_merge_into_what_they_did():
    model = small_llama()
    ids = torch.randint(0, 99, (1, 7))
    before = model(ids).logits
    config = LoraConfig(rank=3, alpha=6.0)
    learned = add_lora(model.model, config)
    assert torch.equal(model(ids).logits, before)
    assert sum(p.numel() for p in learned) == sum(t.numel() for t in lora_state(model.model).values())
    with torch.no_grad():
        for parameter in learned:
            parameter.add_(0.05 * torch.randn_like(parameter))
    taught = model(ids).logits
    assert not torch.allclose(taught, before, atol=1e-3)
    plain, state = small_llama(), lora_state(model.model)
    merge_lora(plain.model, state, config.alpha / config.rank)
    torch.testing.assert_close(plain(ids).logits, taught, atol=1e-5, rtol=1e-4)
    other = small_llama()
    add_lora(other.model, config)
    load_lora(other.model, state)
    assert torch.equal(other(ids).logits, taught)
    with pytest.raises(BadSettings, match="another"):
        load_lora(small_llama().model, state)
    with pytest.raises(BadSettings, match="rank"):
        add_lora(small_llama().model, LoraConfig(rank=0))


def test_losses_against_their_formulas():
    log_odds, gains = torch.tensor([1.0, -0.5, 2.0]), torch.tensor([0.0, 1.0, 1.0])
    shares = torch.softmax(log_odds, 0)
    assert listwise(log_odds, gains).item() == pytest.approx(-(shares[1].log() + shares[2].log()).item() / 2)
    chances = torch.sigmoid(log_odds)
    expected = -((1 - chances[0]).log() + chances[1].log() + chances[2].log()).item() / 3
    assert pointwise(log_odds, gains).item() == pytest.approx(expected)
    assert to_teacher(log_odds, log_odds + 3, 2.0).item() == pytest.approx(0, abs=1e-6)
    assert to_teacher(log_odds, -log_odds, 1.0).item() > 0.5


@pytest.mark.parametrize("lengths", [(24,) * 12, tuple(range(3, 40, 3))], ids=["even", "uneven"])
@pytest.mark.parametrize("spread", [1.0, 3.0])
def test_products_going_back_round_little_more_than_the_fused_kernel(lengths, spread, monkeypatch):
    """16 bits, against the dense mask in float64; at a spread of 3 the scores go up to some 25."""
    torch.manual_seed(0)
    plan = packed([120], [lengths])
    total = plan.slates[0].tokens
    query = (spread * torch.randn(1, total, 6, 64)).transpose(1, 2).bfloat16().requires_grad_()
    key, value = (torch.randn(1, total, 2, 64).transpose(1, 2).bfloat16().requires_grad_() for _ in range(2))
    grad = torch.randn(1, 6, total, 64).bfloat16()
    exact_in = [tensor.detach().double().requires_grad_() for tensor in (query, key, value)]
    wide = [heads.repeat_interleave(3, 1) for heads in exact_in[1:]]
    dense = torch.nn.functional.scaled_dot_product_attention(exact_in[0], *wide, attn_mask=seen(plan), scale=0.125)
    exact = [dense.detach(), *torch.autograd.grad(dense, exact_in, grad.double())]

    def errors() -> list[float]:
        out = plan.attend(0, query, key, value, Rule(scaling=0.125))
        found = [out.detach(), *torch.autograd.grad(out, (query, key, value), grad)]
        assert all(one.dtype == torch.bfloat16 for one in found)
        return [((one - wanted).norm() / wanted.norm()).item() for one, wanted in zip(found, exact, strict=True)]

    ours = errors()
    monkeypatch.setattr(products, "fits", lambda *_: False)
    theirs = errors()
    assert max(ours) < 0.01
    assert all(one < 2 * other for one, other in zip(ours, theirs, strict=True)), (ours, theirs)
