"""Writes `tests/data/first_steps.npz`: a small DCGAN's first steps, to compare backends by.

Run once, on any backend; the tests of all three compare with it.
"""

from pathlib import Path

import keras
import numpy as np
from first_steps import BATCH, PLACE, STEPS, CountedDCGAN, train

import zoo

if __name__ == "__main__":
    keras.utils.set_random_seed(0)
    here = Path(__file__).parent
    images = zoo.data.read(here / "data" / "mnist_slice.npz").images[: STEPS * BATCH]
    rng = np.random.default_rng(0)
    # Each step draws latents twice: for the discriminator's update and for the generator's.
    latents = rng.standard_normal((2 * STEPS, BATCH, 8), dtype="float32")
    model = CountedDCGAN(image_shape=(28, 28, 1), latent_dim=8, width=4)
    model.set_bank(latents)
    initial = model.get_weights()
    losses, _ = train(model, images)
    sgd = CountedDCGAN(image_shape=(28, 28, 1), latent_dim=8, width=4)
    sgd.set_bank(latents)
    sgd.set_weights(initial)
    _, final = train(sgd, images, keras.optimizers.SGD(0.01))
    np.savez_compressed(
        PLACE,
        images=images,
        latents=latents,
        **{f"initial_{i}": w for i, w in enumerate(initial)},
        **{f"final_{i}": w for i, w in enumerate(final)},
        **{f"loss_{name}": values for name, values in losses.items()},
    )
