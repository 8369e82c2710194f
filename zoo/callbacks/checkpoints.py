"""Checkpoints from which a training continues as if it had not stopped."""

from __future__ import annotations

import json
import os
import shutil
from pathlib import Path
from typing import Any

import keras

from zoo.errors import ArgumentError


class Checkpoints(keras.callbacks.Callback):
    """Saves, after each epoch, everything that training depends on.

    A checkpoint is a folder `epoch-0001` with `model.weights.h5` (networks, averaged networks,
    every optimizer, seed generators) and `state.json` (the epoch, the history of the logs, the
    seconds spent, and `about`). It is written beside its place and then renamed, so that a folder
    of this name is always whole.

    Args:
        folder: where to; made if it is missing.
        about: what `restore` compares, so that a training is not continued with other settings.
        keep: how many of the last checkpoints stay.
    """

    def __init__(self, folder: str | Path, about: dict[str, Any], keep: int = 2):
        super().__init__()
        self.folder = Path(folder)
        self.about = json.loads(json.dumps(about))  # as it comes back: tuples as lists
        self.keep = keep
        self.history: list[dict[str, float]] = []

    def saved(self) -> list[Path]:
        """The checkpoints in the folder, oldest first."""
        found = [p for p in self.folder.glob("epoch-*") if p.name[6:].isdigit()]
        return sorted(found, key=lambda p: int(p.name[6:]))

    def restore(self, model: keras.Model) -> int:
        """Puts the newest checkpoint, if there is one, into the compiled `model`; returns the
        epochs it has had."""
        if not self.saved():
            return 0
        newest = self.saved()[-1]
        state = json.loads((newest / "state.json").read_text())
        self.check_same(state["about"])
        model.load_weights(newest / "model.weights.h5")
        self.history = state["history"]
        return state["epochs"]

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

    def on_epoch_end(self, epoch, logs=None):
        self.history.append({key: float(value) for key, value in (logs or {}).items()})
        place = self.folder / f"epoch-{epoch + 1:04d}"
        partial = place.with_suffix(".partial")
        shutil.rmtree(partial, ignore_errors=True)
        partial.mkdir(parents=True)
        self.model.save_weights(partial / "model.weights.h5")
        state = {"epochs": epoch + 1, "about": self.about, "history": self.history}
        (partial / "state.json").write_text(json.dumps(state))
        if place.exists():
            shutil.rmtree(place)
        os.replace(partial, place)
        for old in self.saved()[: -self.keep]:
            shutil.rmtree(old)
