"""Parallel training on PyTorch by `torch.distributed`.

Each device has a process, which `torchrun` starts.
"""

from __future__ import annotations

import contextlib
import os
import sys
from collections.abc import Iterator, Sequence
from typing import NoReturn

import numpy as np
import torch
from torch import distributed

from zoo.errors import ArgumentError


def _process_count(devices: int | str | None) -> int:
    """Return the number of processes that there must be.

    Raises:
        ArgumentError: if another number was started, or there are too few GPUs.
    """
    given = started()[1] if _is_started() else None
    gpus = accelerators()
    if devices is None:
        return given or 1
    if devices == "auto":
        return given or gpus or 1
    if given not in (None, devices):
        raise ArgumentError(
            f"devices must be the number of processes that torchrun has started, {given}. "
            f"Received: {devices}."
        )
    if given is None and gpus and devices > gpus:
        raise ArgumentError(
            f"devices must be at most the number of GPUs, {gpus}. Received: {devices}."
        )
    return devices


def _is_started() -> bool:
    """Return whether a launcher has started this process as one of several."""
    return "RANK" in os.environ and "WORLD_SIZE" in os.environ


def started() -> tuple[int, int]:
    return int(os.environ.get("RANK", 0)), int(os.environ.get("WORLD_SIZE", 1))


def accelerators() -> int:
    return torch.cuda.device_count()


def to_launch(devices: int | str | None) -> int:
    return 1 if _is_started() else _process_count(devices)


def launch(processes: int, command: list[str]) -> NoReturn:
    from torch.distributed import run
    from torch.distributed.elastic.multiprocessing.api import SignalException
    from torch.distributed.elastic.multiprocessing.errors import ChildFailedError

    sys.stdout.flush()
    try:
        run.main(["--standalone", "--nproc-per-node", str(processes), *command])
    except SignalException as error:  # the launcher passed the signal on and waited
        sys.exit(128 + error.sigval)
    except ChildFailedError as error:  # the process has printed its error
        sys.exit(abs(error.get_first_failure()[1].exitcode))
    sys.exit()


@contextlib.contextmanager
def distribute(devices: int | str | None) -> Iterator[None]:
    processes = _process_count(devices)
    if processes == 1 or distributed.is_initialized():
        yield
        return
    if not _is_started():
        raise ArgumentError(
            f"devices={devices} on PyTorch are as many processes, which torchrun starts: torchrun "
            f"--nproc-per-node {processes} PROGRAM. (`zoo train --distribute {processes}` does so "
            "itself.)"
        )
    local = int(os.environ.get("LOCAL_RANK", 0))
    if torch.cuda.is_available():
        if local >= torch.cuda.device_count():
            raise ArgumentError(
                "torchrun has started more processes on this machine than it has GPUs, "
                f"{torch.cuda.device_count()}."
            )
        torch.cuda.set_device(local)
    # Seeds and flags lie on the host, also where the rest lies on GPUs.
    backend = "cpu:gloo,cuda:nccl" if torch.cuda.is_available() else "gloo"
    store, rank, count = next(distributed.rendezvous("env://"))
    # Processes that torchrun has started anew share a store with the dead ones, whose addresses
    # lie there.
    attempt = os.environ.get("TORCHELASTIC_RESTART_COUNT", "0")
    store = distributed.PrefixStore(f"attempt {attempt}", store)
    distributed.init_process_group(backend, store=store, rank=rank, world_size=count)
    yield
    distributed.destroy_process_group()  # after an error the others may never arrive here


def alone() -> contextlib.AbstractContextManager:
    return contextlib.nullcontext()


def process() -> tuple[int, int]:
    if distributed.is_available() and distributed.is_initialized():
        return distributed.get_rank(), distributed.get_world_size()
    return 0, 1


def devices() -> int:
    return process()[1]


def replicas() -> int:
    return process()[1]


def replica() -> int:
    return process()[0]


class _Mean(torch.autograd.Function):
    """The mean over replicas, whose gradient is the mean over replicas again."""

    @staticmethod
    def forward(ctx, x):
        x = x.clone(memory_format=torch.contiguous_format)
        distributed.all_reduce(x)
        return x / replicas()

    @staticmethod
    def backward(ctx, grad):
        return _Mean.apply(grad)


def all_reduce_mean(x):
    return x if replicas() == 1 else _Mean.apply(x)


def equalize(variables: Sequence) -> None:
    if replicas() > 1:
        for variable in variables:
            distributed.broadcast(variable.value.detach(), src=0)


def total(values: np.ndarray) -> np.ndarray:
    numbers = torch.from_numpy(values.copy())  # on the host, which waits for no device
    distributed.all_reduce(numbers)
    return numbers.numpy()
