"""PyTorch: eager autograd, in which a gradient that is differentiated again keeps its graph."""

from __future__ import annotations

from collections.abc import Callable, Sequence

import keras
import torch


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
    optimizer.apply(grads, variables)


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
