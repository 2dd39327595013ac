"""Decoders whose linear layers hold 8 or 4 bits a weight, by bitsandbytes. The head and the log-odds stay as they are.

``int8``: each row of a matrix on its own scale, and each token's activations likewise at the moment (Dettmers et al.,
"LLM.int8(): 8-bit Matrix Multiplication for Transformers at Scale", 2022, arXiv 2208.07339). ``nf4``: blocks of 64
weights on one scale, in the 16 values that suit a normal distribution, multiplied in 16 bits (Dettmers et al., "QLoRA",
2023, arXiv 2305.14314).
"""

from __future__ import annotations

import logging
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any, Literal, get_args

from torch import nn

from brewlite.errors import BadSettings, ExtraMissing

Kind = Literal["int8", "nf4"]
KINDS: tuple[str, ...] = get_args(Kind)
BLOCK = 64
"""Weights on one scale, in nf4."""
OUTLIER = 6.0
"""Activations as large as this are multiplied in 16 bits, as LLM.int8() proposes."""


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
    for parent, name, linear in list(_linears(decoder)):
        if type(linear) is not nn.Linear:
            raise BadSettings(f"{name} of the model is a {type(linear).__name__}, no plain linear layer: quantize once")
        setattr(parent, name, _MAKERS[kind](bitsandbytes, linear).eval())


def _int8(bitsandbytes: Any, linear: nn.Linear) -> Any:
    made = bitsandbytes.nn.Linear8bitLt(
        linear.in_features, linear.out_features, linear.bias is not None, has_fp16_weights=False, threshold=OUTLIER,
        device="meta",
    )  # fmt: skip
    made.weight = bitsandbytes.nn.Int8Params(linear.weight.data, requires_grad=False, has_fp16_weights=False)
    made.bias = linear.bias
    return made.to("cpu")


def _nf4(bitsandbytes: Any, linear: nn.Linear) -> Any:
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
    return made.to("cpu")


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
    # It says at every layer of every pass that 16-bit brain floats become 16-bit floats.
    logging.getLogger("bitsandbytes.autograd._functions").setLevel(logging.ERROR)
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
