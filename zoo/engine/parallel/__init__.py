"""One training on several devices: each computes on its rows of every batch, and all hold equal
weights.

The work is that of TensorFlow's `tf.distribute`, of `keras.distribution` on JAX and of
`torch.distributed`. The chosen backend's file says how, and exports:

- `distribute(devices)`: a context in which models are made, compiled and trained on that many
  devices, see `zoo.distribute`.
- `to_launch(devices)`: how many processes somebody must start, where devices are processes and
  nobody has; else 1. `launch(processes, command)` starts them, see `launch`.
- `devices()`: how many devices a batch is divided among.
- `replicas()`: how many programs see a part of the batch each. On JAX one program sees the whole,
  however many devices hold it.
- `replica()`: which of them this is, from 0; in a compiled step perhaps a tensor.
- `process()`: `(index, count)` of this process among those that train together. Each reads its own
  rows of a batch, where they are in memory one after the other.
- `all_reduce_mean(x)`: the mean of `x` over replicas, differentiable any number of times: what is
  to be a function of the whole batch, such as the mean of its features, goes through it. Each
  replica must call it equally often, in the same order.
- `alone()`: a context for what one process does without the others while they train together.
- `equalize(variables)`: gives the variables of each process the values of the first one's.
- `total(number)`: the sum of a number over several processes, on the host, see `agreed`.

Rules that keep the replicas equal, bit for bit: random numbers come from `zoo.engine.random` alone,
gradients and logs from `averaged`, and everything else that is assigned is a function of weights.
"""

from __future__ import annotations

import contextlib
import math
import os
import types
from collections.abc import Iterator, Mapping

import keras
from keras import ops

from zoo.errors import ArgumentError, check_count

if keras.backend.backend() == "tensorflow":
    from zoo.engine.parallel import tensorflow as _backend
elif keras.backend.backend() == "jax":
    from zoo.engine.parallel import jax as _backend
else:
    from zoo.engine.parallel import torch as _backend

all_reduce_mean = _backend.all_reduce_mean
alone = _backend.alone
devices = _backend.devices
equalize = _backend.equalize
process = _backend.process
replica = _backend.replica
replicas = _backend.replicas


@contextlib.contextmanager
def distribute(devices: int | str | None = None) -> Iterator[bool]:
    """A context in which models are made, compiled and trained on several devices.

    It gives whether this process is the first of those that train together, which is to write
    files: after the context, in which a model is the business of all.

    The batch size, the learning rate and the seeds are those of the whole training: two devices
    with half of each batch do what one does with all of it. Each must get equally many rows of
    every batch. Of arrays and of `zoo.data` each process takes its own rows; what else `fit` is
    given must hold, in each process, that process's rows alone.

    Args:
        devices: how many, of all machines together; `"auto"` for all accelerators; `None` for what
            the environment says: the processes of `torchrun`, the workers of `TF_CONFIG`, those of
            `KERAS_DISTRIBUTION_NUM_PROCESSES` on JAX, or else one device.

    Raises:
        ArgumentError: if there are not that many devices, or it is too late to use them.

    Example:

    >>> import numpy as np, zoo
    >>> with zoo.distribute() as first:
    ...     model = zoo.create("vae", image_shape=(4, 4, 1), latent_dim=2, hidden_units=(4,))
    ...     model.compile()
    ...     history = model.fit(np.zeros((8, 4, 4, 1), "float32"), batch_size=8, verbose=0)
    >>> images = model.sample(3, seed=0) if first else None
    """
    with _backend.distribute(_checked(devices)):
        yield is_chief()


def launch(
    devices: int | str | None,
    batch_size: int,
    command: list[str],
    environment: Mapping[str, str] = types.MappingProxyType({}),
) -> None:
    """Where devices are processes that nobody has started: runs `command`, the arguments of Python,
    in each of them with `environment` added to this one's, and ends this program as they end. Else
    it does nothing.

    Raises:
        ArgumentError: if there are not that many devices, or they cannot share a batch.
    """
    processes = _backend.to_launch(_checked(devices))
    if processes > 1:
        check_divides(batch_size, processes)
        os.environ.update(environment)
        _backend.launch(processes, command)


def check_divides(batch_size: int, devices: int) -> None:
    """Raises unless all devices get equally many rows of a batch."""
    if batch_size % devices:
        raise ArgumentError(
            f"batch_size must be a multiple of the number of devices, {devices}. Received: "
            f"{batch_size}."
        )


def is_chief() -> bool:
    """Whether this process writes files and speaks to the user, of those that train together."""
    return process()[0] == 0


def agreed(claim: bool) -> bool:
    """Whether any of the processes that train together makes the claim, which all must be asked
    for at the same place between two steps."""
    return claim if process()[1] == 1 else _backend.total(float(claim)) > 0


def averaged(values: list) -> list:
    """The means over replicas of floating-point tensors, by one reduction of all their numbers."""
    if replicas() == 1 or not values:
        return values
    # One tensor of all: each mean depends on each value, which leaves no doubt about their order.
    flat = [ops.reshape(ops.cast(value, "float32"), (-1,)) for value in values]
    flat = all_reduce_mean(ops.concatenate(flat))
    found, start = [], 0
    for value in values:
        stop = start + math.prod(value.shape)
        found.append(ops.cast(ops.reshape(flat[start:stop], value.shape), value.dtype))
        start = stop
    return found


def _checked(devices: int | str | None) -> int | str | None:
    if devices is None or devices == "auto":
        return devices
    if isinstance(devices, str):
        raise ArgumentError(f"devices must be a number or 'auto'. Received: {devices!r}.")
    return check_count("devices", devices)
