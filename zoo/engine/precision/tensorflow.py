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
    on_gpu = bool(tf.config.get_visible_devices("GPU"))
    return on_gpu and _settings.tensor_float_32_execution_enabled()
