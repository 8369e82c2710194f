"""The operations on PyTorch, whose own functions take numbers without a copy to the device."""

from __future__ import annotations

import contextlib

import keras
import torch
from keras import ops


def clamp(x, low: float | None = None, high: float | None = None):
    return x.clamp(low, high)


def cast(x, dtype: str):
    return x if isinstance(x, int | float) else ops.cast(x, dtype)


def fill(x, where, number: float):
    return x.masked_fill(where, number)


def add_to(variable, number: int) -> None:
    with torch.no_grad():
        variable.value.add_(number)


def on_host() -> contextlib.AbstractContextManager:
    return keras.device("cpu")


def normal(shape, seed):
    numbers = ops.empty(shape, "float32")
    return numbers if numbers.is_meta else numbers.normal_(generator=_generator(seed, numbers))


def uniform(shape, seed):
    numbers = ops.empty(shape, "float32")
    return numbers if numbers.is_meta else numbers.uniform_(generator=_generator(seed, numbers))


def _generator(seed, numbers) -> torch.Generator:
    """Return the generator that Keras would make for `seed`, which it reads from the device."""
    if isinstance(seed, keras.random.SeedGenerator):
        with on_host():
            seed = sum(seed.next().tolist())
    generator = torch.Generator(device=numbers.device)
    generator.manual_seed(seed & 0xFFFFFFFF)
    return generator
