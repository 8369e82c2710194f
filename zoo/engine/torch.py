"""The engine on PyTorch, by eager autograd.

A gradient that will be differentiated again keeps its graph.
"""

from __future__ import annotations

import contextlib
import math
from collections.abc import Callable, Sequence

import keras
import numpy as np
import torch

from zoo.engine.adam import is_plain_adam
from zoo.engine.scalars import add_to


def value_and_grad(loss_fn: Callable, variables: Sequence) -> tuple:
    parameters = [v.value for v in variables]
    # A callback may have frozen a weight in the middle of `fit`.
    frozen = [parameter for parameter in parameters if not parameter.requires_grad]
    for parameter in frozen:
        parameter.requires_grad_(True)
    try:
        with torch.enable_grad():
            loss, aux = loss_fn()
        grads = _grad(loss, parameters)
    finally:
        for parameter in frozen:
            parameter.requires_grad_(False)
    return (loss.detach(), keras.tree.map_structure(_detach, aux)), grads


def gradient(fn: Callable, x, has_aux: bool = False):
    with torch.enable_grad():
        # `x` becomes a leaf if nothing before it is differentiated. Else it stays the caller's
        # node, so that derivatives flow on through it.
        x = x if x.requires_grad else x.detach().requires_grad_()
        y, aux = fn(x) if has_aux else (fn(x), None)
        (grad,) = _grad(y.sum(), [x], create_graph=True)
    return (grad, aux) if has_aux else grad


def _grad(total, inputs: list, **kwargs) -> list:
    """Return the gradients, with zeros also where nothing depends on `inputs`."""
    if not inputs or not total.requires_grad:
        return [torch.zeros_like(x) for x in inputs]
    grads = torch.autograd.grad(total, inputs, allow_unused=True, materialize_grads=True, **kwargs)
    return list(grads)


def _detach(value):
    """Return a tensor without its graph, and anything else unchanged."""
    return value.detach() if isinstance(value, torch.Tensor) else value


def apply_gradients(optimizer, grads: Sequence, variables: Sequence) -> None:
    if not _adam_step(optimizer, grads, variables):
        optimizer.apply(grads, variables)


def _adam_step(optimizer, grads, variables) -> bool:
    """Take one step of Adam in one pass over the weights, where Keras makes a dozen.

    Returns:
        Whether the step was taken, which needs the paper's rule without any extra.
    """
    if not is_plain_adam(optimizer, variables):
        return False
    values = [v.value.detach() for v in variables]
    indices = [optimizer._get_variable_index(variable) for variable in variables]
    momentums = [optimizer._momentums[index].value for index in indices]
    velocities = [optimizer._velocities[index].value for index in indices]
    # Gradients of kernels have strides, which the fused operation ignores, and which take others
    # off their fast way.
    grads = [grad.contiguous() for grad in grads]
    on_cpu = all(value.device.type == "cpu" and value.is_contiguous() for value in values)
    step = _fused_adam_step if on_cpu else _adam_step_on_device
    step(optimizer, values, grads, momentums, velocities)
    return True


def _fused_adam_step(optimizer, values, grads, momentums, velocities) -> None:
    rate = float(optimizer.learning_rate)  # the rate of a schedule at this step
    add_to(optimizer.iterations, 1)
    steps = optimizer.iterations.value.float()
    torch._fused_adam_(
        values,
        grads,
        momentums,
        velocities,
        [],
        [steps] * len(values),
        lr=rate,
        beta1=optimizer.beta_1,
        beta2=optimizer.beta_2,
        weight_decay=0.0,
        # Keras adds epsilon before the bias correction of the second moment, PyTorch after it.
        eps=optimizer.epsilon / math.sqrt(1 - optimizer.beta_2 ** float(steps)),
        amsgrad=False,
        maximize=False,
    )


def _adam_step_on_device(optimizer, values, grads, momentums, velocities) -> None:
    """Take the same step, with a rate and a count that the host does not read."""
    rate = keras.ops.convert_to_tensor(optimizer.learning_rate)
    add_to(optimizer.iterations, 1)
    steps = optimizer.iterations.value.float()
    correction = torch.sqrt(1 - optimizer.beta_2**steps) / (1 - optimizer.beta_1**steps)
    torch._foreach_mul_(momentums, optimizer.beta_1)
    torch._foreach_add_(momentums, grads, alpha=1 - optimizer.beta_1)
    torch._foreach_mul_(velocities, optimizer.beta_2)
    torch._foreach_addcmul_(velocities, grads, grads, value=1 - optimizer.beta_2)
    roots = torch._foreach_sqrt(velocities)
    torch._foreach_add_(roots, optimizer.epsilon)
    changes = torch._foreach_div(momentums, roots)
    torch._foreach_mul_(changes, rate * correction)
    torch._foreach_sub_(values, changes)


def read_as_tensors(variables) -> contextlib.AbstractContextManager:
    return contextlib.nullcontext()  # they are tensors already


def device() -> str:
    """Return `"CPU"`, or the name of the accelerator that computes."""
    place = keras.ops.empty(()).device
    if place.type in ("cuda", "xpu"):
        return getattr(torch, place.type).get_device_name(place)
    return place.type.upper()


def is_out_of_memory(error: BaseException) -> bool:
    on_cpu = isinstance(error, RuntimeError) and "can't allocate memory" in str(error)
    return isinstance(error, torch.OutOfMemoryError) or on_cpu


def jit_by_default() -> bool:
    """Return whether `jit_compile="auto"` compiles with this backend and device."""
    # On a CPU `torch.compile` is slower than eager execution, and its first step takes minutes.
    return False


def can_jit() -> bool:
    """Return whether `jit_compile=True` can be met."""
    return True


def synchronize(model: keras.Model) -> None:
    pass


def computes_after_a_fork() -> bool:
    return torch.get_num_threads() == 1  # it has no threads then


def forget_kernels() -> None:
    pass


def compiled(fn: Callable, variables: Sequence) -> Callable:
    del variables  # read in place

    @torch.no_grad()
    def call(*args):
        return fn(*keras.tree.map_structure(keras.ops.convert_to_tensor, args))

    return call


def to_numpy(x) -> np.ndarray:
    x = x.detach().cpu()
    return (x.float() if x.dtype == torch.bfloat16 else x).numpy()  # NumPy has no bfloat16


class StepAdaptor:
    """A mixin that gives `training_logs` and `validation_logs` Keras's PyTorch signatures."""

    def in_turn(self, function, kind: str):
        def step(data):
            with self.turns:
                results = function(data)
                return results if kind == "predict" else self._read(results, kind)

        return step

    def _read(self, logs: dict, kind: str) -> dict:
        """Return the logs of a step: as they are on a CPU, and else numbers that are read at once.

        Keras would read them one by one.
        """
        if not all(torch.is_tensor(v) and v.device.type != "cpu" for v in logs.values()):
            return logs
        if kind == "train" and vars(self).get("_fitting"):
            return self.readings.add(logs)
        values = torch.stack([value.float() for value in logs.values()])
        return dict(zip(logs, to_numpy(values).tolist(), strict=True))

    def train_step(self, data):
        with torch.no_grad():
            return self.training_logs(data)

    def predict_step(self, data):
        return super().predict_step(self.inputs_of_call(data))

    def test_step(self, data):
        return self.validation_logs(data)


def feed(batches, start: int = 0):
    return batches.stream(start) if hasattr(batches, "stream") else batches


def batches(stream):
    for batch in stream:
        yield keras.tree.map_structure(keras.ops.convert_to_tensor, batch)


def reads_itself(source) -> bool:
    return False
