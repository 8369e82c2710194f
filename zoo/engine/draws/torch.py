"""The random numbers on PyTorch: seeds lie on the host, and the numbers are drawn on the device."""

from __future__ import annotations

import contextlib

import keras
import torch
from keras import ops

from zoo.engine.torch.tape import fed


def normal(shape, seed):
    return _drawn(torch.Tensor.normal_, shape, seed)


def uniform(shape, seed):
    return _drawn(torch.Tensor.uniform_, shape, seed)


def _drawn(fill, shape, seed):
    """Return numbers that are drawn anew in each replay of the step."""

    def draw():
        numbers = ops.empty(shape, "float32")
        return numbers if numbers.is_meta else fill(numbers, generator=_generator(seed, numbers))

    return fed(draw)


def _generator(seed, numbers) -> torch.Generator:
    """Return the generator that Keras would make for `seed`, which it reads from the device."""
    if isinstance(seed, keras.random.SeedGenerator):
        seed = sum(_next(seed))
    generator = torch.Generator(device=numbers.device)
    generator.manual_seed(seed & 0xFFFFFFFF)
    return generator


def _next(seed: keras.random.SeedGenerator) -> list[int]:
    """Return the numbers of `seed.next()`, of which small steps make many."""
    state = seed.state.value
    stateless = state is not seed.state._value  # within a `keras.StatelessScope`
    if type(seed) is keras.random.SeedGenerator and not stateless and not state.is_meta:
        numbers = state.tolist()
        with torch.no_grad():
            state[1] += 1
        return numbers
    with on_host():
        return seed.next().tolist()


def on_host() -> contextlib.AbstractContextManager:
    return keras.device("cpu")
