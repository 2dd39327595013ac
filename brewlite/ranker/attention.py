"""Shared-prefix attention: many candidates behind one prefix, none seeing another, without ever building a mask.

A candidate's token sees the prefix and, causally, its own candidate. Both parts are computed on their own, the
prefix part for all candidates at once, and merged by their log-sum-exp (the way flash attention merges its blocks;
Dao et al. 2022, arXiv 2205.14135, section 3.1; the split at a shared prefix is that of Hydragen, arXiv 2402.05099).

The function is registered with transformers as ``brewlite_shared_prefix`` and works for any decoder whose layers
go through transformers' attention interface. What it must know about a pass arrives as the keyword argument
``shared_prefix`` of the model's forward.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

import torch
from torch import Tensor
from transformers import AttentionInterface

from brewlite.crew import Relay
from brewlite.errors import BadSettings
from brewlite.ranker import products

NAME = "brewlite_shared_prefix"
"""Under which transformers knows the function."""


class PrefixKeys:
    """Keys and values of one prefix, layer by layer, filled block by block."""

    def __init__(self, tokens: int) -> None:
        self.tokens = tokens
        self._layers: dict[int, tuple[Tensor, Tensor]] = {}

    def write(self, layer: int, start: int, key: Tensor, value: Tensor) -> None:
        """Put ``key`` (1, K, n, D) and ``value`` (1, K, n, E) of tokens ``start`` to ``start + n``."""
        if layer not in self._layers:
            self._layers.setdefault(layer, (self._room(key), self._room(value)))  # two threads may both come here
        keys, values = self._layers[layer]
        keys[:, :, start : start + key.shape[2]] = key
        values[:, :, start : start + key.shape[2]] = value

    def read(self, layer: int, start: int, stop: int) -> tuple[Tensor, Tensor]:
        """Views (1, K, stop - start, D) and (1, K, stop - start, E)."""
        keys, values = self._layers[layer]
        return keys[:, :, start:stop], values[:, :, start:stop]

    def copy_from(self, other: PrefixKeys, tokens: int) -> None:
        """Take over the first ``tokens`` tokens of ``other``."""
        for layer in other._layers:
            self.write(layer, 0, *other.read(layer, 0, tokens))

    @property
    def layers(self) -> int:
        """Layers that were written."""
        return len(self._layers)

    @property
    def bytes(self) -> int:
        """Memory held."""
        return sum(keys.nbytes + values.nbytes for keys, values in self._layers.values())

    def _room(self, like: Tensor) -> Tensor:
        return like.new_empty((1, like.shape[1], self.tokens, like.shape[3]))


@dataclass(frozen=True)
class PrefixPass:
    """One block of prefix tokens: sees all before it, and itself causally; its keys and values are kept."""

    keys: PrefixKeys
    start: int
    relay: Relay
    """By which other threads may read the other blocks meanwhile."""
    block: int

    def attend(self, layer: int, query: Tensor, key: Tensor, value: Tensor, rule: Rule) -> Tensor:
        """(1, H, n, E)."""
        self.keys.write(layer, self.start, key, value)
        self.relay.pass_on(self.block, layer)
        before = self.keys.read(layer, rule.first_visible(self.start), self.start)
        own = attend(query, key, value, rule, Sight(self.start, self.start, causal=True))
        if before[0].shape[2] == 0:
            return own[0]
        sight = Sight(self.start, self.start - before[0].shape[2])
        return merge(attend(query, *before, rule, sight), own)


@dataclass(frozen=True)
class CandidatePass:
    """Candidates packed into one row of T tokens behind a finished prefix of P tokens."""

    keys: PrefixKeys
    lengths: tuple[int, ...]
    """Tokens of each candidate, in the row's order."""
    device: torch.device
    positions: Tensor = field(init=False)
    """(T,) P, P+1, ... for each candidate anew."""
    last: Tensor = field(init=False)
    """(C,) where each candidate's last token stands in the row."""
    rows: products.Rows = field(init=False)

    def __post_init__(self) -> None:
        positions = torch.cat([torch.arange(length) for length in self.lengths]) + self.keys.tokens
        set_ = object.__setattr__
        set_(self, "positions", positions.to(self.device))
        set_(self, "last", (torch.tensor(self.lengths).cumsum(0) - 1).to(self.device))
        set_(self, "rows", products.Rows.of(self.lengths, self.device))

    def attend(self, layer: int, query: Tensor, key: Tensor, value: Tensor, rule: Rule) -> Tensor:
        """(1, H, T, E)."""
        prefix = self.keys.tokens
        if rule.is_plain and products.fits(query, self.rows):
            seen = products.attend(query, self.keys.read(layer, 0, prefix), (key, value), self.rows, rule.scaling)
            if seen is not None:
                return seen
        first = rule.first_visible(prefix)
        behind = attend_packed(query, *self.keys.read(layer, first, prefix), rule, self.positions, first)
        q, k, v = (self.rows.even(packed[0]).transpose(0, 1) for packed in (query, key, value))  # (C, H, L, D)
        own, own_lse = attend(q, k, v, rule, Sight(prefix, prefix, causal=True))
        return merge(behind, (self._packed(own), self._packed(own_lse[..., None])[..., 0]))

    def _packed(self, even: Tensor) -> Tensor:
        """(C, H, L, D) -> (1, H, T, D)."""
        return self.rows.packed(even.transpose(0, 1))[None]


Part = tuple[Tensor, Tensor]
"""What attention to some of the keys gave: the output (B, H, T, E) and its log-sum-exp (B, H, T) in float32."""


@dataclass(frozen=True)
class Rule:
    """How one layer attends."""

    scaling: float
    window: int | None = None
    """A query sees this many tokens up to and with its own; None: all."""
    softcap: float | None = None
    """Scores are squeezed to cap * tanh(score / cap)."""

    @property
    def is_plain(self) -> bool:
        """Whether every key counts, by its score as it is."""
        return self.window is None and self.softcap is None

    def first_visible(self, position: int) -> int:
        """The first position that a query at ``position`` sees."""
        return 0 if self.window is None else max(0, position - self.window + 1)


@dataclass(frozen=True)
class Sight:
    """Positions of the first query and the first key; both count on by one."""

    first_query: int
    first_key: int
    causal: bool = False
    """False: every key stands before every query."""

    def needs_mask(self, rule: Rule, queries: int) -> bool:
        """Whether the window hides some key from some query."""
        return rule.first_visible(self.first_query + queries - 1) > self.first_key

    def mask(self, rule: Rule, queries: int, keys: int, device: torch.device) -> Tensor | None:
        """(queries, keys) bool, True where seen; None: all are."""
        at = torch.arange(queries, device=device)[:, None] + self.first_query
        to = torch.arange(keys, device=device) + self.first_key
        seen = to <= at
        if rule.window is not None:
            seen &= to > at - rule.window
        return seen


def attend(query: Tensor, key: Tensor, value: Tensor, rule: Rule, sight: Sight) -> Part:
    """Attention of ``query`` (B, H, T, D) to ``key`` (B, K, S, D) and ``value`` (B, K, S, E), H a multiple of K."""
    groups = query.shape[1] // key.shape[1]
    masked = sight.needs_mask(rule, query.shape[2])
    if masked or not _is_fast(query, value, rule):
        mask = None
        if masked or sight.causal:
            mask = sight.mask(rule, query.shape[2], key.shape[2], query.device)
        return _plain(query, key, value, rule, mask)
    if sight.causal:
        return _flash(query, _repeat(key, groups), _repeat(value, groups), rule, causal=True)
    return _folded(query, key, value, rule)


def attend_packed(query: Tensor, key: Tensor, value: Tensor, rule: Rule, positions: Tensor, first_key: int) -> Part:
    """Attention of packed candidates (1, H, T, D) at ``positions`` (T,) to keys of the prefix, all before them."""
    if _is_fast(query, value, rule) and rule.window is None:
        return _folded(query, key, value, rule)
    mask = None
    if rule.window is not None:
        mask = torch.arange(key.shape[2], device=key.device) + first_key > positions[:, None] - rule.window
    return _plain(query, key, value, rule, mask)


def merge(one: Part, other: Part) -> Tensor:
    """What attention to the keys of both parts together would have given."""
    share = torch.sigmoid(other[1] - one[1])[..., None]
    return torch.lerp(one[0], other[0], share.to(one[0].dtype))


def _is_fast(query: Tensor, value: Tensor, rule: Rule) -> bool:
    """Whether a fused kernel that also returns the log-sum-exp can be used."""
    if rule.softcap is not None or query.shape[-1] != value.shape[-1]:
        return False
    if query.device.type == "cuda":
        return query.dtype in (torch.bfloat16, torch.float16) and query.shape[-1] <= 256
    return query.device.type == "cpu" and query.dtype in (torch.bfloat16, torch.float16, torch.float32)


def _folded(query: Tensor, key: Tensor, value: Tensor, rule: Rule) -> Part:
    """Unmasked attention with the query heads that share a key head as more queries of it: no key is copied."""
    batch, heads, length, _ = query.shape
    folded = query.reshape(batch, key.shape[1], -1, query.shape[-1])  # (B, K, H/K * T, D)
    out, lse = _flash(folded, key, value, rule)
    return out.reshape(batch, heads, length, -1), lse.reshape(batch, heads, length)


def _flash(query: Tensor, key: Tensor, value: Tensor, rule: Rule, causal: bool = False) -> Part:
    """The device's fused kernel; as many key heads as query heads."""
    if query.device.type == "cpu":
        op = torch.ops.aten._scaled_dot_product_flash_attention_for_cpu
        out, lse = op(query, key, value, 0.0, causal, scale=rule.scaling)
        return out, lse
    cuda = torch.ops.aten._scaled_dot_product_flash_attention
    out, lse, *_ = cuda(query, key, value, 0.0, causal, False, scale=rule.scaling)
    return out, lse[..., : query.shape[2]]


def _plain(query: Tensor, key: Tensor, value: Tensor, rule: Rule, mask: Tensor | None) -> Part:
    """The formula itself, in float32; ``mask`` (T, S) is True where a key is seen. Seeing none gives 0 and -inf."""
    groups = query.shape[1] // key.shape[1]
    scores = query.float() @ _repeat(key, groups).float().transpose(-1, -2) * rule.scaling
    if rule.softcap is not None:
        scores = rule.softcap * torch.tanh(scores / rule.softcap)
    if mask is not None:
        scores = scores.masked_fill(~mask, -torch.inf)
    lse = torch.logsumexp(scores, dim=-1)
    weights = torch.exp(scores - lse.masked_fill(lse == -torch.inf, 0.0)[..., None])
    return (weights @ _repeat(value, groups).float()).to(query.dtype), lse


def _repeat(heads: Tensor, groups: int) -> Tensor:
    """(B, K, S, D) -> (B, K * groups, S, D)."""
    if groups == 1:
        return heads
    return heads[:, :, None].expand(-1, -1, groups, -1, -1).flatten(1, 2)


def shared_prefix_attention(
    module: Any,
    query: Tensor,
    key: Tensor,
    value: Tensor,
    attention_mask: Tensor | None,
    scaling: float | None = None,
    dropout: float = 0.0,
    sliding_window: int | None = None,
    softcap: float | None = None,
    shared_prefix: PrefixPass | CandidatePass | None = None,
    s_aux: Tensor | None = None,
    **_: Any,
) -> tuple[Tensor, None]:
    """What transformers' layers call: query (1, H, T, D), key and value (1, K, T, D) -> (1, T, H, E), no weights.

    Raises:
        BadSettings: the architecture does something that candidates behind one prefix cannot be scored with.
    """
    if shared_prefix is None or attention_mask is not None or s_aux is not None or dropout:
        raise BadSettings(
            f"{type(module).__name__} does not pass the shared prefix on to its attention, or uses a mask, attention "
            f"sinks or dropout of its own: load another model"
        )
    rule = Rule(scaling if scaling is not None else query.shape[-1] ** -0.5, sliding_window, softcap)
    out = shared_prefix.attend(module.layer_idx, query, key, value, rule)
    return out.transpose(1, 2), None


def supports(layer_types: Sequence[str] | None) -> bool:
    """Whether layers of these transformers types only mix tokens by attention."""
    return set(layer_types or ()) <= {"full_attention", "sliding_attention"}


AttentionInterface.register(NAME, shared_prefix_attention)
