"""PyTorch: eager autograd, in which a gradient that is differentiated again keeps its graph."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence

import keras
import torch


def value_and_grad(loss_fn: Callable, variables: Sequence) -> tuple:
    parameters = [v.value for v in variables]
    with torch.enable_grad():
        loss, aux = loss_fn()
    grads = torch.autograd.grad(loss, parameters, allow_unused=True, materialize_grads=True)
    return (loss.detach(), keras.tree.map_structure(_detach, aux)), list(grads)


def gradient(fn: Callable, x):
    with torch.enable_grad():
        # A leaf of its own when nothing upstream is differentiated; else the caller's node, so that
        # derivatives flow on through `x`.
        x = x if x.requires_grad else x.detach().requires_grad_()
        total = fn(x).sum()
        (grad,) = torch.autograd.grad(
            total, x, create_graph=True, allow_unused=True, materialize_grads=True
        )
    return grad


def all_reduce_mean(x):
    return x


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


def _detach(value):
    return value.detach() if isinstance(value, torch.Tensor) else value


def feed(stream: Iterator):
    return stream
