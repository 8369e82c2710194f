"""The training of a model, from its start or its last checkpoint to its last step."""

from __future__ import annotations

import dataclasses
import functools
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any, NamedTuple

import keras
import numpy as np

from zoo import data
from zoo.base.stopping import Stop
from zoo.callbacks import Checkpoints, Evaluation, SampleGrids
from zoo.callbacks.checkpoints import Monitor
from zoo.engine import device, feed, is_out_of_memory, process, total
from zoo.engine.spaces import Classes, Space
from zoo.errors import (
    ArgumentError,
    DataError,
    DivergedError,
    NoMemoryError,
    RecipeError,
    check_choice,
    nearest,
)
from zoo.evaluation import Metric
from zoo.evaluation import extractor as find_extractor
from zoo.evaluation.real import read_splits
from zoo.presets import checkpoint
from zoo.runs import continuing
from zoo.runs.places import CHECKPOINTS
from zoo.runs.recipe import ADDED, Config, Recipe

PARTS = 5  # two checkpoints are at most this fraction of a run apart, one fifth
RESTORES = 3  # a training that made numbers which are not finite more often than this is given up
MONITORED = 2_000  # samples that are measured after each epoch
REPEATED = (
    "To resume is to repeat it; with --resume --on-nan restore other random numbers are drawn."
)


@dataclasses.dataclass(frozen=True)
class Keeping:
    """State how a run is kept from being lost.

    Args:
        resume: goes on from the last checkpoint, or starts where there is none.
        checkpoint_steps: the most steps between two checkpoints; at most a fifth of the run anyway.
        keep: how many of the last checkpoints stay, beside the best.
        snap: the number of epochs from one checkpoint that stays for good to the next; `None` for
            none of them.
        on_nan: what is done about losses or weights that are not finite. `"stop"` ends the run;
            `"restore"` goes back to the last checkpoint, three times at most, and on from there
            with other random numbers and another order of the images.
        stop: tells that the program was asked to end.

    Raises:
        UnknownNameError: if `on_nan` is neither.
    """

    resume: bool = False
    checkpoint_steps: int | None = None
    keep: int = 2
    snap: int | None = None
    on_nan: str = "stop"
    stop: Stop = dataclasses.field(default_factory=Stop)

    def __post_init__(self):
        check_choice("on_nan", self.on_nan, ("stop", "restore"))


class Splits(NamedTuple):
    """The images, or points, for training and for testing."""

    train: data.Source
    test: data.Source


def read(config: Config, model: keras.Model) -> Splits:
    """Read the data of `config`, cropped and resized to what `model` takes.

    Raises:
        DataError: if the data are not what the model takes, or have no labels that it needs.
    """
    train, test = read_splits(config.data, model, config.crop)
    if train.images.shape[1:] != model.data.shape:
        raise DataError(
            f"The model takes {model.data.noun} of shape {model.data.shape}. Received: "
            f"{train.name!r} of shape {train.images.shape[1:]}."
        )
    if model.condition is not None:
        if train.labels is None:
            raise DataError(f"The model needs {model.condition.noun}, and {train.name!r} has none.")
        model.condition.check_stored(model.condition.noun, train.labels)
    if isinstance(model.condition, Classes):
        model.condition = model.condition.named(train.classes)  # for the card
    return Splits(train, test)


class Trainer:
    """Train one model, from its start or its last checkpoint to its last step.

    Args:
        model: the model. It is compiled before `begin`, by a rate schedule that may need
            `total_steps`.
        source: the training images, or points.
        config: the settings.
        folder: the folder of the checkpoints.
        keeping: how the run is kept from being lost.
        say: is given a line for each thing to know.
        newest: the checkpoint in `folder` that the run goes on from, if it resumes and there is
            one.

    Raises:
        RecipeError: if the training goes on with fewer epochs than are begun.
    """

    def __init__(
        self,
        model: keras.Model,
        source: data.Source,
        config: Config,
        folder: Path,
        keeping: Keeping,
        say: Callable[[str], None],
        newest: checkpoint.Newest = checkpoint.NONE,
    ):
        self.model = model
        self.source = source
        self.config = config
        self.folder = folder
        self.keeping = keeping
        self.say = say
        self.newest = newest
        self.steps_per_epoch = self._batches(0).full_batches
        self.total_steps = self.steps_per_epoch * config.epochs
        # A training is defined by what its data hold, and not by their path.
        self.settings: dict[str, Any] = {**dataclasses.asdict(config), "data": source.name}
        self.own = {*vars(config)} - {field.name for field in dataclasses.fields(Config)}
        self.plan = continuing.plan(newest, self.settings, self.own)
        self.done = 0

    @property
    def planned_steps(self) -> int:
        """The number of steps that the schedules of the training are made for."""
        return self.steps_per_epoch * self.plan.epochs

    @functools.cached_property
    def data_sha256(self) -> str:
        """The hash of the data, computed once: of a large set, each process reads its part."""
        return self.source.hashed(process=process(), total=total)

    def begin(
        self,
        code: str,
        monitor: Monitor | None,
        start: dict[str, Any] | None = None,
    ) -> None:
        """Prepare the checkpoints, and restore the last one where the run resumes.

        Args:
            code: the source of the recipe. A checkpoint of another source is refused.
            monitor: the number by which the best checkpoint is chosen, if there is one.
            start: the record of what the training starts from, if not from new weights.

        Raises:
            ArgumentError: if the checkpoints are of another training.
            RecipeError: if a schedule has ended, by which a player would learn no more.
        """
        about = {
            **self.settings,
            "data_sha256": self.data_sha256,
            "backend": keras.backend.backend(),  # each draws other numbers from one seed
            "recipe": code,
            **({} if start is None else {"from": start}),
        }
        epochs, plan = self.config.epochs, self.plan
        continuing.check_rates(self.model, plan, epochs, self.total_steps - 1, self.own)
        rates = continuing.constant_rates(self.model) if plan.anew else {}
        longest = self.keeping.checkpoint_steps or self.total_steps
        self.checkpoints = Checkpoints(
            self.folder,
            self.steps_per_epoch,
            {**about, **plan.replaced, **plan.recorded},  # as the last checkpoint has it
            every=max(1, min(longest, self.total_steps // PARTS)),
            keep=self.keeping.keep,
            snap=self.keeping.snap,
            monitor=monitor,
            stop=self.keeping.stop,
            added=ADDED,
            classes=_names_of(self.model.condition),
        )
        if self.keeping.resume:
            self.done = self.checkpoints.restore(self.model, self.say, self.newest)
        self.checkpoints.describe({**about, **plan.record(epochs)})
        for player, rate in rates.items():  # a checkpoint has the former ones
            self.model.optimizers[player].learning_rate = rate
        if self.checkpoints.newest is not None:
            self.say(f"resumed: {self.done} of {self.total_steps} steps are done")
        if plan.epochs != epochs:
            last = continuing.rates_at(self.model, self.total_steps - 1)
            ends = ", ".join(f"{rate:.3g} ({player})" for player, rate in last.items())
            self.say(f"the learning rate goes on as planned for {plan.epochs} epochs, to {ends}")

    def fit(
        self,
        measurements: Sequence[keras.callbacks.Callback],
        grids: SampleGrids,
        others: Sequence[keras.callbacks.Callback] = (),
    ) -> None:
        """Train to the last step.

        Args:
            measurements: the callbacks that add numbers to the logs, which come before the
                checkpoints.
            grids: the pictures, which come after the checkpoints.
            others: the callbacks that come last.

        Raises:
            DivergedError: at losses or weights that are not finite.
            NoMemoryError: where the device has no memory for a step; the checkpoints are whole.
            StorageError: where there is no room; the checkpoints are whole.
            Stopped: after a checkpoint, where the program was asked to end.
        """
        self._picture_owed(grids)
        callbacks = [*measurements, self.checkpoints, grids, *others]
        with self.keeping.stop.deferred():
            while self.done < self.total_steps:
                try:
                    self._fit_on(callbacks)
                except DivergedError as error:
                    if self.keeping.on_nan == "stop":
                        raise _advised(error, REPEATED) from None
                    self._go_back(error)
                except Exception as error:
                    if not is_out_of_memory(error):
                        raise
                    raise self._no_memory() from error

    def _no_memory(self) -> NoMemoryError:
        """Return the error for a device whose memory a step does not fit into."""
        size = self.config.batch_size
        return NoMemoryError(
            f"{device()} has no memory for a step of {type(self.model).__name__} with batch_size="
            f"{size}, or for what is measured after an epoch. Less is needed with --set batch_size="
            f"{max(1, size // 2)} in another --out, smaller images or narrower networks. The "
            "checkpoints of this run are whole."
        )

    def load_best(self) -> dict[str, Any]:
        """Put the best checkpoint into the model; return its name, value and step.

        Raises:
            IntegrityError: if there is none, or it is not whole.
        """
        best = self.checkpoints.best
        self.checkpoints.load_best(self.model)
        self.say(f"the best: {best['name']} {best['value']:.4g}, of step {best['step']}")
        return best

    def _batches(self, attempt: int) -> data.Batches:
        """Return the batches, in an order of their own for each `attempt`."""
        return data.Batches(
            self.source.images,
            None if self.model.condition is None else self.source.labels,
            self.config.batch_size,
            self.config.seed if attempt == 0 else _seed(self.config.seed, attempt),
            value_range=self.model.value_range,
            crop=self.config.crop,
            flip=self.config.flip or self.config.few,
            binarize=self.config.binarize,
            dequantize=self.config.dequantize,
            shard=process(),
        )

    def _picture_owed(self, grids: SampleGrids) -> None:
        """Write the picture that a process owes which was killed at the end of an epoch."""
        if self.done and self.done % self.steps_per_epoch == 0:
            grids.set_model(self.model)
            grids.on_train_begin()
            grids.on_epoch_end(self.done // self.steps_per_epoch - 1)

    def _fit_on(self, callbacks: list[keras.callbacks.Callback]) -> None:
        """Train the rest of an epoch that was begun, or else all epochs that are left."""
        epoch, begun = divmod(self.done, self.steps_per_epoch)
        epochs = epoch + 1 if begun else self.config.epochs
        self.model.fit(
            feed(self._batches(len(self.checkpoints.restored)), self.done),
            steps_per_epoch=self.steps_per_epoch - begun,
            epochs=epochs,
            initial_epoch=epoch,
            shuffle=False,
            verbose=0,
            callbacks=callbacks,
        )
        self.done = epochs * self.steps_per_epoch

    def _go_back(self, error: DivergedError) -> None:
        """Restore the last good checkpoint, and give the model other random numbers."""
        checkpoints = self.checkpoints
        before = checkpoints.restored
        if len(before) == RESTORES:
            raise _advised(error, f"The training went back {RESTORES} times already.") from None
        self.done = checkpoints.restore(self.model, self.say)
        # The restored list may be older than this process's list, which this line continues.
        restore = {"step": error.step, "player": error.player, "to": self.done}
        checkpoints.restored = [*before, restore]
        # An exact repetition would fail at the same step. (A killed run repeats it up to here,
        # and then draws these numbers again.)
        weights = {id(v) for v in self.model.weights}
        seeds = [v for v in self.model.variables if id(v) not in weights]
        for index, seed in enumerate(seeds):
            value = _seed(self.config.seed, len(checkpoints.restored), index + 1)
            seed.assign(np.array([value, 0], dtype=seed.dtype))
        self.say(f"\n{error} Back to step {self.done}, and on with other random numbers.")


def _names_of(condition: Space | None) -> Sequence[str] | None:
    """Return the names of the classes that are the condition of a model, if they have names."""
    return condition.names if isinstance(condition, Classes) else None


def _advised(error: DivergedError, advice: str) -> DivergedError:
    return DivergedError(f"{error} {advice}", error.step, error.player)


def _seed(*entropy: int) -> int:
    """Return a seed that depends on all of `entropy`, of 31 bits, which each backend takes."""
    return int(np.random.SeedSequence(entropy).generate_state(1)[0] >> 1)


def last_checkpoint(out: Path) -> Path | None:
    """Return the newest checkpoint of the run in `out`, or `None`."""
    return next(iter(checkpoint.saved(out / CHECKPOINTS)[::-1]), None)


def choose_monitor(
    recipe: Recipe, model: keras.Model, test: data.Source, n: int
) -> tuple[Monitor | None, list[keras.callbacks.Callback]]:
    """Find the number that `recipe` chooses the best checkpoint by, if there is one.

    Args:
        recipe: the recipe.
        model: its model, compiled.
        test: the test images.
        n: the most samples that a metric is computed from after an epoch; at most 2,000 are.

    Returns:
        The monitor, or `None`, and the callback that measures its number, unless it is a log.

    Raises:
        RecipeError: if the recipe monitors what is neither a log nor a number of a metric, or
            ships the best checkpoint of a model without a monitor.
    """
    name, logs = recipe.monitor, model.loss_names
    if name is None and len(model.players) == 1 and "loss" in logs:
        name = "loss"
    if name is None:
        if recipe.ship == "best":
            raise RecipeError("ship='best' needs monitor=, the number that says what is best.")
        return None, []
    objects = [m for m in recipe.metrics or () if isinstance(m, Metric)]
    known = [*objects, *Metric.named().values()]
    having = [m for m in known if name in m.outputs]  # two may have it: of images and of points
    fitting = [m for m in having if _suits(m, model, test)]
    metric = next(iter(fitting or having), None)
    if name in logs:
        return Monitor(name, metric is None or metric.outputs[name] != "higher"), []
    if metric is None:
        numbers = {output for m in known for output in m.outputs}
        raise RecipeError(
            f"monitor must be a log ({', '.join(logs)}) or a number of a metric (nearest: "
            f"{', '.join(nearest(name, numbers))}). Received: {name!r}."
        )
    measured = Evaluation(
        test,
        metric if isinstance(metric, Metric) else Metric.get(metric.name),
        min(n, MONITORED),
        monitor=name,
        extractor=choose_extractor(model, test),
    )
    return Monitor(name, measured.lower), [measured]


def _suits(metric: Metric | type[Metric], model: keras.Model, test: data.Source) -> bool:
    """Return whether `metric` can be computed for `model` on the data `test`."""
    try:
        Metric.get(metric if isinstance(metric, Metric) else metric.name).check(model, test)
    except ArgumentError:
        return False
    return True


def choose_extractor(model: keras.Model, test: data.Source) -> str | None:
    """Return `"pixels"` for samples of images that no classifier of this package was trained on.

    Otherwise it is `None`, by which `zoo.evaluate` takes its default.
    """
    if model.data.name == "images" and "samples" in model.tasks:
        try:
            find_extractor(data=test.name)
        except ArgumentError:
            return "pixels"
    return None
