"""A device of PyTorch that is not the CPU, on a machine without one.

PyTorch's own hooks for backends made in Python register a device, `fakegpu`. A tensor of it is a
wrapper around one of the CPU and has real values; an operation on both a CPU tensor and one of the
device fails as it does with CUDA, so does `.numpy()`, and every copy between the two is written
down with the line that asked for it: on CUDA each waits for the device. `families.py`
trains on it.

It works with torch 2.13, whose registration of such devices is experimental, and needs a process of
its own: the device and the backend are global. It cannot see kernels that CUDA lacks, the order of
streams, TF32, speed and NCCL.
"""

from __future__ import annotations

import collections
import contextlib
import os
import traceback
from typing import ClassVar

os.environ["KERAS_BACKEND"] = "torch"
os.environ["KERAS_TORCH_DEVICE"] = "cpu"

import torch
from torch.utils import _pytree as pytree
from torch.utils._python_dispatch import return_and_correct_aliasing
from torch.utils.backend_registration import _setup_privateuseone_for_python_backend

NAME = "fakegpu"
aten = torch.ops.aten
# Whose result has a size, or is a Python value, that only the device knows: CUDA is waited for.
WAITING = {"nonzero", "masked_select", "_unique2", "unique_dim", "unique_consecutive", "equal",
           "is_nonzero", "repeat_interleave"}  # fmt: skip
# Which CUDA lets read a CPU tensor: copies, and indexing by one.
MIXING = {"copy_", "_to_copy", "index", "index_put", "index_put_", "_index_put_impl_", "set_"}


class Transfers:
    """What crossed between the device and the host, by the lines that asked for it."""

    def __init__(self):
        self.on, self.found = False, collections.Counter()

    def add(self, kind: str, what: str) -> None:
        if self.on:
            self.found[kind, what, _asked()] += 1

    @contextlib.contextmanager
    def counted(self):
        self.on, self.found = True, collections.Counter()
        try:
            yield self.found
        finally:
            self.on = False


transfers = Transfers()


def _asked() -> str:
    """The innermost line of zoo, and the innermost one of Keras below it."""
    zoo_line = keras_line = ""
    for frame in reversed(traceback.extract_stack()):
        path = frame.filename
        if "/keras/" in path and not keras_line and "core.py" not in path:
            keras_line = f"keras{path.rpartition('/keras')[2]}:{frame.lineno}"
        if "/zoo/" in path:
            zoo_line = f"zoo{path.rpartition('/zoo')[2]}:{frame.lineno}"
            break
    return f"{zoo_line:40} {keras_line}"


class OnDevice(torch.Tensor):
    @staticmethod
    def __new__(cls, held: torch.Tensor):
        return torch.Tensor._make_wrapper_subclass(
            cls,
            held.size(),
            strides=held.stride(),
            storage_offset=held.storage_offset(),
            dtype=held.dtype,
            device=torch.device(NAME, 0),
        )

    def __init__(self, held: torch.Tensor):
        self.held = held

    def __repr__(self):
        return f"OnDevice({tuple(self.shape)}, {self.dtype})"

    @classmethod
    def __torch_dispatch__(cls, func, types, args=(), kwargs=None):
        return compute(func, args, kwargs or {})

    __torch_function__ = torch._C._disabled_torch_function_impl


class Generator(torch._C.Generator):
    """Of the device, by the numbers of the CPU's. An operation sees another object around it."""

    devices: ClassVar[dict[int, str]] = {}

    def __new__(cls, device="cpu"):
        made = super().__new__(cls)
        cls.devices[made._cdata] = torch.device(device).type
        return made


def compute(func, args, kwargs):
    """`func` on what the tensors hold, as the device would have it."""
    flat, spec = pytree.tree_flatten((args, kwargs))
    tensors = [x for x in flat if isinstance(x, torch.Tensor)]
    ours = [x for x in tensors if isinstance(x, OnDevice)]
    host = [x for x in tensors if not isinstance(x, OnDevice) and x.device.type == "cpu"]
    name = func.name().removeprefix("aten::").partition(".")[0]
    device = kwargs.get("device")
    to_host = name == "_to_copy" and device is not None and torch.device(device).type == "cpu"
    if ours and name not in MIXING and any(x.ndim for x in host):
        where = ", ".join(f"{tuple(x.shape)} on {x.device}" for x in tensors)
        raise RuntimeError(f"Expected all tensors to be on the same device. {name}: {where}")
    if ours and host and name in ("index", "index_put", "index_put_", "_index_put_impl_"):
        if host[0] is tensors[0]:
            raise RuntimeError("indices should be either on cpu or on the same device")
        transfers.add("to device", name)
    for x in flat:
        if isinstance(x, torch._C.Generator) and Generator.devices.get(x._cdata) != NAME:
            raise RuntimeError(f"Expected a '{NAME}' device type for generator, but found 'cpu'")
    if name == "_local_scalar_dense" or to_host or name in WAITING:
        transfers.add("to host", name)
    elif name in ("index", "index_put", "index_put_") and any(
        x is not None and x.dtype in (torch.bool, torch.uint8) for x in args[1]
    ):
        transfers.add("to host", f"{name} by a mask")
    elif name == "copy_" and host:
        transfers.add("to host" if host[0] is args[0] else "to device", name)
    held = [
        x.held if isinstance(x, OnDevice) else _cpu(x) if isinstance(x, torch.device) else x
        for x in flat
    ]
    args_held, kwargs_held = pytree.tree_unflatten(held, spec)
    out = func(*args_held, **kwargs_held)
    if to_host or (name == "copy_" and not isinstance(args[0], OnDevice)):
        return out
    out = pytree.tree_map_only(torch.Tensor, OnDevice, out)
    return return_and_correct_aliasing(func, args, kwargs, out) if ours else out


def _cpu(device: torch.device) -> torch.device:
    return torch.device("cpu") if device.type == NAME else device


def register() -> list:
    """Makes the device known to PyTorch; what is returned must be kept."""
    _setup_privateuseone_for_python_backend(NAME)
    made, own = torch.library.Library("_", "IMPL"), torch.library.Library("aten", "IMPL")
    made.fallback(lambda op, *args, **kwargs: compute(op, args, kwargs), "PrivateUse1")
    # What `torch.as_tensor` calls past `__torch_dispatch__`.
    own.impl("copy_", lambda *a, **k: compute(aten.copy_.default, a, k), "PrivateUse1")
    torch.Generator = Generator
    return [made, own]
