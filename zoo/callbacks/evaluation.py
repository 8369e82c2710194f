"""Metrics of samples during training, and the best model by one of them."""

from __future__ import annotations

import inspect
import math
from pathlib import Path

import keras

from zoo import engine
from zoo.errors import ArgumentError, check_choice, check_count, unknown_name
from zoo.evaluation import Metric, evaluate
from zoo.evaluation.plan import fitting_extractor
from zoo.evaluation.real import drawn, read_test
from zoo.files.home import atomic_file


class Evaluation(keras.callbacks.Callback):
    """Measures the model after each `every` epochs, see `zoo.evaluate`, and keeps the best.

    The numbers join the logs of `fit`: its history has them, and the callbacks after this one see
    them, so that `keras.callbacks.EarlyStopping("fid", mode="min")` stops by one. Between two
    measurements the logs repeat the last numbers, and before the first one they say NaN; `reports`
    holds what was measured, by the number of the epoch, from 1.

    Args:
        data: the real images, as for `zoo.evaluate`.
        metrics: as for `zoo.evaluate`.
        n: how many samples, and at most how many real images.
        every: how many epochs lie between two measurements.
        best: a path that ends in `.keras`, where the model, with its optimizers, is saved each time
            it is better than before in this training; `None` saves nothing.
        monitor: the number that says what is better; by default the first one of `metrics`.
        **kwargs: more arguments of `zoo.evaluate`; `seeds` is 1 and `baseline` is `False` unless
            given.

    Raises:
        ValueError: if an argument has a wrong value, or nothing says whether `monitor` is better
        high or low.
    """

    def __init__(
        self,
        data,
        metrics="fid",
        n: int = 2_000,
        every: int = 1,
        best: str | Path | None = None,
        monitor: str | None = None,
        **kwargs,
    ):
        super().__init__()
        given = [metrics] if isinstance(metrics, str | Metric) else metrics
        self.metrics = [Metric.get(metric) for metric in given]
        self.data = data
        self.n = check_count("n", n, minimum=2)
        self.every = check_count("every", every)
        self.options = {"seeds": 1, "baseline": False, "progress": False, **kwargs}
        better = {key: way for metric in self.metrics for key, way in metric.outputs.items()}
        self.monitor = next(iter(better)) if monitor is None else monitor
        check_choice("monitor", self.monitor, better)
        if better[self.monitor] is None:
            raise ArgumentError(
                f"monitor must be a number that is better high or low. Received: {self.monitor!r}. "
                f"Allowed: {', '.join(key for key, way in better.items() if way) or 'none'}."
            )
        self.lower = better[self.monitor] == "lower"
        self.best = None if best is None else Path(best)
        if self.best is not None and self.best.suffix != ".keras":
            raise ArgumentError(f"best must end in .keras. Received: {str(best)!r}.")
        self.best_value: float | None = None
        self.reports = {}

    def on_train_begin(self, logs=None):
        named = set(inspect.signature(evaluate).parameters) - {"model_or_preset", "sampling"}
        of_samples = sampling_arguments(self.model)
        for key in self.options:
            if key not in named and key not in of_samples:
                raise unknown_name("argument of Evaluation", key, {*named, *of_samples})
        if getattr(self.model, "tasks", None) is None:
            raise ArgumentError(
                f"Evaluation is for models of this package. Received: {self.model!r}."
            )
        # Once, and not in each epoch.
        self.real = read_test(self.data, self.options.get("split"), "test", self.model)
        test = drawn(self.real, self.n)
        for metric in self.metrics:
            metric.check(self.model, test)
        needs = frozenset().union(*(metric.needs for metric in self.metrics))
        fitting_extractor(self.options.get("extractor"), needs, self.model, test)
        self.last = {name: math.nan for metric in self.metrics for name in metric.outputs}

    def on_epoch_end(self, epoch, logs=None):
        if (epoch + 1) % self.every == 0:
            self._measure(epoch)
        if logs is not None:
            logs.update(self.last)

    def _measure(self, epoch: int) -> None:
        engine.synchronize(self.model)
        with engine.alone():  # of several processes each: their logs are equal
            report = evaluate(self.model, self.real, self.metrics, self.n, **self.options)
        self.reports[epoch + 1] = report
        self.last = {m.name: m.value for m in report.measurements}
        value = report[self.monitor].value
        first = self.best_value is None
        if first or (value < self.best_value if self.lower else value > self.best_value):
            self.best_value = value
            if self.best is not None and engine.is_chief():
                with (
                    engine.alone(),
                    atomic_file(self.best) as partial,
                ):  # a stop meanwhile leaves the one before
                    self.model.save(partial)


def sampling_arguments(model) -> set[str]:
    """Return the names of the arguments of the model's `sample`, if it samples."""
    if "samples" not in getattr(model, "tasks", ()):
        return set()
    return set(inspect.signature(model.sample).parameters)
