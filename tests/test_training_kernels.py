"""Compiled loops between products, beside torch's own operations in float64."""

from __future__ import annotations

from collections.abc import Callable

import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from torch import Tensor

from brewlite.training import joint, kernels
from brewlite.training.kernels import bits

KINDS = pytest.mark.parametrize("kind", [torch.float32, torch.bfloat16], ids=["32 bits", "16 bits"])
SIZES = given(tokens=st.integers(1, 9), width=st.integers(1, 40), seed=st.integers(0, 999))
FEW = settings(max_examples=25, deadline=None)


def drawn(seed: int, kind: torch.dtype, *shapes: tuple[int, ...], by: float = 2.0) -> list[Tensor]:
    rng = torch.Generator().manual_seed(seed)
    return [(by * torch.randn(shape, generator=rng)).to(kind) for shape in shapes]


def run(kernel: Callable[..., None], *given_: Tensor | float) -> None:
    kernel(*(bits(one) if isinstance(one, Tensor) else one for one in given_))


def near(found: Tensor, wanted: Tensor, largest: float | None = None) -> None:
    """To the last digit of its type or two, counted from the largest number that was added up."""
    digit = 2.0**-8 if found.dtype == torch.bfloat16 else 2.0**-21
    largest = float(wanted.abs().max()) if largest is None else largest
    torch.testing.assert_close(found.double(), wanted, rtol=2 * digit, atol=digit * largest + 1e-30)


@KINDS
@FEW
@SIZES
def test_norm_and_its_gradient(kind, tokens, width, seed):
    x, grad, onto = drawn(seed, kind, *[(tokens, width)] * 3)
    (weight,) = drawn(seed + 1, kind, (width,))
    out, back, factors = torch.empty_like(x), torch.empty_like(x), torch.empty(tokens)
    run(kernels.norm, x, weight, 1e-5, out, factors)
    run(kernels.norm_back, grad, x, weight, factors, onto, back)
    exact = x.double().requires_grad_()
    wanted = exact * (exact.square().mean(1, keepdim=True) + 1e-5).rsqrt() * weight.double()
    near(out, wanted.detach())
    (by_x,) = torch.autograd.grad(wanted, exact, grad.double())
    largest = float((grad.double() * weight.double() * factors[:, None]).abs().max() * x.abs().max().clamp(1) ** 2)
    near(back, onto.double() + by_x, max(largest, float(onto.abs().max())))


@KINDS
@FEW
@SIZES
def test_gated_neurons_and_their_gradient(kind, tokens, width, seed):
    gate_up, grad = drawn(seed, kind, (tokens, 2 * width), (tokens, width), by=6.0)
    out, back = torch.empty_like(grad), torch.empty_like(gate_up)
    run(kernels.gated, gate_up, out)
    run(kernels.gated_back, grad, gate_up, back)
    exact = gate_up.double().requires_grad_()
    gate, up = exact.chunk(2, 1)
    wanted = torch.nn.functional.silu(gate) * up
    near(out, wanted.detach())
    near(back, torch.autograd.grad(wanted, exact, grad.double())[0])


@pytest.mark.parametrize("by", [1.0, 2.0**-20, 2.0**-135, 2.0**110, 2.0**118], ids="{:.0e}".format)
def test_numbers_are_rounded_to_16_bits_as_torch_rounds_them(by):
    """Of nine digits every other lies between two numbers of 16 bits: to the even one. Also near 0, and too large."""
    rng = torch.Generator().manual_seed(0)
    some = torch.cat([torch.arange(-1024, 1025), torch.randint(-(2**30), 2**30, (50_000,), generator=rng)])[None].int()
    exact = some.float() * by
    out = torch.empty(some.shape, dtype=torch.bfloat16)
    run(kernels.from_8_bits, some, torch.tensor([by]), torch.ones(some.shape[1]), torch.zeros_like(out), out)
    assert torch.equal(out, exact.bfloat16())
    assert (out.float() != exact)[0, :2049].sum() > 400, "some are rounded"


@FEW
@given(keys=st.integers(1, 9), more=st.integers(0, 5), groups=st.integers(1, 3), seed=st.integers(0, 999))
@KINDS
def test_weights_of_keys_and_the_highest_score_that_a_query_sees(kind, keys, more, groups, seed):
    queries = (keys + more) * groups
    (scores,) = drawn(seed, kind, (2, keys, queries), by=5.0)
    asked = torch.zeros((2, queries + 4, 3), dtype=kind)
    hidden = torch.arange(keys)[:, None] > torch.arange(queries)[None] // groups
    every = 2
    some = scores[:, ::every].contiguous()
    run(kernels.tops, some, every, groups, 4, asked)
    wanted = some.masked_fill(hidden[::every], -torch.inf).amax(1)
    assert torch.equal(asked[:, 4:, 2], wanted)
    assert not asked[:, :4].any()
    exact = scores.double().masked_fill(hidden, -torch.inf).exp()
    total = torch.empty((2, queries))
    run(kernels.weigh, scores, groups, total)
    torch.testing.assert_close(total, scores.float().sum(1), rtol=1e-5, atol=0.0)
    torch.testing.assert_close(scores.double(), exact, rtol=2.0**-8 if kind == torch.bfloat16 else 1e-6, atol=1e-30)


@KINDS
def test_a_score_that_is_no_number_shows_in_what_the_weights_add_up_to(kind):
    scores = torch.tensor([[[float("nan"), 200.0, -200.0, -float("inf")]]], dtype=kind)
    total = torch.empty((1, 4))
    run(kernels.weigh, scores, 4, total)
    assert torch.equal(total, scores[0].float())
    assert (scores[0, 0, :2] > 1e30).all()
    assert (scores[0, 0, 2:] < 1e-30).all()


@FEW
@SIZES
def test_products_in_8_bits_are_as_near_as_their_digits_let_them_be(tokens, width, seed):
    grad, weight, onto = drawn(seed, torch.bfloat16, (tokens, width), (width, 7), (tokens, 7))
    grad[0] *= 1e-6  # each row has a scale of its own
    grad[-1] = 0.0
    rounded, by_row = joint.in_8_bits(grad)
    assert (by_row[-1], rounded[-1].any()) == (0, False)
    assert ((rounded * by_row[:, None] - grad).abs() <= 0.5001 * by_row[:, None]).all()
    columns, by_column = joint.in_8_bits(weight.T.contiguous())
    out = torch.empty_like(onto)
    run(kernels.from_8_bits, torch._int_mm(rounded, columns.T), by_row, by_column, onto, out)
    exact = onto.double() + grad.double() @ weight.double()
    rest = (0.5 * by_row[:, None] * weight.abs().sum(0) + 0.5 * by_column * grad.abs().sum(1, keepdim=True)) * 1.01
    assert ((out.double() - exact).abs() <= rest + 2.0**-7 * exact.abs() + 1e-30).all()


@pytest.mark.parametrize("number", [float("nan"), float("inf"), -float("inf")])
def test_what_is_no_number_stays_none_in_8_bits(number):
    rows = torch.ones((3, 20), dtype=torch.bfloat16)
    rows[1, 7] = number
    _, scales = joint.in_8_bits(rows)
    assert scales.isnan().tolist() == [False, True, False]


@pytest.mark.skipif(not joint.multiplies_8_bits(), reason="the processor has no products of 8-bit numbers")
def test_gradients_on_their_way_through_weights_in_8_bits_point_where_those_in_16_do():
    rows, grad = drawn(3, torch.bfloat16, (60, 48), (60, 96))
    linear = torch.nn.Linear(48, 96, bias=False, dtype=torch.bfloat16)
    parent = torch.nn.Module()
    parent.one = linear
    joined = joint.Joint(parent, "one").joined()
    assert joined.rounded is not None
    _, low = joined.forward(rows)
    by_rows, (by_weight,) = joined.backward(grad, rows, low)
    exact = grad.double() @ linear.weight.detach().double()
    assert not torch.equal(by_rows, grad @ linear.weight), "they are two ways"
    assert torch.nn.functional.cosine_similarity(by_rows.double().flatten(), exact.flatten(), 0) > 0.9998
    assert by_weight is not None
    torch.testing.assert_close(by_weight, grad.T @ rows)
