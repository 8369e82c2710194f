"""Players: the sets of weights of a rule that each have an optimizer of their own.

Keras's trainers know one optimizer. `keras.optimizers.MultiOptimizer` fills that place and holds
every player's, so that state threading on JAX, saving, `BackupAndRestore` and
`LearningRateScheduler` see all of them.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import keras

from zoo.errors import ArgumentError, check_choice


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
    """An optimizer for every player in `defaults`, from what `compile` was given."""
    if optimizer is None:
        return defaults
    if not isinstance(optimizer, Mapping):
        optimizer = _optimizer("optimizer", optimizer)
        return {player: type(optimizer).from_config(optimizer.get_config()) for player in defaults}
    for player in optimizer:
        check_choice("player in optimizer", player, defaults)
    given = {
        player: _optimizer(f"optimizer[{player!r}]", value) for player, value in optimizer.items()
    }
    if len({id(value) for value in given.values()}) < len(given):
        raise ArgumentError(
            "optimizer holds one instance for two players; each player needs an optimizer of "
            "its own."
        )
    return {player: given.get(player, default) for player, default in defaults.items()}


def _optimizer(argument: str, value) -> keras.optimizers.Optimizer:
    try:
        if value is None:
            raise ValueError(value)
        return keras.optimizers.get(value)
    except ValueError as error:
        raise ArgumentError(
            f"{argument} must be a keras.optimizers.Optimizer or the name of one, such as 'adam'. "
            f"Received: {value!r}."
        ) from error


def serialized(optimizers: Mapping[str, keras.optimizers.Optimizer]) -> dict[str, Any]:
    """The configuration of each optimizer, for any backend.

    On PyTorch an optimizer of Keras is of a class of that backend's own, by whose name it could be
    trained nowhere else.
    """
    configs = {}
    for player, optimizer in optimizers.items():
        config = keras.saving.serialize_keras_object(optimizer)
        if str(config["module"]).startswith("keras.src.backend."):
            config |= {"module": "keras.optimizers", "registered_name": None}
        configs[player] = config
    return configs


def container(
    optimizers: dict[str, keras.optimizers.Optimizer], players: dict[str, list[keras.Variable]]
) -> keras.optimizers.MultiOptimizer:
    """The optimizer that Keras sees; each inner one is named after its player, as callbacks report
    it."""
    owner = {}
    for player, variables in players.items():
        optimizers[player].name = player
        for variable in variables:
            if id(variable) in owner:
                raise ArgumentError(
                    f"The weight {variable.path} belongs to two players, {owner[id(variable)]!r} "
                    f"and {player!r}; each weight needs one optimizer."
                )
            owner[id(variable)] = player

    def optimizer_of(variable):
        if id(variable) not in owner:
            raise ArgumentError(f"The weight {variable.path} belongs to no player; freeze it.")
        return optimizers[owner[id(variable)]]

    return keras.optimizers.MultiOptimizer(optimizer_of)
