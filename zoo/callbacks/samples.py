"""Pictures of samples during training."""

from __future__ import annotations

from pathlib import Path

import keras

from zoo.data import save_grid


class SampleGrids(keras.callbacks.Callback):
    """Writes a grid of samples from the same latents after each epoch, as `epoch-0001.png` and so
    on.

    Args:
        folder: where to; made if it is missing.
        n: how many samples.
        seed: the seed of the latents.
    """

    def __init__(self, folder: str | Path, n: int = 64, seed: int = 0):
        super().__init__()
        self.folder = Path(folder)
        self.n = n
        self.seed = seed

    def on_epoch_end(self, epoch, logs=None):
        save_grid(
            self.model.sample(self.n, seed=self.seed), self.folder / f"epoch-{epoch + 1:04d}.png"
        )
