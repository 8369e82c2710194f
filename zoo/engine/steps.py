"""`Steps`: one training or validation step of a model."""

from __future__ import annotations

import warnings
from typing import Any

import keras
from keras import ops

from zoo import engine
from zoo.engine import players
from zoo.engine.batch import Batch
from zoo.engine.random import Fixed
from zoo.errors import ArgumentError


class Steps:
    """Mixed into a `keras.Model`: what the backend's step adaptor calls, and what a rule's `update`
    is written with."""

    def minimize(self, loss_fn, player: str):
        """Take one step of `player`'s optimizer on `loss_fn() -> (loss, logs)`; return the logs.

        Weight regularizers of the player's layers are added to the loss.
        """
        variables, optimizer = self.players[player], self._optimizers[player]

        def regularized():
            loss, logs = loss_fn()
            total = loss + sum(v.regularizer(v) for v in variables if v.regularizer is not None)
            return optimizer.scale_loss(total), logs

        (_, logs), grads = engine.value_and_grad(regularized, variables)
        players.step(optimizer, engine.averaged(grads), variables)
        self._logged_by[player] = tuple(logs)
        return logs

    @property
    def logged_by(self) -> dict[str, tuple[str, ...]]:
        """The names of what each player logs, in the order of their updates; of a compiled model,
        once its first step was traced."""
        return dict(self._logged_by)

    def training_logs(self, data) -> dict[str, Any]:
        batch = self.unpack(data)
        logs = self._track(batch, self.update(batch))
        if engine.replicas() > 1:
            # The statistics of Keras's own batch norm, which sees the rows of one replica.
            statistics = [
                variable
                for layer in self._flatten_layers(include_self=False)
                if isinstance(layer, keras.layers.BatchNormalization)
                for variable in layer.non_trainable_variables
            ]
            for variable, mean in zip(statistics, engine.averaged(statistics), strict=True):
                variable.assign(mean)
        self.optimizer.iterations.assign_add(1)
        return logs

    def validation_logs(self, data) -> dict[str, Any]:
        batch = self.unpack(data)
        of_training, vars(self)["random"] = self.random, Fixed()
        try:
            return self._track(batch, self.validate(batch))
        finally:
            vars(self)["random"] = of_training

    def unpack(self, data) -> Batch:
        """Return the batch of `data`, an element of what `fit` was given: data, `(data,
        condition)` or a tuple of one.

        Labels out of range, which `fit` refuses where it sees them, make the loss NaN where only
        the device does.
        """
        x, y, sample_weight = keras.utils.unpack_x_y_sample_weight(data)
        if sample_weight is not None:
            raise ArgumentError(
                f"{type(self).__name__} takes no sample_weight and no class_weight."
            )
        values, condition = self.data_and_condition(x, y)
        self.data.check("x" if values is x else "y", values)
        values = self.data.cast(values)
        if self.condition is None:
            if condition is not None:
                self.warn_of_y()
            return Batch(values)
        if condition is None:
            raise ArgumentError(
                f"{type(self).__name__} needs {self.condition.needed}, fit(data, "
                f"{self.condition.noun}) or batches of (data, {self.condition.noun}). Received: "
                "none."
            )
        self.condition.check(self.condition.noun, condition)
        valid = self.condition.validity(condition)
        if valid is not None:
            values = ops.where(valid, values, float("nan"))
        return Batch(values, self.condition.cast(condition))

    def warn_of_y(self) -> None:
        """Say once in a `fit` that it ignores the conditions that it was given."""
        if not vars(self).get("_warned_of_y"):
            vars(self)["_warned_of_y"] = True
            warnings.warn(
                f"{type(self).__name__} is not conditional: it ignores y, the second part of the "
                "data.",
                stacklevel=4,
            )

    def _track(self, batch: Batch, logs: dict[str, Any]) -> dict[str, Any]:
        size = ops.shape(batch.data)[0]
        means = engine.averaged(list(logs.values()))
        self._means.update_state(dict(zip(logs, means, strict=True)), size)
        return self._means.result()
