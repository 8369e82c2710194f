"""Numbers that are not finite, named by the step and the player that made them."""

from __future__ import annotations

import contextlib
import contextvars
import math
import threading
from collections.abc import Iterator

import keras
import numpy as np
from keras import ops

from zoo.base.warn import warn


def broken_logs(logs: dict[str, float] | None, names=None) -> list[str]:
    """Return the names of the logs that are not finite, of `names` alone if they are given."""
    logs = logs or {}
    return [
        name
        for name, value in logs.items()
        if (names is None or name in names) and not math.isfinite(value)
    ]


def broken_step(
    model: keras.Model, step: int, logs: dict[str, float] | None, names=None, read: bool = False
) -> tuple[int, list[str]] | None:
    """Return the first step of an epoch with logs that are not finite, and their names, or `None`.

    On an accelerator the logs of some steps are read together, and such a step is found up to
    `zoo.engine.readings.STEPS` later.

    Args:
        model: the model that is trained.
        step: the number of the newest step of the epoch, from 1.
        logs: its logs, as callbacks get them.
        names: the names of the logs that matter; by default all.
        read: whether the logs of all steps are read now.
    """
    if read:
        model.readings.read()
    late = model.readings.broken or dict.fromkeys(broken_logs(logs), step)
    broken = {name: at for name, at in late.items() if names is None or name in names}
    if not broken:
        return None
    first = min(broken.values())
    return first, [name for name, at in broken.items() if at == first]


def player_of(model: keras.Model, logs: list[str]) -> str | None:
    """Return the first player, in the order of updates, that logs one of `logs`, or `None`.

    Values of a player that are not finite spread to the losses of the players after it.
    """
    return next((p for p, names in model.logged_by.items() if not {*names}.isdisjoint(logs)), None)


def player_with_broken_weights(model: keras.Model) -> str | None:
    """Return the first player with weights or optimizer slots that are not finite, or `None`."""
    for player, variables in model.players.items():
        for variable in (*variables, *model.optimizers[player].variables):
            if not _finite(variable):
                return player
    return None


def broken_weight(model: keras.Model) -> str | None:
    """Return the path of the first weight of `model` that is not finite, with its player, or
    `None`."""
    for weight in model.weights:
        if not _finite(weight):
            players = model.players.items()
            owner = next((p for p, own in players if any(v is weight for v in own)), None)
            return weight.path + ("" if owner is None else f" of the player {owner!r}")
    return None


_unwarned: contextvars.ContextVar[bool] = contextvars.ContextVar("unwarned", default=False)


@contextlib.contextmanager
def unwarned() -> Iterator[None]:
    """Save models without the warning of `warn_of_broken_weights`, until the end of the block."""
    token = _unwarned.set(True)
    try:
        yield
    finally:
        _unwarned.reset(token)


def warn_of_broken_weights(model: keras.Model) -> None:
    """Warn that `model` is saved with a weight that is not finite, if it has one."""
    weight = None if _unwarned.get() else broken_weight(model)
    if weight is not None:
        warn(f"The weights of {type(model).__name__} that are saved are not finite: {weight}.")


def _finite(variable) -> bool:
    """Return whether the numbers of `variable` are finite; seeds and counts always are."""
    if not keras.backend.is_float_dtype(variable.dtype):
        return True
    return bool(np.isfinite(ops.convert_to_numpy(variable)).all())


class FiniteLosses(keras.callbacks.Callback):
    """Name the first step of an epoch whose losses are not finite, and its player, in a warning.

    `keras.callbacks.TerminateOnNaN` looks at a log called `loss` alone, which a model of several
    players does not have. It is handed the value that it looks for, and ends training as it was
    told to.

    Args:
        callbacks: the other callbacks of `fit`.
    """

    # Keras has read the logs from the device already: the check costs no wait.
    async_safe = True

    def __init__(self, callbacks: list[keras.callbacks.Callback]):
        super().__init__()
        self.terminators = [c for c in callbacks if isinstance(c, keras.callbacks.TerminateOnNaN)]
        self.epoch, self.warned = 0, False
        self.looking = threading.Lock()  # Keras may call from several threads

    def on_epoch_begin(self, epoch, logs=None):
        self.epoch, self.warned = epoch, False
        self._model.begin_epoch()

    def on_train_batch_end(self, batch, logs=None):
        self._look(batch + 1, logs)

    def on_epoch_end(self, epoch, logs=None):
        self._look(0, {}, read=True)

    def _look(self, step, logs, read=False):
        model = self._model  # on JAX, `self.model` would write the state into the variables
        found = broken_step(model, step, logs, model.loss_names, read)
        with self.looking:
            if found is None or self.warned:
                return
            self.warned = True  # means of the epoch stay broken
        step, broken = found
        player = player_of(model, broken)
        warn(
            f"Step {step} of epoch {self.epoch + 1} made losses"
            f"{'' if player is None else f' of the player {player!r}'} that are not finite: "
            f"{', '.join(broken)}."
        )
        if "loss" not in logs:
            for callback in self.terminators:
                callback.on_train_batch_end(step - 1, {"loss": math.nan})


def watched(model: keras.Model, callbacks) -> list | keras.callbacks.CallbackList:
    """Return the argument `callbacks` of the `fit` of `model` with `FiniteLosses` behind them."""
    if not isinstance(callbacks, keras.callbacks.CallbackList):
        listed = keras.tree.flatten(callbacks) if callbacks else []
        return [*listed, FiniteLosses(listed)]
    listed = callbacks.callbacks
    if not any(isinstance(callback, FiniteLosses) for callback in listed):
        listed.append(FiniteLosses(listed))
        listed[-1].set_model(model)  # Keras has done so for the others
    return callbacks
