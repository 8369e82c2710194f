"""The weights of one model in another, as far as their layers are alike."""

from __future__ import annotations

import difflib
from typing import NamedTuple

import keras
from keras import ops

from zoo.engine.attached import own_variables


class Carried(NamedTuple):
    """The part of one network that is of another.

    Attributes:
        network: the name of the network, such as `"generator"`.
        layers: the positions, among the layers that have weights, of those that got the weights of
            the other network.
        of: the number of layers that have weights.
    """

    network: str
    layers: list[int]
    of: int


def carry(source: keras.Model, target: keras.Model) -> list[Carried]:
    """Give the networks of `target` the weights of those of the same name in `source`.

    Layers of two networks are alike if they are of one class, with weights of equal shapes. Those
    that stand in the same order in both are carried over; the others keep their own weights, such
    as the heads of other classes, or the ends of another size.
    """
    carried = []
    others = networks(source)
    for name, network in networks(target).items():
        layers = weighted(network)
        pairs = _alike(weighted(others[name]), layers) if name in others else []
        for old, new in pairs:
            values = own_variables(old)
            for value, variable in zip(values, own_variables(layers[new]), strict=True):
                variable.assign(ops.cast(ops.convert_to_tensor(value), variable.dtype))
        carried.append(Carried(name, [new for _, new in pairs], len(layers)))
    return carried


def networks(model: keras.Model) -> dict[str, keras.layers.Layer]:
    """Return the networks of a model, and its other layers with weights, by attribute."""
    attributes = {**vars(model), **vars(model).get("_modules", {})}  # PyTorch's own dict of layers
    return {
        name: value
        for name, value in attributes.items()
        if isinstance(value, keras.layers.Layer) and weighted(value)
    }


def weighted(network: keras.layers.Layer) -> list[keras.layers.Layer]:
    """Return the layers of `network` that have weights of their own, in order."""
    return [layer for layer in network._flatten_layers() if own_variables(layer)]


def _alike(old: list, new: list) -> list[tuple[keras.layers.Layer, int]]:
    """Return the layers of `old` with the positions in `new` of those that are like them.

    Both are in the same order.
    """
    kinds = [[_kind(layer) for layer in layers] for layers in (old, new)]
    matcher = difflib.SequenceMatcher(None, *kinds, autojunk=False)
    return [
        (old[a + i], b + i) for a, b, size in matcher.get_matching_blocks() for i in range(size)
    ]


def _kind(layer: keras.layers.Layer) -> tuple:
    """Return the class of a layer and the shapes of its weights."""
    return type(layer), tuple(tuple(v.shape) for v in own_variables(layer))
