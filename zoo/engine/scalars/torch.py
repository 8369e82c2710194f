"""The operations on PyTorch, whose own functions take numbers without a copy to the device."""

from __future__ import annotations

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


def sent(values):
    device = ops.empty(()).device
    if device.type != "cuda":
        return ops.convert_to_tensor(values)
    values = torch.as_tensor(values)
    # From memory that the system does not move the copy does not wait for the work before it.
    values = values.pin_memory() if values.device.type == "cpu" else values
    return values.to(device, non_blocking=True)
