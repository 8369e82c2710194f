"""Attachments of layers: freezing, low-rank adapters, quantization and dtype policies.

The arguments of a model's constructor do not know of it. The configuration of a model therefore
records it for each layer.
"""

from __future__ import annotations

import functools
from collections.abc import Iterable, Iterator
from typing import Any

import keras
from keras import ops

from zoo.engine.settings import settings_of
from zoo.errors import ArgumentError

HOOKS = ("_forward_hooks", "_forward_pre_hooks", "_backward_hooks", "_backward_pre_hooks")
QUANTIZED = ("int8", "int4", "float8")  # the modes that a configuration can record


def layers_of(model: keras.layers.Layer) -> Iterator[tuple[keras.layers.Layer, bool]]:
    """Yield `model` and all layers in it, each with its value of `trainable` after construction.

    A layer is yielded once, before its own layers. The averages of a model are made untrained.
    """
    averages = {id(getattr(model, name)) for name in model.averages}
    seen: set[int] = set()

    def walk(layer, trained):
        if id(layer) in seen:
            return
        seen.add(id(layer))
        trained = trained and id(layer) not in averages
        yield layer, trained
        for child in layer._layers:
            yield from walk(child, trained)

    return walk(model, True)


def own_variables(layer: keras.layers.Layer) -> list[keras.Variable]:
    """Return the weights of `layer` itself, in the order in which Keras saves them."""
    return [*layer._trainable_variables, *layer._non_trainable_variables]


# Configuration


def attached_to(model: keras.Model, policy: str) -> dict[str, dict[str, Any]]:
    """Return what is attached to the layers of `model`, by the number of the layer.

    Args:
        model: the model.
        policy: the name of the dtype policy under which the model was made.

    Raises:
        ArgumentError: if a configuration cannot hold it.
    """
    states = {}
    for number, (layer, trained) in enumerate(layers_of(model)):
        state: dict[str, Any] = {}
        if layer.trainable != trained:
            state["trainable"] = layer.trainable
        flags = [bool(v.trainable) for v in layer._trainable_variables]
        if set(flags) - {layer.trainable}:
            state["variables"] = flags
        if getattr(layer, "lora_enabled", False):
            state["lora"] = [layer.lora_rank, layer.lora_alpha]
        if layer.dtype_policy.name != policy:
            state["policy"] = layer.dtype_policy.name
        if mode := quantization_of(layer):
            if mode not in QUANTIZED:
                raise ArgumentError(
                    f"The layer {layer.name} is quantized by {mode!r}, which cannot be saved. "
                    f"Allowed: {', '.join(QUANTIZED)}."
                )
            config = getattr(layer, "quantization_config", None)
            state["quantization"] = keras.saving.serialize_keras_object(config)
        if state:
            states[str(number)] = state
    return states


def attach(model: keras.Model, states: dict[str, dict[str, Any]], policy: str) -> None:
    """Attach what `attached_to` recorded to the layers of a new `model`.

    Args:
        model: the model.
        states: the result of `attached_to`.
        policy: the name of the dtype policy under which `model` was made.
    """
    layers = [layer for layer, _ in layers_of(model)]
    if not {int(number) for number in states} <= set(range(len(layers))):
        raise ArgumentError(
            f"The configuration records layers up to {max(map(int, states))}; "
            f"{type(model).__name__} has {len(layers)}. It was saved from another architecture."
        )
    recorded = [dict(states.get(str(number), {})) for number in range(len(layers))]
    if states:
        # An average is copied from its network, whose policies it need not have.
        for (_, trained), state in zip(layers_of(model), recorded, strict=True):
            if not trained:
                state.setdefault("policy", policy)
    for layer, state in zip(layers, recorded, strict=True):
        _attach_policy(layer, state)
        if "lora" in state:
            rank, alpha = state["lora"]
            if not layer.lora_enabled:
                layer.enable_lora(rank)
            layer.lora_alpha = alpha  # Keras forgets it when it builds a dense layer
    if any("trainable" in state or "variables" in state for state in recorded):
        wanted = [
            state.get("trainable", layer.trainable)
            for layer, state in zip(layers, recorded, strict=True)
        ]
        # Freezing a layer freezes the layers in it, which come later.
        for layer, trainable in zip(layers, wanted, strict=True):
            layer.trainable = trainable
        for layer, state in zip(layers, recorded, strict=True):
            flags = state.get("variables", [])
            for variable, flag in zip(layer._trainable_variables, flags, strict=bool(flags)):
                variable.trainable = flag


def _attach_policy(layer: keras.layers.Layer, state: dict[str, Any]) -> None:
    """Set the dtype policy of `layer`, and quantize it if it was quantized."""
    policy = state.get("policy", layer.dtype_policy.name)
    if "quantization" in state and quantization_of(layer) is None:
        config = keras.saving.deserialize_keras_object(state["quantization"])
        mode = keras.dtype_policies.get(policy).quantization_mode
        layer.quantize(mode, config=config)
    if layer.dtype_policy.name != policy:
        layer.dtype_policy = policy


def quantization_of(layer: keras.layers.Layer) -> str | None:
    """Return the mode in which `layer` is quantized, or `None`."""
    return layer.dtype_policy.quantization_mode


def is_changed(layer: keras.layers.Layer) -> bool:
    """Return whether `layer` has an adapter or is quantized."""
    return getattr(layer, "lora_enabled", False) or quantization_of(layer) is not None


def is_quantized(model: keras.Model) -> bool:
    """Return whether a layer of `model` is quantized."""
    return any(quantization_of(layer) for layer, _ in layers_of(model))


def save_adapters_whole(model: keras.Model) -> None:
    """Let each layer with a low-rank adapter save all its weights the next time it saves any.

    Keras saves the kernel with the adapter added, and reads it with an adapter of zeros, which
    gets no gradient.
    """
    for layer, _ in layers_of(model):
        if getattr(layer, "lora_enabled", False):
            vars(layer)["save_own_variables"] = functools.partial(_save_whole, layer)


def load_adapters_whole(model: keras.Model) -> None:
    """Let each layer with a low-rank adapter load all its weights the next time it loads any."""
    for layer, _ in layers_of(model):
        if getattr(layer, "lora_enabled", False):
            vars(layer)["load_own_variables"] = functools.partial(_load_whole, layer)


def _save_whole(layer: keras.layers.Layer, store) -> None:
    del vars(layer)["save_own_variables"]
    keras.layers.Layer.save_own_variables(layer, store)


def _load_whole(layer: keras.layers.Layer, store) -> None:
    del vars(layer)["load_own_variables"]
    whole = len(store.keys()) == len(own_variables(layer))
    load = functools.partial(keras.layers.Layer.load_own_variables, layer)
    (load if whole else layer.load_own_variables)(store)


def without_attachments(config: Any) -> Any:
    """Return the configuration of a network without adapters and quantization."""
    if isinstance(config, list | tuple):
        return type(config)(without_attachments(part) for part in config)
    if not isinstance(config, dict):
        return config
    if "DTypePolicy" in str(config.get("class_name")) and "source_name" in config["config"]:
        return config["config"]["source_name"]
    dropped = ("lora_rank", "lora_alpha", "quantization_config")
    return {k: without_attachments(v) for k, v in config.items() if k not in dropped}


# Kernels


def adapted(layer: keras.layers.Layer) -> str | None:
    """Return the name of the array of `layer` that an adapter or a quantization changes, or
    `None`."""
    if not getattr(layer, "lora_enabled", False) and quantization_of(layer) in (None, "float8"):
        return None
    return next((name for name in ("kernel", "embeddings") if hasattr(layer, f"_{name}")), None)


def full_kernel(layer: keras.layers.Layer, name: str = "kernel"):
    """Return the kernel with which `layer` computes, in floating point, its adapter included.

    Raises:
        ArgumentError: if the layer is quantized to less than 8 bits.
    """
    mode = quantization_of(layer)
    if mode in (None, "float8"):
        return ops.convert_to_tensor(getattr(layer, name))
    if mode != "int8":
        raise ArgumentError(
            f"The kernel of the layer {layer.name}, which is quantized by {mode!r}, is needed as "
            "numbers. Allowed: 'int8'."
        )
    kernel = ops.cast(getattr(layer, f"_{name}"), "float32") / getattr(layer, f"{name}_scale")
    if layer.lora_enabled:
        a, b = (getattr(layer, f"lora_{name}_{part}") for part in "ab")
        kernel += (layer.lora_alpha / layer.lora_rank) * ops.matmul(a, b)
    return kernel


# Changes


class Structure:
    """The layers, weights and settings of a model, as a compiled function has seen them.

    Two structures are equal if a function that was compiled for one is right for the other.

    Args:
        model: the model.
        objects: other objects that the function has read, such as losses.
    """

    def __init__(self, model: keras.Model, objects: Iterable = ()):
        self.objects: list = list(objects)
        self.settings: list = [settings_of(each) for each in (model, *self.objects)]
        for layer, _ in layers_of(model):
            variables = own_variables(layer)
            self.objects += [layer, *variables]
            self.settings += [layer.trainable, layer.dtype_policy.name]
            self.settings += [v.trainable for v in variables]
            # Those of PyTorch, whose layers call them.
            self.settings += [len(vars(layer).get(name, ())) for name in HOOKS]

    def equals(self, other: Structure | None) -> bool:
        """Return whether `other` has the same layers, weights and settings."""
        return (
            other is not None
            and self.settings == other.settings
            and len(self.objects) == len(other.objects)
            and all(a is b for a, b in zip(self.objects, other.objects, strict=True))
        )
