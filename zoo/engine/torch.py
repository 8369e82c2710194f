"""PyTorch: eager autograd, in which a gradient that is differentiated again keeps its graph."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence

import keras
import numpy as np
import torch

from zoo.engine.adam import is_plain_adam


def value_and_grad(loss_fn: Callable, variables: Sequence) -> tuple:
    parameters = [v.value for v in variables]
    with torch.enable_grad():
        loss, aux = loss_fn()
    grads = _grad(loss, parameters)
    return (loss.detach(), keras.tree.map_structure(_detach, aux)), grads


def gradient(fn: Callable, x, has_aux: bool = False):
    with torch.enable_grad():
        # A leaf of its own when nothing upstream is differentiated; else the caller's node, so that
        # derivatives flow on through `x`.
        x = x if x.requires_grad else x.detach().requires_grad_()
        y, aux = fn(x) if has_aux else (fn(x), None)
        (grad,) = _grad(y.sum(), [x], create_graph=True)
    return (grad, aux) if has_aux else grad


def _grad(total, inputs: list, **kwargs) -> list:
    """`torch.autograd.grad`, with zeros also where nothing at all depends on `inputs`."""
    if not inputs or not total.requires_grad:
        return [torch.zeros_like(x) for x in inputs]
    grads = torch.autograd.grad(total, inputs, allow_unused=True, materialize_grads=True, **kwargs)
    return list(grads)


def _detach(value):
    return value.detach() if isinstance(value, torch.Tensor) else value


def apply_gradients(optimizer, grads: Sequence, variables: Sequence) -> None:
    if not _adam_step(optimizer, grads, variables):
        optimizer.apply(grads, variables)


def _adam_step(optimizer, grads, variables) -> bool:
    """Takes one step of a `keras.optimizers.Adam` in one pass over the weights, where Keras makes a
    dozen; whether it did, which it does for the rule of the paper without any extra, on a CPU."""
    usable = all(v.value.device.type == "cpu" and v.value.is_contiguous() for v in variables)
    if not usable or not is_plain_adam(optimizer, variables):
        return False
    rate = float(optimizer.learning_rate)  # of a schedule, at this step
    optimizer.iterations.assign_add(1)
    steps = optimizer.iterations.value.float()
    places = [optimizer._get_variable_index(variable) for variable in variables]
    # It goes through memory, and takes no notice of strides, which those of kernels have here.
    torch._fused_adam_(
        [v.value.detach() for v in variables],
        [grad.contiguous() for grad in grads],
        [optimizer._momentums[place].value for place in places],
        [optimizer._velocities[place].value for place in places],
        [],
        [steps] * len(places),
        lr=rate,
        beta1=optimizer.beta_1,
        beta2=optimizer.beta_2,
        weight_decay=0.0,
        # Keras adds epsilon before the second moment is corrected for its start, PyTorch after.
        eps=optimizer.epsilon / math.sqrt(1 - optimizer.beta_2 ** float(steps)),
        amsgrad=False,
        maximize=False,
    )
    return True


def device() -> str:
    return torch.cuda.get_device_name() if torch.cuda.is_available() else "CPU"


def jit_by_default() -> bool:
    # On a CPU `torch.compile` is slower than eager execution, and its first step takes minutes.
    return False


def synchronize(model: keras.Model) -> None:
    pass


def compiled(fn: Callable, variables: Sequence) -> Callable:
    del variables  # read in place

    @torch.no_grad()
    def call(*args):
        return fn(*(keras.ops.convert_to_tensor(a) for a in args))

    return call


def to_numpy(x) -> np.ndarray:
    x = x.detach().cpu()
    return (x.float() if x.dtype == torch.bfloat16 else x).numpy()  # NumPy has no bfloat16


class StepAdaptor:
    """Gives `update(batch)` and `validate(batch)` the signatures that Keras's PyTorch trainer
    calls."""

    def train_step(self, data):
        with torch.no_grad():
            return self.training_logs(data)

    def test_step(self, data):
        return self.validation_logs(data)


def feed(batches, start: int = 0):
    return batches.stream(start) if hasattr(batches, "stream") else batches
