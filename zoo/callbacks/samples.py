"""Pictures of samples during training."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import keras
from PIL import Image

from zoo import engine, pictures
from zoo.files.home import atomic_file, storage_errors


class SampleGrids(keras.callbacks.Callback):
    """Writes a picture of samples after each epoch, as `epoch-0001.png` and so on; of several
    processes, the first one does.

    Args:
        folder: where to; made if it is missing.
        picture: `picture(model)`, the picture; by default of samples from the same latents each
            time, see `zoo.pictures.samples`.
        writes: whether this process is the one that writes; of several that train together one is.

    Raises:
        StorageError: during `fit`, if a picture cannot be written.
    """

    def __init__(
        self,
        folder: str | Path,
        picture: Callable[[keras.Model], Image.Image] = pictures.samples,
        writes: bool = True,
    ):
        super().__init__()
        self.folder = Path(folder)
        self.picture = picture
        self.writes = writes

    def on_train_begin(self, logs=None):
        if self.writes:
            for path in self.folder.glob(".epoch-*.png"):  # of a process that was killed meanwhile
                path.unlink()

    def on_epoch_end(self, epoch, logs=None):
        if not self.writes:
            return
        place = self.folder / f"epoch-{epoch + 1:04d}.png"
        with engine.alone():
            image = self.picture(self.model)
        with storage_errors(place), atomic_file(place) as partial:
            image.save(partial)
