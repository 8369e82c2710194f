"""Parallel training on TensorFlow.

`tf.distribute.MirroredStrategy` copies the model to the devices of one machine. On several
machines, named by `TF_CONFIG`, each worker has a model of its own, and collective operations
average over them. (`fit` in the scope of `MultiWorkerMirroredStrategy` fails in Keras 3.15 for
every model. Here that strategy only starts the runtime of the collective operations.)
"""

from __future__ import annotations

import contextlib
import itertools
import json
import os
from collections.abc import Iterator, Sequence

import numpy as np
import tensorflow as tf

from zoo.errors import ArgumentError

GROUP = 1_000  # the key of the workers' group; the strategy counts its own keys from 1


class _Workers:
    """The workers of several machines."""

    index, count = 0, 1
    keys = itertools.count(GROUP)  # equal on all workers, which trace in the same order
    token: tf.Variable  # it keeps the collective operations in their order

    def start(self, index: int, count: int) -> None:
        """Start the runtime of collective operations."""
        try:
            tf.distribute.MultiWorkerMirroredStrategy()
        except RuntimeError as error:
            raise _too_late("the workers of TF_CONFIG") from error
        self.index, self.count = index, count
        self.token = tf.Variable(0.0, trainable=False, name="order_of_collectives")
        self.total = tf.function(self.sum)  # traced once, so that it has one key

    def sum(self, x):
        """Return the sum of `x` over the workers."""
        return tf.raw_ops.CollectiveReduceV2(
            input=x,
            group_size=self.count,
            group_key=GROUP,
            instance_key=next(self.keys),
            ordering_token=[self.token.handle],
            merge_op="Add",
            final_op="Id",
        )

    def mean(self, x):
        """Return the mean of `x` over the workers, differentiable any number of times."""

        @tf.custom_gradient
        def mean(x):
            return self.sum(x) / self.count, self.mean

        return mean(x)


_workers = _Workers()


def to_launch(devices: int | str | None) -> int:
    return 1


def launch(processes: int, command: list[str]) -> None:
    raise NotImplementedError  # one process has all devices of a machine


@contextlib.contextmanager
def distribute(devices: int | str | None) -> Iterator[None]:
    index, count = started()
    if count > 1:
        if devices not in (None, "auto", count):
            raise ArgumentError(
                f"devices must be the number of workers of TF_CONFIG, {count}. Received: {devices}."
            )
        if _workers.count == 1:
            _workers.start(index, count)
        yield
        _workers.sum(tf.constant(0.0))  # the workers leave together
        return
    names = _names(devices)
    if len(names) == 1 or tf.distribute.has_strategy():
        yield
        return
    with tf.distribute.MirroredStrategy(names).scope():
        yield


def started() -> tuple[int, int]:
    text = os.environ.get("TF_CONFIG") or "{}"
    try:
        config = json.loads(text)
    except ValueError as error:
        raise ArgumentError(f"TF_CONFIG must be JSON ({error}). Received: {text!r}.") from error
    tasks = [
        (kind, index)
        for kind in ("chief", "worker")
        for index in range(len(config.get("cluster", {}).get(kind, ())))
    ]
    if len(tasks) < 2:
        return 0, 1
    task = config.get("task", {})
    mine = (task.get("type"), int(task.get("index", -1)))
    if mine not in tasks:
        raise ArgumentError(f"The task of TF_CONFIG must be one of {tasks}. Received: {mine}.")
    return tasks.index(mine), len(tasks)


def _names(devices: int | str | None) -> list[str]:
    """Return the names of the devices of this machine to use."""
    gpus = accelerators()
    if devices is None or devices == "auto":
        devices = (gpus if devices else 0) or 1
    if not gpus and devices > 1:
        _divide_cpu(devices)
    if gpus and devices > gpus:
        raise ArgumentError(
            f"devices must be at most the number of GPUs, {gpus}. Received: {devices}."
        )
    return [f"{'GPU' if gpus else 'CPU'}:{i}" for i in range(devices)]


def _divide_cpu(devices: int) -> None:
    """Divide the CPU into that many logical devices."""
    (cpu,) = tf.config.list_physical_devices("CPU")
    logical = tf.config.get_logical_device_configuration(cpu) or [None]
    if len(logical) < devices:
        try:
            parts = [tf.config.LogicalDeviceConfiguration()] * devices
            tf.config.set_logical_device_configuration(cpu, parts)
        except RuntimeError as error:
            raise _too_late(f"{devices} parts of the CPU") from error


def _too_late(devices: str) -> ArgumentError:
    """Return the error for devices that TensorFlow cannot set up any more."""
    return ArgumentError(
        f"devices cannot be {devices} any more, since TensorFlow has computed already. Call "
        "distribute() first."
    )


def _replica_context():
    """Return the context of this copy of the model, or `None` if there is one copy."""
    context = tf.distribute.get_replica_context()
    return context if context is not None and context.num_replicas_in_sync > 1 else None


def alone() -> contextlib.AbstractContextManager:
    return contextlib.nullcontext()


def accelerators() -> int:
    return len(tf.config.list_physical_devices("GPU"))


def process() -> tuple[int, int]:
    return _workers.index, _workers.count


def devices() -> int:
    return tf.distribute.get_strategy().num_replicas_in_sync * _workers.count


def replicas() -> int:
    context = _replica_context()
    return _workers.count if context is None else context.num_replicas_in_sync


def replica() -> int:
    context = _replica_context()
    return _workers.index if context is None else context.replica_id_in_sync_group


def all_reduce_mean(x):
    context = _replica_context()
    if context is not None:
        return context.all_reduce(tf.distribute.ReduceOp.MEAN, x)
    return x if _workers.count == 1 else _workers.mean(tf.convert_to_tensor(x))


def equalize(variables: Sequence) -> None:
    if _workers.count == 1:
        return
    for variable in variables:
        value = tf.convert_to_tensor(variable.value)
        # Not every device sums half precision, bytes and the like.
        carrier = tf.float32 if value.dtype.is_floating else tf.int64
        sent = tf.cast(value, carrier)
        total = _workers.sum(sent if _workers.index == 0 else tf.zeros_like(sent))
        variable.assign(tf.cast(total, value.dtype))


def total(values: np.ndarray) -> np.ndarray:
    return _workers.total(tf.constant(values)).numpy()
