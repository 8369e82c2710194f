"""Settings: the plain attributes of models, losses and penalties, which a compiled function reads
once."""

from __future__ import annotations

from typing import Any

import keras

from zoo.base.named import Named

PLAIN = (bool, int, float, str, type(None))
OF_TRAINING = ("stop_training", "built")  # attributes that Keras changes in each `fit`


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


def with_settings(value: Any, owner: Any, attribute: str) -> Any:
    """Return the argument `value`, or the object that `owner` made of this name, if the object has
    got other settings since.

    Args:
        value: an argument, perhaps the name of an object.
        owner: the model that got the argument.
        attribute: the attribute of the model that holds the object.
    """
    current = getattr(owner, attribute, None) if isinstance(value, str) else None
    if not isinstance(current, Named) or isinstance(current, keras.layers.Layer):
        return value
    return value if settings_of(current) == settings_of(type(current)()) else current
