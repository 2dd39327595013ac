"""Low-rank differences become part of a model's weights, for good: what a checkpoint's tensors are for."""

from __future__ import annotations

from collections.abc import Mapping

import torch
from torch import Tensor, nn

from brewlite.errors import BadSettings

DOWN, UP = "lora_down", "lora_up"
"""A layer's two matrices, (rank, in) and (out, rank), behind its name and a dot."""


def merge_lora(decoder: nn.Module, state: Mapping[str, Tensor], scale: float) -> None:
    """Add differences to the weights of a plain ``decoder``, for good.

    Raises:
        BadSettings: a difference is of a layer that the decoder does not have, or of another shape; or a tensor is no
            difference. The decoder is as it was then.
    """
    weights = dict(decoder.named_parameters())
    layers = [name.removesuffix(f".{DOWN}") for name in state if name.endswith(f".{DOWN}")]
    strange = state.keys() - {f"{layer}.{part}" for layer in layers for part in (DOWN, UP)}
    if strange or len(state) != 2 * len(layers):
        raise BadSettings(f"the checkpoint holds {sorted(strange)[:3]}, or half of a difference: it cannot be merged")
    for layer in layers:
        down, up, weight = state[f"{layer}.{DOWN}"], state[f"{layer}.{UP}"], weights.get(f"{layer}.weight")
        if weight is None or len(down) != up.shape[1] or weight.shape != (len(up), down.shape[1]):
            shape = "not there" if weight is None else f"of shape {tuple(weight.shape)}"
            raise BadSettings(
                f"the checkpoint changes {layer} by {tuple(up.shape)} times {tuple(down.shape)}, which is {shape} in "
                f"this base model: take the base and the structure that it was learned on"
            )
    with torch.no_grad():
        for layer in layers:
            weight = weights[f"{layer}.weight"]
            difference = scale * state[f"{layer}.{UP}"].float() @ state[f"{layer}.{DOWN}"].float()
            weight.copy_((weight.float() + difference.to(weight.device)).to(weight.dtype))
