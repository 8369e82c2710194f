"""Feature maps of a frozen network, by the names of its layers."""

from __future__ import annotations

import inspect
import re
from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import NamedTuple

import keras
import numpy as np
from keras import ops

from zoo.base.ranges import mapped
from zoo.engine import compiled
from zoo.engine.inference import batched
from zoo.engine.tasks import Classifies
from zoo.errors import ArgumentError, FetchError, check_number, instance_hint, unknown_name
from zoo.files.home import user_path
from zoo.networks import squeezenet
from zoo.presets import locate

SQUEEZENET = "squeezenet"
APPLICATIONS = {
    name.lower(): function
    for name, function in vars(keras.applications).items()
    if name[0].isupper() and inspect.isfunction(function)
}


class Layers(NamedTuple):
    """The layers that a network is used with by default."""

    content: tuple[str, ...]
    style: tuple[str, ...]


DEFAULTS = {
    # As in CS231n, whose layers 3 and 1, 4, 6 and 7 these are.
    SQUEEZENET: Layers(("fire2",), ("conv1", "fire3", "fire4", "fire5")),
    # As in Gatys et al. 2016.
    **{
        name: Layers(("block4_conv2",), tuple(f"block{i}_conv1" for i in range(1, 6)))
        for name in ("vgg16", "vgg19")
    },
    "features_natural": Layers(("relu3_2",), ("relu1_1", "relu2_1", "relu3_1", "relu4_1")),
}


class Source(NamedTuple):
    """A network, and what it is used with.

    Attributes:
        name: its name, by which its layers are known.
        network: a Keras model, whose layers have names.
        prepare: a function from a tensor of images in [0, 1] to what the network takes.
        renumbered: whether layers without names of their own are counted within the network, and
            not among all layers of the process, as Keras counts them.
    """

    name: str
    network: keras.Model
    prepare: Callable
    renumbered: bool = False

    @property
    def maps(self) -> dict:
        """The symbolic feature maps of the network, by the names of the layers."""
        return feature_maps(self.network, self.renumbered)

    def layers(self, argument: str, value, use: str) -> dict[str, float]:
        """Return the weight of each layer of an argument such as `style_layers`, with the sum 1.

        Args:
            argument: the name of the argument, in errors.
            value: names of layers, or a dict from names to weights; `None` for the default.
            use: `"content"` or `"style"`, whose default is meant.

        Raises:
            ArgumentError: if there is no such layer, with the nearest names; if a weight is
                negative, or none is above 0; or if there is no default.
        """
        maps = self.maps
        if value is None:
            if self.name not in DEFAULTS:
                names = ", ".join(list(maps)[:8])
                raise ArgumentError(
                    f"{argument} is needed for {self.name}, which has no default: names of layers, "
                    f"such as {names}. Received: None."
                )
            value = getattr(DEFAULTS[self.name], use)
        if isinstance(value, str):
            value = (value,)
        weights = dict(value) if isinstance(value, Mapping) else dict.fromkeys(value, 1.0)
        for name, weight in weights.items():
            if name not in maps:
                raise unknown_name(f"layer of {self.name} in {argument}", name, maps)
            check_number(f"{argument}[{name!r}]", weight)
        total = sum(weights.values())
        if not total:
            raise ArgumentError(
                f"{argument} must name a layer with a weight above 0. Received: {value!r}."
            )
        return {name: weight / total for name, weight in weights.items()}


class Features:
    """The feature maps of some layers, as a function of images in [0, 1].

    The network is the part that these layers need; of a network for images of one size it is a copy
    for images of any size. Its weights are only read.

    Args:
        source: the network.
        names: the names of the layers.
    """

    def __init__(self, source: Source, names: Sequence[str]):
        self.names = tuple(dict.fromkeys(names))
        self.source = source
        self.network = _of_any_size(
            source.network.inputs[0], [source.maps[name] for name in self.names]
        )
        self._compiled = compiled(self._as_list, self.network)

    @property
    def channels(self) -> int:
        """The channels of the images."""
        return self.network.inputs[0].shape[-1]

    def __call__(self, images) -> dict:
        """Return the feature maps of a tensor of images, float32, by the names of the layers."""
        outputs = self.network(self.source.prepare(images), training=False)
        outputs = outputs if isinstance(outputs, list | tuple) else [outputs]
        maps = [ops.cast(output, "float32") for output in outputs]
        return dict(zip(self.names, maps, strict=True))

    def _as_list(self, images) -> list:
        return list(self(images).values())

    def of(self, images: np.ndarray, batch_size: int = 16) -> dict[str, np.ndarray]:
        """Return the feature maps of images, float32 of shape `(n, height, width, channels)`."""
        maps = batched(self._compiled, (images,), batch_size)
        return dict(zip(self.names, maps, strict=True))

    def sizes(self, argument: str, size: tuple[int, int]) -> dict[str, tuple[int, int]]:
        """Return the height and the width of each map, for images of the height and width `size`.

        Raises:
            ArgumentError: if images of the argument of this name are too small for the network.
        """
        try:
            shapes = self.network.compute_output_shape((1, *size, self.channels))
        except ValueError as error:
            raise _too_small(argument, size, self.source.name) from error
        shapes = shapes if isinstance(shapes, list) else [shapes]
        sizes = {name: tuple(shape[1:3]) for name, shape in zip(self.names, shapes, strict=True)}
        if min(min(each) for each in sizes.values()) < 1:
            raise _too_small(argument, size, self.source.name)
        return sizes


def _too_small(argument: str, size: tuple[int, int], name: str) -> ArgumentError:
    """Return the error for images that are smaller than what a layer looks at."""
    return ArgumentError(
        f"{argument} must be larger for the layers of {name}, also at the smallest of its sizes. "
        f"Received: {size[0]}x{size[1]} pixels there. A larger size, fewer scales and lower layers "
        "help."
    )


def source_of(features, weights: str | Path | None, prepare: Callable | None) -> Source:
    """Return the network of the argument `features` of `StyleTransfer`.

    Raises:
        ArgumentError: if it is none, or another argument does not go with it.
        FetchError: if Keras cannot fetch its weights.
    """
    if isinstance(features, keras.Model) and not isinstance(features, Classifies):
        _refuse("weights", weights, "a Keras model, which has its own")
        return Source(features.name, features, prepare or (lambda images: images))
    _refuse("prepare", prepare, "a network that is given by name, which has its own")
    if isinstance(features, Classifies):
        _refuse("weights", weights, "a model, which has its own")
        return _of_classifier(features.name, features)
    if not isinstance(features, str | Path):
        raise ArgumentError(
            "features must be the name of a network, a preset that classifies, or a Keras model. "
            f"Received: {features!r}.{instance_hint(features)}"
        )
    if features == SQUEEZENET:
        return Source(SQUEEZENET, _squeezenet(weights), squeezenet.prepared)
    if str(features).lower() in APPLICATIONS:
        return _of_keras(str(features).lower(), weights)
    _refuse("weights", weights, "a preset, which has its own")
    known = {*locate.known_names(), *locate.recipes()}
    if isinstance(features, str) and locate.NAME.fullmatch(features) and features not in known:
        names = {name for name in known if name.startswith(("classifier_", "features_"))}
        raise unknown_name("features", features, {SQUEEZENET, *APPLICATIONS, *names})
    model = locate.locate(features).read()
    if not isinstance(model, Classifies):
        raise ArgumentError(
            f"features must be those of a preset that classifies. Received: {features!r}, a "
            f"{type(model).__name__}."
        )
    return _of_classifier(str(features), model)


def _refuse(argument: str, value, why: str) -> None:
    """Raise if an argument has a value where it has no use."""
    if value is not None:
        raise ArgumentError(f"{argument} must be None with {why}. Received: {value!r}.")


def _of_classifier(name: str, model) -> Source:
    """Return the network within a model that classifies."""
    network = model.feature_network()
    if network is None:
        raise ArgumentError(
            f"features must be those of a model with a network of features. Received: {name}."
        )
    network = keras.Model(network.inputs, network.outputs[0])  # without the head
    while (inner := _only_within(network)) is not None:
        network = inner

    def prepare(images):
        return mapped(images, (0.0, 1.0), model.value_range)

    return Source(name, network, prepare, renumbered=True)


def _only_within(network: keras.Model) -> keras.Model | None:
    """Return the only layer of a network if it is a network itself, or `None`."""
    layers = [each for each in network.layers if not isinstance(each, keras.layers.InputLayer)]
    return layers[0] if len(layers) == 1 and isinstance(layers[0], keras.Model) else None


def _of_keras(name: str, weights: str | Path | None) -> Source:
    """Return the network `name` of `keras.applications`, with its preparation of images."""
    function = APPLICATIONS[name]
    module = inspect.getmodule(inspect.unwrap(function))
    try:
        network = function(
            include_top=False, weights=str(user_path(weights)) if weights else "imagenet"
        )
    except Exception as error:  # those of Keras's downloads are of many kinds
        raise FetchError(
            f"The weights of {name} cannot be read or fetched: {error}. Allowed: weights=, a file "
            "of them, or features of another network, such as 'features_natural'."
        ) from error

    def prepare(images):
        return module.preprocess_input(255.0 * images, data_format="channels_last")

    return Source(name, network, prepare)


def _squeezenet(weights: str | Path | None) -> keras.Model:
    """Return SqueezeNet with the weights of a file."""
    if weights is None:
        raise ArgumentError(
            "weights is needed for features='squeezenet': an .npz file of SqueezeNet 1.1, with "
            "arrays such as 'conv1/kernel' and 'fire2/squeeze1x1/kernel'. This package ships none. "
            "Received: None."
        )
    network = squeezenet.squeezenet()
    squeezenet.load_weights(network, weights)
    return network


def check_graph(network) -> None:
    """Raise unless a network is a model with a graph of layers, which a subclassed one has not."""
    if not isinstance(network, keras.Model) or not network.built:
        raise ArgumentError(f"features must be a built Keras model. Received: {network!r}.")
    inputs = [layer for layer in network.layers if isinstance(layer, keras.layers.InputLayer)]
    if len(inputs) != 1 and not isinstance(network, keras.Sequential):
        raise ArgumentError(
            "features must be a functional or sequential Keras model of one input. Received: "
            f"{network.name}, with {len(inputs)}."
        )


def feature_maps(network: keras.Model, renumbered: bool = False) -> dict:
    """Return the symbolic feature maps of a network, by the names of the layers that make them.

    Of a layer that the network calls several times it is the first one.

    Args:
        network: a functional or sequential model.
        renumbered: as for `Source`.

    Raises:
        ArgumentError: if the network has no graph of layers, as a subclassed model.
    """
    check_graph(network)
    maps, counts, outputs = {}, Counter(), _first_outputs(network)
    for layer in network.layers:
        if isinstance(layer, keras.layers.InputLayer):
            continue
        name = layer.name
        kind = re.sub(r"_\d+$", "", name)
        if renumbered and kind.replace("_", "") == type(layer).__name__.lower():
            name = f"{kind}_{counts[kind]}" if counts[kind] else kind
            counts[kind] += 1
        output = outputs[id(layer)]
        match tuple(output.shape) if isinstance(output, keras.KerasTensor) else ():
            case (_, _, _, _):
                maps[name] = output
    return maps


def _first_outputs(network: keras.Model) -> dict[int, keras.KerasTensor]:
    """Return the first output of each layer in the graph of a network, by the id of the layer.

    `layer.output` is that of the layer's first call, which may belong to another network.
    """
    graph = network._functional if isinstance(network, keras.Sequential) else network
    outputs: dict[int, keras.KerasTensor] = {}
    for depth in sorted(graph._nodes_by_depth, reverse=True):  # from the inputs on
        for node in graph._nodes_by_depth[depth]:
            outputs.setdefault(id(node.operation), node.outputs[0])
    return outputs


def _of_any_size(inputs, maps: list) -> keras.Model:
    """Return the network from symbolic inputs to feature maps, for images of any size."""
    part = keras.Model(inputs, maps)
    _, height, width, channels = inputs.shape
    if height is None and width is None:
        return part
    free = keras.models.clone_model(part, input_tensors=keras.Input((None, None, channels)))
    free.set_weights(part.get_weights())
    return free
