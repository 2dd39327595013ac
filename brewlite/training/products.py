"""Attention of whole slates as products of matrices, forward and backward, for CPUs.

The counterpart of :mod:`brewlite.ranker.products`, with the prefix's attention to itself in the same products and
all of it in the slate's own type. The weights of the forward pass are kept for the way back, not made less again but
for a division of each query's gradient. A product rounds what it returns, and not what it adds up: so what is taken
off a score is taken off inside the product, by one more column of the queries (their highest score) and of the keys
(-1); and so is each query's share of the gradient, by two (its 16 bits, and 16 for what they leave).

Shapes, here and below: K key heads, each asked by G query heads; slates of S tokens in rows of T, the first P of a
slate its prefix, behind it C candidates, the longest of L tokens. Scores have their keys first: then only the products
by the queries read a matrix across its rows.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from itertools import accumulate
from typing import NamedTuple

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from brewlite.errors import BadSettings
from brewlite.ranker.products import EVERY, LARGEST, SCORES_AT_ONCE, Rows, hidden_within
from brewlite.training import kernels
from brewlite.training.kernels import ThreeNumbers, bits

MOST_BEHIND = 10_000_000
"""Most scores of a slate's queries with its prefix: each layer keeps them for the way back."""


@dataclass(frozen=True)
class SlateShape:
    """Where one slate lies in the packed row, and how its candidates are split."""

    start: int
    """First token of the prefix; the candidates follow it."""
    prefix: int
    """Tokens of the prefix."""
    lengths: tuple[int, ...]
    """Tokens of each candidate."""
    rows: Rows = field(init=False, compare=False)
    """How the candidates' tokens part into candidates."""
    ends: NDArray[np.int64] = field(init=False, compare=False)
    """(C + 1,) where each candidate begins, and the last ends, counted from the prefix's end."""

    def __post_init__(self) -> None:
        object.__setattr__(self, "rows", Rows.of(self.lengths))
        object.__setattr__(self, "ends", np.array([0, *accumulate(self.lengths)]))

    @property
    def tokens(self) -> int:
        """Of the prefix and all candidates."""
        return self.prefix + sum(self.lengths)

    def fits(self, dtype: torch.dtype, heads: int) -> bool:
        """Whether its attention is computed as products of matrices."""
        return self.prefix > 0 and fits(dtype, heads, self)

    def positions(self) -> Tensor:
        """(tokens,) 0, 1, ... for the prefix, then on from its end for each candidate anew."""
        own = [torch.arange(self.prefix, self.prefix + length) for length in self.lengths]
        return torch.cat([torch.arange(self.prefix), *own])

    def last(self) -> Tensor:
        """(C,) where each candidate's last token stands in the packed row."""
        return self.start + self.prefix + torch.tensor(self.lengths).cumsum(0) - 1


class Turn(NamedTuple):
    """The rotary embedding, and what scores are scaled by."""

    cos: Tensor
    """(T, D)."""
    sin: Tensor
    """(T, D), the first half with its sign turned: it weighs a head's rows rolled by half of their width."""
    scaling: float


class Heads(NamedTuple):
    """What all slates' tokens ask, are found by, and give; as the products want it."""

    asked: Tensor
    """(K, T * G, D + 1): queries, a token's side by side, each with what its scores are lowered by (0 at first)."""
    key: Tensor
    """(K, T, D + 1): scaled, and -1."""
    value: Tensor
    """(K, T, D + 2): and 1 twice, by which the way back takes off each query's share."""


class Seen(NamedTuple):
    """What the way back of a slate's attention needs."""

    behind: Tensor
    """(K, P, S * G) the weights of the prefix's keys, not yet divided."""
    own: Tensor
    """(K * C, L, L * G) those of each candidate's own keys, padded."""
    total: Tensor
    """(K, S * G) float32: what each query's weights add up to."""


def fits(dtype: torch.dtype, heads: int, slate: SlateShape) -> bool:
    """Whether a slate on the CPU should be computed this way: not if it is very long, or not in 16 bits."""
    within = heads * slate.rows.count * slate.rows.length**2
    behind = heads * slate.tokens * slate.prefix
    return dtype == torch.bfloat16 and within <= SCORES_AT_ONCE and behind <= MOST_BEHIND


def heads_of(mixed: Tensor, turn: Turn, shared: int) -> Heads:
    """Of queries, keys and values side by side (T, (K * G + 2 * K) * D), not yet turned."""
    tokens, width = turn.cos.shape
    groups = mixed.shape[1] // (shared * width) - 2
    heads = Heads(
        mixed.new_empty((shared, tokens * groups, width + 1)),
        mixed.new_empty((shared, tokens, width + 1)),
        mixed.new_empty((shared, tokens, width + 2)),
    )
    kernels.heads_of(bits(mixed), bits(turn.cos), bits(turn.sin), turn.scaling, *map(bits, heads))
    return heads


def attend(heads: Heads, slates: Sequence[SlateShape]) -> tuple[Tensor, list[Seen]]:
    """What each token sees: its slate's prefix up to itself, and, in a candidate, that candidate up to itself.

    Returns:
        (T, K * G * D), and what the way back needs of each slate.

    Raises:
        BadSettings: the scores are no numbers.
    """
    tokens = heads.key.shape[1]
    out = heads.asked.new_empty((tokens, heads.asked[..., 1:].numel() // tokens))
    seen = []
    for slate in slates:
        _lower(heads, slate, EVERY)
        one = _attend(heads, slate, out)
        if one is None:  # a score lies so far above those looked at that its weight left the floats: look at all
            _behind(heads, slate)[0][..., -1] = 0.0
            own = _own_top(heads, slate)
            _lower(heads, slate, 1)
            _behind(heads, slate)[0][:, slate.prefix * _groups(heads) :, -1:].clamp_(min=own)
            one = _attend(heads, slate, out)
        if one is None:
            raise BadSettings("attention's scores are no numbers: lower the learning rate")
        seen.append(one)
    return out, seen


def backward(
    grad: Tensor, out: Tensor, heads: Heads, seen: Sequence[Seen], slates: Sequence[SlateShape], turn: Turn
) -> Tensor:
    """The gradient by :func:`heads_of`'s rows, given that by what :func:`attend` gave. Uses ``seen`` up.

    Args:
        grad: (T, K * G * D).
        out: likewise, as :func:`attend` returned it.
        heads: what it read.
        seen: what it kept of each slate.
        slates: those it was given.
        turn: what :func:`heads_of` was given.

    Returns:
        (T, (K * G + 2 * K) * D).
    """
    shared, groups, width = len(heads.key), _groups(heads), turn.cos.shape[1]
    by_heads = grad.new_empty((len(grad), shared * (groups + 2) * width))
    for one, slate in zip(seen, slates, strict=True):
        wanted = grad.new_empty((shared, slate.tokens * groups, width + 2))
        kernels.shares(bits(grad), bits(out), bits(one.total), slate.start, bits(wanted))
        behind = _back(one.behind, wanted, *_behind(heads, slate))
        own = _back(one.own, _apart(wanted, slate.prefix, slate, groups), *_own(heads, slate))
        kernels.heads_back(
            behind, own, bits(turn.cos), bits(turn.sin), turn.scaling, slate.start, slate.ends, bits(by_heads)
        )
    return by_heads


def _back(weights: Tensor, wanted: Tensor, asked: Tensor, key: Tensor, value: Tensor) -> ThreeNumbers:
    """The gradients by queries, keys and values."""
    by_value = weights @ wanted[..., :-2]
    weights *= value @ wanted.transpose(1, 2)
    return bits(weights.transpose(1, 2) @ key[..., :-1]), bits(weights @ asked[..., :-1]), bits(by_value)


def _attend(heads: Heads, slate: SlateShape, out: Tensor) -> Seen | None:
    """One slate's share of ``out``; None where its weights cannot be added up."""
    groups = _groups(heads)
    behind, total, by_behind = _weighed(*_behind(heads, slate), groups)
    own, *of_own = _weighed(*_own(heads, slate), groups)
    own_total, by_own = map(bits, of_own)
    kernels.merged(bits(by_behind), by_own, own_total, slate.start, slate.prefix, slate.ends, bits(total), bits(out))
    return Seen(behind, own, total) if (total < LARGEST).all() else None


def _weighed(asked: Tensor, key: Tensor, value: Tensor, groups: int) -> tuple[Tensor, Tensor, Tensor]:
    """The keys' weights; for each query what they add up to, and the sum of the values by them."""
    weights = key @ asked.transpose(1, 2)
    total = weights.new_empty((len(weights), weights.shape[2]), dtype=torch.float32)
    kernels.weigh(bits(weights), groups, bits(total))
    return weights, total, weights.transpose(1, 2) @ value[..., :-2]


def _lower(heads: Heads, slate: SlateShape, every: int) -> None:
    """Puts behind each query its highest score with those keys of the prefix that it sees, every so many."""
    asked, key, _ = _behind(heads, slate)
    scores = key[:, ::every] @ asked.transpose(1, 2)
    kernels.tops(bits(scores), every, _groups(heads), slate.start * _groups(heads), bits(heads.asked))


def _own_top(heads: Heads, slate: SlateShape) -> Tensor:
    """(K, (S - P) * G, 1) the highest score of each candidate's query with its own candidate."""
    asked, key, _ = _own(heads, slate)
    hidden = hidden_within(slate.rows.length, _groups(heads)).T.to(key.dtype)
    top = (key @ asked.transpose(1, 2)).add_(hidden).amax(1)
    blocks = top.view(len(heads.key), slate.rows.count, slate.rows.length, -1)
    return slate.rows.packed(blocks).view(len(heads.key), -1, 1)


def _behind(heads: Heads, slate: SlateShape) -> tuple[Tensor, Tensor, Tensor]:
    """All queries of a slate, and its prefix's keys and values."""
    start, groups = slate.start, _groups(heads)
    own = slice(start, start + slate.prefix)
    return heads.asked[:, start * groups : (start + slate.tokens) * groups], heads.key[:, own], heads.value[:, own]


def _own(heads: Heads, slate: SlateShape) -> tuple[Tensor, Tensor, Tensor]:
    """The candidates' queries (K * C, L * G, D + 1), keys and values, padded."""
    first = slate.start + slate.prefix
    asked = _apart(heads.asked, first, slate, _groups(heads))
    return asked, _apart(heads.key, first, slate, 1), _apart(heads.value, first, slate, 1)


def _apart(packed: Tensor, first: int, slate: SlateShape, each: int) -> Tensor:
    """(K, T * each, W) -> (K * C, L * each, W), the candidates from the token ``first`` on."""
    rows = slate.rows
    out = packed.new_empty((len(packed) * rows.count, rows.length * each, packed.shape[2]))
    kernels.apart(bits(packed), first, slate.ends, each, bits(out))
    return out


def _groups(heads: Heads) -> int:
    return heads.asked.shape[1] // heads.key.shape[1]
