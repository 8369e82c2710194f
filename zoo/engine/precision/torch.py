"""The precision on PyTorch, settings of the process for products and for convolutions."""

from __future__ import annotations

import contextlib
from collections.abc import Iterator

import torch
from keras import ops

_settings = (torch.backends.cuda.matmul, torch.backends.cudnn.conv)


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
    on_gpu = ops.empty(()).device.type == "cuda"
    return on_gpu and any(each.fp32_precision == "tf32" for each in _settings)
