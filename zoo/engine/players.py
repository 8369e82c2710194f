"""Optimizers of players, which are the sets of weights that each have an optimizer of their own.

Keras's trainers know one optimizer. Here it is a `keras.optimizers.MultiOptimizer` that holds the
optimizers of all players, so that state threading on JAX, saving, `BackupAndRestore` and
`LearningRateScheduler` see all of them.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from typing import Any

import keras
from keras import ops
from keras.optimizers import LossScaleOptimizer

from zoo import engine
from zoo.engine import scalars
from zoo.errors import ArgumentError, check_choice, instance_hint


class Frozen(Mapping):
    """A read-only mapping that Keras does not track."""

    def __init__(self, items: Mapping[str, Any]):
        self._items = dict(items)

    def __getitem__(self, key):
        return self._items[key]

    def __iter__(self):
        return iter(self._items)

    def __len__(self):
        return len(self._items)


def resolve_optimizers(optimizer, defaults: dict[str, keras.optimizers.Optimizer]) -> dict:
    """Return an optimizer for each player in `defaults`, for the argument `optimizer` of
    `compile`."""
    if optimizer is None:
        return defaults
    if not isinstance(optimizer, Mapping):
        optimizer = _optimizer("optimizer", optimizer)
        return {player: type(optimizer).from_config(optimizer.get_config()) for player in defaults}
    for player in optimizer:
        check_choice("player in optimizer", player, defaults)
    chosen = {
        player: _optimizer(f"optimizer[{player!r}]", value) for player, value in optimizer.items()
    }
    if len({id(value) for value in chosen.values()}) < len(chosen):
        raise ArgumentError(
            "optimizer holds one instance for two players; each player needs an optimizer of "
            "its own."
        )
    return {player: chosen.get(player, default) for player, default in defaults.items()}


def _optimizer(argument: str, value) -> keras.optimizers.Optimizer:
    """Return the optimizer that `value` names, or `value` if it is an optimizer already.

    Raises:
        ArgumentError: if `value` is neither. The message calls it `argument`.
    """
    try:
        if value is None:
            raise ValueError(value)
        return keras.optimizers.get(value)
    except ValueError as error:
        raise ArgumentError(
            f"{argument} must be a keras.optimizers.Optimizer or the name of one, such as 'adam'. "
            f"Received: {value!r}.{instance_hint(value)}"
        ) from error


def serialized(optimizers: Mapping[str, keras.optimizers.Optimizer]) -> dict[str, Any]:
    """Return the configuration of each optimizer, which any backend can load."""
    return {player: _portable(optimizer) for player, optimizer in optimizers.items()}


def _portable(optimizer: keras.optimizers.Optimizer) -> dict[str, Any]:
    """Return the configuration of `optimizer` without the name of a class of one backend.

    On PyTorch, an optimizer of Keras is of a class for PyTorch, which other backends cannot load.
    """
    config = keras.saving.serialize_keras_object(optimizer)
    if str(config["module"]).startswith("keras.src.backend."):
        config |= {"module": "keras.optimizers", "registered_name": None}
    if isinstance(optimizer, LossScaleOptimizer):
        config["config"]["inner_optimizer"] = _portable(optimizer.inner_optimizer)
    return config


def scaled(optimizers: dict, layers: Iterable[keras.layers.Layer]) -> dict:
    """Return the optimizers by player, each in a `LossScaleOptimizer` if any layer is in float16.

    Small gradients would underflow to zero in float16 without a loss scale. An optimizer that has
    one already is kept.
    """
    if not any(layer.compute_dtype == "float16" for layer in layers):
        return optimizers
    return {
        player: each if isinstance(each, LossScaleOptimizer) else LossScaleOptimizer(each)
        for player, each in optimizers.items()
    }


def step(optimizer: keras.optimizers.Optimizer, grads: list, variables: list) -> None:
    """Take one step of a player's optimizer.

    For an optimizer that scales the loss, `grads` are gradients of the scaled loss. If they are
    finite they are applied, and after `dynamic_growth_steps` such steps the scale doubles. If they
    are not, the scale is halved and nothing else of the player changes.

    `LossScaleOptimizer.apply` assigns within branches, which neither JAX nor replicas of TensorFlow
    allow inside of a step. This function computes both outcomes and chooses one of them.
    """
    if not variables:  # all are frozen
        return
    if not isinstance(optimizer, LossScaleOptimizer):
        engine.apply_gradients(optimizer, grads, variables)
        return
    inner, scale, count = optimizer.inner_optimizer, optimizer.dynamic_scale, optimizer.step_counter
    finite = optimizer.check_finite(grads)
    changed = [*variables, *inner.variables]
    before = [ops.copy(ops.convert_to_tensor(variable)) for variable in changed]
    # A weight that is overwritten by its gradient, as float8 does, has one that does not scale.
    unscaled = [
        grad if variable.overwrite_with_gradient else grad / scale
        for grad, variable in zip(grads, variables, strict=True)
    ]
    engine.apply_gradients(inner, unscaled, variables)
    for variable, value in zip(changed, before, strict=True):
        variable.assign(ops.where(finite, ops.convert_to_tensor(variable), value))
    broken, now = ops.logical_not(finite), ops.convert_to_tensor(scale)
    steps = scalars.fill(ops.convert_to_tensor(count) + 1, broken, 0)
    due = steps == optimizer.dynamic_growth_steps
    growth = scalars.fill(scalars.fill(ops.ones_like(now), due, 2.0), broken, 0.5)
    scale.assign(now * growth)
    count.assign(scalars.fill(steps, due, 0))


class Container(keras.optimizers.MultiOptimizer):
    """The optimizers of all players, as one optimizer for Keras.

    `MultiOptimizer` refuses optimizers that scale the loss. It gets their inner optimizers, and the
    state of the scales follows its own variables.
    """

    def __init__(
        self,
        optimizers: Mapping[str, keras.optimizers.Optimizer],
        players: Mapping[str, list],
        scales: list[tuple[LossScaleOptimizer, list]],
    ):
        super().__init__(_owners(optimizers, players))
        # Hidden from Keras's tracking, which would save the inner optimizers twice.
        vars(self)["_players"] = Frozen(optimizers)
        vars(self)["_scales"] = Frozen(dict(enumerate(scales)))

    def build(self, variables):
        super().build(variables)
        for optimizer in self._players.values():
            if optimizer not in self._inner_optimizers:  # its player has no trainable weight
                optimizer.build([])
                self._inner_optimizers.append(optimizer)
        for scale, trained in self._scales.values():
            if not scale.built:
                scale.build(trained)

    def rebuild(self, players: Mapping[str, list], trainable: list) -> None:
        """Let the optimizers train the weights of `players`, which have changed.

        The state of each optimizer is kept for the weights that stay.

        Args:
            players: the weights of each player.
            trainable: all trainable weights of the model.
        """
        owners = _owners(self._players, players)
        for variable in trainable:
            owners(variable)  # raises before anything is changed
        self._optimizer_map = owners
        for player, variables in players.items():
            _rebuild(self._players[player], variables)
        self._inner_optimizers = []
        self.built = False
        self.build(trainable)

    def finalize_variable_values(self, var_list):
        # Keras gives the weights that are trainable at the end of `fit`, which callbacks change.
        for optimizer in self._inner_optimizers:
            optimizer.finalize_variable_values(optimizer._trainable_variables)

    @property
    def _state_of_scales(self) -> list[keras.Variable]:
        scales = [scale for scale, _ in self._scales.values() if scale.built]
        return [v for scale in scales for v in (scale.step_counter, scale.dynamic_scale)]

    @property
    def variables(self):
        return [*super().variables, *self._state_of_scales]

    def set_weights(self, weights):
        super().set_weights(weights)
        scales = self._state_of_scales
        for variable, value in zip(scales, weights[len(weights) - len(scales) :], strict=True):
            variable.assign(value)


def container(
    optimizers: dict[str, keras.optimizers.Optimizer], players: dict[str, list[keras.Variable]]
) -> Container:
    """Return the optimizer for Keras, which holds the optimizers of all players.

    Each inner optimizer is named after its player, for the reports of callbacks.

    Raises:
        ArgumentError: if a weight belongs to two players.
    """
    inner: dict[str, Any] = dict(optimizers)
    scales = []
    for player, optimizer in optimizers.items():
        if isinstance(optimizer, LossScaleOptimizer):
            inner[player] = optimizer.inner_optimizer
            scales.append((optimizer, players[player]))
    for player, each in inner.items():
        each.name = player
    return Container(inner, players, scales)


def _owners(optimizers: Mapping, players: Mapping[str, list]) -> Callable:
    """Return the function from a weight to its optimizer.

    Raises:
        ArgumentError: if a weight belongs to two players. The function raises if it belongs to
            none.
    """
    owner: dict[int, str] = {}
    for player, variables in players.items():
        for variable in variables:
            if id(variable) in owner:
                raise ArgumentError(
                    f"The weight {variable.path} belongs to two players, {owner[id(variable)]!r} "
                    f"and {player!r}; each weight needs one optimizer."
                )
            owner[id(variable)] = player

    def optimizer_of(variable):
        if id(variable) not in owner:
            raise ArgumentError(
                f"The weight {variable.path} belongs to no player; freeze it. To train it in a "
                "network that is frozen as a whole, set network.trainable = True first, and then "
                "freeze the other layers."
            )
        return optimizers[owner[id(variable)]]

    return optimizer_of


def _rebuild(optimizer: keras.optimizers.Optimizer, variables: list) -> None:
    """Let `optimizer` train `variables`, with its state for those that it has trained before.

    Keras's optimizers are built once. Their state for single weights lies in lists in the order of
    the weights, and all that `build` makes is made again.
    """
    places = {id(v): place for place, v in enumerate(optimizer._trainable_variables)}
    if list(places) == [id(v) for v in variables]:
        return
    slots = {
        name: list(value)
        for name, value in vars(optimizer).items()
        if name not in ("_variables", "_trainable_variables")
        and isinstance(value, list)
        and len(value) == len(places)
    }
    rest = {name: v for name, v in vars(optimizer).items() if isinstance(v, keras.Variable)}
    kept = {id(optimizer._iterations), id(optimizer._learning_rate)}
    for variable in optimizer.variables:
        if id(variable) not in kept:
            optimizer._untrack_variable(variable)
    optimizer._trainable_variables_indices.clear()
    optimizer.built = False
    with keras.name_scope(optimizer.name):
        optimizer.build(variables)
    for name, earlier in slots.items():
        for variable, slot in zip(variables, getattr(optimizer, name), strict=False):
            if id(variable) in places:
                _copy(earlier[places[id(variable)]], slot)
    for name, variable in rest.items():
        _copy(variable, getattr(optimizer, name))


def _copy(source: keras.Variable | None, target: keras.Variable | None) -> None:
    """Assign the value of `source` to `target`, if there are both."""
    if source is not None and target is not None and source is not target:
        target.assign(source)
