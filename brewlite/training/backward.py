"""Going back through the attention of candidates behind a prefix, as products of matrices.

The counterpart of :mod:`brewlite.ranker.products`, for CPUs in bfloat16. The weights are rebuilt from the scores less
their log-sum-exp, so none is above 1. A product rounds what it returns, but not what it adds up: the log-sum-exp is
taken off inside it, by two more columns (its 16 bits, and 16 for what they leave), and so is each query's share of
the gradient.
"""

from __future__ import annotations

import math

import torch
from torch import Tensor

from brewlite.ranker.products import Rows, by_head, by_key, hidden_within, with_column

Grads = tuple[Tensor, Tensor, Tensor, Tensor, Tensor]
"""By query, the prefix's keys and values, the candidates' own keys and values; shaped and typed as these."""


def backward(
    grad: Tensor,
    query: Tensor,
    prefix: tuple[Tensor, Tensor],
    own: tuple[Tensor, Tensor],
    out: Tensor,
    lse: Tensor,
    rows: Rows,
    scaling: float,
) -> Grads:
    """The gradients of :func:`brewlite.ranker.products.attend`.

    Args:
        grad: by the output, (1, H, T, D).
        query: (1, H, T, D).
        prefix: keys and values, (1, K, P, D).
        own: keys and values, (1, K, T, D).
        out: the output, (1, H, T, D).
        lse: the log-sum-exp of each query's scores, (K, T * H/K, 1) float32.
        rows: how the T tokens part into candidates.
        scaling: of the scores.
    """
    shared = own[0].shape[1]
    asked, wanted = by_key(query, shared), by_key(grad, shared)
    share = (wanted.float() * by_key(out, shared).float()).sum(-1, keepdim=True)  # (K, T * H/K, 1)
    dq, dpk, dpv = _behind(asked, wanted, lse, share, prefix[0][0], prefix[1][0], scaling)
    dq_own, dk, dv = _within(asked, wanted, lse, share, own[0][0], own[1][0], rows, scaling)
    dtype = query.dtype
    dq = by_head(dq_own + dq, query.shape[1]).to(dtype)
    return dq, dpk[None], dpv[None], dk[None].to(dtype), dv[None].to(dtype)


def _behind(
    asked: Tensor, wanted: Tensor, lse: Tensor, share: Tensor, key: Tensor, value: Tensor, scaling: float
) -> tuple[Tensor, Tensor, Tensor]:
    """By query, key and value, of the attention to the prefix: keys and values (K, P, D)."""
    scaled = key * scaling
    weights = (_lowered(asked, lse) @ _less(scaled)).exp_()  # (K, T * H/K, P)
    dv = weights.transpose(1, 2) @ wanted
    weights *= _lowered(wanted, share) @ _less(value)
    return weights @ scaled, (weights.transpose(1, 2) @ asked) * scaling, dv


def _within(
    asked: Tensor, wanted: Tensor, lse: Tensor, share: Tensor, key: Tensor, value: Tensor, rows: Rows, scaling: float
) -> tuple[Tensor, Tensor, Tensor]:
    """By query, key and value, of the attention to a token's own candidate, in float32; keys and values (K, T, D)."""
    shared, tokens, width = key.shape
    blocks = shared * rows.count

    def even(packed: Tensor) -> Tensor:
        """(K, T, ...) -> (K * C, L * ..., W) float32."""
        return rows.even(packed.reshape(shared, tokens, -1)).reshape(blocks, -1, packed.shape[-1]).float()

    def packed(blocked: Tensor) -> Tensor:
        return rows.packed(blocked.view(shared, rows.count, rows.length, -1)).view(shared, -1, width)

    keys, values, queries = even(key) * scaling, even(value), even(asked)
    by_out, by_weights = rows.emptied(even(wanted)), rows.emptied(even(share))
    hidden = hidden_within(rows.length, queries.shape[1] // rows.length)
    scores = torch.baddbmm(hidden, torch.cat((queries, even(lse)), -1), with_column(keys, -1.0).transpose(1, 2))
    weights = (scores / math.log(2)).exp2_()
    dv = weights.transpose(1, 2) @ by_out
    weights *= torch.baddbmm(-by_weights, by_out, values.transpose(1, 2))
    return packed(weights @ keys), packed(weights.transpose(1, 2) @ queries) * scaling, packed(dv)


def _lowered(rows: Tensor, by: Tensor) -> Tensor:
    """(K, N, D) in 16 bits and (K, N, 1) in 32 -> (K, N, D + 2): the number in 16 bits, and what they leave."""
    most = by.to(rows.dtype)
    return torch.cat((rows, most, (by - most).to(rows.dtype)), -1)


def _less(keys: Tensor) -> Tensor:
    """(K, P, D) -> (K, D + 2, P): takes the two numbers off in the product."""
    return with_column(with_column(keys, -1.0), -1.0).transpose(1, 2)
