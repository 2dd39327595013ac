"""Shared-prefix attention that can be learned through: several slates in one row, gradients without a mask.

A slate is a prefix and its candidates. A candidate's token sees the prefix and, causally, its own candidate. In 16
bits that is done by products of matrices (:mod:`brewlite.training.products`), else by two calls of the fused kernel,
merged by their log-sum-exp. Going backward, the kernel is given the *merged* output and
log-sum-exp together with the keys of one part: the weights it rebuilds, exp(score - lse), are then those of the whole
attention, so that each part gets its exact gradient (as ring attention does; Liu et al. 2023, arXiv 2310.01889).
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any, cast

import torch
from torch import Tensor

from brewlite.errors import BadSettings
from brewlite.ranker.attention import Rule
from brewlite.training import products
from brewlite.training.products import SlateShape

_forward = torch.ops.aten._scaled_dot_product_flash_attention_for_cpu
_backward = torch.ops.aten._scaled_dot_product_flash_attention_for_cpu_backward


@dataclass(frozen=True)
class SlatesPass:
    """What the attention of a training pass must know: the slates of the row. Plugs in as ``shared_prefix``."""

    slates: tuple[SlateShape, ...]

    def attend(self, layer: int, query: Tensor, key: Tensor, value: Tensor, rule: Rule) -> Tensor:
        """Query (1, H, T, D), key and value (1, K, T, D) -> (1, H, T, D)."""
        longest = max(slate.prefix + max(slate.lengths) for slate in self.slates)
        if rule.softcap is not None or query.device.type != "cpu":
            raise BadSettings("training knows full attention on the CPU only: choose a model without soft caps")
        if rule.window is not None and rule.window < longest:
            raise BadSettings(
                f"the model sees {rule.window} tokens back and a slate has {longest} in a row: training knows full "
                f"attention only; shorten the prompts, or choose a model without windows"
            )
        parts = []
        for slate in self.slates:
            begin, middle, end = slate.start, slate.start + slate.prefix, slate.start + slate.tokens
            q, k, v = query[:, :, begin:end], key[:, :, begin:end], value[:, :, begin:end]
            alike = q.shape[3] == k.shape[3] == v.shape[3] and not q.shape[3] % 2
            if alike and slate.fits(query.dtype, query.shape[1]):
                parts.append(_by_products(q, k, v, slate, rule.scaling))
                continue
            split = slate.prefix
            parts.append(_causal(q[:, :, :split], k[:, :, :split], v[:, :, :split], rule.scaling))
            if middle < end:
                behind = (k[:, :, :split], v[:, :, :split])
                parts.append(
                    _candidates(q[:, :, split:], *behind, k[:, :, split:], v[:, :, split:], slate, rule.scaling)
                )
        return torch.cat(parts, dim=2)


class _Causal(torch.autograd.Function):
    """Causal attention of one prefix to itself."""

    @staticmethod
    def forward(ctx: Any, query: Tensor, key: Tensor, value: Tensor, scale: float) -> Tensor:
        groups = query.shape[1] // key.shape[1]
        k, v = _repeat(key, groups), _repeat(value, groups)
        out, lse = _forward(query, k, v, 0.0, True, scale=scale)
        ctx.save_for_backward(query, key, value, out, lse)
        ctx.scale, ctx.groups = scale, groups
        return cast(Tensor, out)

    @staticmethod
    def backward(ctx: Any, *grads: Tensor) -> tuple[Tensor | None, ...]:
        query, key, value, out, lse = ctx.saved_tensors
        k, v = _repeat(key, ctx.groups), _repeat(value, ctx.groups)
        dq, dk, dv = _backward(grads[0].contiguous(), query, k, v, out, lse, 0.0, True, scale=ctx.scale)
        return dq, _sum_groups(dk, ctx.groups), _sum_groups(dv, ctx.groups), None


class _Candidates(torch.autograd.Function):
    """Attention of a slate's candidates to its prefix and, causally, each to itself."""

    @staticmethod
    def forward(
        ctx: Any, query: Tensor, prefix_key: Tensor, prefix_value: Tensor, key: Tensor, value: Tensor,
        slate: SlateShape, scale: float,
    ) -> Tensor:  # fmt: skip
        ctx.slate, ctx.scale = slate, scale
        heads = query.shape[1]
        groups = heads // key.shape[1]
        behind, behind_lse = _forward(_fold(query, groups), prefix_key, prefix_value, 0.0, False, scale=scale)
        behind, behind_lse = _unfold(behind, groups), behind_lse.reshape(1, heads, -1)
        q, k, v = _grid(query, slate), _repeat(_grid(key, slate), groups), _repeat(_grid(value, slate), groups)
        own, own_lse = _forward(q, k, v, 0.0, True, scale=scale)
        own_lse = _row(own_lse[..., None], slate)[..., 0]
        share = torch.sigmoid(own_lse - behind_lse)[..., None]
        out = torch.lerp(behind.float(), _row(own, slate).float(), share).to(query.dtype)
        ctx.save_for_backward(query, prefix_key, prefix_value, key, value, out, torch.logaddexp(behind_lse, own_lse))
        ctx.groups = groups
        return out

    @staticmethod
    def backward(ctx: Any, *grads: Tensor) -> tuple[Tensor | None, ...]:
        query, prefix_key, prefix_value, key, value, out, lse = ctx.saved_tensors
        slate = ctx.slate
        groups, grad = ctx.groups, grads[0].contiguous()
        dq_behind, dpk, dpv = _backward(
            _fold(grad, groups), _fold(query, groups), prefix_key, prefix_value, _fold(out, groups),
            lse.reshape(1, prefix_key.shape[1], -1), 0.0, False, scale=ctx.scale,
        )  # fmt: skip
        k, v = _repeat(_grid(key, slate), groups), _repeat(_grid(value, slate), groups)
        even = slate.rows.even(grad[0])  # (H, C, L, D); padding learns nothing
        by_grid = slate.rows.emptied(even.flatten(0, 1)).view_as(even).transpose(0, 1).contiguous()
        grid_lse = _grid(lse[..., None], slate)[..., 0].contiguous()
        dq_own, dk, dv = _backward(
            by_grid, _grid(query, slate), k, v, _grid(out, slate), grid_lse, 0.0, True, scale=ctx.scale
        )
        dq = _unfold(dq_behind, groups) + _row(dq_own, slate)
        dk, dv = (_row(_sum_groups(d, groups), slate) for d in (dk, dv))
        return dq, dpk, dpv, dk, dv, None, None


class _ByProducts(torch.autograd.Function):
    """Attention of a slate's prefix and candidates, in 16 bits."""

    @staticmethod
    def forward(ctx: Any, query: Tensor, key: Tensor, value: Tensor, slate: SlateShape, scale: float) -> Tensor:
        alone = SlateShape(0, slate.prefix, slate.lengths)
        tokens, width = query.shape[2:]
        turn = products.Turn(query.new_ones(tokens, width), query.new_zeros(tokens, width), scale)  # as they are
        heads = products.heads_of(torch.cat([_by_token(part) for part in (query, key, value)], 1), turn, key.shape[1])
        out, (seen,) = products.attend(heads, [alone])
        ctx.save_for_backward(out, *heads, *seen, *turn[:2])
        ctx.slate, ctx.scale, ctx.widths = alone, scale, [part.shape[1] * width for part in (query, key, value)]
        return _by_head(out, width)

    @staticmethod
    def backward(ctx: Any, *grads: Tensor) -> tuple[Tensor | None, ...]:
        out, *rest, cos, sin = ctx.saved_tensors
        heads, seen = products.Heads(*rest[:3]), products.Seen(*rest[3:])
        by_heads = products.backward(
            _by_token(grads[0]).contiguous(), out, heads, [seen], [ctx.slate], products.Turn(cos, sin, ctx.scale)
        )
        parts = torch.split(by_heads, ctx.widths, 1)
        return *(_by_head(part, cos.shape[1]) for part in parts), None, None


# torch's own signature of apply is untyped.
_by_products: Callable[..., Tensor] = _ByProducts.apply
_causal: Callable[..., Tensor] = _Causal.apply
_candidates: Callable[..., Tensor] = _Candidates.apply


def _by_token(heads: Tensor) -> Tensor:
    """(1, H, T, D) -> (T, H * D)."""
    return heads[0].transpose(0, 1).flatten(1)


def _by_head(rows: Tensor, width: int) -> Tensor:
    """(T, H * D) -> (1, H, T, D)."""
    return rows.view(len(rows), -1, width).transpose(0, 1)[None]


def _fold(heads: Tensor, groups: int) -> Tensor:
    """(1, H, T, D) -> (1, K, H/K * T, D): heads that share a key head as more queries of it."""
    return heads.reshape(1, heads.shape[1] // groups, -1, heads.shape[3]).contiguous()


def _unfold(folded: Tensor, groups: int) -> Tensor:
    return folded.reshape(1, folded.shape[1] * groups, -1, folded.shape[3])


def _grid(packed: Tensor, slate: SlateShape) -> Tensor:
    """(1, H, Tc, D) -> (C, H, L, D), short candidates padded by their last token."""
    return slate.rows.even(packed[0]).transpose(0, 1).contiguous()


def _row(grid: Tensor, slate: SlateShape) -> Tensor:
    """(C, H, L, D) -> (1, H, Tc, D)."""
    return slate.rows.packed(grid.transpose(0, 1))[None]


def _repeat(heads: Tensor, groups: int) -> Tensor:
    """(B, K, S, D) -> (B, K * groups, S, D)."""
    if groups == 1:
        return heads
    return heads[:, :, None].expand(-1, -1, groups, -1, -1).flatten(1, 2)


def _sum_groups(grad: Tensor, groups: int) -> Tensor:
    """(B, H, S, D) -> (B, H / groups, S, D)."""
    if groups == 1:
        return grad
    batch, heads, tokens, width = grad.shape
    return grad.view(batch, heads // groups, groups, tokens, width).sum(2)


def packed(prefixes: Sequence[int], lengths: Sequence[Sequence[int]]) -> SlatesPass:
    """The pass over slates whose prefixes have so many tokens, and whose candidates so many each."""
    slates, start = [], 0
    for prefix, own in zip(prefixes, lengths, strict=True):
        slates.append(SlateShape(start, prefix, tuple(own)))
        start += slates[-1].tokens
    return SlatesPass(tuple(slates))
