"""Pictures of samples during training."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import keras
from PIL import Image

from zoo import engine, pictures


class SampleGrids(keras.callbacks.Callback):
    """Writes a picture of samples after each epoch, as `epoch-0001.png` and so on; of several
    processes, the first one does.

    Args:
        folder: where to; made if it is missing.
        picture: `picture(model)`, the picture; by default of samples from the same latents each
            time, see `zoo.pictures.samples`.
    """

    def __init__(
        self,
        folder: str | Path,
        picture: Callable[[keras.Model], Image.Image] = pictures.samples,
    ):
        super().__init__()
        self.folder = Path(folder)
        self.picture = picture

    def on_epoch_end(self, epoch, logs=None):
        if not engine.is_chief():
            return
        self.folder.mkdir(parents=True, exist_ok=True)
        with engine.alone():
            self.picture(self.model).save(self.folder / f"epoch-{epoch + 1:04d}.png")
