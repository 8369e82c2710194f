"""L-BFGS on rows of arrays, with a line search of one evaluation a step."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from keras import ops

from zoo.engine.descent.base import Rule, dot
from zoo.errors import check_count

DECREASE = 1e-4  # the part of the expected decrease that a step must bring
CURVATURE = 0.9  # the part of the slope that may be left after a step
TRIALS = 20  # the points tried in one direction, before the history is forgotten
ROUNDING = 4e-7  # of a loss, relative


class State(NamedTuple):
    """The state of a descent of n rows of `size` numbers, with a history of m steps.

    Attributes:
        values: the points that were reached, `(n, size)`.
        loss: their losses, `(n, 1)`; infinite before the first evaluation.
        gradient: their gradients.
        direction: the direction of the search from there.
        length: the length of the next trial step in this direction, `(n, 1)`.
        low: the longest length that was too short, `(n, 1)`.
        high: the shortest that was too long; infinite if none was.
        tried: the number of trials in this direction, `(n, 1)`.
        moves: the last moves, the newest last, `(n, m, size)`.
        changes: the changes of the gradient over them.
    """

    values: np.ndarray
    loss: np.ndarray
    gradient: np.ndarray
    direction: np.ndarray
    length: np.ndarray
    low: np.ndarray
    high: np.ndarray
    tried: np.ndarray
    moves: np.ndarray
    changes: np.ndarray


class LBFGS(Rule):
    """The limited-memory quasi-Newton rule of Liu and Nocedal 1989,
    https://doi.org/10.1007/BF01589116.

    The direction is -H g, where H approximates the inverse Hessian from the last moves s and the
    changes y of the gradient over them, by the two-loop recursion, from s y / (y y) times the
    identity. A trial length t is accepted if it fulfils the weak conditions of Wolfe,
    f(x + t p) <= f(x) + 1e-4 t g p and g(x + t p) p >= 0.9 g p; else it is doubled, or the interval
    between a length too short and one too long is halved (Lewis and Overton 2013). One step is one
    trial, so that each row searches at its own pace.

    Args:
        history: the number of moves m that a row remembers.

    Example:

    >>> import zoo
    >>> zoo.latents.LBFGS(history=5).get_config()
    {'history': 5}

    Differs from the paper: bounds are kept by projection; a row whose search fails forgets its
    history; a decrease may fail by the rounding of float32.
    """

    name = "lbfgs"
    arrays = len(State._fields)
    paper = (
        "Liu and Nocedal 1989, On the Limited Memory BFGS Method for Large Scale Optimization"
    )

    def __init__(self, history: int = 10):
        self.history = check_count("history", history)

    def begin(self, values):
        n, size = values.shape
        number = np.zeros((n, 1), "float32")
        past = np.zeros((n, self.history, size), "float32")
        nothing = np.zeros_like(values)
        infinite = np.full_like(number, np.inf)
        return [
            *State(
                values=values,
                loss=infinite,
                gradient=nothing,
                direction=nothing,
                length=number,
                low=number,
                high=infinite,
                tried=number,
                moves=past,
                changes=past,
            )
        ]

    def trial(self, state, bounds):
        state = State(*state)
        return bounds.clip(state.values + state.length * state.direction)

    def next(self, state, losses, gradients, progress, bounds):
        state = State(*state)
        point, loss = self.trial(state, bounds), ops.expand_dims(losses, -1)
        move = point - state.values
        expected = dot(state.gradient, move)
        finite = ops.isfinite(loss) & ops.isfinite(dot(gradients, gradients))
        slack = ROUNDING * ops.abs(loss)
        falls = finite & (loss <= state.loss + DECREASE * expected + slack)
        flattens = dot(gradients, move) >= CURVATURE * expected
        last = state.tried >= TRIALS - 1
        first = ops.isinf(state.loss)
        accepted = (falls & (flattens | last)) | first
        reached = state._replace(
            values=ops.where(accepted, point, state.values),
            loss=ops.where(accepted, loss, state.loss),
            gradient=ops.where(accepted, gradients, state.gradient),
        )
        change = gradients - state.gradient
        kept = accepted & ~first & (dot(move, change) > 0)
        forgotten = last & ~accepted
        moves = _appended(state.moves, move, kept, forgotten)
        changes = _appended(state.changes, change, kept, forgotten)
        turned = accepted | forgotten
        direction = _direction(reached.gradient, moves, changes)
        direction = ops.where(turned, direction, state.direction)
        low = ops.where(falls, state.length, state.low)
        high = ops.where(falls, state.high, state.length)
        length = ops.where(ops.isinf(high), 2.0 * state.length, 0.5 * (low + high))
        return [
            *reached._replace(
                direction=bounds.inward(reached.values, direction),
                length=ops.where(turned, 1.0, length),
                low=ops.where(turned, 0.0, low),
                high=ops.where(turned, np.inf, high),
                tried=ops.where(turned, 0.0, state.tried + 1.0),
                moves=moves,
                changes=changes,
            )
        ]


def _appended(past, newest, kept, forgotten):
    """Return `past` with `newest` as its last entry in rows that are kept, and zeros in rows that
    are forgotten."""
    longer = ops.concatenate([past[:, 1:], ops.expand_dims(newest, 1)], axis=1)
    past = ops.where(ops.expand_dims(kept, -1), longer, past)
    return ops.where(ops.expand_dims(forgotten, -1), 0.0, past)


def _direction(gradient, moves, changes):
    """Return -H g of each row by the two-loop recursion, or of unit length along -g where there is
    no history, or where -H g would not descend."""
    steepest = -gradient / ops.maximum(ops.sqrt(dot(gradient, gradient)), 1e-30)
    numbers = range(moves.shape[1])
    products = [dot(moves[:, i], changes[:, i]) for i in numbers]
    rates = [_divided(1.0, product) for product in products]
    left, shares = gradient, {}
    for i in reversed(numbers):
        shares[i] = rates[i] * dot(moves[:, i], left)
        left = left - shares[i] * changes[:, i]
    # The newest entry is empty only if all are.
    left = left * _divided(products[-1], dot(changes[:, -1], changes[:, -1]))
    for i in numbers:
        left = left + (shares[i] - rates[i] * dot(changes[:, i], left)) * moves[:, i]
    return ops.where(dot(gradient, left) > 0, -left, steepest)


def _divided(numerator, denominator):
    """Return the quotient where the denominator is positive, and 0 elsewhere."""
    positive = denominator > 0
    return ops.where(positive, numerator / ops.where(positive, denominator, 1.0), 0.0)
