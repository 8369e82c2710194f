"""The operations on PyTorch, whose own functions take numbers without a copy to the device."""

from __future__ import annotations

import torch
from keras import ops

from zoo.engine.torch.tape import as_one


def clamp(x, low: float | None = None, high: float | None = None):
    return x.clamp(low, high)


def cast(x, dtype: str):
    return x if isinstance(x, int | float) else ops.cast(x, dtype)


def fill(x, where, number: float):
    return x.masked_fill(where, number)


def add_to(variable, number: int) -> None:
    with torch.no_grad():
        variable.value.add_(number)


def sent(values):
    device = ops.empty(()).device
    if device.type != "cuda":
        return ops.convert_to_tensor(values)
    values = torch.as_tensor(values)
    # From memory that the system does not move the copy does not wait for the work before it.
    values = values.pin_memory() if values.device.type == "cpu" else values
    return values.to(device, non_blocking=True)


def blend(means, weights, decay) -> None:
    values, others = ([v.value.detach() for v in each] for each in (means, weights))
    kinds = {(x.device.type, x.dtype) for x in (*values, *others)}
    if kinds == {("cpu", torch.float32)}:
        as_one(_blended, values, others, decay)
        return
    for mean, value, other in zip(means, values, others, strict=True):
        mean.assign(other + (value - other) * cast(decay, mean.dtype))


def _blended(means, weights, decay) -> None:
    """Blend all in one operation of PyTorch, whose share is a number of the host."""
    torch._foreach_lerp_(means, weights, 1.0 - float(decay))
