"""`Evaluation`, which measures a model during training and saves the best one."""

from __future__ import annotations

import inspect
import math
from pathlib import Path

import keras

from zoo import engine
from zoo.engine.finite import broken_logs
from zoo.engine.model import Model
from zoo.errors import ArgumentError, check_choice, check_count, unknown_name
from zoo.evaluation import Metric, evaluate
from zoo.evaluation.plan import fitting_extractor
from zoo.evaluation.real import drawn, read_test
from zoo.files.home import atomic_file


class Evaluation(keras.callbacks.Callback):
    """Measure the model every few epochs, as `zoo.evaluate` does, and save the best one.

    The numbers join the logs of `fit`: they are in its history, and callbacks after this one see
    them, so that `keras.callbacks.EarlyStopping("fid", mode="min")` works. Keras's callbacks do not
    know which numbers are better low: give them `mode="min"` or `mode="max"`. Between two
    measurements the logs repeat the last numbers, and before the first one they are NaN. A model
    with losses that are not finite, of which `fit` warns, is not measured. The
    attribute `reports` holds the reports by the number of the epoch, counted from 1.

    Args:
        data: the real images, as for `zoo.evaluate`.
        metrics: the metrics, as for `zoo.evaluate`.
        n: the number of samples, if no `samples` are given, and the largest number of real images.
        every: the number of epochs from one measurement to the next.
        best: a path that ends in `.keras`. The model is saved there with its optimizers each time
            it is better than before in this training; `None` saves nothing.
        monitor: the number by which models are compared; by default the first one of `metrics`.
        **kwargs: more arguments of `zoo.evaluate`; by default `seeds` is 1 and `baseline` is
            `False`.

    Raises:
        ValueError: if an argument has a wrong value, or the metric does not state whether high or
            low values of `monitor` are better.
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
        metrics = [metrics] if isinstance(metrics, str | Metric) else metrics
        self.metrics = [Metric.get(metric) for metric in metrics]
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
        if not isinstance(self.model, Model):
            raise ArgumentError(
                f"Evaluation is for models of this package. Received: {self.model!r}."
            )
        named = set(inspect.signature(evaluate).parameters) - {"model_or_preset", "sampling"}
        of_samples = sampling_arguments(self.model)
        for key in self.options:
            if key not in named and key not in of_samples:
                raise unknown_name("argument of Evaluation", key, {*named, *of_samples})
        # Data and metrics are checked now, before the first epoch is spent.
        self.real = read_test(self.data, self.options.get("split"), "test", self.model)
        test = drawn(self.real, self.n)
        for metric in self.metrics:
            metric.check(self.model, test)
            samples = self.options.get("samples") or self.n
            if (sentence := metric.too_few(samples, test)) is not None:
                raise ArgumentError(sentence)
        needs = frozenset().union(*(metric.needs for metric in self.metrics))
        fitting_extractor(self.options.get("extractor"), needs, self.model, test)
        self.last = {name: math.nan for metric in self.metrics for name in metric.outputs}

    def on_epoch_end(self, epoch, logs=None):
        if (epoch + 1) % self.every == 0 and not broken_logs(logs, self.model.loss_names):
            self._measure(epoch)
        if logs is not None:
            logs.update(self.last)

    def _measure(self, epoch: int) -> None:
        """Measure the model, and save it if it is the best one so far."""
        engine.synchronize(self.model)
        with engine.alone():  # each of several processes measures, so that their logs are equal
            report = evaluate(self.model, self.real, self.metrics, self.n, **self.options)
        self.reports[epoch + 1] = report
        self.last = {m.name: m.value for m in report.measurements}
        value = report[self.monitor].value
        first = self.best_value is None
        if first or (value < self.best_value if self.lower else value > self.best_value):
            self.best_value = value
            if self.best is not None and engine.is_chief():
                # A process that is stopped meanwhile leaves the earlier file whole.
                with engine.alone(), atomic_file(self.best) as partial:
                    self.model.save(partial)


def sampling_arguments(model) -> set[str]:
    """Return the names of the arguments of the model's `sample`, empty if it does not sample."""
    if "samples" not in model.tasks:
        return set()
    return set(inspect.signature(model.sample).parameters)
