"""`Configured`, the mixin for the saved configuration and state of a model."""

from __future__ import annotations

import inspect
from typing import Any

import keras
from keras import ops

from zoo.engine.players import Frozen
from zoo.engine.tasks import check_tasks
from zoo.errors import ArgumentError


class Configured:
    """A mixin of `Model` for its saved configuration and its saved variables.

    The configuration is the constructor's arguments and the dtype policy. It is captured when the
    model is made, so that a subclass needs no `get_config`. The state of every seed generator is
    saved with the weights.

    A subclass must not define `loss`, `optimizer` or `stop_training`. Its constructor must not take
    `*args`.
    """

    def __init_subclass__(cls, **kwargs):
        super().__init_subclass__(**kwargs)
        for name in {"loss", "optimizer", "stop_training"} & set(vars(cls)):
            raise TypeError(
                f"{cls.__name__} must not define {name!r}: Keras assigns an attribute of this name."
            )
        for parameter in inspect.signature(cls.__init__).parameters.values():
            if parameter.kind is parameter.VAR_POSITIONAL:
                raise TypeError(
                    f"The constructor of {cls.__name__} must not take *{parameter.name}: "
                    "a configuration holds named arguments."
                )

    def __new__(cls, *args, **kwargs):
        check_tasks(cls)
        model = super().__new__(cls, *args, **kwargs)
        signature = inspect.signature(cls.__init__)
        try:
            bound = signature.bind(model, *args, **kwargs)
        except TypeError:
            return model  # `__init__` raises the same error next, with a better traceback
        bound.apply_defaults()
        _, *arguments = bound.arguments.items()
        flat = {}
        for name, value in arguments:
            named = signature.parameters[name].kind is not inspect.Parameter.VAR_KEYWORD
            flat.update({name: value} if named else value)
        # Hidden from Keras's tracking: networks among the arguments would be saved twice.
        vars(model)["_constructor_arguments"] = Frozen(flat)
        vars(model)["_built_under"] = keras.config.dtype_policy().name
        return model

    @classmethod
    def constructor_names(cls, config: dict[str, Any]) -> list[str]:
        """Return the names of the constructor's arguments, for the arguments `config`."""
        del config  # subclasses add the settings of the architecture in it
        return [
            parameter.name
            for parameter in inspect.signature(cls.__init__).parameters.values()
            if parameter.name != "self" and parameter.kind is not parameter.VAR_KEYWORD
        ]

    def constructor_argument(self, name: str) -> Any:
        """Return the value of the constructor's argument `name`, or `None` if there is none."""
        return self._constructor_arguments.get(name)

    def get_config(self) -> dict[str, Any]:
        config = {
            key: keras.saving.serialize_keras_object(value)
            for key, value in self._constructor_arguments.items()
        }
        return {**config, "dtype_policy": self._built_under}

    @classmethod
    def from_config(cls, config, custom_objects=None):
        """Create the model of `config`, under its `dtype_policy` or else the global policy."""
        arguments = {
            key: keras.saving.deserialize_keras_object(value, custom_objects=custom_objects)
            for key, value in config.items()
            if key != "dtype_policy"
        }
        policy = keras.config.dtype_policy()
        keras.config.set_dtype_policy(config.get("dtype_policy", policy))
        try:
            return cls(**cls.current_arguments(arguments))
        finally:
            keras.config.set_dtype_policy(policy)

    @classmethod
    def current_arguments(cls, arguments: dict[str, Any]) -> dict[str, Any]:
        """Convert the constructor's arguments in a file of an earlier version to current ones."""
        return arguments

    # State

    def _own_state(self) -> list:
        """Return the variables that no sub-model saves: this model's own, and the state of every
        seed generator."""
        saved = {id(v) for v in self.weights}
        variables = [*self._trainable_variables, *self._non_trainable_variables]
        return variables + [v for v in self.non_trainable_variables if id(v) not in saved]

    def save_own_variables(self, store) -> None:
        """Save the variables that no sub-model saves, as Keras asks."""
        for index, variable in enumerate(self._own_state()):
            store[str(index)] = ops.convert_to_numpy(variable)

    def load_own_variables(self, store) -> None:
        """Load the variables that no sub-model loads, as Keras asks."""
        state = self._own_state()
        if len(store.keys()) != len(state):
            raise ArgumentError(
                f"{type(self).__name__} has {len(state)} variables of its own; the file holds "
                f"{len(store.keys())}. "
                "It was saved from another architecture."
            )
        for index, variable in enumerate(state):
            variable.assign(store[str(index)])
