"""Llama's decoder layers, each one step of autograd: what is learned through at the speed of its products.

A layer of transformers is some forty operations, and as many again going back, each with tensors of megabytes of its
own; only seven of them are products of weights. Here linear layers that read the same rows are one product; sums go
into the products; what lies between them is one loop each (:mod:`brewlite.training.kernels`); the weights of attention
are kept for the way back; and of the last layer only those tokens are carried on whose answer is read. The formulas
are transformers' (``LlamaDecoderLayer``), which is what other architectures are learned through, and what tests
compare with.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from itertools import chain
from typing import Any, NamedTuple

import torch
from torch import Tensor, nn
from transformers import LlamaModel

from brewlite.training import kernels, products
from brewlite.training.attention import SlatesPass
from brewlite.training.joint import Grad, Joined, Joint
from brewlite.training.kernels import bits


@dataclass(frozen=True)
class View:
    """What all layers of a pass must know."""

    plan: SlatesPass
    """Where slates and candidates lie."""
    turn: products.Turn
    """By which queries and keys are turned to their places."""


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
        self.scaling = float(attention.scaling)
        """Of attention's scores."""
        self.heads = attention.q_proj.out_features // attention.head_dim
        """Query heads."""
        self._shared = attention.k_proj.out_features // attention.head_dim

    def through(self, x: Tensor, view: View, kept: Tensor | None = None) -> Tensor:
        """(T, W) -> (T, W), with gradients; with ``kept`` (N,) only those tokens' rows (N, W)."""
        learned = [tensor for joint in self._joints for tensor in joint.learned()]
        parts = Parts(*(joint.joined() for joint in self._joints))
        return _through(x, self, parts, view, kept, *learned, self._before.weight, self._between.weight)

    def forward(self, x: Tensor, parts: Parts, view: View, kept: Tensor | None) -> tuple[Tensor, tuple[Tensor, ...]]:
        """The rows, and what :meth:`backward` needs."""
        read, scale_in = _normed(x, self._before)
        mixed, low_qkv = parts.qkv.forward(read)
        heads = products.heads_of(mixed, view.turn, self._shared)
        attended, seen = products.attend(heads, view.plan.slates)
        mixed, stream = attended, x
        if kept is not None:
            mixed, stream = mixed[kept], x[kept]
        middle, low_out = parts.out.forward(mixed, onto=stream)
        read_mlp, scale_mlp = _normed(middle, self._between)
        gate_up, low_gate_up = parts.gate_up.forward(read_mlp)
        hidden = gate_up.new_empty((len(gate_up), gate_up.shape[1] // 2))
        kernels.gated(bits(gate_up), bits(hidden))
        out, low_down = parts.down.forward(hidden, onto=middle)
        rows = (x, read, scale_in, mixed, middle, read_mlp, scale_mlp, gate_up, hidden)
        return out, (*rows, low_qkv, low_out, low_gate_up, low_down, attended, *heads, *chain.from_iterable(seen))

    def backward(
        self, grad: Tensor, parts: Parts, view: View, kept: Tensor | None, saved: Sequence[Tensor]
    ) -> tuple[Tensor, list[Grad]]:
        """The gradients by the rows, and by what is learned, in the order of the parts."""
        x, read, scale_in, mixed, middle, read_mlp, scale_mlp, gate_up, hidden = saved[:9]
        low_qkv, low_out, low_gate_up, low_down, attended, *rest = saved[9:]
        heads, width = products.Heads(*rest[:3]), len(products.Seen._fields)
        seen = [products.Seen(*rest[at : at + width]) for at in range(3, len(rest), width)]
        by_hidden, by_down = parts.down.backward(grad, hidden, low_down)
        by_both = torch.empty_like(gate_up)
        kernels.gated_back(bits(by_hidden), bits(gate_up), bits(by_both))
        by_read, by_gate_up = parts.gate_up.backward(by_both, read_mlp, low_gate_up)
        by_between = _by_weight(by_read, middle, scale_mlp, self._between)
        stream = _through_norm(grad, by_read, middle, scale_mlp, self._between)
        by_mixed, by_out = parts.out.backward(stream, mixed, low_out)
        if kept is not None:
            stream, by_mixed = _spread(stream, kept, len(x)), _spread(by_mixed, kept, len(x))
        by_heads = products.backward(by_mixed, attended, heads, seen, view.plan.slates, view.turn)
        by_read, by_qkv = parts.qkv.backward(by_heads, read, low_qkv)
        by_before = _by_weight(by_read, x, scale_in, self._before)
        by_x = _through_norm(stream, by_read, x, scale_in, self._before)
        return by_x, [*by_qkv, *by_out, *by_gate_up, *by_down, by_before, by_between]


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
        turn = products.Turn(cos, torch.cat((-sin[:, :half], sin[:, half:]), 1), self._layers[0].scaling)
        view = View(plan, turn)
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
    read, factor = torch.empty_like(x), x.new_empty((len(x), 1), dtype=torch.float32)
    kernels.norm(bits(x), bits(norm.weight), norm.variance_epsilon, bits(read), bits(factor[:, 0]))
    return read, factor


def _through_norm(stream: Tensor, grad: Tensor, x: Tensor, factor: Tensor, norm: Any) -> Tensor:
    """``stream`` and the gradient by ``x`` of that ``grad`` by what was read of it."""
    out = torch.empty_like(x)
    kernels.norm_back(*(bits(one) for one in (grad, x, norm.weight, factor[:, 0], stream, out)))
    return out


def _by_weight(grad: Tensor, x: Tensor, factor: Tensor, norm: Any) -> Grad:
    """The gradient by the norm's weight, where that learns."""
    return (grad.float() * x.float() * factor).sum(0) if norm.weight.requires_grad else None


def _spread(rows: Tensor, places: Tensor, tokens: int) -> Tensor:
    """(N, W) -> (T, W): each at its place, zeros elsewhere."""
    return rows.new_zeros((tokens, rows.shape[1])).index_copy_(0, places, rows)
