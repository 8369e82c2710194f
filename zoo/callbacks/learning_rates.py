"""`LearningRateScheduler`, which sets the learning rate of one player."""

from __future__ import annotations

import keras
from keras import ops

from zoo.errors import check_choice


class LearningRateScheduler(keras.callbacks.Callback):
    """Set the learning rate of one player at the beginning of each epoch.

    The rate joins the logs as `learning_rate_<player>`. To set the rates of all players by one
    schedule, use `keras.callbacks.LearningRateScheduler`.

    Args:
        schedule: a function `schedule(epoch, rate)` from the number of the epoch, counted from 0,
            and the current rate to the new rate.
        player: the player's name, such as `"generator"`.

    Raises:
        ArgumentError: during `fit`, if the model has no such player.
    """

    def __init__(self, schedule, player: str):
        super().__init__()
        self.schedule = schedule
        self.player = player

    def on_epoch_begin(self, epoch, logs=None):
        optimizers = self.model.optimizers
        check_choice("player", self.player, optimizers)
        optimizer = optimizers[self.player]
        optimizer.learning_rate = self.schedule(
            epoch, float(ops.convert_to_numpy(optimizer.learning_rate))
        )

    def on_epoch_end(self, epoch, logs=None):
        rate = self.model.optimizers[self.player].learning_rate
        if logs is None:
            return
        logs[f"learning_rate_{self.player}"] = float(ops.convert_to_numpy(rate))
