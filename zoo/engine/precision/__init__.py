"""The precision of float32 products on an accelerator.

GPUs of NVIDIA since Ampere can multiply float32 matrices as TF32, with 10 bits of mantissa in place
of 23, several times as fast. TensorFlow and JAX do so by default, PyTorch in convolutions. On a CPU
nothing here changes a number.

- `exact_float32()` is a context in which products of float32 are float32.
- `uses_tf32()` tells whether products are TF32 now, on the device that computes.
"""

import keras

if keras.backend.backend() == "tensorflow":
    from zoo.engine.precision import tensorflow as _backend
elif keras.backend.backend() == "jax":
    from zoo.engine.precision import jax as _backend
else:
    from zoo.engine.precision import torch as _backend

exact_float32 = _backend.exact_float32
uses_tf32 = _backend.uses_tf32

__all__ = ["exact_float32", "uses_tf32"]
