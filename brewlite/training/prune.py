"""What a smaller ranker keeps: planned from what was measured, in one step or in several with healing in between."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np
from msgspec import Struct
from torch import Tensor

from brewlite.errors import BadSettings
from brewlite.ranker.structure import IN, OUT, Sizes, Structure, check_structure, kept_places
from brewlite.training.importance import Floats, Importance
from brewlite.training.lora import DOWN, UP

GRAIN = 64
"""Neurons are kept in multiples of it: what a matrix kernel works on at a time, so that fewer are truly faster."""


class Target(Struct, frozen=True, kw_only=True):
    """How much is to be left."""

    layers: int
    neurons: float = 1.0
    """Share of the base's neurons in each layer."""
    heads: int | None = None
    """Key/value groups in each layer; None: all."""


class Schedule(Struct, frozen=True, kw_only=True):
    """Targets one after another, each followed by healing."""

    steps: tuple[Target, ...]

    def __post_init__(self) -> None:
        layers = [step.layers for step in self.steps]
        neurons = [step.neurons for step in self.steps]
        if not layers or sorted(layers, reverse=True) != layers or sorted(neurons, reverse=True) != neurons:
            raise BadSettings(
                f"a schedule of {layers} layers and shares {neurons} of the neurons: give at least one step, and none "
                f"that keeps more than the step before"
            )

    @classmethod
    def even(cls, layers: Sequence[int], neurons: float = 1.0, heads: int | None = None) -> Schedule:
        """Steps to so many ``layers`` each, the share of neurons falling evenly to ``neurons``; groups at the end."""
        count = len(layers)
        steps = [
            Target(
                layers=kept,
                neurons=1 - (1 - neurons) * (step + 1) / count,
                heads=heads if step == count - 1 else None,
            )
            for step, kept in enumerate(layers)
        ]
        return cls(steps=tuple(steps))

    @property
    def jump(self) -> Schedule:
        """Straight to the last step."""
        return Schedule(steps=self.steps[-1:])


def plan(
    importance: Importance,
    layers: int | None = None,
    neurons: float = 1.0,
    heads: int | None = None,
    grain: int = GRAIN,
) -> Structure:
    """The structure that keeps the most important parts.

    Args:
        importance: of the model that is to be cut.
        layers: how many stay; None: all.
        neurons: share of each layer's neurons that stays, to the nearest multiple of ``grain``, at least one.
        heads: key/value groups that stay in each layer; None: all.
        grain: see GRAIN.

    Raises:
        BadSettings: more is to be kept than there is, or nothing.
    """
    count = len(importance.layers)
    layers = count if layers is None else layers
    fewest = min(len(row) for row in importance.heads)
    if not 1 <= layers <= count:
        raise BadSettings(f"layers is {layers}: the model has {count}, keep 1 to {count}")
    if not 0 < neurons <= 1:
        raise BadSettings(f"neurons is {neurons}: give the share that is kept, above 0 and at most 1")
    if heads is not None and not 1 <= heads <= fewest:
        raise BadSettings(f"heads is {heads}: layers have {fewest} key/value groups, keep 1 to {fewest}")
    kept = best(importance.layers, layers)
    return Structure(
        layers=kept,
        heads=tuple(_most(importance.heads[layer], heads) for layer in kept),
        neurons=tuple(
            _most(importance.neurons[layer], _grains(len(importance.neurons[layer]) * neurons, grain)) for layer in kept
        ),
    )


def plan_target(importance: Importance, target: Target, base: Sizes, grain: int = GRAIN) -> Structure:
    """:func:`plan` for ``target``, whose share of neurons is of ``base``'s; what is measured may have fewer already."""
    now = np.mean([len(row) for row in importance.neurons])
    share = min(1.0, target.neurons * float(np.mean(base.neurons)) / float(now))
    return plan(importance, target.layers, share, target.heads, grain)


def cut_differences(state: Mapping[str, Tensor], structure: Structure, sizes: Sizes) -> dict[str, Tensor]:
    """Low-rank differences of a model, for that model after the cut.

    A cut of base plus difference is the cut base plus this: what was learned carries over to all that stays.

    Args:
        state: name -> matrix, as :func:`brewlite.training.lora.lora_state` gives it.
        structure: the cut.
        sizes: of the model before the cut.

    Raises:
        BadSettings: the structure keeps what the model does not have.
    """
    check_structure(structure, sizes)
    at = {layer: place for place, layer in enumerate(structure.layers)}
    kept = {}
    for name, tensor in state.items():
        head, _, rest = name.partition("layers.")
        layer, _, inner = rest.partition(".")
        if not layer.isdigit():
            kept[name] = tensor
            continue
        if int(layer) not in at:
            continue
        place = at[int(layer)]
        part, _, matrix = inner.rpartition(".")
        axis, places = kept_places(structure, place, sizes).get(part, (OUT, None))
        if places is not None and (matrix, axis) in ((UP, OUT), (DOWN, IN)):
            tensor = tensor.index_select(axis, places)
        kept[f"{head}layers.{place}.{inner}"] = tensor.clone()
    return kept


def best(values: Floats, count: int) -> tuple[int, ...]:
    """The places of the ``count`` largest of ``values``, ascending; of equal ones the first."""
    return tuple(sorted(int(place) for place in np.argsort(-values, kind="stable")[:count]))


def _most(values: Floats, count: int | None) -> tuple[int, ...]:
    """:func:`best`; () where that is all."""
    return () if count is None or count >= len(values) else best(values, count)


def _grains(count: float, grain: int) -> int:
    """The multiple of ``grain`` nearest to ``count``, at least one."""
    return max(1, round(count / grain)) * grain
