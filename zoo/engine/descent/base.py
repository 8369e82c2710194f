"""`Rule`, the kind of rules by which descent chooses the next point."""

from __future__ import annotations

from typing import Any, NamedTuple

import numpy as np
from keras import ops

from zoo.base.named import Named
from zoo.errors import ArgumentError, check_number


class Bounds(NamedTuple):
    """The lowest and the highest value of a number that descends; `None` for no limit."""

    low: float | None = None
    high: float | None = None

    def clip(self, values):
        """Return the tensor `values` within the bounds."""
        if self.low is not None:
            values = ops.maximum(values, self.low)
        if self.high is not None:
            values = ops.minimum(values, self.high)
        return values

    def inward(self, values, directions):
        """Return `directions` without the parts that lead out of the bounds at `values`."""
        if self.low is not None:
            directions = ops.where((values <= self.low) & (directions < 0), 0.0, directions)
        if self.high is not None:
            directions = ops.where((values >= self.high) & (directions > 0), 0.0, directions)
        return directions


class Rule(Named):
    """A rule of descent, which minimises a function of each row on its own.

    Rows share nothing: each has its own step length and its own history, so that n rows end where
    n descents of one row end. One step evaluates the function and its gradient once, at the trial
    point of each row. All steps are the same computation, which is compiled once.

    A rule is given by its name, or as an object with its settings.

    Attributes:
        arrays: the number of arrays in the state.
    """

    kind = "rule"
    required = ("begin", "trial", "next")
    arrays: int

    def begin(self, values: np.ndarray) -> list[np.ndarray]:
        """Return the state before the first step, whose arrays have rows as `values` does.

        Args:
            values: the start of each row, float32 of shape `(n, size)`.
        """
        raise NotImplementedError

    def trial(self, state: list, bounds: Bounds) -> Any:
        """Return the points at which the function is evaluated next, of shape `(n, size)`."""
        raise NotImplementedError

    def next(self, state: list, losses, gradients, progress, bounds: Bounds) -> list:
        """Return the state after the function was evaluated at the trial points.

        Args:
            state: the state before.
            losses: the values of the function, of shape `(n,)`.
            gradients: its gradients, of shape `(n, size)`.
            progress: the number of this step, from 0 on, and the number of all steps, float32 of
                shape `(2,)`.
            bounds: the bounds of the points.
        """
        raise NotImplementedError


def dot(first, second):
    """Return the inner product of each row, of shape `(n, 1)`, for rows on the last axis."""
    return ops.sum(first * second, axis=-1, keepdims=True)


def check_part(argument: str, value: object, below: bool = False) -> float:
    """Return `value`, or raise unless it is a number in [0, 1], or with `below` in [0, 1)."""
    part = check_number(argument, value)
    if part > 1 or (below and part == 1):
        end = ")" if below else "]"
        raise ArgumentError(f"{argument} must be a number in [0, 1{end}. Received: {value!r}.")
    return part
