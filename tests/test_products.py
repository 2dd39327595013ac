"""Attention as products of matrices in 16 bits, against the formula in float64 and against the fused kernel."""

from __future__ import annotations

from typing import NamedTuple

import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from torch import Tensor

from brewlite.ranker import products
from brewlite.ranker.attention import CandidatePass, PrefixKeys, Rule

CPU = torch.device("cpu")


class Case(NamedTuple):
    """Candidates behind a prefix, in one layer."""

    plan: CandidatePass
    query: Tensor
    key: Tensor
    value: Tensor

    def attend(self) -> Tensor:
        return self.plan.attend(0, self.query, self.key, self.value, self.rule)

    def attend_by_kernel(self, monkeypatch: pytest.MonkeyPatch) -> Tensor:
        with monkeypatch.context() as patch:
            patch.setattr(products, "fits", lambda *_: False)
            return self.attend()

    @property
    def rule(self) -> Rule:
        return Rule(self.query.shape[-1] ** -0.5)

    def exact(self) -> Tensor:
        """By the formula under a dense mask, in float64."""
        keys, values = self.plan.keys.read(0, 0, self.plan.keys.tokens)
        groups = self.query.shape[1] // keys.shape[1]
        key, value = (
            torch.cat(both, 2).double().repeat_interleave(groups, 1)
            for both in ((keys, self.key), (values, self.value))
        )
        lengths = torch.tensor(self.plan.lengths)
        owner = torch.repeat_interleave(torch.arange(len(lengths)), lengths)
        own = (owner[:, None] == owner) & torch.ones(len(owner), len(owner)).tril().bool()
        seen = torch.cat((torch.ones(len(owner), keys.shape[2]).bool(), own), 1)
        scores = self.query.double() @ key.transpose(-1, -2) * self.rule.scaling
        return scores.masked_fill(~seen, -torch.inf).softmax(-1) @ value


def case(prefix: int, lengths: tuple[int, ...], spread: float = 1.0, seed: int = 0, width: int = 64) -> Case:
    generator = torch.Generator().manual_seed(seed)

    def drawn(heads: int, tokens: int) -> Tensor:
        rows = torch.randn(1, tokens, heads, width, generator=generator)  # as transformers' layers lay them out
        return rows.transpose(1, 2)

    keys = PrefixKeys(prefix)
    keys.write(0, 0, drawn(2, prefix).add(1).bfloat16(), drawn(2, prefix).bfloat16())
    tokens = sum(lengths)
    query, key, value = (spread * drawn(6, tokens)).bfloat16(), drawn(2, tokens).bfloat16(), drawn(2, tokens).bfloat16()
    return Case(CandidatePass(keys, lengths, CPU), query, key, value)


def far(out: Tensor, exact: Tensor) -> float:
    return (out - exact).square().mean().sqrt().item()


@pytest.mark.parametrize("lengths", [(24,) * 90, tuple(range(5, 65))], ids=["even", "uneven"])
@pytest.mark.parametrize("spread", [1.0, 4.0])
def test_products_round_little_more_than_the_fused_kernel(lengths, spread, monkeypatch):
    """In more than one part. At a spread of 4 the scores go up to 31, where a product alone rounds to steps of 0.125
    and is off by six times the kernel's error."""
    asked = case(400, lengths, spread)
    assert products.fits(asked.query, asked.plan.rows)
    assert asked.query.shape[1] * asked.query.shape[2] * 400 > products.SCORES_AT_ONCE
    exact = asked.exact()
    assert far(asked.attend(), exact) < 2 * far(asked.attend_by_kernel(monkeypatch), exact)


@given(
    prefix=st.integers(1, 40),
    lengths=st.lists(st.integers(1, 12), min_size=1, max_size=9).map(tuple),
    seed=st.integers(0, 1000),
)
@settings(max_examples=60, deadline=None, derandomize=True)
def test_any_lengths_are_as_the_formula_has_them(prefix, lengths, seed):
    asked = case(prefix, lengths, seed=seed, width=16)
    torch.testing.assert_close(asked.attend().double(), asked.exact(), atol=0.02, rtol=0.02)


@pytest.mark.parametrize("where", ["prefix", "own"])
def test_a_score_beyond_what_a_float_holds_is_left_to_the_kernel(where):
    """One key stands hundreds above all others: in the prefix one of those that are not looked at first."""
    asked = case(9, (3, 5), width=16)
    asked.query.fill_(1)
    key = asked.plan.keys.read(0, 0, 9)[0] if where == "prefix" else asked.key
    key[0, :, 1] = 100.0
    own = (asked.key, asked.value)
    assert products.attend(asked.query, asked.plan.keys.read(0, 0, 9), own, asked.plan.rows, 0.25) is None
    torch.testing.assert_close(asked.attend().double(), asked.exact(), atol=0.02, rtol=0.02)


def test_very_long_candidates_and_other_dtypes_are_left_to_the_kernel():
    assert products.fits(case(9, (3, 5)).query, case(9, (3, 5)).plan.rows)
    assert not products.fits(case(9, (1000,)).query, case(9, (1000,)).plan.rows)
    assert not products.fits(case(9, (3, 5)).query.float(), case(9, (3, 5)).plan.rows)
