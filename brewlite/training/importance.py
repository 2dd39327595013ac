"""How much each part of a ranker does, measured on real prompts.

Layers by how little they change the stream that runs through them (block influence: 1 - cosine of what goes in and
what comes out; Men et al., "ShortGPT: Layers in Large Language Models are More Redundant Than You Expect", 2024,
arXiv 2403.03853), or by how much the ranking suffers when one is skipped. Heads and neurons by the magnitude that they
add to the stream: mean |activation| times the length of the column by which it goes back (Muralidharan et al., "Compact
Language Models via Pruning and Knowledge Distillation" (Minitron), 2024, arXiv 2407.14679; the product as in Sun et
al., "A Simple and Effective Pruning Approach for Large Language Models" (Wanda), 2023, arXiv 2306.11695).
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from typing import Any

import numpy as np
import torch
from msgspec import Struct
from numpy.typing import NDArray
from torch import Tensor, nn

from brewlite.errors import BadSettings
from brewlite.records import RankingPrompt
from brewlite.training.lora import LoraLinear
from brewlite.training.model import Student

Floats = NDArray[np.float64]
Told = Callable[[int, int], None]
"""Called with how many passes are done, out of how many."""


class Importance(Struct, frozen=True, kw_only=True, eq=False):
    """How much each part of a model does, on the prompts that it was measured on."""

    layers: Floats
    """(L,) block influence, 0 to 2; or what skipping the layer does (see :func:`harm`)."""
    heads: tuple[Floats, ...]
    """For each layer (K,): of each key/value group."""
    neurons: tuple[Floats, ...]
    """For each layer (M,)."""


@torch.no_grad()
def measure(student: Student, prompts: Sequence[RankingPrompt], tell: Told | None = None) -> Importance:
    """The importance of every part of ``student``, from one pass over each of ``prompts``; all tokens count alike.

    Raises:
        BadSettings: no prompts.
    """
    if not prompts:
        raise BadSettings("importance is measured on prompts, and there are none")
    with _heard(student.decoder) as ears:
        for done, prompt in enumerate(prompts, start=1):
            student.log_odds([prompt])
            if tell is not None:
                tell(done, len(prompts))
    return Importance(
        layers=np.array([ear.influence for ear in ears]),
        heads=tuple(ear.of_heads() for ear in ears),
        neurons=tuple(ear.of_neurons() for ear in ears),
    )


@torch.no_grad()
def harm(student: Student, prompts: Sequence[RankingPrompt], tell: Told | None = None) -> Floats:
    """(L,) how much the ranking of ``prompts`` suffers when one layer is skipped: mean KL, in nats.

    From the distribution over each list with all layers to that without the one. Costs as many passes as there are
    layers, and sees what block influence cannot: a small change in a direction that the answer hangs on.
    """
    if not prompts:
        raise BadSettings("harm is measured on prompts, and there are none")
    layers: Any = student.decoder.layers
    total, done = (len(layers) + 1) * len(prompts), 0
    told: list[list[Tensor]] = []
    for skipped in (None, *layers):
        with _without(skipped):
            said = []
            for prompt in prompts:
                said.append(torch.log_softmax(student.log_odds([prompt])[0].double(), dim=0))
                done += 1
                if tell is not None:
                    tell(done, total)
        told.append(said)
    return np.array(
        [
            float(np.mean([float((one.exp() * (one - two)).sum()) for one, two in zip(told[0], less, strict=True)]))
            for less in told[1:]
        ]
    )


class _Ear:
    """What is heard in one layer while prompts are read."""

    def __init__(self, layer: Any) -> None:
        self._layer = layer
        self._changed = 0.0
        self._tokens = 0
        self._channels: dict[str, Tensor] = {}
        """Part -> (N,) sum over tokens of the absolute activations that go into it."""

    @property
    def influence(self) -> float:
        return self._changed / max(self._tokens, 1)

    def stream(self, module: nn.Module, inputs: tuple[Any, ...], output: Any) -> None:
        """Forward hook of the layer."""
        after = output[0] if isinstance(output, tuple) else output
        cosine = torch.cosine_similarity(inputs[0].float(), after.float(), dim=-1)
        self._changed += float((1 - cosine).double().sum())
        self._tokens += cosine.numel()

    def activations(self, part: str) -> Callable[[nn.Module, tuple[Any, ...]], None]:
        """Forward pre-hook of the linear ``part``."""

        def hear(module: nn.Module, inputs: tuple[Any, ...]) -> None:
            size = inputs[0].float().abs().flatten(0, -2).sum(0).double()
            self._channels[part] = self._channels.get(part, torch.zeros_like(size)) + size

        return hear

    def of_heads(self) -> Floats:
        """(K,): each group's channels together."""
        keys = _weight(self._layer.self_attn.k_proj).shape[0] // self._layer.self_attn.head_dim
        channels = self._weighted("o_proj", self._layer.self_attn.o_proj)
        return np.asarray(channels.reshape(keys, -1).sum(axis=1))

    def of_neurons(self) -> Floats:
        """(M,): each neuron."""
        return self._weighted("down_proj", self._layer.mlp.down_proj)

    def _weighted(self, part: str, linear: nn.Module) -> Floats:
        columns = _weight(linear).float().norm(dim=0).double()
        return np.asarray((self._channels[part] / max(self._tokens, 1) * columns).cpu().numpy())


@contextmanager
def _heard(decoder: nn.Module) -> Iterator[list[_Ear]]:
    """An ear in every layer."""
    layers: Any = decoder.layers
    ears, handles = [_Ear(layer) for layer in layers], []
    for ear, layer in zip(ears, layers, strict=True):
        handles.append(layer.register_forward_hook(ear.stream))
        handles.append(layer.self_attn.o_proj.register_forward_pre_hook(ear.activations("o_proj")))
        handles.append(layer.mlp.down_proj.register_forward_pre_hook(ear.activations("down_proj")))
    try:
        yield ears
    finally:
        for handle in handles:
            handle.remove()


@contextmanager
def _without(layer: nn.Module | None) -> Iterator[None]:
    """``layer`` lets its input through as it is; None: nothing is skipped."""
    if layer is None:
        yield
        return
    handle = layer.register_forward_hook(lambda module, inputs, output: inputs[0])
    try:
        yield
    finally:
        handle.remove()


def _weight(linear: Any) -> Tensor:
    """(out, in) of a linear layer, its difference added."""
    if isinstance(linear, LoraLinear):
        whole: Tensor = linear.base.weight.float() + linear.scale * linear.lora_up @ linear.lora_down
        return whole
    own: Tensor = linear.weight
    return own
