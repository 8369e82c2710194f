"""The callbacks of a run that come last: its progress, and those of the user."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import keras

from zoo.callbacks.progress import Progress
from zoo.engine import is_chief
from zoo.errors import RecipeError
from zoo.runs.training import Trainer

MakesCallbacks = Callable[[dict[str, Any], Path], Sequence[keras.callbacks.Callback]]


def telling(trainer: Trainer, say: Callable[[str], None] | None) -> list[keras.callbacks.Callback]:
    """Return the callbacks that show the progress of a training.

    Args:
        trainer: the training.
        say: is given the lines of progress; `None` for none.
    """
    if not is_chief() or say is None:
        return []
    steps, epochs = trainer.total_steps, trainer.config.epochs

    def lasted() -> list[float]:
        return [logs["seconds"] for logs in trainer.checkpoints.history]

    return [Progress(steps, epochs, lambda: trainer.done, say, lasted=lasted)]


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
