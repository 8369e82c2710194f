"""Kernels: what most of a step's time goes into, in the fastest exact form of each backend.

All take images `(batch, height, width, channels)` and Keras's layouts of weights, pad as Keras's
`"same"` does, and give what Keras's own operations give, to rounding; all can be differentiated
twice.

- `convolution(x, kernel, bias, strides)`: kernel `(height, width, inputs, outputs)`; `bias` may be
  `None`.
- `transposed_convolution(x, kernel, bias, strides)`: kernel `(height, width, outputs, inputs)`.
- `batch_norm(x, gamma, beta, epsilon)`: of `x`, of two or four axes, over all but the last; gives
  the normalized `x`, in its dtype, and the batch's mean and variance (biased), in float32. `gamma`
  and `beta` are float32.
"""

import keras

if keras.backend.backend() == "tensorflow":
    from zoo.engine.kernels import tensorflow as _backend
elif keras.backend.backend() == "jax":
    from zoo.engine.kernels import jax as _backend
else:
    from zoo.engine.kernels import torch as _backend

batch_norm = _backend.batch_norm
convolution = _backend.convolution
transposed_convolution = _backend.transposed_convolution

__all__ = ["batch_norm", "convolution", "transposed_convolution"]
