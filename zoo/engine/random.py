"""The random numbers of training and validation; no other module draws them."""

from __future__ import annotations

import keras

from zoo.engine import draws, parallel


class Random:
    """Random numbers from a seed generator, whose state is saved with the model.

    The first axis of a shape is the batch. Where several programs see a part of the batch each, all
    draw the numbers of the complete batch from equal seeds, and keep the numbers of their rows. The
    numbers of an image therefore do not depend on the number of devices.

    Args:
        seed: a `keras.random.SeedGenerator`.
    """

    def __init__(self, seed: keras.random.SeedGenerator):
        self.seed = seed

    def normal(self, shape):
        """Return float32 numbers from N(0, 1); `shape` begins with the rows of the batch."""
        return self._draw_rows(draws.normal, shape)

    def uniform(self, shape):
        """Return float32 numbers from [0, 1); `shape` begins with the rows of the batch."""
        return self._draw_rows(draws.uniform, shape)

    def _draw_rows(self, draw, shape):
        """Draw the numbers of the complete batch, and return this replica's rows."""
        rows, *rest = shape
        numbers = draw((parallel.replicas() * rows, *rest), seed=self.next())
        if parallel.replicas() == 1:
            return numbers
        start = parallel.replica() * rows
        return numbers[start : start + rows]

    def next(self):
        """Return the seed of the next draw."""
        return self.seed


class Fixed(Random):
    """Random numbers for validation, which are the same in each step.

    Results of validation can therefore be compared. The random numbers of training do not depend on
    whether, or how often, a model is evaluated.
    """

    def __init__(self):
        self.draws = 0

    def next(self):
        self.draws += 1
        return self.draws
