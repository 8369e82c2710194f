"""Operations with numbers that lie on the host: numbers of Python, and seeds.

`keras.ops` is for tensors. On PyTorch it would copy each number to the device in each step, and
wait for the device to read each seed. Compiled steps hold numbers as constants.

- `cast(x, dtype)` returns `x`, a number or a tensor, for arithmetic with tensors of `dtype`.
- `clamp(x, low=None, high=None)` returns the tensor `x` with its numbers between `low` and `high`.
- `fill(x, where, number)` returns the tensor `x` with `number` where the tensor `where` is true.
- `add_to(variable, number)` adds `number` to a variable.
- `normal(shape, seed)` and `uniform(shape, seed)` return float32 numbers from N(0, 1) and [0, 1),
  those of `keras.random`, also where XLA compiles the step. The seed is an integer or a
  `keras.random.SeedGenerator`.
- `on_host()` is a context in which the state of a seed generator is made on the host.
"""

import keras

if keras.backend.backend() == "torch":
    from zoo.engine.scalars import torch as _backend
elif keras.backend.backend() == "tensorflow":
    from zoo.engine.scalars import tensorflow as _backend
else:
    from zoo.engine.scalars import compiled as _backend

add_to = _backend.add_to
cast = _backend.cast
clamp = _backend.clamp
fill = _backend.fill
normal = _backend.normal
on_host = _backend.on_host
uniform = _backend.uniform

__all__ = ["add_to", "cast", "clamp", "fill", "normal", "on_host", "uniform"]
