"""Llama's decoder layers, each one step of autograd: what is learned through at the speed of its products.

A layer of transformers is some forty operations, and as many again going back, each with tensors of megabytes of its
own; only seven of them are products of weights. Here linear layers that read the same rows are one product; what was
learned on top of them is another; sums go into the products; the weights of attention are kept for the way back; and
of the last layer only those tokens are carried on whose answer is read. The formulas are transformers'
(``LlamaDecoderLayer``), which is what other architectures are learned through, and what tests compare with.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from itertools import chain
from typing import Any, NamedTuple

import torch
from torch import Tensor, nn
from transformers import LlamaModel

from brewlite.training import products
from brewlite.training.attention import SlateShape, SlatesPass
from brewlite.training.joint import Grad, Joined, Joint


@dataclass(frozen=True)
class View:
    """What all layers of a pass must know."""

    plan: SlatesPass
    cos: Tensor
    """(T, D) of the rotary embedding."""
    sin: Tensor
    """(T, D), the first half with its sign turned: it weighs a head's rows rolled by half of their width."""
    _wide: dict[int, tuple[Tensor, Tensor]] = field(default_factory=dict)

    def wide(self, heads: int) -> tuple[Tensor, Tensor]:
        """``cos`` and ``sin`` for so many heads side by side, (T, heads * D)."""
        if heads not in self._wide:
            self._wide[heads] = self.cos.repeat(1, heads), self.sin.repeat(1, heads)
        return self._wide[heads]


class Parts(NamedTuple):
    """Of one layer, in the order in which :meth:`Layer.backward` names gradients."""

    qkv: Joined
    out: Joined
    gate_up: Joined
    down: Joined


class Layer:
    """One decoder layer, over rows (T, W) of packed slates.

    Args:
        module: a ``LlamaDecoderLayer``, with differences or without.
    """

    def __init__(self, module: Any) -> None:
        attention, mlp = module.self_attn, module.mlp
        self._joints = (
            Joint(attention, "q_proj", "k_proj", "v_proj"),
            Joint(attention, "o_proj"),
            Joint(mlp, "gate_proj", "up_proj"),
            Joint(mlp, "down_proj"),
        )
        self._before, self._between = module.input_layernorm, module.post_attention_layernorm
        self._scaling, self._width = float(attention.scaling), int(attention.head_dim)
        self.heads = attention.q_proj.out_features // self._width
        """Query heads."""
        self._shared = attention.k_proj.out_features // self._width

    def through(self, x: Tensor, view: View, kept: Tensor | None = None) -> Tensor:
        """(T, W) -> (T, W), with gradients; with ``kept`` (N,) only those tokens' rows (N, W)."""
        learned = [tensor for joint in self._joints for tensor in joint.learned()]
        parts = Parts(*(joint.joined() for joint in self._joints))
        return _through(x, self, parts, view, kept, *learned, self._before.weight, self._between.weight)

    def forward(self, x: Tensor, parts: Parts, view: View, kept: Tensor | None) -> tuple[Tensor, tuple[Tensor, ...]]:
        """The rows, and what :meth:`backward` needs."""
        read, scale_in = _normed(x, self._before)
        heads, low_qkv = parts.qkv.forward(read)
        asked, key, value = self._heads(heads, view)
        seen = self._attend(asked, key, value, view)
        mixed, stream = _by_token(_joined([one.out for one in seen]), len(x)), x
        if kept is not None:
            mixed, stream = mixed[kept], x[kept]
        middle, low_out = parts.out.forward(mixed, onto=stream)
        read_mlp, scale_mlp = _normed(middle, self._between)
        gate_up, low_gate_up = parts.gate_up.forward(read_mlp)
        gate, up = gate_up.chunk(2, 1)
        opened = nn.functional.silu(gate)
        hidden = opened * up
        out, low_down = parts.down.forward(hidden, onto=middle)
        rows = (x, read, scale_in, mixed, middle, read_mlp, scale_mlp, gate_up, opened, hidden)
        return out, (*rows, low_qkv, low_out, low_gate_up, low_down, asked, key, value, *chain.from_iterable(seen))

    def backward(
        self, grad: Tensor, parts: Parts, view: View, kept: Tensor | None, saved: Sequence[Tensor]
    ) -> tuple[Tensor, list[Grad]]:
        """The gradients by the rows, and by what is learned, in the order of the parts."""
        x, read, scale_in, mixed, middle, read_mlp, scale_mlp, gate_up, opened, hidden = saved[:10]
        low_qkv, low_out, low_gate_up, low_down, asked, key, value, *rest = saved[10:]
        width = len(products.Seen._fields)
        seen = [products.Seen(*rest[at : at + width]) for at in range(0, len(rest), width)]
        gate, up = gate_up.chunk(2, 1)
        by_hidden, by_down = parts.down.backward(grad, hidden, low_down)
        by_both = torch.empty_like(gate_up)
        by_gate, by_up = by_both.chunk(2, 1)
        torch.mul(by_hidden, opened, out=by_up)
        torch.ops.aten.silu_backward.grad_input(by_hidden.mul_(up), gate, grad_input=by_gate)
        by_read, by_gate_up = parts.gate_up.backward(by_both, read_mlp, low_gate_up)
        by_between = _by_weight(by_read, middle, scale_mlp, self._between)
        stream = _through_norm(grad, by_read, middle, read_mlp, scale_mlp, self._between)
        by_mixed, by_out = parts.out.backward(stream, mixed, low_out)
        if kept is not None:
            stream, by_mixed = _spread(stream, kept, len(x)), _spread(by_mixed, kept, len(x))
        by_heads = self._back(by_mixed, asked, key, value, seen, view)
        by_read, by_qkv = parts.qkv.backward(by_heads, read, low_qkv)
        by_before = _by_weight(by_read, x, scale_in, self._before)
        by_x = _through_norm(stream, by_read, x, read, scale_in, self._before)
        return by_x, [*by_qkv, *by_out, *by_gate_up, *by_down, by_before, by_between]

    def _heads(self, mixed: Tensor, view: View) -> tuple[Tensor, Tensor, Tensor]:
        """(T, queries, keys and values of all heads) -> queries (K, T * G, D), keys and values (K, T, D), turned."""
        heads, shared, width = self.heads, self._shared, self._width
        turned = _turned(mixed[:, : (heads + shared) * width], heads + shared, *view.wide(heads + shared))
        value = mixed[:, (heads + shared) * width :]
        asked, key = torch.split(turned, [heads * width, shared * width], 1)
        return (
            _by_head(asked, shared).view(shared, -1, width),
            _by_head(key, shared),
            _by_head(value, shared),
        )

    def _attend(self, asked: Tensor, key: Tensor, value: Tensor, view: View) -> list[products.Seen]:
        return [
            products.attend(asked[:, asks], key[:, own], value[:, own], slate.prefix, slate.rows, self._scaling)
            for slate, asks, own in self._slates(view)
        ]

    def _back(
        self, grad: Tensor, asked: Tensor, key: Tensor, value: Tensor, seen: Sequence[products.Seen], view: View
    ) -> Tensor:
        """The gradient by all heads' queries, keys and values side by side (T, N), of that by what was seen (T, M)."""
        heads, shared = self.heads + self._shared, self._shared
        by_seen = _by_head(grad, shared).view(shared, -1, self._width)
        parts = [
            products.backward(
                by_seen[:, asks],
                asked[:, asks],
                key[:, own],
                value[:, own],
                one,
                slate.prefix,
                slate.rows,
                self._scaling,
            )
            for one, (slate, asks, own) in zip(seen, self._slates(view), strict=True)
        ]
        by_asked, by_key, by_value = (_by_token(_joined(part), len(grad)) for part in zip(*parts, strict=True))
        cos, sin = view.wide(heads)
        turned = torch.cat((by_asked, by_key), 1)
        by_turned = _rolled(turned * sin, heads).add_(turned.mul_(cos))
        return torch.cat((by_turned, by_value), 1)

    def _slates(self, view: View) -> Iterator[tuple[SlateShape, slice, slice]]:
        """Each slate, and where its queries and its keys lie."""
        groups = self.heads // self._shared
        for slate in view.plan.slates:
            end = slate.start + slate.tokens
            yield slate, slice(slate.start * groups, end * groups), slice(slate.start, end)


class Layers:
    """All layers of a decoder, between its embedding and its last norm."""

    def __init__(self, decoder: Any) -> None:
        self._decoder = decoder
        self._layers = [Layer(module) for module in decoder.layers]

    @classmethod
    def of(cls, decoder: nn.Module) -> Layers | None:
        """None for a decoder whose layers are others than Llama's."""
        if not isinstance(decoder, LlamaModel):
            return None
        config = decoder.config
        plain = config.hidden_act == "silu" and not config.attention_bias and not config.mlp_bias
        return cls(decoder) if plain else None

    def fit(self, plan: SlatesPass) -> bool:
        """Whether a pass over these slates is done this way."""
        weight = self._decoder.embed_tokens.weight
        return weight.device.type == "cpu" and all(
            slate.fits(weight.dtype, layer.heads) for slate in plan.slates for layer in self._layers
        )

    def read(self, ids: Tensor, positions: Tensor, plan: SlatesPass, kept: Tensor) -> Tensor:
        """The last hidden states (N, W) of the tokens ``kept`` (N,), of ``ids`` (1, T) at ``positions`` (T,)."""
        x = self._decoder.embed_tokens(ids)
        cos, sin = (table[0] for table in self._decoder.rotary_emb(x, position_ids=positions[None]))
        half = cos.shape[1] // 2
        view = View(plan, cos, torch.cat((-sin[:, :half], sin[:, half:]), 1))
        x = x[0]
        for layer in self._layers:
            x = layer.through(x, view, kept if layer is self._layers[-1] else None)
        last: Tensor = self._decoder.norm(x)
        return last


class _Through(torch.autograd.Function):
    """A layer and its gradients. The tensors that learn are passed for autograd alone: the layer has them joined."""

    @staticmethod
    def forward(
        ctx: Any, x: Tensor, layer: Layer, parts: Parts, view: View, kept: Tensor | None, *learned: Tensor
    ) -> Tensor:
        out, saved = layer.forward(x, parts, view, kept)
        ctx.save_for_backward(*saved)
        ctx.layer, ctx.how = layer, (parts, view, kept)
        return out

    @staticmethod
    def backward(ctx: Any, *grads: Tensor) -> tuple[Grad, ...]:
        by_x, by_learned = ctx.layer.backward(grads[0].contiguous(), *ctx.how, ctx.saved_tensors)
        return by_x if ctx.needs_input_grad[0] else None, None, None, None, None, *by_learned


_through: Callable[..., Tensor] = _Through.apply


def _normed(x: Tensor, norm: Any) -> tuple[Tensor, Tensor]:
    """(T, W) rows and the factor (T, 1) in float32 that brought each to a mean square of 1, as ``LlamaRMSNorm``."""
    wide = x.to(torch.float32, copy=True)
    length = torch.linalg.vector_norm(wide, dim=-1, keepdim=True)
    factor = length.square_().div_(x.shape[1]).add_(norm.variance_epsilon).rsqrt_()
    return wide.mul_(factor).to(x.dtype) * norm.weight, factor


def _through_norm(stream: Tensor, grad: Tensor, x: Tensor, read: Tensor, factor: Tensor, norm: Any) -> Tensor:
    """``stream`` and the gradient by ``x`` of that ``grad`` by what was ``read`` of it."""
    along = (grad * read).sum(-1, keepdim=True, dtype=torch.float32)
    back = factor.square().mul_(along).div_(-x.shape[1])
    return torch.addcmul(stream, grad * norm.weight, factor.to(x.dtype)).addcmul_(x, back.to(x.dtype))


def _by_weight(grad: Tensor, x: Tensor, factor: Tensor, norm: Any) -> Grad:
    """The gradient by the norm's weight, where that learns."""
    return (grad.float() * x.float() * factor).sum(0) if norm.weight.requires_grad else None


def _turned(rows: Tensor, heads: int, cos: Tensor, sin: Tensor) -> Tensor:
    """The rotary embedding of rows (T, heads * D)."""
    return (rows * cos).addcmul_(_rolled(rows, heads), sin)


def _rolled(rows: Tensor, heads: int) -> Tensor:
    """Each head's rows with their halves exchanged."""
    width = rows.shape[1] // heads
    return torch.roll(rows.view(len(rows), heads, width), width // 2, -1).view(len(rows), -1)


def _by_head(rows: Tensor, shared: int) -> Tensor:
    """(T, K * W) -> (K, T, W)."""
    return rows.view(len(rows), shared, -1).transpose(0, 1).contiguous()


def _by_token(heads: Tensor, tokens: int) -> Tensor:
    """(K, T * G, D) -> (T, K * G * D)."""
    return heads.view(heads.shape[0], tokens, -1).transpose(0, 1).reshape(tokens, -1)


def _joined(parts: Sequence[Tensor]) -> Tensor:
    """(K, n, D) of each slate -> (K, N, D)."""
    return parts[0] if len(parts) == 1 else torch.cat(list(parts), 1)


def _spread(rows: Tensor, places: Tensor, tokens: int) -> Tensor:
    """(N, W) -> (T, W): each at its place, zeros elsewhere."""
    return rows.new_zeros((tokens, rows.shape[1])).index_copy_(0, places, rows)
