"""Linear layers that read the same rows as one product, with what they have learned merged in.

Merged, a low-rank difference costs nothing in the products of a step, neither way; only its own gradient is left to
compute. It is also how a checkpoint is used later: the sum of weight and difference, rounded once.
"""

from __future__ import annotations

import threading
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import torch
from torch import Tensor, nn

from brewlite.training.lora import LoraLinear

Grad = Tensor | None


@dataclass(frozen=True)
class Merged:
    """Linear layers that read the same rows, as one product: their weights with what they have learned so far."""

    linears: tuple[Any, ...]
    weight: Tensor
    """(N, K) one below the other, differences added."""
    downs: Tensor
    """(all ranks, K) of those that have a difference."""
    ups: tuple[Tensor, ...]
    """(out, rank) of each of these, scaled."""

    def by_learned(self, rows: Tensor, grad: Tensor) -> list[Grad]:
        """The gradients by what each layer learns, from the ``rows`` (T, K) and that by what was given (T, N)."""
        parts = torch.split(grad, [len(_whole(linear)) for linear in self.linears], 1)
        taught = [part for part, linear in zip(parts, self.linears, strict=True) if isinstance(linear, LoraLinear)]
        downs: Iterator[Tensor] = iter(())
        ups: Iterator[Tensor] = iter(())
        if taught:
            ranks = [up.shape[1] for up in self.ups]
            by_low = torch.cat([part @ up for part, up in zip(taught, self.ups, strict=True)], 1)
            downs = iter(torch.split(by_low.T @ rows, ranks))
            lows = torch.split(rows @ self.downs.T, ranks, 1)
            ups = iter([part.T @ low for part, low in zip(taught, lows, strict=True)])
        found: list[Grad] = []
        for part, linear in zip(parts, self.linears, strict=True):
            if isinstance(linear, LoraLinear):
                found += [next(downs), next(ups).mul_(linear.scale)]
            else:
                found.append(part.T @ rows if linear.weight.requires_grad else None)
        return found


class Joint:
    """Linear layers that read the same rows.

    Args:
        parent: whose children they are; looked up anew each time, as differences are put on a model later.
        names: of the children.
    """

    def __init__(self, parent: nn.Module, *names: str) -> None:
        self._parent, self._names = parent, names
        self._lock = threading.Lock()
        self._merged: Merged | None = None
        self._of: list[tuple[int, int]] = []
        """Which values of which tensors were merged."""

    def learned(self) -> list[Tensor]:
        """What may learn: two matrices of each difference, or a whole weight."""
        return [tensor for name in self._names for tensor in _learned(getattr(self._parent, name))]

    def merged(self) -> Merged:
        """As learned so far. Merged anew once a step, by whichever thread comes first."""
        of = [(id(tensor), tensor._version) for tensor in self.learned()]
        with self._lock, torch.no_grad():
            if self._merged is None or of != self._of:
                linears = tuple(getattr(self._parent, name) for name in self._names)
                taught = [linear for linear in linears if isinstance(linear, LoraLinear)]
                kind = _whole(linears[0]).dtype
                downs = [linear.lora_down.to(kind) for linear in taught]
                self._merged = Merged(
                    linears=linears,
                    weight=torch.cat([with_difference(linear) for linear in linears]),
                    downs=torch.cat(downs) if downs else torch.empty(0),
                    ups=tuple((linear.lora_up * linear.scale).to(kind) for linear in taught),
                )
                self._of = of
            return self._merged


def _whole(linear: Any) -> Tensor:
    """The weight (out, in) of a linear layer, without its difference."""
    weight: Tensor = linear.base.weight if isinstance(linear, LoraLinear) else linear.weight
    return weight


def with_difference(linear: Any) -> Tensor:
    """The weight with its difference, rounded once."""
    weight = _whole(linear)
    if not isinstance(linear, LoraLinear):
        return weight
    return torch.addmm(weight.float(), linear.lora_up.float(), linear.lora_down.float(), alpha=linear.scale).to(
        weight.dtype
    )


def _learned(linear: Any) -> tuple[Tensor, ...]:
    return (linear.lora_down, linear.lora_up) if isinstance(linear, LoraLinear) else (linear.weight,)
