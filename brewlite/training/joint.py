"""Linear layers that read the same rows as one product, with low-rank differences or to be learned whole.

The differences are not merged into the weights: in 16 bits a weight takes no change smaller than half of its last
digit, so for some steps nothing that was learned would show (lab notes).
"""

from __future__ import annotations

import threading
from dataclasses import dataclass
from itertools import accumulate
from typing import Any

import torch
from torch import Tensor, nn

from brewlite.training.lora import LoraLinear

Grad = Tensor | None


@dataclass(frozen=True)
class Joined:
    """Linear layers one below the other, as learned so far: rows (T, K) to rows (T, N)."""

    linears: tuple[Any, ...]
    weight: Tensor
    """(N, K), without differences."""
    downs: Tensor
    """(R, K) of all differences; R is the sum of their ranks."""
    ups: Tensor
    """(N, R), scaled; in blocks, as each difference reaches its own layer only."""
    blocks: tuple[tuple[slice, slice] | None, ...]
    """Where in ``ups`` each layer's lies; None for one without a difference."""

    def forward(self, rows: Tensor, onto: Tensor | None = None) -> tuple[Tensor, Tensor]:
        """What the layers give, added ``onto`` (T, N); and the rows as the differences see them, (T, R)."""
        out = rows @ self.weight.T if onto is None else torch.addmm(onto, rows, self.weight.T)
        low = rows @ self.downs.T
        return (out.addmm_(low, self.ups.T) if len(self.downs) else out), low

    def backward(self, grad: Tensor, rows: Tensor, low: Tensor) -> tuple[Tensor, list[Grad]]:
        """The gradients by the rows, and by what each layer may learn (:meth:`Joint.learned`)."""
        by_rows = grad @ self.weight
        by_downs = by_ups = low
        if len(self.downs):
            by_low = grad @ self.ups
            by_downs, by_ups = by_low.T @ rows, grad.T @ low
            by_rows.addmm_(by_low, self.downs)
        found: list[Grad] = []
        start = 0
        for linear, block in zip(self.linears, self.blocks, strict=True):
            stop = start + len(_weight(linear))
            if block is not None:
                found += [by_downs[block[1]], by_ups[block] * linear.scale]
            else:
                found.append(grad[:, start:stop].T @ rows if linear.weight.requires_grad else None)
            start = stop
        return by_rows, found


class Joint:
    """Linear layers that read the same rows.

    Args:
        parent: whose children they are; looked up anew each time, as differences are put on a model later.
        names: of the children.
    """

    def __init__(self, parent: nn.Module, *names: str) -> None:
        self._parent, self._names = parent, names
        self._lock = threading.Lock()
        self._joined: Joined | None = None
        self._of: list[tuple[int, int]] = []
        """Which values of which tensors it was made of."""

    def learned(self) -> list[Tensor]:
        """What may learn: two matrices of each difference, or a whole weight."""
        return [tensor for linear in self._linears for tensor in _learned(linear)]

    def joined(self) -> Joined:
        """As learned so far. Made anew once a step, by whichever thread comes first."""
        of = [(id(tensor), tensor._version) for tensor in self.learned()]
        with self._lock, torch.no_grad():
            if self._joined is None or of != self._of:
                self._joined, self._of = self._join(), of
            return self._joined

    @property
    def _linears(self) -> tuple[Any, ...]:
        return tuple(getattr(self._parent, name) for name in self._names)

    def _join(self) -> Joined:
        linears = self._linears
        taught = [linear for linear in linears if isinstance(linear, LoraLinear)]
        kind = _weight(linears[0]).dtype
        weight = self._joined.weight if self._joined is not None and len(taught) == len(linears) else None
        if weight is None:
            weight = torch.cat([_weight(linear) for linear in linears])
        ranks = [linear.lora_down.shape[0] for linear in taught]
        columns = iter([slice(end - rank, end) for end, rank in zip(accumulate(ranks), ranks, strict=True)])
        ups = weight.new_zeros((len(weight), sum(ranks)))
        blocks: list[tuple[slice, slice] | None] = []
        start = 0
        for linear in linears:
            stop = start + len(_weight(linear))
            blocks.append((slice(start, stop), next(columns)) if isinstance(linear, LoraLinear) else None)
            if block := blocks[-1]:
                ups[block] = (linear.lora_up * linear.scale).to(kind)
            start = stop
        downs = [linear.lora_down.to(kind) for linear in taught] or [weight.new_zeros((0, weight.shape[1]))]
        return Joined(linears, weight, torch.cat(downs), ups, tuple(blocks))


def _weight(linear: Any) -> Tensor:
    """(out, in) of a linear layer, without its difference."""
    weight: Tensor = linear.base.weight if isinstance(linear, LoraLinear) else linear.weight
    return weight


def _learned(linear: Any) -> tuple[Tensor, ...]:
    return (linear.lora_down, linear.lora_up) if isinstance(linear, LoraLinear) else (linear.weight,)
