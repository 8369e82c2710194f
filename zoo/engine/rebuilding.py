"""The check that a model can be made again from its configuration, before it is saved."""

from __future__ import annotations

import random
from typing import Any

import keras

from zoo.base.warn import filtered
from zoo.engine.attached import is_changed, layers_of, without_attachments
from zoo.engine.averaging import Average
from zoo.engine.unset import unset_weights
from zoo.errors import ArgumentError

PLAIN = (bool, int, float, str, type(None))


def check_can_be_saved(model: keras.Model, compiled: bool = True) -> None:
    """Raise unless Keras can make `model` again from its configuration.

    Keras writes files of layers that it cannot read again.

    Args:
        model: the model.
        compiled: whether it is saved with the arguments of `compile`.

    Raises:
        ArgumentError: with the name of the argument that it cannot make.
    """
    arguments = dict(model.constructed_with)
    if compiled and model.compiled:
        arguments |= model.compiled_with
    for name, value in arguments.items():
        _check(type(model).__name__, name, value)
    for layer, _ in layers_of(model):
        if isinstance(layer, Average):
            raise ArgumentError(
                f"{type(model).__name__} cannot be saved: {layer.name} is the average of a network "
                "that Keras could not rebuild when the model was made. Make the model again."
            )


def _check(model: str, name: str, value: Any) -> None:
    """Raise unless Keras can make the argument `value` again."""
    if all(isinstance(part, PLAIN) for part in keras.tree.flatten(value)):
        return
    state = random.getstate()  # layers draw seeds
    try:
        with filtered("ignore"), unset_weights():  # of a lambda, which fails next
            config = keras.saving.serialize_keras_object(value)
            again = keras.saving.deserialize_keras_object(bare(config))
        attached = isinstance(value, keras.Model) and any(
            is_changed(layer) for layer in value._flatten_layers()
        )
        if isinstance(value, keras.Model) and not attached:
            shapes, found = ([tuple(w.shape) for w in m.weights] for m in (value, again))
            if shapes != found:
                raise ValueError(f"it has weights of shapes {shapes}, and made again {found}")
    except Exception as error:  # a layer of the user's may raise anything
        reason = " ".join(f"{type(error).__name__}: {error}".split())[:300]
        raise ArgumentError(
            f"{model} cannot be saved, since Keras cannot make {name} again from its "
            f"configuration. {reason}. Allowed: classes and functions below "
            "@keras.saving.register_keras_serializable(), with a get_config, and no lambdas; "
            "save_weights saves the weights alone."
        ) from error
    finally:
        random.setstate(state)


def bare(config: Any) -> Any:
    """Return a serialized object as its constructor made it."""
    return without_attachments(without_compiling(config))


def without_compiling(config: Any) -> Any:
    """Return a serialized object without the training settings of the models in it."""
    if isinstance(config, dict):
        return {k: without_compiling(v) for k, v in config.items() if k != "compile_config"}
    if isinstance(config, list | tuple):
        return type(config)(without_compiling(part) for part in config)
    return config
