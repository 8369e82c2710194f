"""Parallel training on JAX by `keras.distribution`.

One program sees complete batches, which are spread over the devices of all processes.
"""

from __future__ import annotations

import contextlib
import os
from collections.abc import Iterator, Sequence

import jax
import keras
import numpy as np

from zoo.errors import ArgumentError

# Each of these variables shows that there are several processes.
COUNT, INDEX = "KERAS_DISTRIBUTION_NUM_PROCESSES", "KERAS_DISTRIBUTION_PROCESS_ID"
ADDRESSES = ("KERAS_DISTRIBUTION_JOB_ADDRESSES", "JAX_COORDINATOR_ADDRESS")


def to_launch(devices: int | str | None) -> int:
    return 1


def launch(processes: int, command: list[str]) -> None:
    raise NotImplementedError  # one process has all devices of a machine


@contextlib.contextmanager
def distribute(devices: int | str | None) -> Iterator[None]:
    several = any(name in os.environ for name in ADDRESSES)
    _, processes = started()
    if processes > 1 and not several:  # each process would train by itself
        raise ArgumentError(
            f"{COUNT}={processes} needs {ADDRESSES[0]} beside it, where the processes meet."
        )
    if isinstance(devices, int):
        _prepare_cpus(devices, processes)
    if several and not jax.distributed.is_initialized():
        keras.distribution.initialize()
    available = jax.devices()
    if not isinstance(devices, int):
        devices = len(available) if several or devices == "auto" else 1
    if devices > len(available) or (several and devices < len(available)):
        raise ArgumentError(
            f"devices must be {'' if several else 'at most '}the number of {available[0].platform} "
            f"devices of JAX, {len(available)}. Received: {devices}."
            + (" On CPUs this must be said before JAX computes." if len(available) == 1 else "")
        )
    if devices == 1:
        yield
        return
    names = [f"{device.platform}:{device.id}" for device in available[:devices]]
    with keras.distribution.DataParallel(devices=names, auto_shard_dataset=False).scope():
        yield
    if several:
        # The processes leave together, since nobody waits for one that goes on alone.
        jax.distributed.shutdown()


def _prepare_cpus(devices: int, processes: int) -> None:
    """Make JAX see that many CPU devices, of which it sees one by default."""
    if "xla_force_host_platform_device_count" in os.environ.get("XLA_FLAGS", ""):
        return
    # JAX refuses if it has computed already; `distribute` then counts the devices that it has.
    with contextlib.suppress(RuntimeError):
        jax.config.update("jax_num_cpu_devices", -(-devices // processes))


@contextlib.contextmanager
def alone() -> Iterator[None]:
    # In a distribution all processes must take part in making an array.
    distribution = keras.distribution.distribution()
    keras.distribution.set_distribution(None)
    try:
        yield
    finally:
        keras.distribution.set_distribution(distribution)


def started() -> tuple[int, int]:
    return int(os.environ.get(INDEX, 0)), int(os.environ.get(COUNT, 1))


def accelerators() -> int:
    found = jax.devices()
    return 0 if found[0].platform == "cpu" else len(found)


def process() -> tuple[int, int]:
    if not jax.distributed.is_initialized():
        return 0, 1  # a question to JAX would fix its devices
    return jax.process_index(), jax.process_count()


def devices() -> int:
    distribution = keras.distribution.distribution()
    return 1 if distribution is None else distribution.num_model_replicas


def replicas() -> int:
    return 1


def replica() -> int:
    return 0


def all_reduce_mean(x):
    return x


def equalize(variables: Sequence) -> None:
    pass  # JAX only makes an array of several processes if they give the same numbers


def total(values: np.ndarray) -> np.ndarray:
    # The import takes half a second, and only several processes need it.
    from jax.experimental import multihost_utils

    return np.asarray(multihost_utils.process_allgather(values)).sum(axis=0)
