"""`Compiled`, the mixin for `compile`, which sets the objective and the optimizers of a model."""

from __future__ import annotations

import inspect
from collections.abc import Callable
from typing import Any, ClassVar, NamedTuple

import keras

from zoo import engine
from zoo.engine import players
from zoo.engine.means import Means
from zoo.errors import ArgumentError, unknown_name


class Argument(NamedTuple):
    """An argument of the method `compile` of a model.

    Attributes:
        attribute: the attribute of the model that it sets.
        resolve: a function from the user's value to the attribute's value, which raises for wrong
            values.
    """

    attribute: str
    resolve: Callable[[Any], Any]


def optional(resolve: Callable[[Any], Any]) -> Callable[[Any], Any]:
    """Return the function `resolve` with `None` as an allowed value."""
    return lambda value: None if value is None else resolve(value)


class Compiled:
    """A mixin of `Model` with a `compile` that takes the arguments in `compile_arguments`.

    All arguments are resolved before the model is changed, so that a refused call changes nothing.
    A saved model remembers its arguments.
    """

    compile_arguments: ClassVar[dict[str, Argument]] = {}

    def compile(
        self,
        optimizer=None,
        jit_compile: bool | str = "auto",
        run_eagerly: bool = False,
        steps_per_execution: int = 1,
        **objective,
    ):
        """Configure training; without arguments, as in the paper.

        Args:
            optimizer: `None` for the paper's optimizers; one optimizer (or its name), of which
                each player gets a copy; or a dict from player to optimizer, in which missing
                players keep the paper's.
            jit_compile: whether steps are compiled with XLA; `"auto"` does so where it is faster,
                on JAX and on TensorFlow with a GPU.
            run_eagerly: whether each step runs uncompiled, for debugging.
            steps_per_execution: as in Keras; PyTorch allows 1 only.
            **objective: the arguments of the model's own `compile`, which a saved model remembers.

        Raises:
            UnknownNameError: if `compile` has no such argument.
            ValueError: if the optimizers, or the layers of the model, do not allow training.
        """
        for name in objective:
            if name not in self._compile_names():
                kind = f"argument of {type(self).__name__}.compile"
                raise unknown_name(kind, name, self._compile_names())
        attributes = self._resolved(objective)
        self.complete_objective(attributes)
        optimizers = self.resolve_optimizers(optimizer)
        earlier = {name: getattr(self, name, None) for name in attributes}
        try:
            self._set(attributes)  # before Keras reads `loss_names`, which may depend on them
            super().compile(
                optimizer=players.container(optimizers, self.players),
                run_eagerly=run_eagerly,
                steps_per_execution=steps_per_execution,
                jit_compile=not run_eagerly
                and (engine.jit_by_default() if jit_compile == "auto" else jit_compile),
                auto_scale_loss=False,
            )
        except BaseException:
            self._set(earlier)
            raise
        self.optimizer.build(self.trainable_variables)
        # Hidden from Keras's tracking, which would save the optimizers twice.
        vars(self)["_optimizers"] = players.Frozen(optimizers)
        vars(self)["_means"] = Means(self.loss_names)
        vars(self)["_logged_by"] = {}
        vars(self)["_compile_arguments"] = players.Frozen(
            {
                **objective,
                "jit_compile": jit_compile,
                "run_eagerly": run_eagerly,
                "steps_per_execution": steps_per_execution,
            }
        )

    def complete_objective(self, attributes: dict[str, Any]) -> None:
        """Complete the resolved arguments of `compile`, or raise if they do not suit the model.

        A model overrides this method for defaults that depend on the model, and for arguments that
        depend on each other. `attributes` are the values by attribute, which it may change.
        """

    def _resolved(self, objective: dict[str, Any]) -> dict[str, Any]:
        """Return the values of the attributes that the arguments `objective` of `compile` set."""
        declared: dict[str, Argument] = {}
        for cls in reversed(type(self).mro()):
            declared |= vars(cls).get("compile_arguments", {})
        return {
            declared[name].attribute: declared[name].resolve(value)
            for name, value in objective.items()
            if name in declared
        }

    def _set(self, attributes: dict[str, Any]) -> None:
        for name, value in attributes.items():
            setattr(self, name, value)

    @classmethod
    def _compile_names(cls) -> list[str]:
        """Return the names of the arguments of `compile`, in this class and its parents."""
        methods = [c.compile for c in cls.mro() if issubclass(c, Compiled)]
        named = [p for fn in methods for p in inspect.signature(fn).parameters.values()]
        return sorted({p.name for p in named if p.kind is not p.VAR_KEYWORD} - {"self"})

    def resolve_optimizers(self, optimizer) -> dict[str, keras.optimizers.Optimizer]:
        """Return an optimizer for each player, for the argument `optimizer` of `compile`.

        Raises:
            ArgumentError: if the optimizers, or the layers of the model, do not allow training. The
                model is then unchanged.
        """
        layers = self._flatten_layers(include_self=False)
        for layer in layers:
            if getattr(layer, "activity_regularizer", None) is not None:
                raise ArgumentError(
                    f"The layer {layer.name} has an activity_regularizer, which is not supported. "
                    "Allowed: regularizers of weights."
                )
        resolved = players.resolve_optimizers(optimizer, self.default_optimizers())
        return players.scaled(resolved, layers)

    def get_compile_config(self) -> dict[str, Any]:
        if not self.compiled:
            return {}
        arguments = keras.saving.serialize_keras_object(dict(self._compile_arguments.items()))
        return {"optimizer": players.serialized(self._optimizers), **arguments}

    def compile_from_config(self, config: dict[str, Any]) -> None:
        self.compile(**keras.saving.deserialize_keras_object(config))

    @property
    def optimizers(self) -> dict[str, keras.optimizers.Optimizer]:
        """The optimizer of every player."""
        return dict(self._optimizers.items())

    @property
    def metrics(self) -> list[keras.metrics.Metric]:
        return [self._means] if self.compiled else []

    @property
    def metrics_names(self) -> list[str]:
        return list(self.loss_names) if self.compiled else []

    def _flatten_metrics_in_order(self, logs):
        # The result of `evaluate` without `return_dict`; Keras would look up names of metrics.
        values = [logs[name] for name in self.loss_names]
        return values[0] if len(values) == 1 else values
