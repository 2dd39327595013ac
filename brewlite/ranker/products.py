"""Attention of candidates behind a prefix as products of matrices, for CPUs in bfloat16.

There a product of matrices runs near the machine's peak and torch's fused kernel at a sixth of it (lab notes). But a
product rounds what it returns, scores of 20 to steps of 0.125. So each query's scores are made less about their
largest, which one more column of the product takes off *before* it rounds: those that weigh most come out next to 0,
where the steps are finest. Because scores behind the prefix and in a query's own candidate are lowered alike, the
weighted values of both parts, and one more column of ones, simply add up; no log-sum-exp is needed to merge them.
"""

from __future__ import annotations

import math
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

    def even(self, packed: Tensor) -> Tensor:
        """(N, T, W) -> (N, C, L, W)."""
        if self.gather is not None:
            packed = packed.index_select(1, self.gather)
        return packed.reshape(packed.shape[0], self.count, self.length, packed.shape[2])

    def packed(self, even: Tensor) -> Tensor:
        """(N, C, L, W) -> (N, T, W)."""
        flat = even.reshape(even.shape[0], self.count * self.length, even.shape[3])
        return flat if self.scatter is None else flat.index_select(1, self.scatter)


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
        (1, H, T, E), or None where a score is so far above those looked at that its weight would leave the floats.
    """
    heads, tokens, width = query.shape[1:]
    shared = own[0].shape[1]
    # The queries of one token to one key head lie side by side, so a candidate's are one block of the row.
    asked = query.view(shared, -1, tokens, width).transpose(1, 2).reshape(shared, -1, width)  # (K, T * H/K, D)
    keys, values = prefix[0][0] * scaling, prefix[1][0]
    # Keys stand first here: a maximum over the first of two axes takes a third of the time.
    top = (keys[:, ::EVERY] @ asked.transpose(1, 2)).amax(1)[..., None]
    asked = torch.cat((asked, top), -1)
    summed = _within(asked, own[0][0], own[1][0], rows, scaling)  # (K, T * H/K, E + 1), the last: sum of weights
    keys, values = _with_column(keys, -1.0).transpose(1, 2), _with_column(values, 1.0)
    parts = math.ceil(asked.shape[1] * keys.shape[0] * keys.shape[2] / SCORES_AT_ONCE)
    for to, of in zip(summed.chunk(parts, 1), asked.chunk(parts, 1), strict=True):
        to += (of @ keys).exp_() @ values
    if not (summed[..., -1] < LARGEST).all():
        return None
    out = summed[..., :-1] / summed[..., -1:]
    out = out.view(shared, tokens, -1, out.shape[-1]).transpose(0, 1)  # (T, K, H/K, E), as the next layer reads it
    return out.to(query.dtype, memory_format=torch.contiguous_format).view(1, tokens, heads, -1).transpose(1, 2)


def _within(asked: Tensor, key: Tensor, value: Tensor, rows: Rows, scaling: float) -> Tensor:
    """(K, T * H/K, E + 1) float32: values and ones of the token's own candidate by their weights.

    In float32 because there is little to compute, and by powers of 2 because torch's are four times as fast as its
    exponentials, and ten times where a key is hidden.
    """
    shared, tokens, width = key.shape
    blocks = shared * rows.count
    queries = rows.even(asked.view(shared, tokens, -1)).reshape(blocks, -1, width + 1).float()
    keys = _with_column(rows.even(key).reshape(blocks, rows.length, width).float() * scaling, -1.0) / math.log(2)
    values = _with_column(rows.even(value).reshape(blocks, rows.length, -1).float(), 1.0)
    hidden = torch.full((rows.length, rows.length), -torch.inf).triu(1)
    hidden = hidden.repeat_interleave(queries.shape[1] // rows.length, 0)
    summed = torch.baddbmm(hidden, queries, keys.transpose(1, 2)).exp2_() @ values
    summed = rows.packed(summed.view(shared, rows.count, rows.length, -1))
    return summed.view(shared, -1, values.shape[-1])


def _with_column(rows: Tensor, number: float) -> Tensor:
    """(K, N, W) -> (K, N, W + 1)."""
    return torch.cat((rows, rows.new_full((*rows.shape[:-1], 1), number)), -1)
