"""The operations that take most of a step's time, in the fastest exact form of each backend.

All take images `(batch, height, width, channels)` and Keras's layouts of weights. They pad like
Keras's `"same"` if nothing else is said, and agree with Keras's own operations up to rounding. All
can be differentiated twice.

- `convolution(x, kernel, bias, strides)` takes a kernel `(height, width, inputs, outputs)`; `bias`
  may be `None`.
- `transposed_convolution(x, kernel, bias, strides)` takes a kernel
  `(height, width, outputs, inputs)`; `bias` may be `None`.
- `unpadded_convolution(x, kernel, strides)` is a convolution that pads nothing, like `"valid"`.
- `batch_norm(x, gamma, beta, epsilon)` normalizes `x`, of two or four axes, over all axes but the
  last. It returns the normalized `x`, in its dtype, and the batch's mean and variance (biased), in
  float32. `gamma` and `beta` are float32.
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
unpadded_convolution = _backend.unpadded_convolution

__all__ = ["batch_norm", "convolution", "transposed_convolution", "unpadded_convolution"]
