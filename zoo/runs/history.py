"""The history of a training, as a table and as a picture in the folder of the run."""

from __future__ import annotations

import csv
import io
import math
from collections.abc import Sequence
from pathlib import Path

import keras

from zoo import engine
from zoo.callbacks import Checkpoints
from zoo.files.home import atomic_file, storage_errors, write_text
from zoo.runs.places import DRAWN_HISTORY, HISTORY


class History(keras.callbacks.Callback):
    """Write the logs of all epochs to `history.csv` after each epoch, in the first process.

    By `finish`, at the end of the training, they are drawn to `history.png`, where matplotlib is
    installed (the extra `plot`).

    Args:
        folder: the folder of the files.
        checkpoints: the callback that keeps the logs, which comes before this one.
        picture: whether they are drawn.

    Raises:
        StorageError: during `fit`, if a file cannot be written.
    """

    def __init__(self, folder: Path, checkpoints: Checkpoints, picture: bool = True):
        super().__init__()
        self.folder, self.checkpoints, self.picture = folder, checkpoints, picture

    def on_epoch_end(self, epoch, logs=None):
        if engine.is_chief():
            place = self.folder / HISTORY
            with storage_errors(place):
                write_text(place, as_csv(self.checkpoints.history))

    def finish(self) -> None:
        """Write the table, which a killed process may owe, and draw the picture."""
        self.on_epoch_end(-1)
        if self.picture and engine.is_chief() and self.checkpoints.history:
            draw(self.checkpoints.history, self.folder / DRAWN_HISTORY)


def as_csv(history: Sequence[dict[str, float]]) -> str:
    """Return a line with the logs of each epoch, which are counted from 1."""
    columns = list(dict.fromkeys(name for logs in history for name in logs))
    text = io.StringIO()
    writer = csv.DictWriter(text, ["epoch", *columns], lineterminator="\n")
    writer.writeheader()
    writer.writerows({"epoch": i, **logs} for i, logs in enumerate(history, 1))
    return text.getvalue()


def draw(history: Sequence[dict[str, float]], path: Path) -> bool:
    """Draw each number of the logs over the epochs to the picture `path`.

    Returns:
        Whether it was drawn: not without matplotlib.
    """
    try:
        from matplotlib.backends.backend_agg import FigureCanvasAgg
        from matplotlib.figure import Figure
    except ImportError:
        return False
    names = list(dict.fromkeys(name for logs in history for name in logs if name != "seconds"))
    columns = min(3, len(names))
    rows = math.ceil(len(names) / columns)
    figure = Figure(figsize=(4 * columns, 3 * rows), layout="constrained")
    FigureCanvasAgg(figure)
    epochs = range(1, len(history) + 1)
    for i, name in enumerate(names, 1):
        axes = figure.add_subplot(rows, columns, i)
        axes.plot(epochs, [logs.get(name, math.nan) for logs in history], marker=".")
        axes.set_title(name)
        axes.set_xlabel("epoch")
        axes.grid(alpha=0.3)
    with storage_errors(path), atomic_file(path) as partial:
        figure.savefig(partial, dpi=100, format="png")
    return True
