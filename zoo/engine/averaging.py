"""Averaged (EMA) networks, which are untrained copies that follow trained networks.

Keras's `use_ema` is not used, since it overwrites the raw weights at the end of each `fit`.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable

import keras
from keras import ops

from zoo.engine import attached, scalars
from zoo.errors import ArgumentError


class Average(keras.Model):
    """An averaged copy of a network that Keras cannot rebuild from its configuration.

    It calls the network itself, with weights of its own. It cannot be saved.

    Args:
        network: the built network.
        name: the name of the copy.
    """

    def __init__(self, network: keras.Model, name: str):
        super().__init__(name=name)
        vars(self)["_network"] = network  # hidden from Keras, which would count its weights
        self.averages = [
            self.add_weight(
                shape=weight.shape,
                dtype=weight.dtype,
                initializer="zeros",
                trainable=False,
                name=weight.name,
            )
            for weight in network.weights
        ]
        self.built = True

    def check(self) -> None:
        """Raise if the network has other weights than when the average was made."""
        shapes = [tuple(average.shape) for average in self.averages]
        if [tuple(weight.shape) for weight in self._network.weights] != shapes:
            raise ArgumentError(
                f"The network {self._network.name} has other weights than when its average was "
                "made, and Keras cannot rebuild it from its configuration. Make a new model of it."
            )

    def call(self, inputs, training=False):
        self.check()
        network, averages = self._network, iter(self.averages)
        weights = {id(weight) for weight in network.weights}
        # The scope hides the variables around it, so that it must hold all, also random seeds.
        values = [
            (v, ops.convert_to_tensor(next(averages) if id(v) in weights else v))
            for v in [*network.weights, *_others(network)]
        ]
        with keras.StatelessScope(state_mapping=values):
            return network(inputs, training=training)


def _others(network: keras.Model) -> list[keras.Variable]:
    """Return the variables of `network` that are no weights."""
    weights = {id(weight) for weight in network.weights}
    return [v for v in network.variables if id(v) not in weights]


def copy(
    network: keras.Model, source: keras.Model | Callable[..., keras.Model], name: str
) -> keras.Model:
    """Return an untrained copy of `network`, with weights of its own that start equal.

    The copy has neither adapters nor quantization; its kernels have the adapters added.

    Args:
        network: a built network.
        source: the network, or the function `source(name=...)` that made it. A function is faster,
            since it needs no configuration; serializing one imports TensorFlow where that is
            installed.
        name: the name of the copy.
    """
    twin = _rebuilt(network, name) if isinstance(source, keras.Model) else source(name=name)
    if not twin.built:
        twin.build(network.input_shape)
    if len(twin.weights) == len(network.weights):
        twin.set_weights(network.get_weights())
    else:
        average(twin, network, 0.0)
    twin.trainable = False
    return twin


def _rebuilt(network: keras.Model, name: str) -> keras.Model:
    """Return a copy of `network` made of its configuration, or an `Average` if it has none."""
    try:
        config = attached.without_attachments({**network.get_config(), "name": name})
        twin = type(network).from_config(config)
        if not twin.built:
            twin.build(network.input_shape)
        shapes = [tuple(w.shape) for w in twin.weights]
        if any(map(attached.is_changed, network._flatten_layers())):
            return twin  # which has fewer weights
    except Exception:  # a layer of the user's may raise anything; `save` says what
        shapes = None
    same = shapes == [tuple(w.shape) for w in network.weights]
    return twin if same else Average(network, name)


def average(averaged: keras.Model, network: keras.Model, decay) -> None:
    """Take one step of the exponential moving average of the weights.

    averaged <- decay * averaged + (1 - decay) * network. Integer weights are copied. A kernel with
    a low-rank adapter is averaged with the adapter added. A kernel that is quantized to integers
    is not trained, and its average stays as it was quantized.

    Raises:
        ArgumentError: if the average of a trained kernel is quantized.
    """
    means, weights = averaged.weights, network.weights
    if isinstance(averaged, Average):
        averaged.check()
    elif len(means) != len(weights) or any(_is_changed(w) for w in (*means, *weights)):
        pairs = zip(averaged._flatten_layers(), network._flatten_layers(), strict=True)
        for mean, layer in pairs:
            _average_layer(mean, layer, decay)
        return
    _average(zip(means, weights, strict=True), decay)


def _is_changed(weight: keras.Variable) -> bool:
    """Return whether `weight` may be of an adapter or of a quantization."""
    return weight.name.startswith("lora_") or "float" not in weight.dtype


def _average(pairs: Iterable[tuple[keras.Variable, keras.Variable]], decay) -> None:
    pairs = list(pairs)
    means, weights = ([pair[i] for pair in pairs if "float" in pair[0].dtype] for i in range(2))
    scalars.blend(means, weights, decay)
    for mean, weight in pairs:
        if "float" not in mean.dtype:
            mean.assign(weight)


def _average_layer(mean: keras.layers.Layer, layer: keras.layers.Layer, decay) -> None:
    """Average the weights of a layer, without those of the layers in it."""
    kernel = attached.adapted(mean) or attached.adapted(layer)
    means, weights = attached.own_variables(mean), attached.own_variables(layer)
    if kernel is None and len(means) == len(weights):
        pairs = zip(means, weights, strict=True)
    else:
        names = {kernel, f"{kernel}_scale", f"{kernel}_zero", "g_idx"}
        unchanged = [v for v in means if v.name not in names]
        named = {v.name: v for v in weights}
        pairs = [(v, named[v.name]) for v in unchanged if not v.name.startswith("lora_")]
    _average(pairs, decay)
    if kernel is None:
        return
    if attached.quantization_of(mean) not in (None, "float8"):
        if layer.lora_enabled or attached.quantization_of(layer) is None:
            raise ArgumentError(
                f"The kernel of the layer {layer.name} is trained, and its average is quantized. "
                "Quantize after the training, or the trained network alone."
            )
        return
    step = attached.full_kernel(layer, kernel) - attached.full_kernel(mean, kernel)
    own = getattr(mean, f"_{kernel}")
    own.assign(own + ops.cast(step, own.dtype) * scalars.cast(1.0 - decay, own.dtype))
