"""The gradients of one step: its examples shared out among threads that compute alone, a few of them in each pass.

Small passes by threads of their own take a tenth less time than one pass by all threads, for the reasons they do when
ranking (:mod:`brewlite.crew`), and need the memory of a few examples instead of all.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from typing import TypeVar

import torch
from torch import Tensor

from brewlite.crew import crew_of, shared_out

PASS_TOKENS = 1000
"""Most tokens of a pass over more than one example."""

One = TypeVar("One")
Summed = tuple[float, list[Tensor | None]]
"""A loss and its gradients; None for what it does not depend on."""


def gradients(
    batch: Sequence[One],
    tokens: Callable[[One], int],
    loss: Callable[[Sequence[One]], Tensor],
    learned: Sequence[Tensor],
) -> Summed:
    """The mean loss of the examples in ``batch``, and its gradients by ``learned``, in float32.

    Args:
        batch: at least one example.
        tokens: of one example.
        loss: the summed loss of some of the examples, from one pass over them; asked by several threads at once.
        learned: leaves that ``loss`` computes with.
    """

    def of_share(share: Sequence[One]) -> Summed:
        total: Summed = (0.0, [None] * len(learned))
        for examples in in_passes(share, tokens):
            part = loss(examples) / len(batch)
            found = torch.autograd.grad(part, list(learned), allow_unused=True)
            total = _added(total, (float(part.detach()), found))
        return total

    crew = crew_of(torch.get_num_threads())
    shares = shared_out([tokens(example) for example in batch], crew.members) if crew else []
    if crew is None or len(shares) == 1:
        return of_share(batch)
    total, *others = crew.run(of_share, [batch[share] for share in shares])
    for other in others:  # in the shares' order, whoever was done first: a run gone on with must give the same bits
        total = _added(total, other)
    return total


def in_passes(examples: Iterable[One], tokens: Callable[[One], int], most: int = PASS_TOKENS) -> list[list[One]]:
    """``examples`` in their order, cut so that none has more than ``most`` tokens, or more than one example."""
    passes: list[list[One]] = []
    room = 0
    for example in examples:
        if not passes or tokens(example) > room:
            passes.append([])
            room = most
        passes[-1].append(example)
        room -= tokens(example)
    return passes


def _added(total: Summed, other: tuple[float, Sequence[Tensor | None]]) -> Summed:
    return total[0] + other[0], [_sum(a, b) for a, b in zip(total[1], other[1], strict=True)]


def _sum(total: Tensor | None, other: Tensor | None) -> Tensor | None:
    """In float32: in 16 bits every pass would round once more. Into ``total``: new memory costs ten times the sum."""
    if other is None:
        return total
    return other.to(torch.float32, copy=True) if total is None else total.add_(other)
