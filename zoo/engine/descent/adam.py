"""Adam on arrays, with a rate that rises and falls."""

from __future__ import annotations

import math

import numpy as np
from keras import ops

from zoo.engine.descent.base import Rule, check_part
from zoo.errors import check_number


class Adam(Rule):
    """The rule of Kingma and Ba 2015, https://arxiv.org/abs/1412.6980.

    m = beta_1 m + (1 - beta_1) g, v = beta_2 v + (1 - beta_2) g^2, and x falls by rate * m' /
    (sqrt(v') + epsilon), where m' and v' are m and v divided by 1 - beta^t. All is elementwise, so
    that rows share nothing.

    Args:
        rate: the largest length of a step of one number.
        beta_1: the decay of the mean gradient, in [0, 1).
        beta_2: the decay of the mean squared gradient, in [0, 1).
        epsilon: a small number in the denominator.
        rise: the part of all steps in which the rate rises from 0, in [0, 1].
        fall: the part of all steps in which it falls to 0 at the end, as half a cosine, in [0, 1].
            Both are those of the StyleGAN2 projector by default.

    Example:

    >>> import zoo
    >>> zoo.latents.Adam(rate=0.05).get_config()["beta_1"]
    0.9

    Differs from the paper: the rate rises and falls.
    """

    name = "adam"
    arrays = 3
    paper = "Kingma and Ba 2015, Adam: A Method for Stochastic Optimization"

    def __init__(
        self,
        rate: float = 0.1,
        beta_1: float = 0.9,
        beta_2: float = 0.999,
        epsilon: float = 1e-8,
        rise: float = 0.05,
        fall: float = 0.25,
    ):
        self.rate = check_number("rate", rate, above=True)
        self.beta_1 = check_part("beta_1", beta_1, below=True)
        self.beta_2 = check_part("beta_2", beta_2, below=True)
        self.epsilon = check_number("epsilon", epsilon, above=True)
        self.rise = check_part("rise", rise)
        self.fall = check_part("fall", fall)

    def begin(self, values):
        return [values, np.zeros_like(values), np.zeros_like(values)]

    def trial(self, state, bounds):
        return state[0]

    def next(self, state, losses, gradients, progress, bounds):
        values, mean, square = state
        count = progress[0] + 1.0
        mean = self.beta_1 * mean + (1.0 - self.beta_1) * gradients
        square = self.beta_2 * square + (1.0 - self.beta_2) * ops.square(gradients)
        # Powers of a number below 1 by their logarithm: `0 ** t` is 0 for each t.
        mean_part = 1.0 - ops.exp(count * math.log(self.beta_1)) if self.beta_1 else 1.0
        square_part = 1.0 - ops.exp(count * math.log(self.beta_2)) if self.beta_2 else 1.0
        step = (mean / mean_part) / (ops.sqrt(square / square_part) + self.epsilon)
        values = bounds.clip(values - self._rate_at(progress[0], progress[1]) * step)
        return [values, mean, square]

    def _rate_at(self, step, steps):
        """Return the rate of step `step` of `steps`."""
        rate = self.rate
        if self.rise:
            rate = rate * ops.minimum(1.0, (step + 1.0) / ops.maximum(self.rise * steps, 1.0))
        if self.fall:
            left = ops.minimum(1.0, (steps - step) / ops.maximum(self.fall * steps, 1.0))
            rate = rate * (0.5 - 0.5 * ops.cos(math.pi * left))
        return rate
