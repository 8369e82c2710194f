"""The precision on PyTorch, settings of the process for products and for convolutions."""

from __future__ import annotations

import contextlib
from collections.abc import Iterator

import torch
from keras import ops

_cudnn = torch.backends.cudnn
# PyTorch's older switch for cudnn cannot be read where the last two differ.
_settings = (torch.backends.cuda.matmul, _cudnn.conv, _cudnn.rnn)


@contextlib.contextmanager
def exact_float32() -> Iterator[None]:
    before = [each.fp32_precision for each in _settings]
    for each in _settings:
        each.fp32_precision = "ieee"
    try:
        yield
    finally:
        for each, value in zip(_settings, before, strict=True):
            each.fp32_precision = value


def uses_tf32() -> bool:
    device = ops.empty(()).device
    if device.type != "cuda" or torch.version.hip:
        return False
    can = torch.cuda.get_device_capability(device) >= (8, 0)
    return can and any(each.fp32_precision == "tf32" for each in _settings)
