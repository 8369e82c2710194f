"""One training on several devices, which hold equal weights and share the rows of every batch.

TensorFlow's `tf.distribute`, `keras.distribution` on JAX, and `torch.distributed` do the work. The
file of the chosen backend exports:

- `distribute(devices)`, a context in which models are made, compiled and trained on that many
  devices, see `zoo.distribute`.
- `to_launch(devices)`, the number of processes that must still be started where devices are
  processes, and else 1. `launch(processes, command)` starts them, see `launch`.
- `devices()`, the number of devices that share a batch.
- `replicas()`, the number of programs that see a part of the batch each. On JAX one program sees
  the complete batch, for any number of devices.
- `replica()`, the index of this program, from 0, which may be a tensor in a compiled step.
- `process()`, `(index, count)` of this process among those that train together. Each process reads
  its own rows of a batch, which lie in memory one after the other.
- `all_reduce_mean(x)`, the mean of `x` over replicas, which can be differentiated any number of
  times. Every function of the complete batch, such as the mean of its features, is computed by it.
  Each replica must call it equally often, in the same order.
- `alone()`, a context for work that one process does without the others while they train together.
- `equalize(variables)`, which gives the variables of each process the values of the first process.
- `accelerators()`, the number of GPUs and the like that this process sees, 0 on a CPU.
- `started()`, `(index, count)` of this process among those that a launcher has started together, as
  its environment says it. They need not have met.
- `total(values)`, the sum of a float32 array over several processes, on the host.

Three rules keep the replicas equal, bit for bit. Random numbers come from `zoo.engine.random`
alone. Gradients and logs come from `averaged`. Everything else that is assigned is a function of
weights.
"""

from __future__ import annotations

import contextlib
import math
import os
import types
from collections.abc import Iterator, Mapping

import keras
import numpy as np
from keras import ops

from zoo.errors import ArgumentError, check_count

if keras.backend.backend() == "tensorflow":
    from zoo.engine.parallel import tensorflow as _backend
elif keras.backend.backend() == "jax":
    from zoo.engine.parallel import jax as _backend
else:
    from zoo.engine.parallel import torch as _backend

accelerators = _backend.accelerators
all_reduce_mean = _backend.all_reduce_mean
alone = _backend.alone
devices = _backend.devices
equalize = _backend.equalize
process = _backend.process
replica = _backend.replica
replicas = _backend.replicas
started = _backend.started


@contextlib.contextmanager
def distribute(devices: int | str | None = None) -> Iterator[bool]:
    """Return a context in which models are made, compiled and trained on several devices.

    The context yields whether this process is the first of those that train together. Only the
    first one writes files. It does so after the context, since within it all processes share the
    work on a model.

    The batch size, the learning rate and the seeds describe the complete training. Two devices with
    half of each batch do the same as one with all of it. Each device must get equally many rows of
    every batch. Each process takes its own rows of arrays and of `zoo.data`; any other input of
    `fit` must hold the rows of its process alone.

    Args:
        devices: the number of devices of all machines together; `"auto"` for all accelerators.
            `None` follows the environment: the processes of `torchrun`, the workers of `TF_CONFIG`,
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
    """Start the processes of a distributed run, and end this program when they end.

    Nothing happens where devices are no processes, or where the processes are started already.

    Args:
        devices: see `distribute`.
        batch_size: the batch size of all processes together.
        command: the arguments of Python in each process.
        environment: variables that are added to this process's environment.

    Raises:
        ArgumentError: if there are not that many devices, or they cannot share a batch.
    """
    processes = _backend.to_launch(_checked(devices))
    if processes > 1:
        check_divides(batch_size, processes)
        os.environ.update(environment)
        _backend.launch(processes, command)


def check_divides(batch_size: int, devices: int) -> None:
    """Raise an `ArgumentError` unless all devices get equally many rows of a batch."""
    if batch_size % devices:
        raise ArgumentError(
            f"batch_size must be a multiple of the number of devices, {devices}. Received: "
            f"{batch_size}."
        )


def is_chief() -> bool:
    """Return whether this process writes files and messages for all that train together."""
    return process()[0] == 0


def agreed(claim: bool) -> bool:
    """Return whether any of the processes that train together makes the claim.

    All of them must call it at the same place between two steps.
    """
    return bool(total(np.float32([claim]))[0])


def total(values: np.ndarray) -> np.ndarray:
    """Return the sum of a float32 array over the processes that train together.

    All of them must call it at the same place between two steps.
    """
    return values if process()[1] == 1 else _backend.total(values)


def averaged(values: list) -> list:
    """Return the means over replicas of floating-point tensors, by one reduction of all numbers."""
    if replicas() == 1 or not values:
        return values
    # Several reductions would need the same order on all replicas; one reduction has no order.
    flat = [ops.reshape(ops.cast(value, "float32"), (-1,)) for value in values]
    flat = all_reduce_mean(ops.concatenate(flat))
    means, start = [], 0
    for value in values:
        stop = start + math.prod(value.shape)
        means.append(ops.cast(ops.reshape(flat[start:stop], value.shape), value.dtype))
        start = stop
    return means


def _checked(devices: int | str | None) -> int | str | None:
    """Return `devices`, or raise an `ArgumentError` for a wrong value."""
    if devices is None or devices == "auto":
        return devices
    if isinstance(devices, str):
        raise ArgumentError(f"devices must be a number or 'auto'. Received: {devices!r}.")
    return check_count("devices", devices)
