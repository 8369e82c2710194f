"""What is trained in the benchmarks: the same models, batches and optimizers on both sides."""

from __future__ import annotations

import dataclasses
from typing import Any

import numpy as np


@dataclasses.dataclass(frozen=True)
class Case:
    """A model and its batch.

    `batch` is the number of images of a `fit` step; a WGAN-GP cuts it into five minibatches.
    """

    family: str
    size: int
    channels: int
    batch: int
    options: dict[str, Any]
    latent_dim: int
    steps: int  # that are timed at once
    samples: int = 256  # that are made at once

    @property
    def image_shape(self) -> tuple[int, int, int]:
        return (self.size, self.size, self.channels)

    @property
    def value_range(self) -> tuple[float, float]:
        return (0.0, 1.0) if self.family == "vae" else (-1.0, 1.0)

    def replace(self, **changes) -> Case:
        return dataclasses.replace(self, **changes)

    def model(self):
        """The model of the zoo, not compiled."""
        import zoo

        return zoo.create(
            self.family,
            image_shape=self.image_shape,
            latent_dim=self.latent_dim,
            **self.options,
        )

    def pixels(self, n: int = 8192) -> np.ndarray:
        """8-bit images of noise, of shape `(n, height, width, channels)`: what they show does not
        matter for speed."""
        return np.random.default_rng(0).integers(0, 256, (n, *self.image_shape), dtype=np.uint8)

    def images(self, n: int = 8192) -> np.ndarray:
        """The same in the model's value range, float32."""
        low, high = self.value_range
        return (self.pixels(n) / np.float32(255) * (high - low) + low).astype("float32")


CASES = {
    "dcgan_28": Case("dcgan", 28, 1, 128, {"width": 64}, 100, 10),
    "dcgan_64": Case("dcgan", 64, 3, 64, {"width": 64}, 100, 3),
    "wgan_gp_28": Case("wgan_gp", 28, 1, 320, {"width": 64}, 128, 5),
    "vae_28": Case("vae", 28, 1, 128, {"hidden_units": (500,)}, 20, 100),
    "vae_28_of_32": Case("vae", 28, 1, 32, {"hidden_units": (500,)}, 20, 200),
    "vae_28_of_8": Case("vae", 28, 1, 8, {"hidden_units": (500,)}, 20, 200),
}


# What makes a case so small that it only shows that everything runs.
SMALL = {"batch": 4, "latent_dim": 4, "steps": 1, "samples": 4}
TOY = {
    "dcgan_28": {**SMALL, "options": {"width": 4}},
    "dcgan_64": {**SMALL, "options": {"width": 4}},
    "wgan_gp_28": {**SMALL, "options": {"width": 4}, "batch": 20},
    **{
        f"vae_28{batch}": {**SMALL, "options": {"hidden_units": (8,)}}
        for batch in ("", "_of_32", "_of_8")
    },
}


def stages(size: int) -> tuple[int, int]:
    """The size of the first feature maps, and how often it is doubled."""
    start = 7 if size == 28 else 4
    return start, (size // start).bit_length() - 1


def weights_of(case: Case) -> dict[str, list[tuple[str, tuple[int, ...]]]]:
    """How each array of a case's networks begins, and its shape, in the order of Keras's
    `get_weights`: so that a loop can be measured in a process without the zoo."""
    if case.family == "vae":
        (units,) = case.options["hidden_units"]
        pixels, latents = case.size**2 * case.channels, case.latent_dim

        def dense(a: int, b: int):
            return [("normal", (a, b)), ("zeros", (b,))]

        return {
            "encoder": [*dense(pixels, units), *dense(units, latents), *dense(units, latents)],
            "decoder": [*dense(latents, units), *dense(units, pixels)],
        }
    normalized = case.family == "dcgan"
    start, count = stages(case.size)
    width = case.options["width"]

    def norm(n: int):
        return [("ones", (n,)), ("zeros", (n,)), ("zeros", (n,)), ("ones", (n,))]

    channels = width << (count - 1)
    flat = start * start * channels
    generator = [("normal", (case.latent_dim, flat)), *norm(flat)]
    while channels > width:
        generator += [("normal", (4, 4, channels // 2, channels)), *norm(channels // 2)]
        channels //= 2
    generator += [("normal", (4, 4, case.channels, width)), ("zeros", (case.channels,))]
    discriminator = [("normal", (4, 4, case.channels, width)), ("zeros", (width,))]
    for stage in range(1, count):
        channels = width << stage
        discriminator.append(("normal", (4, 4, channels // 2, channels)))
        discriminator += norm(channels) if normalized else [("zeros", (channels,))]
    discriminator.append(("normal", (flat, 1)))
    discriminator += [("zeros", (1,))] if normalized else []
    return {"generator": generator, "discriminator": discriminator}


def flops(case: Case) -> float:
    """Floating-point operations of the products and convolutions of one `fit` step, two for each
    multiplication and addition."""
    if case.family == "vae":
        (units,) = case.options["hidden_units"]
        pixels = case.size**2 * case.channels
        encoder = pixels * units + 2 * units * case.latent_dim
        decoder = case.latent_dim * units + units * pixels
        # Forwards, and twice as much backwards but for the images' gradient.
        return 2 * case.batch * (3 * (encoder + decoder) - pixels * units)
    start, count = stages(case.size)
    width = case.options["width"]
    maps = [
        (start << stage) ** 2 * 16 * (width << (count - 1 - stage)) * below
        for stage in range(count)
        for below in [width << (count - 2 - stage) if stage < count - 1 else case.channels]
    ]
    steps = 5 if case.family == "wgan_gp" else 1
    rows = case.batch // steps
    flat = start * start * (width << (count - 1))
    discriminator = sum(maps) + flat
    generator = sum(maps) + flat * case.latent_dim
    first = maps[-1]  # the layer at the image, where the gradient of the image is not needed
    critic = 2 * (3 * discriminator - first)  # real and generated images, forwards and backwards
    if case.family == "wgan_gp":
        # Forwards, the slope, and the derivatives of both.
        critic += 2 * discriminator + 4 * discriminator - first
    player = 3 * generator - flat * case.latent_dim + 2 * discriminator
    return 2 * rows * (steps * (generator + critic) + player)
