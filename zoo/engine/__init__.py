"""The only package that imports TensorFlow, JAX or PyTorch.

An algorithm is written once, statefully, on `keras.ops`. It calls these functions of the chosen
backend:

- `value_and_grad(loss_fn, variables)` returns `((loss, aux), grads)`, where
  `loss_fn() -> (loss, aux)` gives a scalar loss and `grads` are the gradients with respect to
  exactly `variables`. Assignments within `loss_fn` persist, such as batch-norm statistics and seed
  generators. A variable that the loss does not depend on gets zeros.
- `gradient(fn, x, has_aux=False)` returns d sum(fn(x)) / dx, of the shape of `x`, which can be
  differentiated again. With `has_aux`, `fn(x) -> (y, aux)`, and the result is
  `(d sum(y) / dx, aux)`.
- `apply_gradients(optimizer, grads, variables)` takes one step of a Keras optimizer.
- `compiled(fn, model)` returns `fn` as an inference function, jitted where that is faster. It reads
  and assigns variables of `model` alone.
- `read_as_tensors(variables)` is a context in which the values of `variables` are tensors, of which
  Keras's gradients of 8-bit layers can be taken; nothing is assigned in it.
- `to_numpy(x)` returns the result of a compiled function as an array to read. It copies only from
  another device or type.
- `exact_float32()` is a context in which products of float32 are not rounded to TF32, as GPUs do by
  default; `uses_tf32()` tells whether they are.
- `feed(batches, start=0)` returns an endless stream of NumPy batches of one shape in the form that
  this backend's `fit` reads fastest. `batches` is a generator, a `PyDataset` or a grain dataset; an
  object with `stream(start)`, such as `zoo.data.Batches`, begins at the step `start`.
- `batches(stream)` returns the batches of a `zoo.engine.stream.Stream` as this backend's trainer
  reads them, and `reads_itself(source)` tells whether it reads those of `source` without Python.
- `computes_after_a_fork()` tells whether the child of a process that has computed can compute.
- `forget_kernels()` frees what the backend keeps of variables that are gone.
- `synchronize(model)` writes the newest state into the variables of a model, also during `fit`.
- `jit_by_default()` tells whether `jit_compile="auto"` means that steps are compiled with this
  backend and device: by XLA, or on PyTorch by capture and replay.
- `can_jit()` tells whether `jit_compile=True` can be met here.
- `is_out_of_memory(error)` tells whether `error` says that the device has no memory left.
- `use_onednn()` lets XLA compute with oneDNN on a CPU, where JAX has made no array yet, and returns
  whether the backend does. It is a setting of the process, `XLA_FLAGS`, in which nothing is
  overridden. `zoo train` makes it, and importing this package does not. TensorFlow has chosen when
  it was imported; PyTorch always does.
- `keep_memory()` makes the C library's allocator keep the memory of a step for the next one.
- `device()` returns the device that the backend computes on, `"CPU"` or the name of an accelerator.
- `StepAdaptor` turns `training_logs(data)` and `validation_logs(data)` into this backend's
  `train_step` and `test_step`.

`zoo.engine.parallel` adds functions for training on several devices.
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
from zoo.engine.differentiation import marked
from zoo.engine.parallel import (
    accelerators,
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
    started,
    total,
)
from zoo.engine.precision import exact_float32, uses_tf32

StepAdaptor = _backend.StepAdaptor
apply_gradients = _backend.apply_gradients
batches = _backend.batches
can_jit = _backend.can_jit
compiled = _backend.compiled
computes_after_a_fork = _backend.computes_after_a_fork
device = _backend.device
feed = _backend.feed
forget_kernels = _backend.forget_kernels
gradient = marked(_backend.gradient)
is_out_of_memory = _backend.is_out_of_memory
jit_by_default = _backend.jit_by_default
read_as_tensors = _backend.read_as_tensors
reads_itself = _backend.reads_itself
synchronize = _backend.synchronize
to_numpy = _backend.to_numpy
use_onednn = _backend.use_onednn
value_and_grad = _backend.value_and_grad

__all__ = [
    "StepAdaptor",
    "accelerators",
    "agreed",
    "all_reduce_mean",
    "alone",
    "apply_gradients",
    "averaged",
    "batches",
    "can_jit",
    "check_divides",
    "compiled",
    "computes_after_a_fork",
    "device",
    "devices",
    "distribute",
    "equalize",
    "exact_float32",
    "feed",
    "forget_kernels",
    "gradient",
    "is_chief",
    "is_out_of_memory",
    "jit_by_default",
    "keep_memory",
    "launch",
    "process",
    "read_as_tensors",
    "reads_itself",
    "replica",
    "replicas",
    "started",
    "synchronize",
    "to_numpy",
    "total",
    "use_onednn",
    "uses_tf32",
    "value_and_grad",
]
