"""The engine on PyTorch, by eager autograd, and by replays of steps (`zoo.engine.torch.capture`).

A gradient that will be differentiated again keeps its graph.
"""

from __future__ import annotations

import contextlib
from collections.abc import Callable, Sequence

import keras
import numpy as np
import torch

from zoo.engine import parallel
from zoo.engine.settings import settings_of
from zoo.engine.torch.adam import adam_step
from zoo.engine.torch.capture import captured
from zoo.engine.torch.tape import as_one, mapped


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
    if not adam_step(optimizer, grads, variables):
        as_one(_Step(optimizer, variables), grads)


class _Step:
    """A step of an optimizer of Keras, whose rate the host may read."""

    def __init__(self, optimizer: keras.optimizers.Optimizer, variables: Sequence):
        self.optimizer, self.variables = optimizer, variables
        self._identity = tuple(map(id, (optimizer, *variables)))

    def __call__(self, grads: Sequence) -> None:
        self.optimizer.apply(grads, self.variables)

    def __eq__(self, other) -> bool:
        return isinstance(other, _Step) and self._identity == other._identity

    def __hash__(self) -> int:
        return hash(self._identity)


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
    return device() == "CPU"  # where replays are timed and tested


def can_jit() -> bool:
    """Return whether `jit_compile=True` can be met."""
    return parallel.replicas() == 1


def use_onednn() -> bool:
    return torch.backends.mkldnn.is_available()  # its operations use it by themselves


def synchronize(model: keras.Model) -> None:
    pass


def computes_after_a_fork() -> bool:
    return torch.get_num_threads() == 1  # it has no threads then


def forget_kernels() -> None:
    pass


def compiled(fn: Callable, model: keras.Model) -> Callable:
    title = f"inference function of {type(model).__name__}"
    function = captured(fn, model, title, demands=False)

    @torch.no_grad()
    def call(*args):
        return function(*keras.tree.map_structure(keras.ops.convert_to_tensor, args))

    call.captured = function
    return call


def to_numpy(x) -> np.ndarray:
    x = x.detach().cpu()
    return (x.float() if x.dtype == torch.bfloat16 else x).numpy()  # NumPy has no bfloat16


STEPS = {"train": "training", "test": "validation", "predict": "prediction"}


class StepAdaptor:
    """A mixin that gives `training_logs` and `validation_logs` Keras's PyTorch signatures."""

    def compile(self, *args, **kwargs):
        # Keras would hand each step to `torch.compile`, which takes minutes and is slower.
        super().compile(*args, **{**kwargs, "jit_compile": False})

    def begin_epoch(self):
        super().begin_epoch()
        self.forget_stale_functions()  # a callback may have changed layers

    def _settings_now(self) -> list:
        """Return the settings that a callback may change between two steps."""
        return [settings_of(each) for each in (self, *self.objective_parts)]

    def in_turn(self, function, kind: str):
        title = f"{STEPS[kind]} step of {type(self).__name__}"
        function = captured(function, self, title, self._settings_now)

        def step(data):
            with self.turns:
                results = function(data)
                return results if kind == "predict" else self._read(results, kind)

        step.captured = function
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
        yield mapped(keras.ops.convert_to_tensor, batch)


def reads_itself(source) -> bool:
    return False
