"""Operations with what lies on the host: numbers of Python, and batches.

`keras.ops` is for tensors: on PyTorch it would copy each number to the device in each step, and
each copy waits for the device. Compiled steps hold numbers as constants.

- `add_to(variable, number)` adds `number` to a variable.
- `blend(means, weights, decay)` assigns decay * mean + (1 - decay) * weight to each of
  the variables `means`, which are real numbers.
- `cast(x, dtype)` returns `x`, a number or a tensor, for arithmetic with tensors of `dtype`.
- `clamp(x, low=None, high=None)` returns the tensor `x` with its numbers between `low` and `high`.
- `fill(x, where, number)` returns the tensor `x` with `number` where the tensor `where` is true.
- `sent(values)` returns an array or a tensor of the host as a tensor of the device that computes.
"""

import keras

if keras.backend.backend() == "torch":
    from zoo.engine.scalars import torch as _backend
else:
    from zoo.engine.scalars import compiled as _backend

add_to = _backend.add_to
blend = _backend.blend
cast = _backend.cast
clamp = _backend.clamp
fill = _backend.fill
sent = _backend.sent

__all__ = ["add_to", "blend", "cast", "clamp", "fill", "sent"]
