"""The random numbers of training and of validation: the one place that draws them."""

from __future__ import annotations

import keras


class Random:
    """Draws from a seed generator, whose state is saved with the model.

    Args:
        seed: a `keras.random.SeedGenerator`.
    """

    def __init__(self, seed: keras.random.SeedGenerator):
        self.seed = seed

    def normal(self, shape):
        """Numbers from N(0, 1), float32."""
        return keras.random.normal(shape, seed=self.next())

    def uniform(self, shape):
        """Numbers from [0, 1), float32."""
        return keras.random.uniform(shape, seed=self.next())

    def next(self):
        """The seed of the next draw."""
        return self.seed


class Fixed(Random):
    """The same numbers each time a step begins: those of validation.

    So its results can be compared, and the training's random numbers do not depend on whether, or
    how often, a model is evaluated.
    """

    def __init__(self):
        self.draws = 0

    def next(self):
        self.draws += 1
        return self.draws
