"""Spaces of noise, from which samples are made."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np

from zoo.base.arrays import as_array
from zoo.engine.spaces.base import Space, as_numpy
from zoo.errors import ArgumentError, check_count

SKIPPED = 4096  # the draws in vain that are held at once


class Noise(Space):
    """A distribution of independent numbers, from which samples are made.

    For samples it is drawn with NumPy, so that draws are equal on each backend. In training it is
    drawn by `zoo.engine.random.Random`.

    Args:
        shape: the shape of one draw.
    """

    noun = "draws"

    def __init__(self, shape: tuple[int, ...]):
        self.shape = tuple(check_count("shape", size) for size in shape)

    def draw(self, rng: np.random.Generator, n: int) -> np.ndarray:
        """Return `n` draws, float32 of shape `(n, *shape)`."""
        raise NotImplementedError

    def draw_in_step(self, random, n):
        """Return `n` draws in a training step, by `random`, a `zoo.engine.random.Random`."""
        raise NotImplementedError

    def example(self, n, seed=0):
        return self.draw(np.random.default_rng(seed), n)


class Normal(Noise):
    """Independent numbers from the normal distribution N(0, 1).

    Args:
        shape: the shape of one draw.
    """

    name = "normal"

    def draw(self, rng, n):
        return rng.standard_normal((n, *self.shape), dtype="float32")

    def draw_in_step(self, random, n):
        return random.normal((n, *self.shape))

    @property
    def text(self):
        return f"normal, N(0, I) in {self.size} dimension{'s' * (self.size != 1)}"


class Uniform(Noise):
    """Independent numbers from the uniform distribution on [0, 1).

    Args:
        shape: the shape of one draw.
    """

    name = "uniform"

    def draw(self, rng, n):
        return rng.random((n, *self.shape), dtype="float32")

    def draw_in_step(self, random, n):
        return random.uniform((n, *self.shape))

    @property
    def text(self):
        return f"uniform, U(0, 1) in {self.size} dimension{'s' * (self.size != 1)}"


NoiseSpace = Noise | Mapping[str, Noise]


class Draws:
    """A generator of a model's noise in parts.

    The parts of one seed, joined, do not depend on their sizes.

    Args:
        noise: a noise space, or a dict of such spaces, for which draws are dicts.
        seed: the seed of the noise; `None` gives other draws each time.
    """

    def __init__(self, noise: NoiseSpace, seed: int | None):
        self.noise = noise
        if isinstance(noise, Noise):
            self.rngs = np.random.default_rng(seed)
        else:
            sequence = np.random.SeedSequence(seed).spawn(len(noise))
            self.rngs = {
                name: np.random.default_rng(s) for name, s in zip(noise, sequence, strict=True)
            }

    def next(self, n: int):
        """Return the next `n` draws."""
        if isinstance(self.noise, Noise):
            return self.noise.draw(self.rngs, n)
        return {name: space.draw(self.rngs[name], n) for name, space in self.noise.items()}

    def skip(self, n: int) -> None:
        """Draw `n` numbers in vain, with the memory of a few."""
        for start in range(0, n, SKIPPED):
            self.next(min(SKIPPED, n - start))


def check_noise(argument: str, noise: NoiseSpace, values):
    """Return `values`, draws of `noise`, as float32 arrays, or raise.

    Args:
        argument: the name of the argument in errors.
        noise: a noise space, or a dict of such spaces.
        values: an array, or a dict of arrays with the same keys.
    """
    if isinstance(noise, Noise):
        return _check_draws(argument, noise, values)
    if not isinstance(values, Mapping) or values.keys() != noise.keys():
        received = sorted(values) if isinstance(values, Mapping) else type(values).__name__
        raise ArgumentError(
            f"{argument} must be a dict with the keys {', '.join(noise)}. Received: {received}."
        )
    return {
        name: _check_draws(f"{argument}[{name!r}]", noise[name], values[name]) for name in noise
    }


def _check_draws(argument: str, space: Noise, values) -> np.ndarray:
    """Return `values`, draws of one space, as a float32 array, or raise."""
    values = as_array(argument, as_numpy(argument, values)).astype("float32")
    if values.shape[1:] != space.shape or not len(values):
        raise ArgumentError(
            f"{argument} must have the shape (n, {', '.join(map(str, space.shape))}) with n at "
            f"least 1. Received: shape {values.shape}."
        )
    if not np.isfinite(values).all():
        raise ArgumentError(f"{argument} must be finite. Received: NaN or infinite values.")
    return values
