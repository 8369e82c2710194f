"""The random numbers of training and of validation: the one place that draws them."""

from __future__ import annotations

import keras

from zoo.engine import parallel


class Random:
    """Draws from a seed generator, whose state is saved with the model.

    The first axis of what is drawn is that of the batch. Where several programs see a part of the
    batch each, all draw the numbers of the whole batch, from equal seeds, and take those of their
    rows: so the numbers of an image do not depend on how many devices there are.

    Args:
        seed: a `keras.random.SeedGenerator`.
    """

    def __init__(self, seed: keras.random.SeedGenerator):
        self.seed = seed

    def normal(self, shape):
        """Numbers from N(0, 1), float32, of a shape that begins with the rows of the batch."""
        return self._own(keras.random.normal, shape)

    def uniform(self, shape):
        """Numbers from [0, 1), float32, of a shape that begins with the rows of the batch."""
        return self._own(keras.random.uniform, shape)

    def _own(self, draw, shape):
        rows, *rest = shape
        numbers = draw((parallel.replicas() * rows, *rest), seed=self.next())
        if parallel.replicas() == 1:
            return numbers
        start = parallel.replica() * rows
        return numbers[start : start + rows]

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
