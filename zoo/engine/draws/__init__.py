"""Random numbers of a step, from a seed that is read without a wait for the device.

- `normal(shape, seed)` and `uniform(shape, seed)` return float32 numbers from N(0, 1) and [0, 1),
  those of `keras.random`, also where XLA compiles the step. The seed is an integer or a
  `keras.random.SeedGenerator`.
- `on_host()` is a context in which the state of a seed generator is made where it is read so.
"""

import keras

if keras.backend.backend() == "tensorflow":
    from zoo.engine.draws import tensorflow as _backend
elif keras.backend.backend() == "jax":
    from zoo.engine.draws import jax as _backend
else:
    from zoo.engine.draws import torch as _backend

normal = _backend.normal
on_host = _backend.on_host
uniform = _backend.uniform

__all__ = ["normal", "on_host", "uniform"]
