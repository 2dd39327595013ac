"""What a layer does between its products, each in one pass over memory.

An operation of torch reads its tensors from memory and writes one back; a norm or a gated MLP is five to ten of these
on rows that no cache holds. Compiled by numba, each is one loop: what lies between stays in registers, in float32.
Numbers in 16 bits come as their bits (uint16), as numba has no bfloat16.

Shapes: T tokens; K key heads of width D, each asked by G query heads; N neurons.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, TypeVar

import numba
import numpy as np
import torch
from numba import types
from numba.extending import overload
from numpy.typing import NDArray
from torch import Tensor

Kernel = TypeVar("Kernel", bound=Callable[..., Any])
Numbers = NDArray[Any]
"""float32, or the bits of bfloat16."""
ThreeNumbers = tuple[Numbers, Numbers, Numbers]
"""Of queries, keys and values."""


def compiled(kernel: Kernel) -> Kernel:
    """``kernel`` as machine code, made at its first call and kept on disk; other threads run beside it."""
    how = {"nogil": True, "fastmath": {"nsz", "arcp", "contract", "reassoc"}, "error_model": "numpy"}
    try:
        made: Kernel = numba.njit(kernel, cache=True, **how)
    except RuntimeError:  # nowhere to write
        made = numba.njit(kernel, **how)
    return made


def compiled_as(stub: Callable[..., Any]) -> Callable[[Kernel], Kernel]:
    """What a kernel's call of ``stub`` becomes, by the types of what it is given."""
    made: Callable[[Kernel], Kernel] = overload(stub, strict=False)
    return made


def bits(tensor: Tensor) -> Numbers:
    """The tensor's own memory, as kernels take it."""
    tensor = tensor.detach()
    array: Numbers = (tensor.view(torch.uint16) if tensor.dtype == torch.bfloat16 else tensor).numpy()
    return array


def _wide(number: Any) -> Any:
    """As a float32."""


def _narrow(number: Any, like: Any) -> Any:
    """A float32 as ``like`` is kept, rounded to the nearest, of two as near to the even one."""


@compiled_as(_wide)
def _wide_of(number: Any) -> Callable[..., Any]:
    if isinstance(number, types.Float):
        return lambda number: number
    return lambda number: np.uint32(np.uint32(number) << np.uint32(16)).view(np.float32)


@compiled_as(_narrow)
def _narrow_of(number: Any, like: Any) -> Callable[..., Any]:
    if isinstance(like, types.Float):
        return lambda number, like: number

    def rounded(number: Any, like: Any) -> Any:
        whole = np.float32(number).view(np.uint32)
        return np.uint16((whole + np.uint32(0x7FFF) + ((whole >> np.uint32(16)) & np.uint32(1))) >> np.uint32(16))

    return rounded


def _exp(x: Any) -> Any:
    """The exponential, float32: a power of 2 times a polynomial, as Cephes' ``expf``."""


@compiled_as(_exp)
def _exp_of(x: Any) -> Callable[..., Any]:
    def exp(x: Any) -> Any:
        x = x if x < np.float32(88.0) else np.float32(88.0)  # also what is no number: its weight shows
        x = x if x > np.float32(-87.0) else np.float32(-87.0)
        whole = np.floor(x * np.float32(1.44269504) + np.float32(0.5))
        rest = x - whole * np.float32(0.693359375) + whole * np.float32(2.12194440e-4)
        series = np.float32(1.9875691500e-4)
        series = series * rest + np.float32(1.3981999507e-3)
        series = series * rest + np.float32(8.3334519073e-3)
        series = series * rest + np.float32(4.1665795894e-2)
        series = series * rest + np.float32(1.6666665459e-1)
        series = series * rest + np.float32(5.0000001201e-1)
        series = series * rest * rest + rest + np.float32(1.0)
        return series * np.uint32((np.int32(whole) + np.int32(127)) << np.int32(23)).view(np.float32)

    return exp


@compiled
def norm(x: Numbers, weight: Numbers, epsilon: float, out: Numbers, factors: Numbers) -> None:
    """Rows (T, W) brought to a mean square of 1 by ``factors`` (T,) float32, times ``weight`` (W,)."""
    tokens, width = x.shape
    for t in range(tokens):
        square = np.float32(0)
        for i in range(width):
            number = _wide(x[t, i])
            square += number * number
        factor = np.float32(1) / np.sqrt(square / np.float32(width) + np.float32(epsilon))
        factors[t] = factor
        for i in range(width):
            out[t, i] = _narrow(_wide(x[t, i]) * factor * _wide(weight[i]), x[t, i])


@compiled
def norm_back(grad: Numbers, x: Numbers, weight: Numbers, factors: Numbers, onto: Numbers, out: Numbers) -> None:
    """``onto`` (T, W) and the gradient by ``x`` of :func:`norm`, given that by its output."""
    tokens, width = x.shape
    for t in range(tokens):
        factor, along = factors[t], np.float32(0)
        for i in range(width):
            along += _wide(grad[t, i]) * _wide(weight[i]) * _wide(x[t, i])
        less = along * factor * factor / np.float32(width)
        for i in range(width):
            back = _wide(grad[t, i]) * _wide(weight[i]) - _wide(x[t, i]) * less
            out[t, i] = _narrow(_wide(onto[t, i]) + back * factor, x[t, i])


@compiled
def gated(gate_up: Numbers, out: Numbers) -> None:
    """(T, 2 N), gates first -> (T, N): each neuron by its gate's SiLU."""
    tokens, neurons = out.shape
    for t in range(tokens):
        for i in range(neurons):
            gate = _wide(gate_up[t, i])
            opened = gate / (np.float32(1) + _exp(-gate))
            out[t, i] = _narrow(opened * _wide(gate_up[t, neurons + i]), gate_up[t, i])


@compiled
def gated_back(grad: Numbers, gate_up: Numbers, out: Numbers) -> None:
    """The gradient (T, 2 N) of :func:`gated`, given that by its output (T, N)."""
    tokens, neurons = grad.shape
    for t in range(tokens):
        gates, ups = gate_up[t, :neurons], gate_up[t, neurons:]
        by_gates, by_ups = out[t, :neurons], out[t, neurons:]
        for i in range(neurons):
            gate, by = _wide(gates[i]), _wide(grad[t, i])
            share = np.float32(1) / (np.float32(1) + _exp(-gate))
            slope = share * (np.float32(1) + gate * (np.float32(1) - share))
            by_gates[i] = _narrow(by * _wide(ups[i]) * slope, grad[t, i])
            by_ups[i] = _narrow(by * gate * share, grad[t, i])


@compiled
def _turn(row: Numbers, by: Any, scale: Any, out: Numbers) -> None:
    """A head's row (D,), its halves a and b -> a * by[0] + b * by[1], b * by[2] + a * by[3]; times ``scale``."""
    half = len(by[0])
    first, second, low, high = row[:half], row[half:], out[:half], out[half:]
    for i in range(half):
        one, two = _wide(first[i]), _wide(second[i])
        low[i] = _narrow((one * _wide(by[0][i]) + two * _wide(by[1][i])) * scale, first[i])
        high[i] = _narrow((two * _wide(by[2][i]) + one * _wide(by[3][i])) * scale, first[i])


@compiled
def heads_of(
    mixed: Numbers, cos: Numbers, sin: Numbers, scaling: float, asked: Numbers, key: Numbers, value: Numbers
) -> None:
    """Queries, keys and values side by side (T, (K G + 2 K) D) -> (K, T G, D + 1), (K, T, D + 1), (K, T, D + 2).

    Queries and keys are turned by ``cos`` and ``sin`` (T, D), the first half of ``sin`` with its sign turned; keys are
    scaled. Behind a query stands 0, behind a key -1, behind a value 1 twice.
    """
    shared, tokens, width = key.shape[0], key.shape[1], cos.shape[1]
    groups, half = asked.shape[1] // tokens, width // 2
    scale, one = np.float32(scaling), np.float32(1)
    for t in range(tokens):
        by = (cos[t, :half], sin[t, :half], cos[t, half:], sin[t, half:])
        for k in range(shared):
            for g in range(groups):
                _turn(mixed[t, (k * groups + g) * width :], by, one, asked[k, t * groups + g])
                asked[k, t * groups + g, width] = _narrow(np.float32(0), mixed[t, 0])
            _turn(mixed[t, (shared * groups + k) * width :], by, scale, key[k, t])
            key[k, t, width] = _narrow(-one, mixed[t, 0])
            start = (shared * (groups + 1) + k) * width
            value[k, t, :width] = mixed[t, start : start + width]
            value[k, t, width:] = _narrow(one, mixed[t, 0])


@compiled
def heads_back(
    behind: ThreeNumbers,
    own: ThreeNumbers,
    cos: Numbers,
    sin: Numbers,
    scaling: float,
    start: int,
    ends: Numbers,
    out: Numbers,
) -> None:
    """The gradient (T, (K G + 2 K) D) of :func:`heads_of` at one slate's tokens, from ``start`` on.

    Given those by queries, keys and values: by what the prefix's keys gave, (K, S G, D), (K, P, D) and (K, P, D)
    for a slate of S tokens, and by what candidates' own keys gave, as :func:`apart` lays them.
    ``ends`` (C + 1,) is where each candidate begins, and the last ends, counted from the prefix's end.
    """
    shared, prefix, width = behind[1].shape[0], behind[1].shape[1], cos.shape[1]
    count, half, scale, one = len(ends) - 1, width // 2, np.float32(scaling), np.float32(1)
    groups = behind[0].shape[1] // (prefix + ends[count])
    both = np.empty(width, np.float32)
    candidate = -1
    for at in range(prefix + ends[count]):
        while candidate + 1 < count and at >= prefix + ends[candidate + 1]:
            candidate += 1
        t, inside = start + at, at - prefix - ends[max(candidate, 0)]
        by = (cos[t, :half], sin[t, half:], cos[t, half:], sin[t, :half])
        for k in range(shared):
            block = k * count + candidate
            for g in range(groups):
                to = out[t, (k * groups + g) * width :]
                if candidate < 0:
                    _turn(behind[0][k, at * groups + g], by, one, to)
                    continue
                first, second = behind[0][k, at * groups + g], own[0][block, inside * groups + g]
                for i in range(width):
                    both[i] = _wide(first[i]) + _wide(second[i])
                for i in range(half):
                    to[i] = _narrow(both[i] * _wide(by[0][i]) + both[half + i] * _wide(by[1][i]), first[i])
                    to[half + i] = _narrow(both[half + i] * _wide(by[2][i]) + both[i] * _wide(by[3][i]), first[i])
            key = behind[1][k, at] if candidate < 0 else own[1][block, inside]
            _turn(key, by, scale, out[t, (shared * groups + k) * width :])
            value = behind[2][k, at] if candidate < 0 else own[2][block, inside]
            begin = (shared * (groups + 1) + k) * width
            out[t, begin : begin + width] = value


@compiled
def tops(scores: Numbers, every: int, groups: int, first: int, asked: Numbers) -> None:
    """Writes behind each query, from ``first`` on, its highest score with the keys that it sees.

    Of scores (K, Q, S G) of every so many keys: a token's queries see keys up to its own.
    """
    shared, keys, queries = scores.shape
    top = np.empty(queries, np.float32)
    for k in range(shared):
        for j in range(queries):
            top[j] = _wide(scores[k, 0, j])
        for q in range(1, keys):
            row, best = scores[k, q, q * every * groups :], top[q * every * groups :]
            for j in range(len(row)):
                score = _wide(row[j])
                best[j] = score if score > best[j] else best[j]
        for j in range(queries):
            asked[k, first + j, asked.shape[2] - 1] = _narrow(top[j], scores[k, 0, 0])


@compiled
def weigh(scores: Numbers, groups: int, total: Numbers) -> None:
    """Scores (B, P, S G) become their exponentials, or 0 where a token's query would see a later key.

    ``total`` (B, S G) float32 receives what each query's add up to.
    """
    blocks, keys, queries = scores.shape
    for b in range(blocks):
        total[b] = np.float32(0)
        for p in range(keys):
            seen = min(p * groups, queries)
            scores[b, p, :seen] = _narrow(np.float32(0), scores[0, 0, 0])
            row, summed = scores[b, p, seen:], total[b, seen:]
            for j in range(len(row)):
                row[j] = _narrow(_exp(_wide(row[j])), row[j])
                summed[j] += _wide(row[j])


@compiled
def apart(packed: Numbers, first: int, ends: Numbers, each: int, out: Numbers) -> None:
    """Rows (K, T * each, W), ``each`` to a token -> (K * C, L * each, W): the candidates, zeros where one is shorter.

    They stand one behind another from the token ``first`` on; ``ends`` as in :func:`heads_back`.
    """
    shared, count = packed.shape[0], len(ends) - 1
    for k in range(shared):
        for c in range(count):
            begin, rows = (first + ends[c]) * each, (ends[c + 1] - ends[c]) * each
            out[k * count + c, :rows] = packed[k, begin : begin + rows]
            out[k * count + c, rows:] = _narrow(np.float32(0), packed[0, 0, 0])


@compiled
def merged(
    behind: Numbers,
    own: Numbers,
    own_total: Numbers,
    start: int,
    prefix: int,
    ends: Numbers,
    total: Numbers,
    out: Numbers,
) -> None:
    """What a slate's tokens saw (T, K G D): sums of values behind the prefix and in their own candidates.

    Args:
        behind: (K, S G, D).
        own: (K * C, L G, D).
        own_total: (K * C, L G) what the weights of each of these add up to.
        start: the slate's first token among all of them.
        prefix: P.
        ends: as in :func:`heads_back`.
        total: (K, S G) those behind the prefix; receives what all weights of a query add up to.
        out: of all slates.
    """
    shared, queries, width = behind.shape
    count = len(ends) - 1
    groups = queries // (prefix + ends[count])
    for k in range(shared):
        for j in range(prefix * groups):
            by, begin = np.float32(1) / total[k, j], (k * groups + j % groups) * width
            row, to = behind[k, j], out[start + j // groups, begin : begin + width]
            for i in range(width):
                to[i] = _narrow(_wide(row[i]) * by, row[i])
        for c in range(count):
            for at in range((ends[c + 1] - ends[c]) * groups):
                j = (prefix + ends[c]) * groups + at
                total[k, j] += own_total[k * count + c, at]
                by, begin = np.float32(1) / total[k, j], (k * groups + j % groups) * width
                row, other = behind[k, j], own[k * count + c, at]
                to = out[start + j // groups, begin : begin + width]
                for i in range(width):
                    to[i] = _narrow((_wide(row[i]) + _wide(other[i])) * by, row[i])


@compiled
def shares(grad: Numbers, seen: Numbers, total: Numbers, start: int, wanted: Numbers) -> None:
    """Gradients (T, K G D) by what was ``seen`` (T, K G D), by query and divided by its ``total``: (K, S G, D + 2).

    Behind each stands, with its sign turned, its share: the number in 16 bits, and what they leave.
    """
    shared, queries, width = wanted.shape[0], wanted.shape[1], wanted.shape[2] - 2
    groups = grad.shape[1] // (shared * width)
    for k in range(shared):
        for j in range(queries):
            t, begin = start + j // groups, (k * groups + j % groups) * width
            row, other, to = grad[t, begin : begin + width], seen[t, begin : begin + width], wanted[k, j, :width]
            by, share = np.float32(1) / total[k, j], np.float32(0)
            for i in range(width):
                share -= _wide(row[i]) * _wide(other[i])
                to[i] = _narrow(_wide(row[i]) * by, row[i])
            most = _narrow(share * by, row[0])
            wanted[k, j, width] = most
            wanted[k, j, width + 1] = _narrow(share * by - _wide(most), row[0])


@compiled
def in_8_bits(rows: Numbers, out: NDArray[np.int8], scales: Numbers) -> None:
    """Rows (T, W) as whole numbers up to 127 and ``scales`` (T,) float32; of a row with no number in it that is NaN."""
    tokens, width = rows.shape
    for t in range(tokens):
        top = np.uint16(0)
        for i in range(width):  # without their signs, bits are in the numbers' order; above all stands what is none
            top = max(top, rows[t, i] & np.uint16(0x7FFF))
        most = _wide(top)
        scales[t] = most / np.float32(127) if top < 0x7F80 else np.float32(np.nan)
        by = np.float32(127) / most if 0 < top < 0x7F80 else np.float32(0)
        for i in range(width):
            out[t, i] = np.int8(np.int32(np.rint(_wide(rows[t, i]) * by)))


@compiled
def from_8_bits(sums: NDArray[np.int32], by_row: Numbers, by_column: Numbers, onto: Numbers, out: Numbers) -> None:
    """``onto`` (T, W) and a product of :func:`in_8_bits` of two matrices, ``by_row`` (T,) and ``by_column`` (W,)."""
    tokens, width = sums.shape
    for t in range(tokens):
        for i in range(width):
            product = np.float32(sums[t, i]) * (by_row[t] * by_column[i])
            out[t, i] = _narrow(_wide(onto[t, i]) + product, onto[t, i])
