"""Decoders whose linear layers hold 8 or 4 bits a weight, by bitsandbytes. The head and the log-odds stay as they are.

``int8``: whole numbers of 8 bits, as the weights' part of LLM.int8() (Dettmers et al., "LLM.int8(): 8-bit Matrix
Multiplication for Transformers at Scale", 2022, arXiv 2208.07339), but with a scale for each 64 weights of a row and
not one for the row: its largest weight does not make the steps of all the others wide. ``nf4``: 64 weights on one scale
too, in the 16 values that suit a normal distribution (Dettmers et al., "QLoRA", 2023, arXiv 2305.14314).

Only weights are rounded; what runs between the layers stays in 16 bits. LLM.int8() rounds that as well, and on
SmolLM2-135M it turned orders round that the weights' rounding left alone: see the lab notes.
"""

from __future__ import annotations

import logging
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any, Literal, get_args

import torch
from torch import Tensor, nn

from brewlite.errors import BadSettings, ExtraMissing

Kind = Literal["int8", "nf4"]
KINDS: tuple[str, ...] = get_args(Kind)
BLOCK = 64
"""Weights of a row on one scale."""


class Int8Linear(nn.Module):
    """A linear layer of 8 bits a weight; numbers between layers keep their type.

    Args:
        weight: (out, in) int8.
        scale: (out, blocks) what each block of a row is multiplied by, in the type of the numbers between layers.
        bias: (out,) or None.
    """

    def __init__(self, weight: Tensor, scale: Tensor, bias: Tensor | None) -> None:
        super().__init__()
        self.weight: Tensor
        self.scale: Tensor
        self.bias: Tensor | None
        self.register_buffer("weight", weight)
        self.register_buffer("scale", scale)
        self.register_buffer("bias", bias)

    def forward(self, x: Tensor) -> Tensor:
        """(..., in) -> (..., out)."""
        blocks = self.weight.view(*self.scale.shape, -1) * self.scale[..., None]  # (out, blocks, in / blocks)
        return nn.functional.linear(x, blocks.view(self.weight.shape), self.bias)


def quantize_(model: Any, kind: str) -> None:
    """Replace the linear layers of ``model``'s decoder by quantized ones; in place, for good.

    Embedding, norms and the head keep their type: the log-odds of the two answer words are computed in float32.

    Args:
        model: a causal model of transformers on the CPU, its differences merged. It can be moved to a CUDA device.
        kind: ``int8`` or ``nf4``.

    Raises:
        BadSettings: no such kind, or the model is quantized already.
        ExtraMissing: bitsandbytes is not installed.
    """
    if kind not in KINDS:
        raise BadSettings(f"quantization {kind!r} does not exist: {' or '.join(KINDS)}")
    bitsandbytes = _bitsandbytes(kind)
    decoder = model.get_decoder()
    linears = list(_linears(decoder))
    if not linears or any(type(linear) is not nn.Linear for _, _, linear in linears):
        raise BadSettings("the model's layers are no plain linear ones (any more): quantize once, differences merged")
    for parent, name, linear in linears:
        setattr(parent, name, _MAKERS[kind](bitsandbytes, linear).eval())


def _int8(bitsandbytes: Any, linear: nn.Linear) -> nn.Module:
    weight = linear.weight.detach()
    width = BLOCK if linear.in_features % BLOCK == 0 else linear.in_features  # of an odd size: the whole row
    blocks, largest, _ = bitsandbytes.functional.int8_vectorwise_quant(weight.reshape(-1, width).to(torch.float16))
    scale = (largest.float() / 127).view(linear.out_features, -1).to(weight.dtype)
    return Int8Linear(blocks.view(weight.shape), scale, linear.bias.detach() if linear.bias is not None else None)


def _nf4(bitsandbytes: Any, linear: nn.Linear) -> nn.Module:
    if linear.in_features % BLOCK or linear.out_features % (BLOCK // 2):
        raise BadSettings(
            f"nf4 packs {BLOCK} inputs and {BLOCK // 2} outputs of a layer at a time, and one has {linear.in_features} "
            f"and {linear.out_features}: use int8, or cut to multiples of them"
        )
    made = bitsandbytes.nn.Linear4bit(
        linear.in_features, linear.out_features, linear.bias is not None, linear.weight.dtype,
        compress_statistics=False, quant_type="nf4", device="meta",
    )  # fmt: skip
    made.weight = bitsandbytes.nn.Params4bit(
        linear.weight.data, requires_grad=False, compress_statistics=False, quant_type="nf4", module=made
    )
    made.bias = linear.bias
    quantized: nn.Module = made.to("cpu")
    return quantized


_MAKERS = {"int8": _int8, "nf4": _nf4}


def _linears(module: nn.Module) -> Iterator[tuple[nn.Module, str, nn.Linear]]:
    for parent in module.modules():
        for name, child in parent.named_children():
            if isinstance(child, nn.Linear):
                yield parent, name, child


def _bitsandbytes(kind: str) -> Any:
    """The library, without the lines that it logs on machines without CUDA."""
    with _quiet("bitsandbytes"):
        try:
            import bitsandbytes
        except ImportError as error:
            raise ExtraMissing("quant", f"quantization {kind!r}") from error
    return bitsandbytes


@contextmanager
def _quiet(name: str) -> Iterator[None]:
    logger = logging.getLogger(name)
    level = logger.level
    logger.setLevel(logging.ERROR)
    try:
        yield
    finally:
        logger.setLevel(level)


def weight_bytes(model: nn.Module) -> int:
    """Memory of all weights and buffers of ``model``; a tied head counts once."""
    held = {tensor.data_ptr(): tensor.nbytes for tensor in (*model.parameters(), *model.buffers())}
    states = [getattr(module, "quant_state", None) for module in model.modules()]
    scales: list[int] = [state.absmax.nbytes for state in states if state is not None]
    return sum(held.values()) + sum(scales)


__all__ = ["KINDS", "Kind", "quantize_", "weight_bytes"]
