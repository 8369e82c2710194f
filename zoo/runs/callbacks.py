"""The callbacks of a run beside checkpoints and pictures: what it shows, and those of the user."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import keras

from zoo.callbacks.progress import Progress
from zoo.engine import is_chief
from zoo.errors import RecipeError
from zoo.runs.history import History
from zoo.runs.training import Trainer

MakesCallbacks = Callable[[dict[str, Any], Path], Sequence[keras.callbacks.Callback]]


def telling(
    trainer: Trainer, out: Path, say: Callable[[str], None] | None, picture: bool
) -> list[keras.callbacks.Callback]:
    """Return the callbacks that write the history of a training, and show its progress.

    Args:
        trainer: the training.
        out: the folder of the run.
        say: is given the lines of progress; `None` for none.
        picture: whether the history is drawn, too.
    """
    callbacks: list[keras.callbacks.Callback] = [History(out, trainer.checkpoints, picture)]
    if is_chief() and say is not None:
        steps, epochs = trainer.total_steps, trainer.config.epochs
        callbacks.append(Progress(steps, epochs, lambda: trainer.done, say))
    return callbacks


def users(
    make: MakesCallbacks | None, settings: dict[str, Any], out: Path
) -> list[keras.callbacks.Callback]:
    """Return the callbacks of the user.

    Raises:
        RecipeError: if `make` gives anything but callbacks.
    """
    callbacks = () if make is None else make(settings, out)
    if not isinstance(callbacks, list | tuple) or not all(
        isinstance(each, keras.callbacks.Callback) for each in callbacks
    ):
        raise RecipeError(
            f"callbacks must return a list of Keras callbacks. Received: {callbacks!r}."
        )
    return list(callbacks)
