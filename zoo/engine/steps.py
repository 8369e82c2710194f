"""`Steps`, the mixin for the training and validation steps of a model."""

from __future__ import annotations

from typing import Any

import keras
from keras import ops

from zoo import engine
from zoo.base.warn import warn
from zoo.engine import players, scalars
from zoo.engine.batch import Batch
from zoo.engine.collected import collecting
from zoo.engine.float8 import differentiable, of_one_call
from zoo.engine.random import Fixed
from zoo.errors import ArgumentError


class Steps:
    """A mixin of `Model` with the steps that the backend's step adaptor calls, and with `minimize`
    for the method `update` of models."""

    def minimize(self, loss_fn, player: str):
        """Take one step of the optimizer of `player`, and return the logs.

        `loss_fn()` returns a loss and logs. Weight regularizers of the player's weights are added
        to the loss, and what the layers of its networks add: activity regularizers and `add_loss`.
        """
        variables, optimizer = self._trained[player], self._optimizers[player]

        def regularized():
            """Return the scaled loss with the regularizers, and the logs."""
            with collecting() as collected:
                loss, logs = loss_fn()
            for layer, added in collected:
                if id(layer) in self._layers_trained[player]:
                    loss = loss + ops.cast(added, loss.dtype)
            total = loss + sum(v.regularizer(v) for v in variables if v.regularizer is not None)
            return optimizer.scale_loss(total), logs

        with differentiable(self._float8_layers) as calls:
            (_, logs), grads = engine.value_and_grad(regularized, variables)
        if calls:
            grads = of_one_call(grads, variables, calls)
        players.step(optimizer, engine.averaged(grads), variables)
        self._logged_by[player] = tuple(logs)
        return logs

    @property
    def logged_by(self) -> dict[str, tuple[str, ...]]:
        """The names of the logs of each player, in the order of the updates.

        They are known once the first step of a compiled model was traced.
        """
        return dict(self._logged_by)

    def training_logs(self, data) -> dict[str, Any]:
        """Take one training step on `data`, and return the means of the epoch so far."""
        batch = self.unpack(data)
        logs = self._track(batch, self.update(batch))
        if engine.replicas() > 1:
            # Batch normalization of Keras sees the rows of one replica: average its statistics.
            statistics = [
                variable
                for layer in self._flatten_layers(include_self=False)
                if isinstance(layer, keras.layers.BatchNormalization)
                for variable in layer.non_trainable_variables
            ]
            for variable, mean in zip(statistics, engine.averaged(statistics), strict=True):
                variable.assign(mean)
        scalars.add_to(self.optimizer.iterations, 1)
        return logs

    def validation_logs(self, data) -> dict[str, Any]:
        """Validate on `data`, with fixed random numbers, and return the means so far."""
        batch = self.unpack(data)
        training_random, vars(self)["random"] = self.random, Fixed()
        try:
            with differentiable(self._float8_layers):  # for a penalty on gradients
                return self._track(batch, self.validate(batch))
        finally:
            vars(self)["random"] = training_random

    def unpack(self, data) -> Batch:
        """Return the batch in `data`, an element of the data set of `fit`.

        An element is data, a tuple of data alone, or a pair of data and condition. Labels out of
        range make the loss NaN inside of a compiled step, which cannot raise an error.
        """
        x, y, sample_weight = keras.utils.unpack_x_y_sample_weight(data)
        if sample_weight is not None:
            raise ArgumentError(
                f"{type(self).__name__} takes no sample_weight and no class_weight."
            )
        values, condition = self.data_and_condition(x, y)
        self.data.check("x" if values is x else "y", values)
        # Here alone, and once, a batch goes to the device.
        values = self.data.cast(self.data.tensor(values))
        if self.condition is None:
            if condition is not None:
                self.warn_of_y()
            return Batch(values)
        if condition is None:
            raise self.needs_condition()
        self.condition.check(self.condition.noun, condition)
        condition = self.condition.tensor(condition)
        valid = self.condition.validity(condition)
        if valid is not None:
            values = scalars.fill(values, ops.logical_not(valid), float("nan"))
        return Batch(values, self.condition.cast(condition))

    def inputs_of_call(self, data):
        """Return `data`, a batch of `predict`, with a pair of data and conditions as one input."""
        return (data,) if isinstance(data, tuple) and len(data) == 2 else data

    def needs_condition(self) -> ArgumentError:
        """Return the error for data without conditions."""
        return ArgumentError(
            f"{type(self).__name__} needs {self.condition.needed}, fit(data, "
            f"{self.condition.noun}) or batches of (data, {self.condition.noun}). Received: none."
        )

    def warn_of_y(self) -> None:
        """Warn that the model has no condition and ignores `y`, once in each `fit` or
        `evaluate`."""
        if not vars(self).get("_warned_of_y"):
            vars(self)["_warned_of_y"] = True
            warn(
                f"{type(self).__name__} is not conditional: it ignores y, the second part of the "
                "data."
            )

    def _track(self, batch: Batch, logs: dict[str, Any]) -> dict[str, Any]:
        """Add the logs of a step to the means of the epoch, and return the means."""
        size = ops.shape(batch.data)[0]
        means = engine.averaged(list(logs.values()))
        self._means.update_state(dict(zip(logs, means, strict=True)), size)
        added = {metric.name: metric.result() for metric in self.layer_metrics}
        return {**added, **self._means.result()}
