"""JAX: one program sees whole batches, which `keras.distribution` spreads over the devices of all
processes."""

from __future__ import annotations

import contextlib
import os
from collections.abc import Iterator, Sequence

import jax
import keras
import numpy as np

from zoo.errors import ArgumentError

# Any of these says that there are several processes.
ADDRESSES = ("KERAS_DISTRIBUTION_JOB_ADDRESSES", "JAX_COORDINATOR_ADDRESS")


def to_launch(devices: int | str | None) -> int:
    return 1


def launch(processes: int, command: list[str]) -> None:
    raise NotImplementedError  # one process has all devices of a machine


@contextlib.contextmanager
def distribute(devices: int | str | None) -> Iterator[None]:
    several = any(name in os.environ for name in ADDRESSES)
    processes = int(os.environ.get("KERAS_DISTRIBUTION_NUM_PROCESSES", 1))
    if processes > 1 and not several:  # each would train by itself
        raise ArgumentError(
            f"KERAS_DISTRIBUTION_NUM_PROCESSES={processes} needs {ADDRESSES[0]} beside it, where "
            "the processes meet."
        )
    if isinstance(devices, int):
        _prepare_cpus(devices, processes)
    if several and not jax.distributed.is_initialized():
        keras.distribution.initialize()
    found = jax.devices()
    if not isinstance(devices, int):
        devices = len(found) if several or devices == "auto" else 1
    if devices > len(found) or (several and devices < len(found)):
        raise ArgumentError(
            f"devices must be {'' if several else 'at most '}the number of {found[0].platform} "
            f"devices of JAX, {len(found)}. Received: {devices}."
            + (" On CPUs this must be said before JAX computes." if len(found) == 1 else "")
        )
    if devices == 1:
        yield
        return
    names = [f"{device.platform}:{device.id}" for device in found[:devices]]
    with keras.distribution.DataParallel(devices=names, auto_shard_dataset=False).scope():
        yield
    if several:
        jax.distributed.shutdown()  # together: one that goes on alone is not waited for


def _prepare_cpus(devices: int, processes: int) -> None:
    """Makes so many devices of the CPUs, which are one for JAX unless it is told otherwise."""
    if "xla_force_host_platform_device_count" in os.environ.get("XLA_FLAGS", ""):
        return
    # Where JAX computes already it is too late; what there is will be counted.
    with contextlib.suppress(RuntimeError):
        jax.config.update("jax_num_cpu_devices", -(-devices // processes))


@contextlib.contextmanager
def alone() -> Iterator[None]:
    # Where arrays are those of all processes, all must make them.
    before = keras.distribution.distribution()
    keras.distribution.set_distribution(None)
    try:
        yield
    finally:
        keras.distribution.set_distribution(before)


def process() -> tuple[int, int]:
    if not jax.distributed.is_initialized():
        return 0, 1  # without asking JAX, which would settle what devices there are
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
    pass  # to make an array of several processes, JAX asks that they give the same numbers


def total(number: float) -> float:
    from jax.experimental import multihost_utils  # half a second, for several processes alone

    return float(multihost_utils.process_allgather(np.float32(number)).sum())
