"""Gradients of a step, in parts: as of one pass over all of it."""

from __future__ import annotations

from pathlib import Path

import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st
from test_fit import CONFIG, examples, student

from brewlite.training import gradients as module
from brewlite.training.fit import Fitting
from brewlite.training.gradients import gradients, in_passes


@pytest.mark.parametrize("threads", [1, 2])
@pytest.mark.parametrize("tokens", [20, 150, 10**6])
def test_parts_by_several_threads_add_up_to_the_whole(monkeypatch, tmp_path: Path, threads, tokens):
    monkeypatch.setattr(module, "PASS_TOKENS", tokens)
    batch = examples(30, seed=1)
    run = Fitting(student(), batch, CONFIG, tmp_path)
    run.one_step()  # before it, half of the differences have no gradient
    learned = [parameter for parameter in run.student.decoder.parameters() if parameter.requires_grad]
    whole = run._loss(batch) / len(batch)
    expected = torch.autograd.grad(whole, learned)
    before = torch.get_num_threads()
    torch.set_num_threads(threads)
    try:
        loss, found = gradients(batch, lambda example: example.tokens, run._loss, learned)
        again = gradients(batch, lambda example: example.tokens, run._loss, learned)
    finally:
        torch.set_num_threads(before)
    assert loss == pytest.approx(float(whole.detach()), abs=1e-6)
    for one, other, wanted in zip(found, again[1], expected, strict=True):
        torch.testing.assert_close(one, wanted, atol=1e-6, rtol=1e-4)
        assert torch.equal(one, other), "the same bits each time"


def test_what_the_loss_does_not_depend_on_has_no_gradient():
    used, unused = torch.ones(2, requires_grad=True), torch.ones(2, requires_grad=True)
    loss, (one, other) = gradients([3.0, 5.0], lambda _: 600, lambda part: sum(part) * used.sum(), [used, unused])
    assert loss == 8
    assert one.tolist() == [4, 4]
    assert other is None


@given(tokens=st.lists(st.integers(1, 3000), max_size=30))
def test_passes_hold_every_example_in_order(tokens):
    passes = in_passes(tokens, int)
    assert [one for part in passes for one in part] == tokens
    assert all(len(part) == 1 or sum(part) <= module.PASS_TOKENS for part in passes)
