"""Ten steps from given weights on given images and latents: what the backends are compared by."""

from pathlib import Path

import keras
import numpy as np
from keras import ops

import zoo

STEPS = 10
BATCH = 16
PLACE = Path(__file__).parent / "data" / "first_steps.npz"


@keras.saving.register_keras_serializable("zoo_tests")
class CountedDCGAN(zoo.models.DCGAN):
    """Takes its latents from a bank, one row at each draw, so that they are the same everywhere."""

    def set_bank(self, latents: np.ndarray) -> None:
        vars(self)["bank"] = latents

    def draw_latents(self, n):
        # `draws` is `images_seen` in another unit: nothing else counts within a step.
        step = ops.cast(self.images_seen, "int32") // BATCH
        first = vars(self).setdefault("within", [0])
        row = 2 * step + first[0] % 2
        first[0] += 1
        return ops.take(ops.convert_to_tensor(self.bank), row, axis=0)


def train(model, images: np.ndarray, optimizer=None) -> tuple[dict, list]:
    """The losses of each step, and the weights after the last."""
    model.compile(optimizer)
    losses = {name: [] for name in model.loss_names}
    for step in range(STEPS):
        batch = zoo.data.to_range(images[step * BATCH : (step + 1) * BATCH])
        history = model.fit(batch, batch_size=BATCH, verbose=0).history
        for name, values in losses.items():
            values += history[name]
    return losses, model.get_weights()
