"""`Descent`, the minimisation of a function of each row of an array."""

from __future__ import annotations

import functools
from collections.abc import Callable
from typing import NamedTuple

import keras
import numpy as np
from keras import ops

from zoo import engine
from zoo.engine.descent.base import Bounds, Rule
from zoo.engine.inference import batched
from zoo.errors import ArgumentError, check_count


class Descended(NamedTuple):
    """The result of a descent of n rows.

    Attributes:
        values: the best values of each row, float32 of the shape of the start.
        losses: their losses, float32 of shape `(n,)`.
        history: the least loss of each row after each step, float32 of shape `(n, steps + 1)`;
            the first is that of the start.
    """

    values: np.ndarray
    losses: np.ndarray
    history: np.ndarray


class Together:
    """Several networks as one owner of weights."""

    def __init__(self, networks: tuple):
        self.networks = networks
        self._compile_arguments = vars(networks[0]).get("_compile_arguments")
        self.training = False

    @property
    def variables(self) -> list[keras.Variable]:
        return [v for network in self.networks for v in network.variables]

    def _flatten_layers(self) -> list[keras.layers.Layer]:
        return [layer for network in self.networks for layer in network._flatten_layers()]


class Descent:
    """The minimisation of an objective over its first argument, row by row.

    For the rows x_i of an array it seeks argmin_x f(x; c_i), where f is the objective and c_i are
    constants of the row. Nothing is trained: the weights of networks are read alone. One step is
    one evaluation of f and of its gradient, which is compiled once for each shape.

    Args:
        objective: a function `(values, *constants)` of tensors that returns the loss of each row,
            of shape `(n,)`. A row's loss depends on the row alone.
        rule: the rule of the steps, by name or as an object.
        networks: the networks whose weights the objective reads.
        bounds: the bounds of each number of the values.
    """

    def __init__(
        self,
        objective: Callable,
        rule: str | Rule,
        networks: tuple,
        bounds: Bounds | None = None,
    ):
        self.objective = objective
        self.rule = Rule.get(rule)
        self.bounds = bounds or Bounds()
        self._owner = Together(networks)
        self._steps: dict[tuple, Callable] = {}  # by the shape of the values of a row

    def run(
        self,
        start: np.ndarray,
        steps: int,
        constants: tuple[np.ndarray, ...] = (),
        batch_size: int = 256,
        told: Callable[[], None] = lambda: None,
        stops: Callable[[], bool] = lambda: False,
    ) -> Descended:
        """Return the best values of each row that were met in `steps` steps.

        Args:
            start: the first values, float32 of shape `(n, ...)`.
            steps: the number of steps.
            constants: arrays of n rows, which the objective gets beside the values.
            batch_size: the number of rows that descend at once, on which no result depends.
            told: a function that is called after each step of each batch.
            stops: a function that is asked after each step whether the descent ends before its
                time. What was met until then is returned.

        Raises:
            ArgumentError: if the loss is not finite at the start.
        """
        check_count("steps", steps)
        shape = start.shape[1:]
        if shape not in self._steps:
            step = functools.partial(self._evaluated, shape)
            self._steps[shape] = engine.compiled(step, self._owner)

        def whole(values, *others):
            return self._descended(self._steps[shape], values, others, steps, told, stops)

        found = Descended(*batched(whole, (start, *constants), batch_size))
        if not np.isfinite(found.losses).all():
            raise ArgumentError(
                "The loss must be a finite number at the start. Received: another one in "
                f"{int((~np.isfinite(found.losses)).sum())} of {len(start)} rows."
            )
        return found

    def _descended(self, step, values, constants, steps, told, stops) -> tuple:
        """Return the best values, their losses and the history of the rows of one batch."""
        n = len(values)
        rows = np.asarray(values, "float32").reshape(n, -1)
        state = self.rule.begin(rows)
        best, least = rows, np.full((n, 1), np.inf, "float32")
        history = []
        for number in range(steps + 1):
            progress = np.array([number, steps], "float32")
            best, least, *state = step(progress, best, least, *state, *constants)
            history.append(least)
            if number:
                told()
            if stops():
                break
        history += history[-1:] * (steps + 1 - len(history))
        history = np.concatenate([engine.to_numpy(x) for x in history], axis=1)
        return ops.reshape(best, values.shape), least[:, 0], ops.convert_to_tensor(history)

    def _evaluated(self, shape, progress, best, least, *arrays):
        """Return the best values, their losses and the state after one step."""
        state, constants = list(arrays[: self.rule.arrays]), arrays[self.rule.arrays :]
        trial = self.rule.trial(state, self.bounds)

        def losses(rows):
            found = self.objective(ops.reshape(rows, (-1, *shape)), *constants)
            return found, found

        gradients, found = engine.gradient(losses, trial, has_aux=True)
        gradients, found = ops.stop_gradient(gradients), ops.stop_gradient(found)
        better = ops.expand_dims(found, -1) < least
        best = ops.where(better, trial, best)
        least = ops.where(better, ops.expand_dims(found, -1), least)
        return [best, least, *self.rule.next(state, found, gradients, progress, self.bounds)]
