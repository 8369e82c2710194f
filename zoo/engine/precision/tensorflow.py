"""The precision on TensorFlow, a setting of the process."""

from __future__ import annotations

import contextlib
from collections.abc import Iterator

import tensorflow as tf

_settings = tf.config.experimental


@contextlib.contextmanager
def exact_float32() -> Iterator[None]:
    before = _settings.tensor_float_32_execution_enabled()
    _settings.enable_tensor_float_32_execution(False)
    try:
        yield
    finally:
        _settings.enable_tensor_float_32_execution(before)


def uses_tf32() -> bool:
    gpus = tf.config.get_visible_devices("GPU")
    details = [_settings.get_device_details(gpu) for gpu in gpus]
    can = any(each.get("compute_capability", (0,)) >= (8,) for each in details)
    return can and _settings.tensor_float_32_execution_enabled()
