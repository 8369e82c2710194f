"""Checks of every model: what its base class and Keras give to each, and whether it learns."""

from __future__ import annotations

import tempfile
from collections.abc import Callable
from pathlib import Path

import keras
import numpy as np

from zoo.engine.spaces import BinaryImages, Images
from zoo.testing.examples import (
    BATCH,
    Make,
    Skipped,
    array,
    arrays,
    assert_close,
    assert_equal,
    assert_finite,
    data_for,
    fed,
    policy,
    values_of,
)

STEPS = 240  # of `learns`, by default


def callbacks(make: Make) -> None:
    """Check that Keras's callbacks stop early, save, log and schedule the rate of each player."""
    model = make()
    model.compile(**model.test_compile())
    data = data_for(model)
    watched = f"val_{model.loss_names[0]}"
    scheduled: list[float] = []
    with tempfile.TemporaryDirectory() as folder:
        best, log = Path(folder) / "best.keras", Path(folder) / "log.csv"
        used = [
            keras.callbacks.EarlyStopping(watched, patience=0, min_delta=1e9, mode="min"),
            keras.callbacks.ModelCheckpoint(best, watched, mode="min", save_best_only=True),
            keras.callbacks.CSVLogger(log),
            keras.callbacks.LearningRateScheduler(
                lambda epoch, rate: scheduled.append(rate) or rate / 2
            ),
        ]
        options = {"batch_size": BATCH, "epochs": 3, "verbose": 0, "callbacks": used}
        validation = data if len(data) > 1 else data[0]
        model.fit(*data, validation_data=validation, **options)
        # A header, and two epochs: it stopped early.
        assert len(log.read_text().splitlines()) == 3, "EarlyStopping or CSVLogger does not work"
        found = type(keras.saving.load_model(best)).__name__
        assert found == type(model).__name__, f"the file of ModelCheckpoint loads as {found}"
    assert len(scheduled) == 2 * len(model.players), "LearningRateScheduler misses a player"
    for player, optimizer in model.optimizers.items():
        rate = array(model.default_optimizers()[player].learning_rate)
        assert_close(array(optimizer.learning_rate), rate / 4, f"the rate of {player!r}", 1e-6)


class _Stop(keras.callbacks.Callback):
    """A training that is interrupted before its third epoch."""

    def on_epoch_begin(self, epoch, logs=None):
        if epoch == 2:
            raise KeyboardInterrupt


def resuming(make: Make) -> None:
    """Check that training that `BackupAndRestore` resumes equals training that never stopped."""
    first = make()
    data, initial = data_for(first), values_of(first.variables)
    options = {"batch_size": BATCH, "epochs": 4, "verbose": 0, "shuffle": False}
    results = []
    for interrupted in (False, True):
        model = make()
        for variable, value in zip(model.variables, initial, strict=True):
            variable.assign(value)
        model.compile(**model.test_compile())
        with tempfile.TemporaryDirectory() as folder:
            backup = Path(folder) / "backup"
            if interrupted:
                _interrupt(model, data, backup, options)
                model = make()
                model.compile(**model.test_compile())
            used = [keras.callbacks.BackupAndRestore(backup)]
            model.fit(*data, callbacks=used, **options)
        results.append(values_of(model.variables))
    assert_equal(*results, "a resumed training differs from one without a pause")


def _interrupt(model, data: tuple, backup: Path, options: dict) -> None:
    used = [keras.callbacks.BackupAndRestore(backup), _Stop()]
    try:
        model.fit(*data, callbacks=used, **options)
    except KeyboardInterrupt:
        return
    raise AssertionError("the callback that interrupts was not called")


def regularizers(make: Make) -> None:
    """Check that the regularizer of a weight is added to the loss of its player."""
    model = make()
    weight = max(model.trainable_variables, key=lambda v: np.abs(array(v)).sum())
    if not array(weight).any():
        weight.assign(np.ones(weight.shape))
    shrinkage = []
    for regularizer in (None, keras.regularizers.L2(100.0)):
        weight.regularizer = regularizer
        start = np.square(array(weight)).sum()
        model.compile(keras.optimizers.SGD(1e-3), **model.test_compile())
        model.fit(*data_for(model), batch_size=BATCH, verbose=0)
        shrinkage.append(np.square(array(weight)).sum() / start)
    assert shrinkage[1] < 0.75 * shrinkage[0], f"the regularizer of {weight.path} does not count"


def dtype_policy(make: Make) -> None:
    """Check that a model built under `mixed_bfloat16` keeps the policies of its layers when it is
    saved, and loaded under `float32`, and that loading does not change the global policy."""
    with policy("mixed_bfloat16"):
        model = make()
    with tempfile.TemporaryDirectory() as folder, policy("float32"):
        model.save(Path(folder) / "model.keras")
        loaded = keras.saving.load_model(Path(folder) / "model.keras")
        assert keras.config.dtype_policy().name == "float32", "loading changes the policy"
    found = loaded.get_config()["dtype_policy"]
    assert found == "mixed_bfloat16", f"a model of the policy mixed_bfloat16 loads with {found}"
    policies = [
        [layer.dtype_policy.name for layer in each._flatten_layers(include_self=False)]
        for each in (model, loaded)
    ]
    assert policies[0] == policies[1], "the layers of a loaded model have other policies"


def mixed_bfloat16(make: Make) -> None:
    """Check that the model trains under `mixed_bfloat16`, with losses and weights in float32."""
    _half_precision(make, "mixed_bfloat16")


def mixed_float16(make: Make) -> None:
    """Check that the model trains under `mixed_float16`, with losses and weights in float32.

    The first steps may be skipped, while a scale falls to what suits the loss.
    """
    _half_precision(make, "mixed_float16")


def _half_precision(make: Make, name: str) -> None:
    with policy(name):
        model = make()
        model.compile(**model.test_compile())
        before = values_of(model.trainable_variables)
        try:
            logs = model.fit(*data_for(model), batch_size=BATCH, epochs=12, verbose=0).history
        except RuntimeError as error:
            if "slow_conv2d" not in str(error):
                raise
            raise Skipped("PyTorch has no gradient of each float16 convolution on CPUs") from None
    assert_finite(logs)
    for variable, old in zip(model.trainable_variables, before, strict=True):
        assert variable.dtype == "float32", f"{variable.path} is {variable.dtype}"
        assert np.abs(array(variable) - old).max() > 0, f"{variable.path} does not move"


def learns(make: Make, steps: int = STEPS) -> None:
    """Check that training on one example lowers the error of the model on it in some `steps`."""
    model = make()
    model.compile(keras.optimizers.Adam(5e-3, beta_1=0.5), **model.test_compile())
    data, *condition = arrays(model, BATCH)
    data[:] = _datum(model)
    if condition and "samples" not in model.tasks:
        condition[0][:] = condition[0][:1]
    measure, error = _measure(model, data, condition)
    before = error()
    parts = [np.concatenate([part] * steps) for part in (data, *condition)]
    model.fit(*fed(model, *parts), batch_size=BATCH, verbose=0)
    after, wanted = error(), min(before, 2 / 3 * before)
    assert after < wanted, (
        f"{measure} must fall below {wanted:g} in {steps} steps on one datum alone: it was "
        f"{before:g} before, and is {after:g} after. More steps are steps= of check_model"
    )


def _datum(model) -> np.ndarray:
    """Return an example; of images one with light and dark rows, which is learned sooner."""
    datum = model.data.example(1)
    if isinstance(model.data, Images):
        low, high = model.data.range or (0.0, 1.0)
        datum[:] = low + 0.9 * (high - low)
        datum[..., ::2, :, :] = low + 0.1 * (high - low)
    return np.round(datum) if isinstance(model.data, BinaryImages) else datum


def _measure(model, data, condition: list) -> tuple[str, Callable[[], float]]:
    """Return a measure of how well the model has learned `data`, by the first of its tasks: its
    name and a function that computes it."""
    if "samples" in model.tasks:
        options = {"condition": condition[0]} if condition else {"n": len(data)}
        return "mean |sample(seed=0) - x|", lambda: _distance(model.sample(seed=0, **options), data)
    if "encodes" in model.tasks:
        return "mean |reconstruct(x) - x|", lambda: _distance(
            model.reconstruct(data, *condition), data
        )
    if "translates" in model.tasks:
        return "mean |translate(input) - target|", lambda: _distance(
            model.translate(*condition), data
        )
    if "classifies" in model.tasks:
        rows = np.arange(len(data))
        return "mean 1 - probabilities(x)[label]", lambda: float(
            1 - model.probabilities(data)[rows, condition[0]].mean()
        )
    if "scores" in model.tasks:
        return "mean -log_prob(x)", lambda: -float(model.log_prob(data, *condition).mean())
    raise Skipped("no task of the model tells how well one datum is learned")


def _distance(outputs: np.ndarray, data: np.ndarray) -> float:
    return float(np.abs(outputs - data).mean())
