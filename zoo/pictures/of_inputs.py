"""Pictures of real data and what a model makes of them: reconstructions, translations."""

from __future__ import annotations

import numpy as np
from PIL import Image

from zoo.base.ranges import mapped
from zoo.data import Source
from zoo.errors import ArgumentError
from zoo.pictures.of_samples import SHOWN
from zoo.pictures.sheets import conditions_of, in_rows

COLUMNS = 10  # the images in a row
SHOWN_IMAGES = 50  # the number of images that are reconstructed
NOISE = 0.5  # the standard deviation of noise to be removed, for pixels in [0, 1]


def translations(
    model,
    test: Source,
    n: int | None = None,
    seed: int | None = 0,
    columns: int | None = None,
    scale: int | None = None,
) -> Image.Image:
    """Draw rows of inputs of `test`, each above a row of the model's outputs and of the targets."""
    columns = columns or COLUMNS
    inputs = conditions_of(model, test, n or columns)
    outputs = model.translate(inputs, seed=seed)
    targets = model.data.from_stored(test.images[: len(inputs)])
    shown = model.data.range or (0.0, 1.0)
    inputs = mapped(inputs, model.condition.range or (0.0, 1.0), shown)
    channels = max(x.shape[-1] for x in (inputs, targets))
    images = {"input": inputs, "output": outputs, "target": targets}
    rows = {name: np.repeat(x, channels // x.shape[-1], axis=-1) for name, x in images.items()}
    return in_rows(rows, columns, shown, scale)


def reconstructions(
    model,
    test: Source | None,
    n: int | None = None,
    seed=None,
    columns: int | None = None,
    scale: int | None = None,
) -> Image.Image:
    """Draw the first `n` images of `test`, each with its reconstruction below; of other data the
    reconstructions alone.

    For a denoising model a middle row shows its input: the image plus Gaussian noise with a
    standard deviation of 0.5 for pixels in [0, 1]. Only the display is clipped.
    """
    if "encodes" not in model.tasks or test is None:
        raise ArgumentError(
            "A picture needs a model that makes samples, or one with reconstruct and test images. "
            f"Received: {type(model).__name__}, test={test!r}."
        )
    images = model.data.from_stored(test.images[: n or SHOWN_IMAGES])
    conditions = () if model.condition is None else (conditions_of(model, test, len(images)),)
    if model.data.name != "images":
        outputs = model.reconstruct(images, *conditions)
        return SHOWN[model.data.name](model.data, outputs, columns, test, scale, None)
    low, high = model.data.range or (0.0, 1.0)
    if "denoises" in model.tasks:
        noise = np.random.default_rng(0).standard_normal(images.shape, dtype="float32")
        noisy = images + NOISE * (high - low) * noise
        rows = {"clean": images, "noisy": noisy, "denoised": model.denoise(noisy)}
    else:
        rows = {"image": images, "reconstruction": model.reconstruct(images, *conditions)}
    return in_rows(rows, columns or COLUMNS, (low, high), scale)
