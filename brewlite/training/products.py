"""Attention of a whole slate as products of matrices, forward and backward, for CPUs.

The counterpart of :mod:`brewlite.ranker.products`, with the prefix's attention to itself in the same products and
all of it in the slate's own type. The weights of the forward pass are kept for the way back, not made less again but
for a division of each query's gradient. A product rounds what it returns, and not what it adds up: so each query's
share of the gradient is taken off inside the product, by two more columns (its 16 bits, and 16 for what they leave).

Shapes, here and below: K key heads, each asked by G query heads; a slate of T tokens, its first P the prefix. Scores
have their keys first: then only the products by the queries read a matrix across its rows.
"""

from __future__ import annotations

import functools
from typing import NamedTuple

import torch
from torch import Tensor

from brewlite.errors import BadSettings
from brewlite.ranker.products import EVERY, LARGEST, SCORES_AT_ONCE, Rows, hidden_within, with_column

Grads = tuple[Tensor, Tensor, Tensor]
"""By queries, keys and values; shaped and typed as these."""

MOST_BEHIND = 10_000_000
"""Most scores of a slate's queries with its prefix: each layer keeps them for the way back."""


class Seen(NamedTuple):
    """What a slate's attention gave, and what its way back needs."""

    out: Tensor
    """(K, T * G, E)."""
    behind: Tensor
    """(K, P, T * G) the weights of the prefix's keys, not yet divided."""
    own: Tensor
    """(K * C, L, L * G) those of each candidate's own keys, padded."""
    total: Tensor
    """(K, T * G, 1) float32: what each query's weights add up to."""


def fits(dtype: torch.dtype, heads: int, tokens: int, prefix: int, rows: Rows) -> bool:
    """Whether a slate on the CPU should be computed this way: not if it is very long, or not in 16 bits."""
    within = heads * rows.count * rows.length**2
    return dtype == torch.bfloat16 and within <= SCORES_AT_ONCE and heads * tokens * prefix <= MOST_BEHIND


def attend(asked: Tensor, key: Tensor, value: Tensor, prefix: int, rows: Rows, scaling: float) -> Seen:
    """What each token of a slate sees: its prefix up to itself, and, in a candidate, that candidate up to itself.

    Args:
        asked: queries (K, T * G, D), a token's side by side.
        key: (K, T, D).
        value: (K, T, E).
        prefix: P, at least 1.
        rows: how the T - P tokens behind it part into candidates.
        scaling: of the scores.

    Raises:
        BadSettings: the scores are no numbers.
    """
    keys, values = key * scaling, with_column(value, 1.0)
    seen = _attend(asked, keys, values, prefix, rows, _top(asked, keys, prefix, EVERY))
    if seen is None:  # a score lies so far above those looked at that its weight left the floats: look at all
        top = _top(asked, keys, prefix, 1)
        top[:, prefix * asked.shape[1] // key.shape[1] :].clamp_(min=_own_top(asked, keys, prefix, rows))
        seen = _attend(asked, keys, values, prefix, rows, top)
    if seen is None:
        raise BadSettings("attention's scores are no numbers: lower the learning rate")
    return seen


def backward(
    grad: Tensor, asked: Tensor, key: Tensor, value: Tensor, seen: Seen, prefix: int, rows: Rows, scaling: float
) -> Grads:
    """The gradients of :func:`attend`, given that by its output (K, T * G, E). Uses ``seen`` up."""
    wide = grad.float().div_(seen.total)
    share = (wide * seen.out.float()).sum(-1, keepdim=True)  # (K, T * G, 1)
    wanted = _lowered(wide.to(grad.dtype), share)
    scaled, first = key * scaling, prefix * asked.shape[1] // key.shape[1]
    width = value.shape[-1]
    weights = seen.behind
    dv = weights @ wanted[..., :width]
    weights *= _less(value[:, :prefix]) @ wanted.transpose(1, 2)
    dq, dk = weights.transpose(1, 2) @ scaled[:, :prefix], weights @ asked
    queries, own, values = (_even(part, rows) for part in (asked[:, first:], scaled[:, prefix:], value[:, prefix:]))
    wanted = rows.emptied(_even(wanted[:, first:], rows))
    weights = seen.own
    dv_own = weights @ wanted[..., :width]
    weights *= _less(values) @ wanted.transpose(1, 2)
    dq[:, first:] += _packed(weights.transpose(1, 2) @ own, rows, key.shape[0])
    dk_own, dv_own = (_packed(part, rows, key.shape[0]) for part in (weights @ queries, dv_own))
    return dq, torch.cat((dk, dk_own), 1).mul_(scaling), torch.cat((dv, dv_own), 1)


def _attend(asked: Tensor, keys: Tensor, values: Tensor, prefix: int, rows: Rows, top: Tensor) -> Seen | None:
    """By scores less ``top`` (K, T * G, 1); None where they cannot be added up. Values have a column of ones."""
    groups = asked.shape[1] // keys.shape[1]
    first = prefix * groups
    lowered, keys = torch.cat((asked, top), -1), with_column(keys, -1.0)
    behind = keys[:, :prefix] @ lowered.transpose(1, 2)  # (K, P, T * G)
    behind[:, :, :first] += _hidden(prefix, groups, 1, asked.dtype)
    summed = (behind.exp_().transpose(1, 2) @ values[:, :prefix]).float()
    queries, own, given = (_even(part, rows) for part in (lowered[:, first:], keys[:, prefix:], values[:, prefix:]))
    within = (own @ queries.transpose(1, 2)).add_(_hidden(rows.length, groups, 1, asked.dtype)).exp_()
    summed[:, first:] += _packed(within.transpose(1, 2) @ given, rows, keys.shape[0])
    total = summed[..., -1:]
    if not (total < LARGEST).all():
        return None
    return Seen((summed[..., :-1] / total).to(asked.dtype), behind, within, total)


def _top(asked: Tensor, keys: Tensor, prefix: int, every: int) -> Tensor:
    """(K, T * G, 1) the highest score of each query with those keys of the prefix that it sees, every so many."""
    groups = asked.shape[1] // keys.shape[1]
    scores = keys[:, :prefix:every] @ asked.transpose(1, 2)
    scores[:, :, : prefix * groups] += _hidden(prefix, groups, every, asked.dtype)
    return scores.amax(1)[..., None]


def _own_top(asked: Tensor, keys: Tensor, prefix: int, rows: Rows) -> Tensor:
    """(K, (T - P) * G, 1) the highest score of each candidate's query with its own candidate."""
    groups = asked.shape[1] // keys.shape[1]
    queries, own = _even(asked[:, prefix * groups :], rows), _even(keys[:, prefix:], rows)
    scores = (own @ queries.transpose(1, 2)).add_(_hidden(rows.length, groups, 1, asked.dtype))
    return _packed(scores.amax(1)[..., None], rows, keys.shape[0])


@functools.lru_cache(maxsize=16)
def _hidden(length: int, groups: int, every: int, dtype: torch.dtype) -> Tensor:
    """(L / every, L * G): -inf where a token's query would see a later key, else 0."""
    return hidden_within(length, groups)[:, ::every].T.to(dtype, memory_format=torch.contiguous_format)


def _even(packed: Tensor, rows: Rows) -> Tensor:
    """(K, T * G, W) -> (K * C, L * G, W)."""
    shared, width = packed.shape[0], packed.shape[2]
    tokens = rows.count * rows.length if rows.scatter is None else len(rows.scatter)
    return rows.even(packed.reshape(shared, tokens, -1)).reshape(shared * rows.count, -1, width)


def _packed(blocks: Tensor, rows: Rows, shared: int) -> Tensor:
    """(K * C, L * G, W) -> (K, T * G, W)."""
    return rows.packed(blocks.view(shared, rows.count, rows.length, -1)).view(shared, -1, blocks.shape[-1])


def _lowered(rows: Tensor, by: Tensor) -> Tensor:
    """(K, N, D) in 16 bits and (K, N, 1) in 32 -> (K, N, D + 2): the number in 16 bits, and what they leave."""
    most = by.to(rows.dtype)
    return torch.cat((rows, most, (by - most).to(rows.dtype)), -1)


def _less(keys: Tensor) -> Tensor:
    """(K, P, D) -> (K, P, D + 2): takes the two numbers off in the product."""
    return torch.cat((keys, keys.new_full((*keys.shape[:-1], 2), -1.0)), -1)
