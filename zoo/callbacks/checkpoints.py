"""Checkpoints, from which a training continues as if it had not stopped."""

from __future__ import annotations

import contextlib
import json
import math
import shutil
import signal
import time
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any, NamedTuple

import keras
import numpy as np
from keras import ops

from zoo import engine
from zoo.base.stopping import Stop
from zoo.base.warn import warn
from zoo.callbacks.same import check_same
from zoo.engine.finite import broken_step, player_of, player_with_broken_weights
from zoo.errors import ArgumentError, DivergedError, IntegrityError, StorageError, check_count
from zoo.presets import checkpoint, storage

BETWEEN = 10  # steps from one question whether a process of several must end to the next


class Monitor(NamedTuple):
    """A log of each epoch by which the best checkpoint is chosen.

    Args:
        name: the name of the log.
        lower: whether lower values are better.
    """

    name: str
    lower: bool = True

    def better(self, value: float, than: float) -> bool:
        """Return whether `value` is better than `than`."""
        return value < than if self.lower else value > than


class Checkpoints(keras.callbacks.Callback):
    """Save everything that a training depends on.

    A checkpoint is saved at the start, after each epoch, every `every` steps within an epoch, and
    when the program is asked to end. If several processes train together, the first one writes and
    all of them read.

    A checkpoint is a folder, such as `step-00000938`, which `zoo.load` reads. `model.weights.h5`
    holds the networks, the averaged networks, every optimizer and the seed generators, and
    `config.json` the configuration of the model. `state.json` holds the steps done, which are also
    the position in the data; the means of an unfinished epoch; the logs of each epoch with its
    seconds; the best epoch so far; and `about`. See `zoo.presets.checkpoint`.

    No checkpoint is saved with losses or weights that are not finite: a training that makes such
    numbers ends in a `DivergedError`, at the step that made them.

    Args:
        folder: the folder of the checkpoints, which is created if it is missing.
        steps_per_epoch: the number of steps of a whole epoch.
        about: the settings of the training. `restore` compares them, so that no training is
            continued with other settings.
        every: the largest number of steps between two checkpoints, or `None` for one epoch.
        keep: the number of last checkpoints that are kept, together with the best checkpoint that
            each of them records.
        snap: the number of epochs from one checkpoint that is kept for good to the next; `None` for
            none of them.
        monitor: the log by which the best checkpoint is chosen, or `None` for no best one. The
            callback that computes this log must come before this callback.
        stop: the request to end, which is checked after each step. After a request, a checkpoint
            is saved and `zoo.base.stopping.Stopped` is raised.
        added: settings in `about` that earlier versions did not record, with the values that their
            trainings had.
        classes: the names of the classes of a conditional model, by which `zoo.load` gives them to
            the model of a checkpoint; `None` for none.

    Raises:
        DivergedError: during `fit`, at the first step with losses that are not finite, or when
            weights that are not finite would be saved.
        StorageError: during `fit`, if a checkpoint cannot be written; earlier ones stay whole.
    """

    def __init__(
        self,
        folder: str | Path,
        steps_per_epoch: int,
        about: dict[str, Any],
        every: int | None = None,
        keep: int = 2,
        snap: int | None = None,
        monitor: Monitor | None = None,
        stop: Stop | None = None,
        added: Mapping[str, Any] | None = None,
        classes: Sequence[str] | None = None,
    ):
        super().__init__()
        self.folder = Path(folder)
        self.steps_per_epoch = check_count("steps_per_epoch", steps_per_epoch)
        self.about: dict[str, Any] = {}
        self.describe(about)
        self.added = {} if added is None else dict(added)
        self.every = None if every is None else check_count("every", every)
        self.keep = check_count("keep", keep)
        self.snap = None if snap is None else check_count("snap", snap)
        self._config: str | None = None
        self.classes = None if classes is None else list(classes)
        self.monitor = monitor
        self.stop = Stop() if stop is None else stop
        self.steps = 0
        self.newest: int | None = None  # the step of the last checkpoint
        self.seconds = 0.0  # spent on an unfinished epoch before this process continued it
        self.means: list | None = None  # the means of the logs of a restored, unfinished epoch
        self.history: list[dict[str, float]] = []
        self.best: dict[str, Any] | None = None  # name, value and step
        self.restored: list[dict[str, Any]] = []  # each return to an earlier step

    def describe(self, about: dict[str, Any]) -> None:
        """Set `about`, the settings of the training from now on.

        A checkpoint with the former ones stays one of this training.
        """
        self.former = self.about
        self.about = json.loads(json.dumps(about))  # as `restore` reads it: tuples become lists

    # Reading

    def saved(self) -> list[Path]:
        """Return the folders of the checkpoints, whole or damaged, by their step.

        Unfinished ones are left out.
        """
        return checkpoint.saved(self.folder)

    def restore(
        self,
        model: keras.Model,
        say: Callable[[str], None] = warn,
        newest: checkpoint.Newest | None = None,
    ) -> int:
        """Load the newest whole checkpoint into the compiled `model`, if there is one.

        Args:
            model: the compiled model.
            say: a function that is called with a line for each damaged checkpoint, which names it
                and the damage.
            newest: what `checkpoint.newest_whole` found in the folder; `None` to look for it now.

        Returns:
            The number of steps that the model has been trained for.

        Raises:
            ArgumentError: if the checkpoint belongs to a training with other settings, with the
                differences.
            IntegrityError: if there are checkpoints and none is whole. The model is then unchanged.
        """
        newest = checkpoint.newest_whole(self.folder) if newest is None else newest
        newest.tell(self.folder, say)
        place, state, _ = newest
        if place is None:
            return 0
        about = {**self.added, **state["about"]}
        if about != self.former:
            check_same(about, self.about, self.folder)
        checkpoint.read_weights(place, model)
        self.steps = self.newest = state["step"]
        self.seconds, self.means = state["seconds"], state["means"]
        self.history, self.restored = state["history"], state["restored"]
        self.best = _best(place, state["best"], self.monitor, say)
        return self.steps

    def load_best(self, model: keras.Model) -> None:
        """Load the best checkpoint into the compiled `model`.

        Raises:
            IntegrityError: if there is no best checkpoint, or it is damaged.
        """
        if self.best is None:
            raise IntegrityError(f"There is no best checkpoint in {self.folder}.")
        place = checkpoint.place_of(self.folder, self.best["step"])
        try:
            checkpoint.check(place)
        except IntegrityError as error:
            raise IntegrityError(f"The best checkpoint, {place}, is lost: {error}.") from error
        checkpoint.read_weights(place, model)

    # During `fit`

    def on_train_begin(self, logs=None):
        with contextlib.suppress(NotImplementedError):  # a model of the user without `get_config`
            self._config = storage.config_text(self.model)
        if self.newest is not None:
            return
        if self.saved():
            raise ArgumentError(
                f"{self.folder} holds checkpoints already: restore the model from them, or choose "
                "another folder."
            )
        self._save()  # errors of writing show now, and `restore` always has a checkpoint

    def on_epoch_begin(self, epoch, logs=None):
        self.steps = max(self.steps, epoch * self.steps_per_epoch)
        self.first = self.steps
        self.start = time.perf_counter() - self.seconds
        if self.means is not None:
            for variable, value in zip(self.model.metrics_variables, self.means, strict=True):
                variable.assign(np.asarray(value, dtype=variable.dtype))
            self.means = None

    def on_train_batch_end(self, batch, logs=None):
        self.steps = self.first + batch + 1
        self._check_losses(logs)
        if self.steps % self.steps_per_epoch == 0:
            return  # `on_epoch_end` saves
        asked = engine.process()[1] == 1 or self.steps % BETWEEN == 0
        ending = asked and self._ending()
        due = self.every is not None and self.steps - self.newest >= self.every
        if due or ending:
            self._check_losses(logs, read=True)
            self.seconds = time.perf_counter() - self.start
            self._save()
        if ending:
            self.stop.check()

    def on_epoch_end(self, epoch, logs=None):
        self._check_losses({}, read=True)
        seconds = time.perf_counter() - self.start
        logs = {key: float(value) for key, value in (logs or {}).items()}
        self.history.append({**logs, "seconds": seconds})
        self.seconds = 0.0
        if self.monitor is not None:
            value = logs.get(self.monitor.name, math.nan)
            first = self.best is None and not math.isnan(value)
            if first or (self.best and self.monitor.better(value, self.best["value"])):
                self.best = {"name": self.monitor.name, "value": value, "step": self.steps}
        self._save()
        if self._ending():
            self.stop.check()

    def _check_losses(self, logs, read: bool = False) -> None:
        """Raise at losses that are not finite, of this step or of one that was not read before.

        The logs have been read from the device already, so that this costs no wait. They are means
        over the epoch so far: one value that is not finite makes all later means so.
        """
        found = broken_step(self.model, self.steps - self.first, logs, read=read)
        if found is not None:
            step, broken = found
            self.steps = self.first + step
            raise self._diverged(player_of(self.model, broken), broken)

    def _ending(self) -> bool:
        """Return whether training must end, because one of the processes was asked to end.

        All processes end together: if one ended alone, the others would wait for it. They ask each
        other every few steps, since each waits for the slowest. A signal that arrives during this
        exchange is handled at the next one.
        """
        ending = engine.agreed(self.stop.asked is not None)
        if ending and self.stop.asked is None:
            self.stop.asked = signal.SIGTERM
        return ending

    def _save(self):
        """Save a checkpoint of this step, and remove checkpoints that are not needed any more."""
        engine.synchronize(self.model)
        state, weights = self._state(), self._finite_weights()
        self._write(weights, state)
        if engine.is_chief():
            _remove_others(self.folder, self.steps, self.keep)
        self.newest = self.steps

    def _is_for_good(self) -> bool:
        """Return whether a checkpoint of this step is kept for good."""
        epochs, rest = divmod(self.steps, self.steps_per_epoch)
        return self.snap is not None and rest == 0 and epochs > 0 and epochs % self.snap == 0

    def _state(self) -> dict[str, Any]:
        """Return the state of the training, as data for JSON."""
        within = self.steps % self.steps_per_epoch
        variables = self.model.metrics_variables if within else ()
        return {
            "step": self.steps,
            "epoch": self.steps // self.steps_per_epoch,
            "seconds": self.seconds,
            "means": [ops.convert_to_numpy(v).tolist() for v in variables] if within else None,
            "history": self.history,
            "best": self.best,
            "kept": self._is_for_good(),
            "restored": self.restored,
            "classes": self.classes,
            "about": self.about,
        }

    def _finite_weights(self) -> bytes | None:
        """Return the content of the weights' file in the first process, and `None` in others.

        Raises:
            DivergedError: in all processes that train together, if a weight is not finite.
        """
        weights = broken = None
        if engine.is_chief():
            with engine.alone():
                weights = storage.weights_file(self.model)
            broken = storage.not_finite(weights)
        if engine.agreed(broken is not None):
            raise self._diverged(player_with_broken_weights(self.model), [broken or "weights"])
        return weights

    def _write(self, weights: bytes | None, state: dict[str, Any]) -> None:
        """Write a checkpoint, in the first process alone.

        Raises:
            StorageError: in all processes that train together, if it cannot be written.
        """
        place, refused = checkpoint.place_of(self.folder, self.steps), None
        if engine.is_chief():
            try:
                checkpoint.write(place, weights, state, self._config)
            except OSError as error:
                refused = error
        if engine.agreed(refused is not None):
            reason = "" if refused is None else f": {refused.strerror or refused}"
            raise StorageError(
                f"The checkpoint {place} cannot be written{reason}; {self._last_good()}."
            ) from refused

    def _diverged(self, player: str | None, names: list[str]) -> DivergedError:
        """Return the error for logs or weights, called `names`, that are not finite."""
        of_player = "" if player is None else f" of the player {player!r}"
        return DivergedError(
            f"Step {self.steps} made losses or weights{of_player} that are not finite: "
            f"{', '.join(names)}; {self._last_good()}.",
            self.steps,
            player,
        )

    def _last_good(self) -> str:
        """Return the clause about the last good checkpoint, for errors."""
        if self.newest is None:
            return "there is no checkpoint yet"
        return f"the last good checkpoint is {checkpoint.place_of(self.folder, self.newest)}"


def _best(
    whole: Path, best: dict[str, Any] | None, monitor: Monitor | None, say: Callable[[str], None]
) -> dict[str, Any] | None:
    """Return `best` of the checkpoint `whole`, or `None` if it is damaged, or of another monitor.

    It may be the checkpoint itself.
    """
    if best is None or monitor is None or best["name"] != monitor.name:
        return None
    place = checkpoint.place_of(whole.parent, best["step"])
    try:
        if place != whole:
            checkpoint.check(place)
    except IntegrityError as error:
        say(f"The best checkpoint, {place}, is lost: {error}; the best from now on is kept.")
        return None
    return best


def _is_kept(place: Path) -> bool:
    """Return whether the checkpoint at `place` is kept for good, as long as it is whole."""
    try:
        return checkpoint.read_state(place).get("kept", False)
    except IntegrityError:
        return False


def _remove_others(folder: Path, steps: int, keep: int) -> None:
    """Remove old checkpoints.

    The last `keep` ones up to `steps` stay, the best checkpoint that each of them records, and
    those that say that they are kept for good. Checkpoints of later steps were found damaged when
    this process began, and are removed too.
    """
    saved = checkpoint.saved(folder)
    done = [place for place in saved if checkpoint.step_of(place) <= steps]
    last = done[-keep:]
    needed = set(last)
    for place in last:
        try:
            best = checkpoint.read_state(place)["best"]
        except IntegrityError:
            continue  # a damaged checkpoint records no best one
        if best is not None:
            needed.add(checkpoint.place_of(folder, best["step"]))
    needed |= {place for place in done if place not in needed and _is_kept(place)}
    for old in {*saved, *checkpoint.left(folder)} - needed:
        shutil.rmtree(old, ignore_errors=True)  # leftovers are removed the next time
