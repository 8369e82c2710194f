"""The precision on PyTorch, settings of the process for products and for convolutions."""

from __future__ import annotations

import contextlib
from collections.abc import Iterator

import torch
from keras import ops

_cudnn = torch.backends.cudnn
_settings = (torch.backends.cuda.matmul, _cudnn.conv, _cudnn.rnn)
_of_all = (torch.backends, _cudnn)  # settings that those of value "none" follow


@contextlib.contextmanager
def exact_float32() -> Iterator[None]:
    before = [each.fp32_precision for each in _settings]
    if _are_tf32(_of_all):
        for each in _settings:
            each.fp32_precision = "ieee"
    else:  # so that PyTorch's older switches can still be read, which "ieee" forbids
        torch.backends.cuda.matmul.allow_tf32 = _cudnn.allow_tf32 = False
    try:
        yield
    finally:
        for each, value in zip(_settings, before, strict=True):
            each.fp32_precision = value


def uses_tf32() -> bool:
    device = ops.empty(()).device
    if device.type != "cuda" or torch.version.hip:
        return False
    return torch.cuda.get_device_capability(device) >= (8, 0) and _are_tf32(_settings + _of_all)


def _are_tf32(settings) -> bool:
    return any(each.fp32_precision == "tf32" for each in settings)
