"""Attention of candidates behind a prefix as products of matrices, for CPUs in bfloat16.

There a product of matrices runs near the machine's peak and torch's fused kernel at a sixth of it (lab notes). But a
product rounds what it returns, scores of 20 to steps of 0.125. So each query's scores are made less about their
largest, which one more column of the product takes off *before* it rounds: those that weigh most come out next to 0,
where the steps are finest. Because scores behind the prefix and in a query's own candidate are lowered alike, the
weighted values of both parts, and one more column of ones, simply add up; no log-sum-exp is needed to merge them.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

import torch
from torch import Tensor

SCORES_AT_ONCE = 4_000_000
"""Most scores of attention in memory at once: about what a processor's cache holds."""
EVERY = 4
"""The largest of every so many scores is near enough to the largest of all."""
LARGEST = 1e30
"""A query whose weights add up to more has a score so far above its others that nothing here holds for it."""


@dataclass(frozen=True)
class Rows:
    """Candidates of any lengths in one row of T tokens, and the same as C rows of L tokens, short ones padded."""

    count: int
    length: int
    gather: Tensor | None
    """(C * L,) the token for each place, a padding place repeats its candidate's last; None: all are L long."""
    scatter: Tensor | None
    """(T,) the place of each token."""

    @classmethod
    def of(cls, lengths: Sequence[int], device: torch.device | str = "cpu") -> Rows:
        """Of candidates with so many tokens each."""
        own = torch.tensor(lengths)
        offsets = torch.arange(max(lengths))
        inside = offsets < own[:, None]  # (C, L)
        if inside.all():
            return cls(len(lengths), len(offsets), None, None)
        # A padding token repeats its candidate's last one: real queries stand before it and never see it.
        gather = (own.cumsum(0) - own)[:, None] + torch.minimum(offsets, own[:, None] - 1)
        real = inside.flatten().nonzero().flatten()
        return cls(len(lengths), len(offsets), gather.flatten().to(device), real.to(device))

    def even(self, packed: Tensor) -> Tensor:
        """(N, T, W) -> (N, C, L, W)."""
        if self.gather is not None:
            packed = packed.index_select(1, self.gather)
        return packed.reshape(packed.shape[0], self.count, self.length, packed.shape[2])

    def packed(self, even: Tensor) -> Tensor:
        """(N, C, L, W) -> (N, T, W)."""
        flat = even.reshape(even.shape[0], self.count * self.length, even.shape[3])
        return flat if self.scatter is None else flat.index_select(1, self.scatter)

    def emptied(self, blocks: Tensor) -> Tensor:
        """(N * C, L * n, W) with zeros at the places that are padding."""
        if self.scatter is None:
            return blocks
        real = blocks.new_zeros(self.count * self.length)
        real[self.scatter] = 1.0
        places = blocks.view(-1, self.count, self.length, blocks.shape[1] // self.length, blocks.shape[2])
        return (places * real.view(self.count, self.length, 1, 1)).view_as(blocks)


def fits(query: Tensor, rows: Rows) -> bool:
    """Whether ``query`` (1, H, T, D) should be computed this way: also not if its candidates are very long."""
    scores = query.shape[1] * rows.count * rows.length**2
    return query.device.type == "cpu" and query.dtype == torch.bfloat16 and scores <= SCORES_AT_ONCE


def attend(
    query: Tensor, prefix: tuple[Tensor, Tensor], own: tuple[Tensor, Tensor], rows: Rows, scaling: float
) -> Tensor | None:
    """What each token of a candidate sees: the whole prefix, and causally its own candidate.

    Args:
        query: (1, H, T, D), the candidates' tokens in one row.
        prefix: keys (1, K, P, D) and values (1, K, P, E), H a multiple of K.
        own: keys (1, K, T, D) and values (1, K, T, E) of the candidates' tokens.
        rows: how the T tokens part into candidates.
        scaling: of the scores.

    Returns:
        (1, H, T, E); or None where a score is so far above those looked at that its weight would leave the floats.
    """
    shared = own[0].shape[1]
    asked = by_key(query, shared)
    keys, values = prefix[0][0] * scaling, prefix[1][0]
    # Keys stand first here: a maximum over the first of two axes takes a third of the time.
    top = (keys[:, ::EVERY] @ asked.transpose(1, 2)).amax(1)[..., None]
    asked = torch.cat((asked, top), -1)
    summed = _within(asked, own[0][0], own[1][0], rows, scaling)  # (K, T * H/K, E + 1), the last: sum of weights
    keys, values = with_column(keys, -1.0).transpose(1, 2), with_column(values, 1.0)
    parts = math.ceil(asked.shape[1] * keys.shape[0] * keys.shape[2] / SCORES_AT_ONCE)
    for to, of in zip(summed.chunk(parts, 1), asked.chunk(parts, 1), strict=True):
        to += (of @ keys).exp_() @ values
    total = summed[..., -1:]
    if not (total < LARGEST).all():
        return None
    return by_head((summed[..., :-1] / total), query.shape[1]).to(query.dtype)


def by_key(heads: Tensor, shared: int) -> Tensor:
    """(1, H, T, D) -> (K, T * H/K, D): what is asked of one key head, a token's side by side.

    So that what one candidate asks is one block.
    """
    return heads.view(shared, -1, *heads.shape[2:]).transpose(1, 2).reshape(shared, -1, heads.shape[3])


def by_head(rows: Tensor, heads: int) -> Tensor:
    """(K, T * H/K, D) -> (1, H, T, D); in memory (T, H, D), as a layer reads it on."""
    shared, _, width = rows.shape
    laid = rows.view(shared, -1, heads // shared, width).transpose(0, 1).contiguous()  # (T, K, H/K, D)
    return laid.view(1, -1, heads, width).transpose(1, 2)


def hidden_within(length: int, groups: int) -> Tensor:
    """(L * H/K, L): -inf where a token's query would see a later key of its candidate, else 0."""
    return torch.full((length, length), -torch.inf).triu(1).repeat_interleave(groups, 0)


def with_column(rows: Tensor, number: float) -> Tensor:
    """(K, N, W) -> (K, N, W + 1)."""
    return torch.cat((rows, rows.new_full((*rows.shape[:-1], 1), number)), -1)


def _within(asked: Tensor, key: Tensor, value: Tensor, rows: Rows, scaling: float) -> Tensor:
    """(K, T * H/K, E + 1) float32: values and ones of the token's own candidate by their weights.

    In float32 because there is little to compute, and by powers of 2 because torch's are four times as fast as its
    exponentials, and ten times where a key is hidden.
    """
    shared, tokens, width = key.shape
    blocks = shared * rows.count
    queries = rows.even(asked.view(shared, tokens, -1)).reshape(blocks, -1, width + 1).float()
    keys = with_column(rows.even(key).reshape(blocks, rows.length, width).float() * scaling, -1.0) / math.log(2)
    values = with_column(rows.even(value).reshape(blocks, rows.length, -1).float(), 1.0)
    hidden = hidden_within(rows.length, queries.shape[1] // rows.length)
    summed = torch.baddbmm(hidden, queries, keys.transpose(1, 2)).exp2_() @ values
    summed = rows.packed(summed.view(shared, rows.count, rows.length, -1))
    return summed.view(shared, -1, values.shape[-1])
