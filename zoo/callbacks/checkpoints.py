"""Checkpoints from which a training continues as if it had not stopped."""

from __future__ import annotations

import json
import math
import os
import shutil
import time
from pathlib import Path
from typing import Any

import keras

from zoo import engine
from zoo.errors import ArgumentError, check_count


class Checkpoints(keras.callbacks.Callback):
    """Saves, after each epoch and where asked for within it, everything that training depends on.

    A checkpoint is a folder `step-00000938` with `model.weights.h5` (networks, averaged networks,
    every optimizer, seed generators) and `state.json` (the steps done, which are also the position
    in the data, the logs of each epoch with its seconds, and `about`). It is written beside its
    place and then renamed, so that a folder of this name is always whole. Of several processes the
    first one writes, and all read.

    Args:
        folder: where to; made if it is missing.
        steps_per_epoch: the steps of a whole epoch.
        about: what `restore` compares, so that a training is not continued with other settings.
        every: also after each so many steps, for epochs that take long; `None`: after epochs alone.
        keep: how many of the last checkpoints at the end of an epoch stay; of those within epochs
            the newest does, until the epoch ends.
    """

    def __init__(
        self,
        folder: str | Path,
        steps_per_epoch: int,
        about: dict[str, Any],
        every: int | None = None,
        keep: int = 2,
    ):
        super().__init__()
        self.folder = Path(folder)
        self.steps_per_epoch = check_count("steps_per_epoch", steps_per_epoch)
        self.about = json.loads(json.dumps(about))  # as it comes back: tuples as lists
        self.every = None if every is None else check_count("every", every)
        self.keep = check_count("keep", keep)
        self.steps = 0
        self.seconds = 0.0  # of the epoch that is under way, before this process went on with it
        self.history: list[dict[str, float]] = []

    def saved(self) -> list[Path]:
        """The checkpoints in the folder, oldest first."""
        found = [p for p in self.folder.glob("step-*") if p.name[5:].isdigit()]
        return sorted(found, key=lambda p: int(p.name[5:]))

    def restore(self, model: keras.Model) -> int:
        """Puts the newest checkpoint, if there is one, into the compiled `model`; returns the
        steps it has had."""
        if self.saved():
            newest = self.saved()[-1]
            state = json.loads((newest / "state.json").read_text())
            self.check_same(state["about"])
            model.load_weights(newest / "model.weights.h5")
            self.steps, self.seconds = state["steps"], state["seconds"]
            self.history = state["history"]
        return self.steps

    def check_same(self, about: dict[str, Any]) -> None:
        """Raises, with what differs, unless `about` is that of this training."""
        different = [
            key for key in {**about, **self.about} if about.get(key) != self.about.get(key)
        ]
        if different:
            changes = ", ".join(
                f"{key} {about.get(key)!r} -> {self.about.get(key)!r}" for key in different
            )
            raise ArgumentError(
                f"The checkpoints in {self.folder} are of a training with other settings: "
                f"{changes}. Give the same settings, or another folder."
            )

    def on_epoch_begin(self, epoch, logs=None):
        self.steps = max(self.steps, epoch * self.steps_per_epoch)
        self.first = self.steps
        self.start = time.perf_counter() - self.seconds

    def on_train_batch_end(self, batch, logs=None):
        before, self.steps = self.steps, self.first + batch + 1  # several steps, if executed so
        due = self.every and self.steps // self.every > before // self.every
        if not due or self.steps % self.steps_per_epoch == 0:
            return  # the end of the epoch saves itself
        if all(math.isfinite(float(value)) for value in (logs or {}).values()):
            self.seconds = time.perf_counter() - self.start
            self._save()

    def on_epoch_end(self, epoch, logs=None):
        seconds = time.perf_counter() - self.start
        logs = {key: float(value) for key, value in (logs or {}).items()}
        self.history.append({**logs, "seconds": seconds})
        self.seconds = 0.0
        self._save()

    def _save(self):
        if not engine.is_chief():
            return
        place = self.folder / f"step-{self.steps:08}"
        partial = place.with_suffix(".partial")
        shutil.rmtree(partial, ignore_errors=True)
        partial.mkdir(parents=True)
        engine.synchronize(self.model)
        with engine.alone():
            self.model.save_weights(partial / "model.weights.h5")
        state = {
            "steps": self.steps,
            "seconds": self.seconds,
            "about": self.about,
            "history": self.history,
        }
        (partial / "state.json").write_text(json.dumps(state))
        if place.exists():
            shutil.rmtree(place)
        os.replace(partial, place)
        whole = [p for p in self.saved() if int(p.name[5:]) % self.steps_per_epoch == 0]
        for old in self.saved():
            if old not in whole[-self.keep :] and old != place:
                shutil.rmtree(old)
