"""Settings: the plain attributes of models, losses and penalties, which a compiled function reads
once."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import keras

from zoo.base.named import Named

PLAIN = (bool, int, float, str, type(None))
# Attributes that each `fit` changes, maybe while another thread samples.
OF_TRAINING = (
    *("stop_training", "built", "training", "_fitting", "_eval_epoch_iterator"),
    *("train_function", "test_function", "predict_function"),
)


def settings_of(owner: Any) -> dict[str, Any]:
    """Return the public plain attributes of an object by name.

    An object of a named kind among its attributes, such as a penalty, adds its type and its own
    settings.
    """
    found: dict[str, Any] = {}
    for name, value in getattr(owner, "__dict__", {}).items():
        if name.startswith("_") or name in OF_TRAINING:
            continue
        if isinstance(value, PLAIN) or (
            isinstance(value, tuple) and all(isinstance(part, PLAIN) for part in value)
        ):
            found[name] = value
        elif isinstance(value, Named) and not isinstance(value, keras.layers.Layer):
            found[name] = type(value), settings_of(value)
    return found


def with_changes(
    arguments: Mapping[str, Any], owner: Any, attributes: dict[str, str], recorded: dict[str, Any]
) -> dict[str, Any]:
    """Return `arguments` with an object in the place of its name, if it has got other settings.

    Args:
        arguments: the arguments by name, from which `owner` made objects.
        owner: the model.
        attributes: the attribute of the model that holds the object of an argument.
        recorded: `settings_of(owner)` from when the objects were made.
    """
    settings, found = settings_of(owner), dict(arguments)
    for name, attribute in attributes.items():
        given_by_name = isinstance(arguments.get(name), str)
        if given_by_name and settings.get(attribute) != recorded.get(attribute):
            found[name] = getattr(owner, attribute)
    return found
