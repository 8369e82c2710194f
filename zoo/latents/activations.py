"""The activations of the layers of a sampling network, and the first ones that see its latents."""

from __future__ import annotations

import contextlib
from collections.abc import Iterator
from typing import NamedTuple

import keras
import numpy as np
from keras import layers, ops

from zoo import engine
from zoo.engine.batch import paired
from zoo.errors import ArgumentError, unknown_name
from zoo.latents.drawing import check_has_latents, draw

# The axis of a kernel that belongs to the inputs of its layer.
INPUTS = {layers.Dense: 0, layers.Conv2DTranspose: -1, layers.Conv2D: -2}


class Call(NamedTuple):
    """One call of a layer, with its first input and its output."""

    layer: layers.Layer
    inputs: object
    outputs: object


@contextlib.contextmanager
def recorded(watched: list[layers.Layer]) -> Iterator[list[Call]]:
    """Record the calls of layers within the block, in their order."""
    calls: list[Call] = []

    def recording(layer):
        compute = layer.call

        def call(inputs, *args, **kwargs):
            outputs = compute(inputs, *args, **kwargs)
            calls.append(Call(layer, inputs, outputs))
            return outputs

        return call

    for layer in watched:
        # Past Keras's tracking, which would count the function as a part of the layer.
        vars(layer)["call"] = recording(layer)
    try:
        yield calls
    finally:
        for layer in watched:
            del vars(layer)["call"]


def network_of(model) -> keras.Model:
    """Return the network from latents to data of `model`, or raise."""
    check_has_latents(model)
    network = model.sampling_network()
    if network is None:
        raise ArgumentError(
            "model must have one network from latents to data, which its method sampling_network "
            f"returns. Received: {type(model).__name__}, which has none."
        )
    return network


class First(NamedTuple):
    """The first layers with a kernel that see the latents.

    Attributes:
        layer: the first one.
        weights: its weights for the latents, as a matrix with a row for each latent, float64 of
            shape `(latent_dim, units)`.
        second: the second one, or `None` if there is no other.
    """

    layer: layers.Layer
    weights: np.ndarray
    second: layers.Layer | None


def first_layers(model) -> First:
    """Return the first layers with a kernel whose inputs depend on the latents.

    They are found by two latents with one label: the inputs of such a layer differ between both.

    Raises:
        ArgumentError: if the model has no sampling network, or its first such layer takes other
            numbers than the latents, followed by those of labels.
    """
    network = network_of(model)
    latents, labels = draw(model, 2, 0, None if model.condition is None else _one_condition(model))
    kernels = tuple(INPUTS)
    watched = [
        layer
        for layer in network._flatten_layers(include_self=False)
        if isinstance(layer, kernels) and layer.built
    ]
    with model.turns, recorded(watched) as calls:
        engine.synchronize(model)
        inputs = [ops.convert_to_tensor(x) for x in (latents, labels) if x is not None]
        network(paired(*inputs), training=False)
    seeing = []
    for call in calls:
        seen = engine.to_numpy(ops.stop_gradient(call.inputs)).reshape(2, -1)
        if not np.array_equal(seen[0], seen[1]) and call.layer not in [s[0] for s in seeing]:
            seeing.append((call.layer, seen))
    if not seeing:
        raise ArgumentError(
            "model must have a network with a dense or convolutional layer that sees the latents. "
            f"Received: {type(model).__name__}, without one."
        )
    layer, seen = seeing[0]
    axis = next(place for kind, place in INPUTS.items() if isinstance(layer, kind))
    kernel = np.moveaxis(np.asarray(ops.convert_to_numpy(layer.kernel), "float64"), axis, 0)
    size = latents.shape[1]
    begins = seen.shape[1] >= size and np.allclose(seen[:, :size], latents, atol=1e-3)
    # Latents of another norm than the prior's are the latents of the layer.
    if len(kernel) != seen.shape[1] or not (begins or len(kernel) == size):
        raise ArgumentError(
            "model must have a first layer with a kernel that takes the latents themselves. "
            f"Received: {layer.name!r}, which takes {seen.shape[1]} numbers for {size} latents."
        )
    weights = kernel.reshape(len(kernel), -1)[:size]
    return First(layer, weights, seeing[1][0] if len(seeing) > 1 else None)


def _one_condition(model) -> np.ndarray:
    """Return one condition, twice."""
    return np.repeat(model.condition.example(1), 2, axis=0)


def named_layer(model, name: str) -> layers.Layer:
    """Return the layer of the sampling network called `name`, also one in a network within it.

    Raises:
        UnknownNameError: if there is none.
    """
    own = network_of(model)._flatten_layers(include_self=False)
    found = {layer.name: layer for layer in own}
    if name not in found:
        raise unknown_name("layer", name, found)
    return found[name]


def activations(
    model, layer: layers.Layer, part: str, latents: np.ndarray, labels=None, batch_size: int = 256
) -> np.ndarray:
    """Return the activations of a layer of the sampling network, float32 of shape `(n, units)`.

    Args:
        model: the model.
        layer: the layer.
        part: `"inputs"` for those that it takes, or `"outputs"`.
        latents: an array of shape `(n, latent_dim)`.
        labels: the labels of a conditional model.
        batch_size: the number of latents that are computed at once.
    """
    network = network_of(model)

    def values(*inputs):
        with recorded([layer]) as calls:
            network(paired(*inputs), training=False)
        if not calls:
            raise ArgumentError(
                f"layer must be one that the network calls. Received: {layer.name!r}, which is not "
                "called."
            )
        tensor = getattr(calls[0], part)
        return ops.reshape(tensor, (ops.shape(tensor)[0], -1))

    inputs = (latents,) if labels is None else (latents, labels)
    return model.infer(f"{part} of {layer.path} {id(layer)}", values, inputs, batch_size)
