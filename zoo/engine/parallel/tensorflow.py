"""TensorFlow: `tf.distribute.MirroredStrategy` copies the model to the devices of one machine. On
several machines, named by `TF_CONFIG`, each worker has a model of its own, and collective
operations average.

(`fit` in the scope of `MultiWorkerMirroredStrategy` fails in Keras 3.15 for every model: it is made
only to start the runtime of those operations.)
"""

from __future__ import annotations

import contextlib
import itertools
import json
import os
from collections.abc import Iterator, Sequence

import tensorflow as tf

from zoo.errors import ArgumentError

GROUP = 1_000  # of the workers; the strategy counts its own from 1


class _Workers:
    """Those of several machines."""

    index, count = 0, 1
    keys = itertools.count(GROUP)  # traced in the same order everywhere, so the same everywhere
    token: tf.Variable  # through which collective operations keep their order

    def start(self, index: int, count: int) -> None:
        try:
            tf.distribute.MultiWorkerMirroredStrategy()
        except RuntimeError as error:
            raise _too_late("the workers of TF_CONFIG") from error
        self.index, self.count = index, count
        self.token = tf.Variable(0.0, trainable=False, name="order_of_collectives")
        self.total = tf.function(self.sum)  # traced once: of one key, however often it is asked

    def sum(self, x):
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
    index, count = _cluster()
    if count > 1:
        if devices not in (None, "auto", count):
            raise ArgumentError(
                f"devices must be the number of workers of TF_CONFIG, {count}. Received: {devices}."
            )
        if _workers.count == 1:
            _workers.start(index, count)
        yield
        _workers.sum(tf.constant(0.0))  # all leave together
        return
    names = _names(devices)
    if len(names) == 1 or tf.distribute.has_strategy():
        yield
        return
    with tf.distribute.MirroredStrategy(names).scope():
        yield


def _cluster() -> tuple[int, int]:
    """This worker's number and how many there are, as `TF_CONFIG` says."""
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
    """The devices of this machine that are used."""
    gpus = len(tf.config.list_physical_devices("GPU"))
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
    """Makes so many logical devices of the CPU."""
    (cpu,) = tf.config.list_physical_devices("CPU")
    logical = tf.config.get_logical_device_configuration(cpu) or [None]
    if len(logical) < devices:
        try:
            parts = [tf.config.LogicalDeviceConfiguration()] * devices
            tf.config.set_logical_device_configuration(cpu, parts)
        except RuntimeError as error:
            raise _too_late(f"{devices} parts of the CPU") from error


def _too_late(what: str) -> ArgumentError:
    return ArgumentError(
        f"devices cannot be {what} any more, since TensorFlow has computed already. Call "
        "distribute() first."
    )


def _context():
    """The context of this copy of the model, where there are several."""
    context = tf.distribute.get_replica_context()
    return context if context is not None and context.num_replicas_in_sync > 1 else None


def alone() -> contextlib.AbstractContextManager:
    return contextlib.nullcontext()


def process() -> tuple[int, int]:
    return _workers.index, _workers.count


def devices() -> int:
    return tf.distribute.get_strategy().num_replicas_in_sync * _workers.count


def replicas() -> int:
    context = _context()
    return _workers.count if context is None else context.num_replicas_in_sync


def replica() -> int:
    context = _context()
    return _workers.index if context is None else context.replica_id_in_sync_group


def all_reduce_mean(x):
    context = _context()
    if context is not None:
        return context.all_reduce(tf.distribute.ReduceOp.MEAN, x)
    return x if _workers.count == 1 else _workers.mean(tf.convert_to_tensor(x))


def equalize(variables: Sequence) -> None:
    if _workers.count == 1:
        return
    for variable in variables:
        value = tf.convert_to_tensor(variable.value)
        # Half precision, bytes and the like are carried by types that are summed everywhere.
        carrier = tf.float32 if value.dtype.is_floating else tf.int64
        sent = tf.cast(value, carrier)
        total = _workers.sum(sent if _workers.index == 0 else tf.zeros_like(sent))
        variable.assign(tf.cast(total, value.dtype))


def total(number: float) -> float:
    return float(_workers.total(tf.constant(number, tf.float32)))
