"""Which layers, heads and neurons of a base model a smaller one keeps, and cutting it so.

What is dropped is dropped for good: the matrices become smaller, so that a cut model needs less memory and truly less
time, on every device and without any special kernel. Only whole key/value groups go, each with the query heads that
share it, so that what is left is grouped-query attention still. Layers may keep different numbers of either.
"""

from __future__ import annotations

from collections.abc import Sequence
from itertools import pairwise
from typing import Any

import torch
from msgspec import Struct
from msgspec.structs import force_setattr
from torch import Tensor, nn

from brewlite.errors import BadSettings

OUT, IN = 0, 1
"""Axes of a linear layer's weight (out, in)."""

LINEARS: dict[str, tuple[int, str]] = {
    "self_attn.q_proj": (OUT, "queries"),
    "self_attn.k_proj": (OUT, "keys"),
    "self_attn.v_proj": (OUT, "keys"),
    "self_attn.o_proj": (IN, "queries"),
    "mlp.gate_proj": (OUT, "neurons"),
    "mlp.up_proj": (OUT, "neurons"),
    "mlp.down_proj": (IN, "neurons"),
}
"""A layer's linear parts -> the axis that a cut shortens, and what lies along it."""

Places = tuple[int, ...]


class Structure(Struct, frozen=True, kw_only=True):
    """What is kept of a base model. Raises BadSettings for places that are no ascending row."""

    layers: Places
    """Of the base, ascending."""
    heads: tuple[Places, ...] = ()
    """Key/value groups of each kept layer, ascending; () for a layer: all of its groups; () alone: all of all."""
    neurons: tuple[Places, ...] = ()
    """Neurons between the two halves of each kept layer's MLP; () as for ``heads``."""

    def __post_init__(self) -> None:
        for name in ("heads", "neurons"):
            given: tuple[Places, ...] = getattr(self, name) or ((),) * len(self.layers)
            if len(given) != len(self.layers):
                raise BadSettings(f"a structure keeps {len(self.layers)} layers and names {name} of {len(given)}")
            force_setattr(self, name, given)
        if not self.layers:
            raise BadSettings("a structure keeps no layer: keep at least one")
        for what, places in (("layers", self.layers), *(("places", row) for row in (*self.heads, *self.neurons))):
            if any(place < 0 for place in places) or any(later <= place for place, later in pairwise(places)):
                raise BadSettings(f"kept {what} {_short(places)} are not an ascending row of places from 0")


class Sizes(Struct, frozen=True, kw_only=True):
    """How large a model's layers are."""

    heads: tuple[int, ...]
    """Key/value groups of each layer."""
    neurons: tuple[int, ...]
    """Of each layer's MLP."""
    shared: int
    """Query heads that share a key/value group."""
    width: int
    """Numbers of a head."""

    @property
    def layers(self) -> int:
        """How many."""
        return len(self.heads)


def sizes_of(model: Any) -> Sizes:
    """The sizes of a causal model of transformers.

    Raises:
        BadSettings: its layers are not Llama-like, or have differences or 4-bit weights on them already.
    """
    layers = _layers(model)
    for place, layer in enumerate(layers):
        for name in LINEARS:
            if not isinstance(_part(layer, name), nn.Linear):
                raise BadSettings(
                    f"layer {place} of {type(model).__name__} has no plain linear part {name}: only Llama-like models "
                    f"can be cut, before differences are put on them and before they are quantized"
                )
    first = layers[0].self_attn
    width = int(first.head_dim)
    return Sizes(
        heads=tuple(layer.self_attn.k_proj.out_features // width for layer in layers),
        neurons=tuple(layer.mlp.down_proj.in_features for layer in layers),
        shared=first.q_proj.out_features // first.k_proj.out_features,
        width=width,
    )


def whole(model: Any) -> Structure:
    """The structure that drops nothing. Raises as :func:`sizes_of`."""
    return Structure(layers=tuple(range(sizes_of(model).layers)))


def cut(model: Any, structure: Structure) -> None:
    """Drop from ``model`` all that ``structure`` does not keep; in place, for good.

    Args:
        model: a Llama-like causal model of transformers, whole or cut before, without differences.
        structure: places are those of ``model`` as it is now.

    Raises:
        BadSettings: as :func:`sizes_of`, or the structure keeps what the model does not have.
    """
    sizes = sizes_of(model)
    check_structure(structure, sizes)
    decoder, config = model.get_decoder(), model.config.get_text_config()
    kept = [decoder.layers[place] for place in structure.layers]
    for place, layer in enumerate(kept):
        for name, (axis, places) in kept_places(structure, place, sizes).items():
            _shorten(_part(layer, name), axis, places)
        layer.mlp.intermediate_size = layer.mlp.down_proj.in_features
        for module in layer.modules():
            if hasattr(module, "layer_idx"):
                module.layer_idx = place
    decoder.layers = nn.ModuleList(kept)
    if getattr(config, "layer_types", None):
        config.layer_types = [config.layer_types[place] for place in structure.layers]
    config.num_hidden_layers = len(kept)


def compose(first: Structure, second: Structure) -> Structure:
    """What one cut keeps that does as much as ``first`` and then ``second``, whose places are those left by ``first``.

    Raises:
        BadSettings: the second keeps what the first has dropped.
    """
    layers = second.layers
    if layers[-1] >= len(first.layers):
        raise BadSettings(f"the second cut keeps layer {layers[-1]}, of {len(first.layers)} that the first has left")
    return Structure(
        layers=tuple(first.layers[place] for place in layers),
        heads=tuple(_through(first.heads[at], kept) for at, kept in zip(layers, second.heads, strict=True)),
        neurons=tuple(_through(first.neurons[at], kept) for at, kept in zip(layers, second.neurons, strict=True)),
    )


def check_structure(structure: Structure, sizes: Sizes) -> None:
    """Raise BadSettings where ``structure`` keeps what a model of ``sizes`` does not have."""
    if structure.layers[-1] >= sizes.layers:
        raise BadSettings(f"the structure keeps layer {structure.layers[-1]}, and the model has {sizes.layers} layers")
    for what, rows, have in (
        ("head group", structure.heads, sizes.heads),
        ("neuron", structure.neurons, sizes.neurons),
    ):
        for layer, kept in zip(structure.layers, rows, strict=True):
            if kept and kept[-1] >= have[layer]:
                raise BadSettings(f"the structure keeps {what} {kept[-1]} of layer {layer}, which has {have[layer]}")


def kept_places(structure: Structure, place: int, sizes: Sizes) -> dict[str, tuple[int, Tensor]]:
    """Of the kept layer at ``place``: linear part -> (axis, (N,) the places along it that stay). Whole ones left out.

    ``sizes`` are those of the model before the cut.
    """
    found: dict[str, Tensor] = {}
    if heads := structure.heads[place]:
        found["keys"] = _spread(heads, sizes.width)
        found["queries"] = _spread(heads, sizes.shared * sizes.width)
    if neurons := structure.neurons[place]:
        found["neurons"] = torch.tensor(neurons)
    return {name: (axis, found[kind]) for name, (axis, kind) in LINEARS.items() if kind in found}


def _spread(blocks: Places, width: int) -> Tensor:
    """(N * width,) the places of all that lies in ``blocks`` of ``width``."""
    return (torch.tensor(blocks)[:, None] * width + torch.arange(width)).flatten()


def _shorten(linear: nn.Linear, axis: int, places: Tensor) -> None:
    with torch.no_grad():
        places = places.to(linear.weight.device)
        learned = linear.weight.requires_grad
        linear.weight = nn.Parameter(linear.weight.index_select(axis, places), requires_grad=learned)
        if axis == IN:
            linear.in_features = len(places)
            return
        linear.out_features = len(places)
        if linear.bias is not None:
            linear.bias = nn.Parameter(linear.bias.index_select(0, places), requires_grad=learned)


def _layers(model: Any) -> Sequence[Any]:
    layers: Sequence[Any] = getattr(model.get_decoder(), "layers", ())
    if not len(layers):
        raise BadSettings(f"{type(model).__name__} has no row of layers: only Llama-like models can be cut")
    return layers


def _part(layer: Any, name: str) -> Any:
    for step in name.split("."):
        layer = getattr(layer, step, None)
    return layer


def _through(outer: Places, inner: Places) -> Places:
    """The places that ``inner`` keeps of those that ``outer`` has left; () keeps all."""
    if not outer or not inner:
        return outer or inner
    if inner[-1] >= len(outer):
        raise BadSettings(f"the second cut keeps place {inner[-1]}, of {len(outer)} that the first has left")
    return tuple(outer[place] for place in inner)


def _short(places: Places) -> str:
    return str(places) if len(places) <= 8 else f"({', '.join(map(str, places[:8]))}, ...)"


__all__ = ["Sizes", "Structure", "check_structure", "compose", "cut", "kept_places", "sizes_of", "whole"]
