"""`Compiled`, the mixin for `compile`, which sets the objective and the optimizers of a model."""

from __future__ import annotations

import functools
import inspect
from collections.abc import Callable
from typing import Any, ClassVar, NamedTuple

import keras

from zoo import engine
from zoo.base.warn import warn
from zoo.engine import players
from zoo.engine.attached import Structure, layers_of, own_variables, quantization_of
from zoo.engine.means import Means
from zoo.engine.settings import settings_of, with_changes
from zoo.engine.sharing import alone
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

    @alone
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
            jit_compile: whether steps are compiled: by XLA on TensorFlow and JAX, by capture and
                replay on PyTorch. `"auto"` does so where it is faster: on JAX, on TensorFlow with
                a GPU, on PyTorch on a CPU. Of several devices, only JAX compiles the steps.
            run_eagerly: whether each step runs uncompiled, for debugging.
            steps_per_execution: as in Keras; PyTorch allows 1 only.
            **objective: the arguments of the model's own `compile`, which a saved model remembers.

        Raises:
            UnknownNameError: if `compile` has no such argument.
            ValueError: if the optimizers do not allow training, or steps cannot be compiled here.
        """
        for name in objective:
            if name not in self._compile_names():
                kind = f"argument of {type(self).__name__}.compile"
                raise unknown_name(kind, name, self._compile_names())
        jit = _jit(jit_compile) and not run_eagerly
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
                jit_compile=jit,
                auto_scale_loss=False,
            )
        except BaseException:
            self._set(earlier)
            raise
        self.optimizer.build(self._weights_to_train())
        # Hidden from Keras's tracking, which would save the optimizers twice.
        vars(self)["_optimizers"] = players.Frozen(optimizers)
        self._bind(self.players)
        vars(self)["_told_of"] = ()
        vars(self)["_settings_of_layers"] = self._settings_of_layers_now()
        vars(self)["_compiled_settings"] = settings_of(self)
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

    # Changes after `compile`

    def __setattr__(self, name: str, value: Any) -> None:
        """Set an attribute; one that an argument of `compile` sets, as `compile` would."""
        if name.startswith("_") or "_compile_arguments" not in vars(self):
            super().__setattr__(name, value)
            return
        declared = _declared(type(self))
        argument = next((key for key in declared if declared[key].attribute == name), None)
        if argument is None:
            super().__setattr__(name, value)
            if isinstance(value, keras.layers.Layer) and vars(self).get("_fitting"):
                self.forget_stale_functions()
        else:
            self._change(argument, declared, value)

    def _change(self, argument: str, declared: dict[str, Argument], value: Any) -> None:
        """Set what `argument` of `compile` sets to `value`, and remember it, or raise."""
        name, logged = declared[argument].attribute, self.loss_names
        attributes = {each.attribute: getattr(self, each.attribute) for each in declared.values()}
        attributes[name] = declared[argument].resolve(value)
        self.complete_objective(attributes)
        earlier = getattr(self, name)
        super().__setattr__(name, attributes[name])
        if self.loss_names != logged:
            if vars(self).get("_fitting"):
                super().__setattr__(name, earlier)
                raise ArgumentError(
                    f"{name} changes what is logged, which cannot be done within fit. Received: "
                    f"{value!r}, in place of {earlier!r}."
                )
            vars(self)["_means"], vars(self)["_logged_by"] = Means(self.loss_names), {}
        arguments = {**self._compile_arguments, argument: value}
        vars(self)["_compile_arguments"] = players.Frozen(arguments)
        vars(self)["_compiled_settings"][name] = settings_of(self).get(name)
        if vars(self).get("_fitting"):
            self.forget_stale_functions()

    @property
    def compiled_with(self) -> players.Frozen:
        """The arguments of `compile`, with what was changed since."""
        attributes = {name: each.attribute for name, each in _declared(type(self)).items()}
        # Keras would save what is in a dict, also in that of a property.
        changed = with_changes(self._compile_arguments, self, attributes, self._compiled_settings)
        return players.Frozen(changed)

    @property
    def objective_parts(self) -> list:
        """The parts that the arguments of `compile` have set, such as losses and penalties."""
        return [getattr(self, each.attribute, None) for each in _declared(type(self)).values()]

    def _weights_to_train(self) -> list[keras.Variable]:
        """Return the weights that some player must train: all trainable ones but averages."""
        averages = {
            id(v) for layer, trained in layers_of(self) if not trained for v in own_variables(layer)
        }
        return [v for v in self.trainable_variables if id(v) not in averages]

    def _bind(self, trained: dict[str, list]) -> None:
        """Remember the weights of each player, and the layers whose losses it trains on."""
        networks = {layer: {id(v) for v in layer.variables} for layer in self._layers}
        layers = self._flatten_layers(include_self=False)
        vars(self)["_layer_metrics"] = [metric for layer in layers for metric in layer._metrics]
        vars(self)["_float8_layers"] = [x for x in layers if quantization_of(x) == "float8"]
        vars(self)["_trained"] = players.Frozen(trained)
        vars(self)["_layers_trained"] = {
            player: {id(self)}.union(
                id(layer)
                for network, held in networks.items()
                if held & {id(v) for v in variables}
                for layer in network._flatten_layers()
            )
            for player, variables in trained.items()
        }

    def follow_weights(self) -> None:
        """Let the optimizers follow the weights that were frozen, thawed, added or removed.

        A player's optimizer keeps its state for the weights that stay. In `fit` nothing changes.

        Raises:
            ArgumentError: if the attribute `optimizer` was replaced, since no player would use it.
        """
        if not isinstance(self.optimizer, players.Container):
            raise ArgumentError(
                f"The attribute optimizer of {type(self).__name__} must be the one that compile() "
                f"has set. Received: {type(self.optimizer).__name__}. Call compile(optimizer) to "
                "train with another one."
            )
        present = {player: list(variables) for player, variables in self.players.items()}
        changed = any(not _same(present[player], self._trained[player]) for player in present)
        if changed and not vars(self).get("_fitting"):
            self.optimizer.rebuild(present, self._weights_to_train())
            self._bind(present)

    def _warn_of_idle_players(self) -> None:
        """Warn if a player has no trainable weight, once for each change."""
        idle = tuple(player for player, variables in self._trained.items() if not variables)
        if idle and idle != self._told_of:
            warn(
                f"{' and '.join(map(repr, idle))} of {type(self).__name__} "
                f"{'has' if len(idle) == 1 else 'have'} no trainable weight and will not change. "
                "Set trainable = True for the network to train it."
            )
        vars(self)["_told_of"] = idle

    def fit(self, *args, **kwargs):
        self._assert_compile_called("fit")
        self.follow_weights()
        settings = self._settings_of_layers_now()
        if settings != self._settings_of_layers:
            vars(self)["_settings_of_layers"], vars(self)["_structure"] = settings, None
        vars(self)["_fitting"] = True
        try:
            return super().fit(*args, **kwargs)
        finally:
            vars(self)["_fitting"] = False

    def _settings_of_layers_now(self) -> list[dict[str, Any]]:
        """Return the settings of all layers, which are too many to be read in each step."""
        return [settings_of(layer) for layer in self._flatten_layers(include_self=False)]

    def forget_stale_functions(self) -> bool:
        """Forget all compiled functions if the layers, weights or settings that they were compiled
        with have changed, and return whether they have."""
        structure = Structure(self, self.objective_parts)
        if structure.equals(vars(self).get("_structure")):
            return False
        vars(self)["_structure"] = structure
        self.train_function = self.test_function = self.predict_function = None
        self._inference_functions.clear()
        if vars(self).get("_fitting"):  # its loop calls the function of the attribute
            super().make_train_function(force=True)
        return True

    def make_train_function(self, force: bool = False):
        self.follow_weights()
        self._warn_of_idle_players()
        self.forget_stale_functions()
        return super().make_train_function(force)

    def make_test_function(self, force: bool = False):
        self.forget_stale_functions()
        return super().make_test_function(force)

    def make_predict_function(self, force: bool = False):
        self.forget_stale_functions()
        return super().make_predict_function(force)

    def complete_objective(self, attributes: dict[str, Any]) -> None:
        """Complete the resolved arguments of `compile`, or raise if they do not suit the model.

        A model overrides this method for defaults that depend on the model, and for arguments that
        depend on each other. `attributes` are the values by attribute, which it may change.
        """

    def _resolved(self, objective: dict[str, Any]) -> dict[str, Any]:
        """Return the values of the attributes that the arguments `objective` of `compile` set."""
        declared = _declared(type(self))
        return {
            declared[name].attribute: declared[name].resolve(value)
            for name, value in objective.items()
            if name in declared
        }

    def _set(self, attributes: dict[str, Any]) -> None:
        for name, value in attributes.items():
            super().__setattr__(name, value)

    @classmethod
    def _compile_names(cls) -> list[str]:
        """Return the names of the arguments of `compile`, in this class and its parents."""
        methods = [c.compile for c in cls.mro() if issubclass(c, Compiled)]
        named = [p for fn in methods for p in inspect.signature(fn).parameters.values()]
        return sorted({p.name for p in named if p.kind is not p.VAR_KEYWORD} - {"self"})

    def resolve_optimizers(self, optimizer) -> dict[str, keras.optimizers.Optimizer]:
        """Return an optimizer for each player, for the argument `optimizer` of `compile`.

        Raises:
            ArgumentError: if an optimizer is wrong. The model is then unchanged.
        """
        resolved = players.resolve_optimizers(optimizer, self.default_optimizers())
        return players.scaled(resolved, self._flatten_layers(include_self=False))

    def get_compile_config(self) -> dict[str, Any]:
        if not self.compiled:
            return {}
        arguments = keras.saving.serialize_keras_object(dict(self.compiled_with))
        return {"optimizer": players.serialized(self._optimizers), **arguments}

    def compile_from_config(self, config: dict[str, Any]) -> None:
        arguments = keras.saving.deserialize_keras_object(config)
        if arguments.get("jit_compile") is True and not engine.can_jit():
            warn(
                "The model was compiled with jit_compile=True, which cannot be met where several "
                "devices or processes train: its steps are not compiled."
            )
            arguments["jit_compile"] = "auto"
        self.compile(**arguments)

    @property
    def optimizers(self) -> dict[str, keras.optimizers.Optimizer]:
        """The optimizer of every player."""
        return dict(self._optimizers.items())

    @property
    def metrics(self) -> list[keras.metrics.Metric]:
        return [self._means, *self.layer_metrics] if self.compiled else []

    @property
    def layer_metrics(self) -> list[keras.metrics.Metric]:
        """The metrics that layers of the model hold and update when they are called."""
        return vars(self).get("_layer_metrics", [])

    @property
    def metrics_names(self) -> list[str]:
        added = [metric.name for metric in self.layer_metrics]
        return [*self.loss_names, *added] if self.compiled else []

    def _flatten_metrics_in_order(self, logs):
        # The result of `evaluate` without `return_dict`; Keras would look up names of metrics.
        values = [logs[name] for name in self.metrics_names]
        return values[0] if len(values) == 1 else values


@functools.cache
def _declared(cls: type) -> dict[str, Argument]:
    """Return the arguments of `compile` that a class and its parents declare, by name."""
    declared: dict[str, Argument] = {}
    for each in reversed(cls.mro()):
        declared |= vars(each).get("compile_arguments", {})
    return declared


def _jit(asked: bool | str) -> bool:
    """Return whether steps are compiled, for the argument `jit_compile` of `compile`."""
    if asked == "auto":
        return engine.jit_by_default()
    if not isinstance(asked, bool):
        raise ArgumentError(f"jit_compile must be True, False or 'auto'. Received: {asked!r}.")
    if asked and not engine.can_jit():
        raise ArgumentError(
            "jit_compile must be False or 'auto' where several devices or processes train, whose "
            "steps are not compiled on TensorFlow and PyTorch. Received: True."
        )
    return asked


def _same(some: list, others: list) -> bool:
    """Return whether two lists hold the same objects."""
    return len(some) == len(others) and all(a is b for a, b in zip(some, others, strict=True))
