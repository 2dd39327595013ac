"""Low-rank differences to a frozen decoder: what a checkpoint holds, and what is merged into the base at load.

Hu et al., "LoRA: Low-Rank Adaptation of Large Language Models", ICLR 2022. The base stays in its 16-bit type; the
differences are learned in float32 and take part in 16 bits.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator, Mapping
from typing import Any, cast

import torch
from msgspec import Struct
from torch import Tensor, nn

from brewlite.errors import BadSettings
from brewlite.ranker.differences import DOWN, UP, merge_lora


class LoraConfig(Struct, frozen=True, kw_only=True):
    """Shape of the differences."""

    rank: int = 16
    alpha: float = 32.0
    """The difference is ``alpha / rank`` times the product of its two matrices."""
    first_layer: int = 0
    """Layers below learn nothing. Going backward ends there, which saves that share of the time."""
    leave_out: tuple[str, ...] = ()
    """Linear layers that learn nothing, by the end of their name: ``up_proj``."""
    seed: int = 0


class LoraLinear(nn.Module):
    """A frozen linear layer and what is learned on top of it; the difference is 0 at first."""

    def __init__(self, base: nn.Linear, config: LoraConfig, generator: torch.Generator) -> None:
        super().__init__()
        self.base = base.requires_grad_(False)
        self.scale = config.alpha / config.rank
        down = torch.empty(config.rank, base.in_features)
        nn.init.kaiming_uniform_(down, a=math.sqrt(5), generator=generator)
        self.lora_down = nn.Parameter(down)
        self.lora_up = nn.Parameter(torch.zeros(base.out_features, config.rank))

    def forward(self, x: Tensor) -> Tensor:
        """(..., in) -> (..., out)."""
        kind = self.base.weight.dtype
        up = (self.lora_up * self.scale).to(kind)
        if self.base.bias is not None or torch.is_autocast_enabled("cpu"):  # types are mixed there
            low = nn.functional.linear(x, self.lora_down.to(kind))
            return cast(Tensor, self.base(x) + nn.functional.linear(low, up))
        return _with_difference(x, self.base.weight, self.lora_down.to(kind), up)


class _WithDifference(torch.autograd.Function):
    """x W' + (x D') U' without a tensor of its own for the second part, forward and backward: W learns nothing."""

    @staticmethod
    def forward(ctx: Any, x: Tensor, weight: Tensor, down: Tensor, up: Tensor) -> Tensor:
        flat = x.reshape(-1, x.shape[-1])
        low = flat @ down.T
        ctx.save_for_backward(flat, low, weight, down, up)
        out = (flat @ weight.T).addmm_(low, up.T)
        return out.reshape(*x.shape[:-1], -1)

    @staticmethod
    def backward(ctx: Any, *grads: Tensor) -> tuple[Tensor | None, ...]:
        flat, low, weight, down, up = ctx.saved_tensors
        grad = grads[0].reshape(-1, grads[0].shape[-1])
        grad_low = grad @ up
        grad_x = None
        if ctx.needs_input_grad[0]:
            grad_x = (grad @ weight).addmm_(grad_low, down).reshape(*grads[0].shape[:-1], -1)
        return grad_x, None, grad_low.T @ flat, grad.T @ low


_with_difference: Callable[..., Tensor] = _WithDifference.apply


def add_lora(decoder: nn.Module, config: LoraConfig) -> list[nn.Parameter]:
    """Put a difference on the linear layers of ``decoder`` that learn; returns all that is to be learned.

    Raises:
        BadSettings: the rank is not above 0.
    """
    if config.rank < 1:
        raise BadSettings(f"rank is {config.rank}: give at least 1")
    decoder.requires_grad_(False)
    generator = torch.Generator().manual_seed(config.seed)
    for path, parent, name, linear in list(_linears(decoder)):
        if _layer(path) >= config.first_layer and not path.endswith(config.leave_out or ("/",)):
            setattr(parent, name, LoraLinear(linear, config, generator))
    return [parameter for parameter in decoder.parameters() if parameter.requires_grad]


def lora_state(decoder: nn.Module) -> dict[str, Tensor]:
    """Name -> matrix of every difference, float32."""
    return {name: tensor.detach() for name, tensor in decoder.state_dict().items() if name.endswith((DOWN, UP))}


def load_lora(decoder: nn.Module, state: Mapping[str, Tensor]) -> None:
    """Set the differences of a ``decoder`` that has them. Raises BadSettings when the names are not the same."""
    own = lora_state(decoder)
    if own.keys() != state.keys():
        raise BadSettings("the differences are those of another model, or of another shape")
    with torch.no_grad():
        for name, tensor in own.items():
            tensor.copy_(state[name])


def _linears(module: nn.Module) -> Iterator[tuple[str, nn.Module, str, nn.Linear]]:
    for path, parent in module.named_modules():
        for name, child in parent.named_children():
            if isinstance(child, nn.Linear):
                yield f"{path}.{name}", parent, name, child


def _layer(path: str) -> int:
    """The number of the layer that ``path`` lies in; the first number in it."""
    return next((int(part) for part in path.split(".") if part.isdigit()), 0)


__all__ = ["DOWN", "UP", "LoraConfig", "LoraLinear", "add_lora", "load_lora", "lora_state", "merge_lora"]
