"""Linear layers that read the same rows as one product, with low-rank differences or to be learned whole.

Forward all is computed as it is when ranking. On the way back gradients pass the weights in 8 bits where the processor
has instructions for that, at half the cost: rows of gradients and columns of weights each by a scale of their own, as
SwitchBack does (Wortsman et al., "Stable and low-precision training for large-scale vision-language models", NeurIPS
2023, arXiv 2304.13013). What is learned gets its own gradient in 16 bits.

The differences are not merged into the weights: in 16 bits a weight takes no change smaller than half of its last
digit, so for some steps nothing that was learned would show (lab notes).
"""

from __future__ import annotations

import threading
from dataclasses import dataclass
from typing import Any, NamedTuple

import torch
from torch import Tensor, nn

from brewlite.training import kernels
from brewlite.training.kernels import bits
from brewlite.training.lora import LoraLinear

Grad = Tensor | None


class Difference(NamedTuple):
    """Of one of several linear layers whose outputs stand side by side."""

    out: slice
    """Its layer's outputs."""
    low: slice
    """Its rows among all :attr:`Joined.downs`."""
    up: Tensor
    """(n, r), scaled."""


@dataclass(frozen=True)
class Joined:
    """Linear layers one below the other, as learned so far: rows (T, K) to rows (T, N)."""

    linears: tuple[Any, ...]
    weight: Tensor
    """(N, K), without differences."""
    downs: Tensor
    """(R, K) of all differences; R is the sum of their ranks."""
    ups: tuple[Difference | None, ...]
    """Of each layer."""
    rounded: tuple[Tensor, Tensor] | None = None
    """The weight's transpose (K, N) in 8 bits with the scales of its rows (K,), for the way back; None: as it is."""

    def forward(self, rows: Tensor, onto: Tensor | None = None) -> tuple[Tensor, Tensor]:
        """What the layers give, added ``onto`` (T, N); and the rows as the differences see them, (T, R)."""
        out = rows @ self.weight.T if onto is None else torch.addmm(onto, rows, self.weight.T)
        low = rows @ self.downs.T
        for one in self.ups:
            if one is not None:
                out[:, one.out].addmm_(low[:, one.low], one.up.T)
        return out, low

    def backward(self, grad: Tensor, rows: Tensor, low: Tensor) -> tuple[Tensor, list[Grad]]:
        """The gradients by the rows, and by what each layer may learn (:meth:`Joint.learned`)."""
        by_low = torch.cat([grad[:, one.out] @ one.up for one in self.ups if one is not None] or [low], 1)
        by_downs = by_low.T @ rows
        found: list[Grad] = []
        start = 0
        for linear, one in zip(self.linears, self.ups, strict=True):
            stop = start + len(_weight(linear))
            if one is not None:
                found += [by_downs[one.low], (low[:, one.low].T @ grad[:, one.out]).T * linear.scale]
            else:
                found.append(grad[:, start:stop].T @ rows if linear.weight.requires_grad else None)
            start = stop
        return self._through_weight(grad, by_low @ self.downs), found

    def _through_weight(self, grad: Tensor, onto: Tensor) -> Tensor:
        """``onto`` (T, K) and the gradient by the rows that passes through the weight."""
        if self.rounded is None:
            return onto.addmm_(grad, self.weight)
        weight, by_column = self.rounded
        rounded, by_row = in_8_bits(grad)
        sums = torch._int_mm(rounded, weight.T)
        kernels.from_8_bits(*(bits(one) for one in (sums, by_row, by_column, onto, onto)))
        return onto


def in_8_bits(rows: Tensor) -> tuple[Tensor, Tensor]:
    """(T, W) in 16 bits as whole numbers (T, W) in 8, and their scales (T,)."""
    out, scales = torch.empty_like(rows, dtype=torch.int8), rows.new_empty(len(rows), dtype=torch.float32)
    kernels.in_8_bits(*(bits(one) for one in (rows, out, scales)))
    return out, scales


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
        ups: list[Difference | None] = []
        start = low = 0
        for linear in linears:
            stop = start + len(_weight(linear))
            if isinstance(linear, LoraLinear):
                up = (linear.lora_up * linear.scale).to(kind)
                ups.append(Difference(slice(start, stop), slice(low, low + up.shape[1]), up))
                low += up.shape[1]
            else:
                ups.append(None)
            start = stop
        downs = [linear.lora_down.to(kind) for linear in taught] or [weight.new_zeros((0, weight.shape[1]))]
        return Joined(linears, weight, torch.cat(downs), tuple(ups), self._rounded(weight))

    def _rounded(self, weight: Tensor) -> tuple[Tensor, Tensor] | None:
        if self._joined is not None and weight is self._joined.weight:
            return self._joined.rounded
        return in_8_bits(weight.T.contiguous()) if weight.dtype == torch.bfloat16 and multiplies_8_bits() else None


def multiplies_8_bits() -> bool:
    """Whether the processor has instructions for products of 8-bit numbers: without, they are slower than any."""
    return torch.cpu._is_vnni_supported()


def _weight(linear: Any) -> Tensor:
    """(out, in) of a linear layer, without its difference."""
    weight: Tensor = linear.base.weight if isinstance(linear, LoraLinear) else linear.weight
    return weight


def _learned(linear: Any) -> tuple[Tensor, ...]:
    return (linear.lora_down, linear.lora_up) if isinstance(linear, LoraLinear) else (linear.weight,)
