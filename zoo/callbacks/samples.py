"""`SampleGrids`, which writes pictures of samples during training."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import keras
from PIL import Image

from zoo import engine, pictures
from zoo.engine.finite import broken_logs
from zoo.files.home import write_picture


class SampleGrids(keras.callbacks.Callback):
    """Write a picture of samples after each epoch, as `epoch-0001.png` and so on.

    If several processes train together, the first one writes. An epoch with losses that are not
    finite, of which `fit` warns, has no picture.

    Args:
        folder: the folder of the pictures, which is created if it is missing.
        picture: a function from the model to the picture; by default `zoo.pictures.samples`, which
            uses the same latents each time.

    Raises:
        StorageError: during `fit`, if a picture cannot be written.
    """

    def __init__(
        self,
        folder: str | Path,
        picture: Callable[[keras.Model], Image.Image] = pictures.samples,
    ):
        super().__init__()
        self.folder = Path(folder)
        self.picture = picture

    def on_train_begin(self, logs=None):
        if engine.is_chief():
            for path in self.folder.glob(".epoch-*.png"):  # unfinished files of a killed process
                path.unlink()

    def on_epoch_end(self, epoch, logs=None):
        if not engine.is_chief() or broken_logs(logs, self.model.loss_names):
            return
        place = self.folder / f"epoch-{epoch + 1:04d}.png"
        with engine.alone():
            image = self.picture(self.model)
        write_picture(place, image)
