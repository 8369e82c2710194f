"""Checks of every model: its configuration, and its training."""

from __future__ import annotations

import inspect
import json
import tempfile
import warnings
from pathlib import Path

import keras
import numpy as np

from zoo.engine.model import Model
from zoo.engine.spaces import Space
from zoo.engine.tasks import tasks_of
from zoo.testing.examples import (
    BATCH,
    Make,
    Skipped,
    array,
    assert_close,
    assert_equal,
    assert_finite,
    data_for,
    set_state,
    state_of,
    values_of,
)


def tasks(make: Make) -> None:
    """Check that the model extends `zoo.engine.Model`, and has a task and spaces."""
    model = make()
    assert isinstance(model, Model), "the class must inherit zoo.models.Model"
    wanted = tasks_of(type(model))
    assert model.tasks == wanted, f"model.tasks is {model.tasks}, and the class has {wanted}"
    assert isinstance(model.data, Space), "model.data must be a space"
    text = f"model.condition must be a space or None, not {model.condition!r}"
    assert model.condition is None or isinstance(model.condition, Space), text
    assert "samples" not in model.tasks or model.noise is not None, "a sampler needs noise"


def configuration(make: Make) -> None:
    """Check that the configuration makes an equal model, and that each weight has one player."""
    model, cls = make(), type(make())
    config = model.get_config()
    parameters = inspect.signature(cls.__init__).parameters.values()
    named = [p.name for p in parameters if p.name != "self" and p.kind is not p.VAR_KEYWORD]
    assert set(named) <= config.keys(), f"get_config lacks {set(named) - config.keys()}"
    unknown = config.keys() - {*cls.constructor_names(config), "dtype_policy"}
    assert not unknown, f"get_config holds {unknown}, which the constructor does not take"
    again = cls.from_config(json.loads(json.dumps(config)))
    assert json.dumps(again.get_config()) == json.dumps(config), "from_config changes get_config"
    shapes = [[tuple(v.shape) for v in each.weights] for each in (model, again)]
    assert shapes[0] == shapes[1], "from_config gives weights of other shapes"
    _players(model)
    lines: list[str] = []
    model.summary(print_fn=lines.append)
    assert model.name in "\n".join(lines), "summary() must name the model"


def _players(model) -> None:
    """Check that each trainable weight has one player, and each player an optimizer."""
    owners: dict[int, list[str]] = {id(v): [] for v in model.trainable_variables}
    for player, variables in model.players.items():
        for variable in variables:
            text = f"{variable.path} of {player!r} is no trainable weight of the model"
            assert id(variable) in owners, text
            owners[id(variable)].append(player)
    for variable in model.trainable_variables:
        found = owners[id(variable)]
        text = f"{variable.path} must belong to one player, and belongs to {found or 'none'}"
        assert len(found) == 1, text
    found, wanted = sorted(model.default_optimizers()), sorted(model.players)
    assert found == wanted, f"default_optimizers() has {found}, and the players are {wanted}"


def training(make: Make) -> None:
    """Check that `fit` moves every weight, that `evaluate` changes nothing, and that `y` is used.

    One compiled model is trained on whole batches and a partial one, with validation data.
    """
    model = make()
    model.compile(**model.test_compile())
    traces: list[int] = []
    update = model.update
    vars(model)["update"] = lambda batch: traces.append(1) or update(batch)
    before = values_of(model.trainable_variables)
    held_out = data_for(model, BATCH // 2, seed=1)
    history = model.fit(
        *data_for(model, 3 * BATCH + BATCH // 2),
        validation_data=held_out if len(held_out) > 1 else held_out[0],
        batch_size=BATCH,
        epochs=2,
        verbose=0,
    ).history
    names = set(model.loss_names)
    wanted = names | {f"val_{name}" for name in names}
    assert set(history) == wanted, f"fit reports {sorted(history)}, not {sorted(wanted)}"
    assert_finite(history)
    for variable, old in zip(model.trainable_variables, before, strict=True):
        assert np.abs(array(variable) - old).max() > 0, f"{variable.path} does not move"
    if keras.backend.backend() != "torch":  # which has nothing to compile
        assert len(traces) <= 2, f"{len(traces)} traces of two shapes of batches"
    _evaluates(model, held_out)
    if model.condition is None:
        _ignores_y(model)


def _evaluates(model, data: tuple) -> None:
    options = {"batch_size": BATCH, "verbose": 0, "return_dict": True}
    before = state_of(model)
    logs = model.evaluate(*data, **options)
    assert set(logs) == set(model.loss_names), f"evaluate reports {sorted(logs)}"
    assert_finite(logs)
    assert_equal(before, state_of(model), "evaluate changes the model")
    again = model.evaluate(*data, **options)
    for name, value in logs.items():
        assert_close(value, again[name], f"evaluate gives {name} another value", 1e-5)


def _ignores_y(model) -> None:
    """Train from one state without and with a `y` that the model has no use for."""
    state, trained = state_of(model), []
    options = {"batch_size": BATCH, "epochs": 2, "verbose": 0, "shuffle": False}
    (data,) = data_for(model)
    for y in ((), (np.zeros(BATCH, int),)):
        set_state(model, state)
        with warnings.catch_warnings(record=True) as caught:
            warnings.simplefilter("always")
            model.fit(data, *y, **options)
        count = sum("is not conditional" in str(warning.message) for warning in caught)
        assert count == len(y), f"{count} warnings of a y that is ignored, of {len(y)} such fits"
        trained.append(values_of(model.variables))
    assert_equal(*trained, "a y that is ignored changes the training")


def players(make: Make) -> None:
    """Check that the step of one player leaves the weights of the others bit equal."""
    model = make()
    if len(model.players) == 1:
        raise Skipped("the model has one player")
    optimizers = {player: keras.optimizers.SGD(0.0) for player in model.players}
    model.compile(optimizers, **model.test_compile())
    options = {"batch_size": BATCH, "verbose": 0}
    model.fit(*data_for(model), **options)  # a constraint on weights holds from here on
    for moving in model.players:
        for player, optimizer in model.optimizers.items():
            optimizer.learning_rate = 0.1 if player == moving else 0.0
        before = {player: values_of(owned) for player, owned in model.players.items()}
        model.fit(*data_for(model), **options)
        for player, owned in model.players.items():
            for variable, old in zip(owned, before[player], strict=True):
                moved = not np.array_equal(array(variable), old)
                text = f"the step of {moving!r} moves {variable.path} of {player!r}: {moved}"
                assert moved == (player == moving), text


def eager(make: Make) -> None:
    """Check that eager training equals compiled training, up to rounding."""
    if keras.backend.backend() == "torch":
        raise Skipped("PyTorch runs each step eagerly: there is one way")
    results = []
    for eagerly in (False, True):
        keras.utils.set_random_seed(3)
        model = make()
        model.compile(run_eagerly=eagerly, **model.test_compile())
        logs = model.fit(*data_for(model, 2 * BATCH), batch_size=BATCH, verbose=0, shuffle=False)
        losses = np.array([logs.history[name] for name in model.loss_names])
        results.append([losses, *values_of(model.variables)])
    names = ["the losses", *(variable.path for variable in model.variables)]
    # Adam turns rounding noise where a gradient is near zero into steps of up to its rate.
    for name, compiled, other in zip(names, *results, strict=True):
        text = f"eager training gives {name} other than compiled training"
        assert_close(other, compiled, text, 1e-3)


def saving(make: Make) -> None:
    """Check that a saved model is loaded compiled, and trains on with bit-equal results."""
    model = make()
    model.compile(**model.test_compile())
    data = data_for(model)
    options = {"batch_size": BATCH, "verbose": 0, "shuffle": False}
    model.fit(*data, **options)
    with tempfile.TemporaryDirectory() as folder:
        model.save(Path(folder) / "model.keras")
        loaded = keras.saving.load_model(Path(folder) / "model.keras")
    assert type(loaded) is type(model), f"a saved model is loaded as {type(loaded).__name__}"
    text = "a loaded model has another compile configuration"
    compiled = model.get_compile_config()
    assert loaded.get_compile_config() == compiled, text
    # On PyTorch an optimizer of Keras is of a class that no other backend could train.
    assert "keras.src.backend" not in json.dumps(compiled), "a saved model names a backend"
    for each in (model, loaded):
        each.fit(*data, **options)
    assert_equal(state_of(model), state_of(loaded), "a loaded model trains otherwise")
