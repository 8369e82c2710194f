"""JAX: algorithms are written statefully; this file threads the state through JAX's
transformations.

A variable that is read inside a :class:`Scope` takes the innermost value that any enclosing scope
holds for it, and a variable that is assigned is written to the innermost scope. `value_and_grad`
therefore differentiates with respect to exactly the variables it is given, sees everything else at
its current value, and hands every side effect (batch norm statistics, seed generators, optimizer
slots) to the scope around it. Keras's own `StatelessScope` does not read through to the scope
around it; that is all that is added here.
"""

from __future__ import annotations

import contextlib
import itertools
from collections.abc import Callable, Sequence

import jax
import keras
import numpy as np


class Scope(keras.StatelessScope):
    """A stateless scope that reads through to the scope around it and remembers what was assigned
    in it."""

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
    """`fn` as a pure function `(values, *args) -> (out, new)`, and `commit(new)`, which carries
    its side effects out."""
    assigned = []

    def pure(values, *args):
        with Scope(variables, values) as scope:
            out = fn(*args)
        assigned[:] = scope.assigned.values()
        return out, [scope.get_current_value(v) for v in assigned]

    def commit(new):
        for variable, value in zip(assigned, new, strict=True):
            variable.assign(value)

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


def device() -> str:
    first = jax.devices()[0]
    return "CPU" if first.platform == "cpu" else first.device_kind


def jit_by_default() -> bool:
    return True


def synchronize(model: keras.Model) -> None:
    # During `fit` Keras keeps the newest state outside the variables.
    model.jax_state_sync()


def _local(value):
    """The copy on this process's first device, of what all devices hold: inference is the business
    of one device, and needs no other process."""
    held = isinstance(value, jax.Array) and len(value.sharding.device_set) > 1
    return value.addressable_data(0) if held and value.is_fully_replicated else value


def compiled(fn: Callable, variables: Sequence) -> Callable:
    @jax.jit
    def pure(values, *args):
        with Scope(variables, values) as scope:
            out = fn(*args)
        # By place in `variables`: the keys are part of what each compiled shape returns.
        places = [i for i, v in enumerate(variables) if id(v) in scope.assigned]
        return out, {i: scope.get_current_value(variables[i]) for i in places}

    def call(*args):
        out, new = pure([_local(v.value) for v in variables], *args)
        for place, value in new.items():
            variables[place].assign(value)
        return out

    return call


def to_numpy(x) -> np.ndarray:
    return np.asarray(x)


class StepAdaptor:
    """Gives `update(batch)` and `validate(batch)` the signatures that Keras's JAX trainer calls."""

    def __setattr__(self, name, value):
        if name == "_jax_state":
            # The arrays of all variables, after each step: Keras would wrap and track each list.
            vars(self)[name] = value
        else:
            super().__setattr__(name, value)

    def train_step(self, state, data):
        groups = (
            self.trainable_variables,
            self.non_trainable_variables,
            self.optimizer.variables,
            self.metrics_variables,
        )
        return _run(self.training_logs, groups, state, data)

    def fit(self, *args, **kwargs):
        with _kept(self):
            return super().fit(*args, **kwargs)

    def evaluate(self, *args, **kwargs):
        with _kept(self):
            return super().evaluate(*args, **kwargs)

    def predict(self, *args, **kwargs):
        with _kept(self):
            return super().predict(*args, **kwargs)

    def test_step(self, state, data):
        groups = (self.trainable_variables, self.non_trainable_variables, self.metrics_variables)
        return _run(self.validation_logs, groups, state, data)


@contextlib.contextmanager
def _kept(model: keras.Model):
    """Gives a model its variables back that Keras emptied for a first step that then failed, on
    bad input say."""
    variables = (
        model.variables
        + (model.optimizer.variables if model.compiled else [])
        + model.metrics_variables
    )
    before = [(v, v.value) for v in variables]
    try:
        yield
    except BaseException:
        for variable, value in before:
            if variable._value is None:
                variable.assign(value)
        raise


def _run(step, groups, state, data):
    with Scope([*itertools.chain(*groups)], [*itertools.chain(*state)]) as scope:
        logs = step(data)
    return logs, tuple([scope.get_current_value(v) for v in group] for group in groups)


def feed(batches, start: int = 0):
    return batches.stream(start) if hasattr(batches, "stream") else batches
