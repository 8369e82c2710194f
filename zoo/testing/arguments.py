"""Checks of every model: what is given by mistake gets a clear error."""

from __future__ import annotations

import json

import numpy as np
from keras import ops

from zoo.engine.spaces import Classes
from zoo.testing.examples import BATCH, Make, Skipped, array, arrays, data_for, fed, refused

OPTIONS = {"batch_size": BATCH, "verbose": 0}


def compile_arguments(make: Make) -> None:
    """A wrong argument of `compile` is refused and leaves no trace."""
    model = make()
    with refused("not compiled", "fit before compile"):
        model.fit(*data_for(model))
    model.compile()
    before, optimizers = json.dumps(model.get_compile_config()), model.optimizers
    with refused("Unknown player in optimizer: 'judge'", "an optimizer of no player"):
        model.compile({"judge": "adam"})
    with refused(f"{type(model).__name__}.compile: 'no_such'", "an unknown argument"):
        model.compile(no_such=3)
    with refused("metrics", "metrics="):
        model.compile(metrics=["accuracy"])
    assert json.dumps(model.get_compile_config()) == before, "a refused compile leaves a trace"
    kept = all(model.optimizers[player] is optimizers[player] for player in optimizers)
    assert kept, "a refused compile changes the optimizers"


def data_arguments(make: Make) -> None:
    """Data of another shape, type or range are refused, and so are sample weights."""
    model = make()
    model.compile()
    data, *condition = arrays(model)
    name, _ = model.data_and_condition("x", "y")  # the argument that holds the data
    shape = f"{name} must hold {model.data.noun} of shape"
    with refused("sample_weight", "sample_weight="):
        model.fit(*fed(model, data, *condition), sample_weight=np.ones(BATCH), **OPTIONS)
    with refused("class_weight", "class_weight="):
        model.fit(*fed(model, data, *condition), class_weight={0: 1.0}, **OPTIONS)
    with refused("x is missing", "no data at all"):
        model.fit()
    with refused(shape, "data of another shape"):
        model.fit(*fed(model, data[:, :-1], *condition), **OPTIONS)
    with refused("floating-point", "data that are integers"):
        model.fit(*fed(model, (100 * data).astype("uint8"), *condition), **OPTIONS)
    with refused(f"{name} must", "data that are NaN"):
        model.fit(*fed(model, np.full_like(data, np.nan), *condition), **OPTIONS)
    if name == "x":
        with refused(f"{shape}.* Received: (list|tuple)", "a list of data"):
            model.fit([data, data], *condition, **OPTIONS)
    if model.data.range is not None:
        with refused(f"{name} must hold", "data out of range"):
            model.fit(*fed(model, 255 * (1 + np.abs(data)), *condition), **OPTIONS)


def conditions(make: Make) -> None:
    """Conditions that are missing, or of another type, shape or range, are refused."""
    model = make()
    if model.condition is None:
        raise Skipped("the model has no condition")
    model.compile(run_eagerly=True)
    data, condition = arrays(model)
    name = "y" if model.data_and_condition("x", "y")[1] == "y" else "x"
    (first, _), noun = fed(model, data, condition), model.condition.noun
    with refused("needs .*Received: none|must hold", "data without conditions"):
        model.fit(first, **OPTIONS)
    if isinstance(model.condition, Classes):
        _labels(model, data, condition, name)
        return
    with refused(f"{name} must hold {noun} of shape", "conditions of another shape"):
        model.fit(*fed(model, data, condition[:, :-1]), **OPTIONS)
    with refused(f"{name} must", "conditions that are NaN"):
        model.fit(*fed(model, data, np.full_like(condition, np.nan)), **OPTIONS)


def _labels(model, data, labels, name: str) -> None:
    classes = model.condition.n
    with refused(f"{name} must be integer labels.*float64", "labels that are no integers"):
        model.fit(*fed(model, data, labels / 2), **OPTIONS)
    for wrong in (-1, classes):
        message = f"must lie in 0 to {classes - 1}.*Received: {wrong}"
        labels = np.full(len(data), wrong, "int32")
        with refused(f"{name} {message}", f"the label {wrong}"):
            model.fit(*fed(model, data, labels), **OPTIONS)
        with refused(f"labels of x {message}", f"the label {wrong} in a stream"):
            stream = iter([fed(model, data, labels)])
            model.fit(stream, steps_per_epoch=1, shuffle=False, verbose=0)
        # Where only the device sees a label, the loss says so.
        batch = model.unpack(fed(model, data, ops.convert_to_tensor(labels)))
        assert np.isnan(array(batch.data)).all(), f"the label {wrong} trains in silence"
    with refused(r"labels of x must be integer labels of shape \(n,\)", "labels of two axes"):
        stream = iter([fed(model, data, np.zeros((len(data), 3), "int32"))])
        model.fit(stream, steps_per_epoch=1, shuffle=False, verbose=0)
