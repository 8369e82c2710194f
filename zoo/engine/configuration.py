"""`Configured`, the mixin for the saved configuration and state of a model."""

from __future__ import annotations

import contextlib
import functools
import inspect
from collections.abc import Callable, Iterator
from typing import Any

import keras
from keras import ops

from zoo.base.described import complete
from zoo.engine.attached import attach, attached_to, load_adapters_whole, save_adapters_whole
from zoo.engine.players import Frozen
from zoo.engine.rebuilding import bare
from zoo.engine.settings import settings_of, with_changes
from zoo.engine.tasks import check_tasks
from zoo.errors import ArgumentError

NAMED_LATER = ("condition",)  # it gets the names of the classes of the data


class Configured:
    """A mixin of `Model` for its saved configuration and its saved variables.

    The configuration is the constructor's arguments and the dtype policy, which are captured when
    the model is made, so that a subclass needs no `get_config`, and what users attach to layers
    (see `zoo.engine.attached`). The state of every seed generator is saved with the weights.

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
        if "__init__" in vars(cls):
            cls.__init__ = _constructor(cls.__init__)
        complete(cls)

    def __new__(cls, *args, **kwargs):
        check_tasks(cls)
        signature = inspect.signature(cls.__init__)
        policy = keras.config.dtype_policy()
        if "dtype" not in signature.parameters:
            policy = _policy(kwargs.pop("dtype", None)) or policy
        model = super().__new__(cls, *args, **kwargs)
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
        vars(model)["_built_under"] = policy.name
        return model

    def __setattr__(self, name: str, value: Any) -> None:
        former = getattr(self, name, None) if isinstance(value, keras.layers.Layer) else None
        if isinstance(former, keras.layers.Layer) and former is not value:
            self._check_replaceable(name, former, value)
            delattr(self, name)
            if not any(former is other for other in _attributes(self)):
                self._tracker.untrack(former)  # Keras would go on to save it
        self.check_fixed(name, value)
        super().__setattr__(name, value)

    def check_fixed(self, name: str, value: Any) -> None:
        """Raise if the attribute `name` is an argument of the constructor, which made networks of
        it, and a made model would get another `value`."""
        made = "_made_with" in vars(self) and name in self._constructor_arguments
        free = name in NAMED_LATER or hasattr(keras.Model, name)  # such as `trainable`
        network = isinstance(value, keras.layers.Layer)
        if made and not free and not network and value is not getattr(self, name, None):
            kind = type(self).__name__
            raise ArgumentError(
                f"{name} is an argument of the constructor, which a made {kind} keeps. Received: "
                f"{value!r}. Make a new {kind} with it. What changes in training is an argument of "
                "compile, or a weight (add_weight)."
            )

    def _check_replaceable(self, name: str, former, value) -> None:
        """Raise unless the network `name` can be replaced by `value`, and still be saved."""
        shapes, others = ([tuple(w.shape) for w in network.weights] for network in (former, value))
        if shapes != others:
            raise ArgumentError(
                f"{name} can be replaced by a network with weights of the same shapes. Received: "
                f"one with {others}, in place of {shapes}. Make a new {type(self).__name__} of it."
            )

    @classmethod
    def constructor_names(cls, config: dict[str, Any]) -> list[str]:
        """Return the names of the constructor's arguments, for the arguments `config`."""
        del config  # subclasses add the settings of the architecture in it
        return [
            parameter.name
            for parameter in inspect.signature(cls.__init__).parameters.values()
            if parameter.name != "self" and parameter.kind is not parameter.VAR_KEYWORD
        ] + ["dtype"]

    def constructor_argument(self, name: str) -> Any:
        """Return the value of the constructor's argument `name`, or `None` if there is none."""
        return self._constructor_arguments.get(name)

    @property
    def constructed_with(self) -> Frozen:
        """The constructor's arguments, with what was changed since in the objects that they
        name."""
        arguments = self._constructor_arguments
        if "_made_with" not in vars(self):  # within the constructor
            return arguments
        attributes = {name: name for name in arguments if name not in NAMED_LATER}
        # Keras would save what is in a dict, also in that of a property.
        return Frozen(with_changes(arguments, self, attributes, self._made_with))

    def get_config(self) -> dict[str, Any]:
        # A network that was compiled for itself is trained by this model's own settings, and what
        # is attached to its layers is recorded for all layers alike.
        config = {
            key: bare(keras.saving.serialize_keras_object(value))
            for key, value in self.constructed_with.items()
        }
        config["dtype_policy"] = self._built_under
        attached = attached_to(self, self._built_under)
        return {**config, "attached": attached} if attached else config

    @classmethod
    def from_config(cls, config, custom_objects=None):
        """Create the model of `config`, under its `dtype_policy` or else the global policy."""
        arguments = {
            key: keras.saving.deserialize_keras_object(value, custom_objects=custom_objects)
            for key, value in config.items()
            if key not in ("dtype_policy", "attached")
        }
        with _under(config.get("dtype_policy", keras.config.dtype_policy())):
            model = cls(**cls.current_arguments(arguments))
            # Before `compile`, which gives the optimizers their weights.
            attach(model, config.get("attached", {}), model._built_under)
            return model

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
        if self.compiled:
            self.follow_weights()  # a loaded model has optimizers for what can be trained now
        save_adapters_whole(self)
        for index, variable in enumerate(self._own_state()):
            store[str(index)] = ops.convert_to_numpy(variable)

    def load_own_variables(self, store) -> None:
        """Load the variables that no sub-model loads, as Keras asks."""
        load_adapters_whole(self)
        state = self._own_state()
        if len(store.keys()) != len(state):
            raise ArgumentError(
                f"{type(self).__name__} has {len(state)} variables of its own; the file holds "
                f"{len(store.keys())}. "
                "It was saved from another architecture."
            )
        for index, variable in enumerate(state):
            variable.assign(store[str(index)])


@contextlib.contextmanager
def _under(policy) -> Iterator[None]:
    """Make `policy` the global dtype policy until the end of the block."""
    earlier = keras.config.dtype_policy()
    keras.config.set_dtype_policy(policy)
    try:
        yield
    finally:
        keras.config.set_dtype_policy(earlier)


def _policy(dtype) -> keras.dtype_policies.DTypePolicy | None:
    """Return the policy for the argument `dtype` of a constructor, or `None` without one."""
    try:
        policy = None if dtype is None else keras.dtype_policies.get(dtype)
        if policy is not None and not isinstance(policy, keras.dtype_policies.DTypePolicy):
            raise ValueError(policy)
    except (TypeError, ValueError) as error:
        raise ArgumentError(
            "dtype must be a dtype policy or the name of one, such as 'mixed_bfloat16'. Received: "
            f"{dtype!r}."
        ) from error
    return policy


def _constructor(init: Callable) -> Callable:
    """Return the constructor `init` with the argument `dtype`, the policy of what it makes.

    The outermost one tells the model when it is made.
    """
    has_dtype = "dtype" in inspect.signature(init).parameters

    @functools.wraps(init)
    def constructor(self, *args, **kwargs):
        policy = None if has_dtype else _policy(kwargs.pop("dtype", None))
        with contextlib.nullcontext() if policy is None else _under(policy):
            init(self, *args, **kwargs)
        if type(self).__init__ is constructor:
            vars(self)["_made_with"] = settings_of(self)

    constructor.__signature__ = inspect.signature(init)  # Keras does not follow wrappers
    return constructor


def _attributes(model: keras.Model) -> list:
    """Return the values of all attributes of `model`; PyTorch has a dict of its own for layers."""
    return [*vars(model).values(), *vars(model).get("_modules", {}).values()]
