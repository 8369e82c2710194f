"""The engine on JAX, where the state of stateful code is threaded through JAX's transformations.

A variable that is read inside a `Scope` takes the innermost value that an enclosing scope holds for
it. A variable that is assigned is written to the innermost scope. `value_and_grad` therefore
differentiates with respect to exactly the variables it is given, and sees everything else at its
current value. It hands every side effect (batch-norm statistics, seed generators, optimizer slots)
to the scope around it. Keras's own `StatelessScope` does not read through to the scope around it;
`Scope` adds only that.
"""

from __future__ import annotations

import contextlib
import itertools
import os
from collections.abc import Callable, Sequence
from importlib import metadata

import jax
import keras
import numpy as np
from jax._src import xla_bridge

from zoo.engine.collected import add, collecting

ONEDNN = "--xla_cpu_use_onednn"
ONEDNN_SINCE = (0, 10)  # the first jaxlib with which it was tried


class Scope(keras.StatelessScope):
    """A stateless scope that reads through to the scope around it and remembers its assignments."""

    def __init__(self, variables: Sequence = (), values: Sequence = ()):
        super().__init__(state_mapping=list(zip(variables, values, strict=True)))
        self.assigned = {}

    def get_current_value(self, variable):
        value = super().get_current_value(variable)
        if value is None and self.original_scope is not None:
            return self.original_scope.get_current_value(variable)
        return value

    def add_update(self, update):
        super().add_update(update)
        variable, _ = update
        self.assigned[id(variable)] = variable


def _pure(fn: Callable, variables: Sequence = ()) -> tuple[Callable, Callable]:
    """Return `fn` as a pure function `(values, *args) -> (out, new)`, and `commit(new)`.

    `commit` carries out the side effects of `fn`.
    """
    assigned, layers = [], []

    def pure(values, *args):
        with Scope(variables, values) as scope, collecting() as losses:
            out = fn(*args)
        assigned[:] = scope.assigned.values()
        layers[:] = [layer for layer, _ in losses]
        return out, ([scope.get_current_value(v) for v in assigned], [x for _, x in losses])

    def commit(new):
        values, losses = new
        for variable, value in zip(assigned, values, strict=True):
            variable.assign(value)
        for layer, loss in zip(layers, losses, strict=True):
            add(layer, loss)

    return pure, commit


def value_and_grad(loss_fn: Callable, variables: Sequence) -> tuple:
    pure, commit = _pure(loss_fn, variables)

    def objective(values):
        (loss, aux), new = pure(values)
        return loss, (aux, new)

    (loss, (aux, new)), grads = jax.value_and_grad(objective, has_aux=True)(
        [v.value for v in variables]
    )
    commit(new)
    return (loss, aux), grads


def gradient(fn: Callable, x, has_aux: bool = False):
    pure, commit = _pure(fn)

    def total(inputs):
        out, new = pure([], inputs)
        y, aux = out if has_aux else (out, None)
        return y.sum(), (aux, new)

    grad, (aux, new) = jax.grad(total, has_aux=True)(x)
    commit(new)
    return (grad, aux) if has_aux else grad


def apply_gradients(optimizer, grads: Sequence, variables: Sequence) -> None:
    optimizer.apply(grads, variables)


def read_as_tensors(variables) -> contextlib.AbstractContextManager:
    return contextlib.nullcontext()  # they are tensors already


def device() -> str:
    """Return `"CPU"`, or the name of the accelerator that computes."""
    place = next(iter(keras.ops.zeros(()).devices()))
    return "CPU" if place.platform == "cpu" else place.device_kind


def is_out_of_memory(error: BaseException) -> bool:
    return isinstance(error, jax.errors.JaxRuntimeError) and "RESOURCE_EXHAUSTED" in str(error)


def jit_by_default() -> bool:
    """Return whether `jit_compile="auto"` compiles with this backend and device."""
    return True


def can_jit() -> bool:
    """Return whether `jit_compile=True` can be met."""
    return True


def use_onednn() -> bool:
    chosen = os.environ.get("XLA_FLAGS", "")
    if ONEDNN in chosen:
        return f"{ONEDNN}=true" in chosen
    # An older jaxlib may end the process at a flag that it does not know. Flags are read once.
    known = tuple(map(int, metadata.version("jaxlib").split(".")[:2])) >= ONEDNN_SINCE
    if not known or xla_bridge.backends_are_initialized():
        return False
    os.environ["XLA_FLAGS"] = f"{chosen} {ONEDNN}=true".strip()
    return True


def synchronize(model: keras.Model) -> None:
    # During `fit` Keras keeps the newest state outside the variables.
    model.jax_state_sync()


def computes_after_a_fork() -> bool:
    return False


def forget_kernels() -> None:
    pass


def _local(value):
    """Return the copy on this process's first device of an array that all devices hold.

    Inference runs on one device, and needs no other process.
    """
    on_several = isinstance(value, jax.Array) and len(value.sharding.device_set) > 1
    return value.addressable_data(0) if on_several and value.is_fully_replicated else value


def compiled(fn: Callable, model: keras.Model) -> Callable:
    variables = model.variables

    @jax.jit
    def pure(values, *args):
        with Scope(variables, values) as scope:
            out = fn(*args)
        # The keys are places in `variables`, since each compiled shape must return the same keys.
        places = [i for i, v in enumerate(variables) if id(v) in scope.assigned]
        return out, {i: scope.get_current_value(variables[i]) for i in places}

    def call(*args):
        values = [v.value for v in variables]
        if jax.device_count() > 1:
            values = [_local(value) for value in values]
        out, new = pure(values, *args)
        for place, value in new.items():
            variables[place].assign(value)
        return out

    return call


def to_numpy(x) -> np.ndarray:
    return np.asarray(x)


# The groups of variables in the state of Keras's steps, in its order.
GROUPS = {
    "train": (
        "trainable_variables",
        "non_trainable_variables",
        "optimizer_variables",
        "metrics_variables",
    ),
    "test": ("trainable_variables", "non_trainable_variables", "metrics_variables"),
    "predict": ("trainable_variables", "non_trainable_variables"),
}


class StepAdaptor:
    """A mixin that gives `training_logs` and `validation_logs` the signatures of Keras's JAX
    trainer.

    A step gives its arrays to the next one, which overwrites them. Another thread therefore finds
    the newest state in `_jax_state` whenever it is its turn.
    """

    def __setattr__(self, name, value):
        if name == "_jax_state":
            # Keras would wrap and track these lists of arrays after each step.
            with self.turns:
                vars(self)[name] = value
        else:
            super().__setattr__(name, value)

    def in_turn(self, function, kind: str):
        def step(state, iterator):
            # Outside of the turn, since the source may wait for a thread that samples.
            batches = list(itertools.islice(iterator, self.steps_per_execution))
            with self.turns:
                out, state = function(state, iter(batches))
                # Past `__setattr__`, whose checks are for attributes of users.
                vars(self)["_jax_state"] = dict(zip(GROUPS[kind], state, strict=True))
                vars(self)["_jax_state_synced"] = False
            return out, state

        return step

    def _get_jax_state(self, purge_model_variables=False, **groups):
        with self.turns:  # the variables keep their values until the step, for other threads
            return super()._get_jax_state(**groups)

    def jax_state_sync(self):
        with self.turns:
            super().jax_state_sync()

    def train_step(self, state, data):
        groups = (
            self.trainable_variables,
            self.non_trainable_variables,
            self.optimizer.variables,
            self.metrics_variables,
        )
        return _run(self.training_logs, groups, state, data)

    def fit(self, *args, **kwargs):
        with _restored_on_error(self), _held(self):
            return super().fit(*args, **kwargs)

    # During `fit` Keras pairs arrays with the variables of these lists by their order, so that
    # what callbacks freeze must wait for the next `fit`.

    @property
    def trainable_variables(self):
        return vars(self).get("_held_trainable") or super().trainable_variables

    @property
    def non_trainable_variables(self):
        return vars(self).get("_held_non_trainable") or super().non_trainable_variables

    def evaluate(self, *args, **kwargs):
        with _restored_on_error(self):
            return super().evaluate(*args, **kwargs)

    def predict(self, *args, **kwargs):
        with _restored_on_error(self):
            return super().predict(*args, **kwargs)

    def predict_step(self, state, data):
        return super().predict_step(state, self.inputs_of_call(data))

    def test_step(self, state, data):
        groups = (self.trainable_variables, self.non_trainable_variables, self.metrics_variables)
        return _run(self.validation_logs, groups, state, data)


@contextlib.contextmanager
def _held(model: keras.Model):
    """Hold the lists of trainable and of other variables of `model` as they are."""
    held = {
        "_held_trainable": model.trainable_variables,
        "_held_non_trainable": model.non_trainable_variables,
    }
    vars(model).update(held)
    try:
        yield
    finally:
        for name in held:
            vars(model).pop(name, None)


@contextlib.contextmanager
def _restored_on_error(model: keras.Model):
    """Restore the variables of a model after an error, with their newest values.

    Keras writes them after an error of `fit` alone.
    """
    variables = (
        model.variables
        + (model.optimizer.variables if model.compiled else [])
        + model.metrics_variables
    )
    values = [(v, v.value) for v in variables]
    model._jax_state = None  # that of an earlier call
    try:
        yield
    except BaseException:
        model.jax_state_sync()
        model._jax_state = None
        for variable, value in values:
            if variable._value is None or variable._value.is_deleted():
                variable.assign(value)
        raise


def _run(step, groups, state, data):
    """Run `step` with the values `state` of the variables `groups`, and return its logs and new
    state.
    """
    with Scope([*itertools.chain(*groups)], [*itertools.chain(*state)]) as scope:
        logs = step(data)
    return logs, tuple([scope.get_current_value(v) for v in group] for group in groups)


def feed(batches, start: int = 0):
    return batches.stream(start) if hasattr(batches, "stream") else batches


def batches(stream):
    return iter(stream)


def reads_itself(source) -> bool:
    return False
