"""The engine: the only floor that knows TensorFlow, JAX or PyTorch.

An algorithm is written once, statefully, on `keras.ops`, and calls what the chosen backend's file
exports:

- `value_and_grad(loss_fn, variables)`: `loss_fn() -> (loss, aux)` with a scalar loss; returns
  `((loss, aux), grads)`, the gradients with respect to exactly those variables. What `loss_fn`
  assigns (batch-norm statistics, seed generators) persists. A variable that the loss does not
  depend on gets zeros.
- `gradient(fn, x, has_aux=False)`: d sum(fn(x)) / dx, of the shape of `x`, differentiable again;
  with `has_aux`, `fn(x) -> (y, aux)`, and the result is `(d sum(y) / dx, aux)`.
- `apply_gradients(optimizer, grads, variables)`: one step of a Keras optimizer.
- `compiled(fn, variables)`: `fn` as an inference function, jitted where that is faster;
  `variables` are all that it reads or assigns.
- `to_numpy(x)`: what a compiled function returned as an array to read, copied only where it
  must be: from another device, or of another type.
- `feed(batches, start=0)`: an endless stream of NumPy batches of one shape (a generator, a grain
  dataset, or from step `start` on what has `stream(start)`, such as `zoo.data.Batches`), in the
  form that this backend's `fit` reads fastest.
- `synchronize(model)`: makes the variables of a model hold its newest state, also in the middle of
  `fit`.
- `jit_by_default()`: whether `jit_compile="auto"` means compilation with XLA for this backend and
  device.
- `keep_memory()`: tells the C library's allocator to keep what a step frees, for the next one.
- `device()`: what the backend computes on, `"CPU"` or the name of an accelerator.
- `StepAdaptor`: turns `training_logs(data)` and `validation_logs(data)` into this backend's
  `train_step` and `test_step`.

`zoo.engine.parallel` adds what training on several devices needs.
"""

import keras

if keras.backend.backend() == "tensorflow":
    from zoo.engine import tensorflow as _backend
elif keras.backend.backend() == "jax":
    from zoo.engine import jax as _backend
elif keras.backend.backend() == "torch":
    from zoo.engine import torch as _backend
else:
    raise ImportError(
        f"The Keras backend is {keras.backend.backend()!r}; zoo runs on 'tensorflow', 'jax' "
        "and 'torch'. "
        "Set the environment variable KERAS_BACKEND to one of them."
    )

from zoo.engine.allocator import keep_memory
from zoo.engine.parallel import (
    agreed,
    all_reduce_mean,
    alone,
    averaged,
    check_divides,
    devices,
    distribute,
    equalize,
    is_chief,
    launch,
    process,
    replica,
    replicas,
)

StepAdaptor = _backend.StepAdaptor
apply_gradients = _backend.apply_gradients
compiled = _backend.compiled
device = _backend.device
feed = _backend.feed
gradient = _backend.gradient
jit_by_default = _backend.jit_by_default
synchronize = _backend.synchronize
to_numpy = _backend.to_numpy
value_and_grad = _backend.value_and_grad

__all__ = [
    "StepAdaptor",
    "agreed",
    "all_reduce_mean",
    "alone",
    "apply_gradients",
    "averaged",
    "check_divides",
    "compiled",
    "device",
    "devices",
    "distribute",
    "equalize",
    "feed",
    "gradient",
    "is_chief",
    "jit_by_default",
    "keep_memory",
    "launch",
    "process",
    "replica",
    "replicas",
    "synchronize",
    "to_numpy",
    "value_and_grad",
]
