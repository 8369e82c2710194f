"""What is trained in the benchmarks: the same models, batches and optimizers on both sides."""

from __future__ import annotations

import dataclasses
import itertools
from typing import Any

import numpy as np


@dataclasses.dataclass(frozen=True)
class Case:
    """A model and its batch.

    `batch` is the number of images of a `fit` step; a WGAN-GP cuts it into five minibatches. Images
    that are points in the plane have no size.
    """

    family: str
    size: int | None
    channels: int
    batch: int
    options: dict[str, Any]
    latent_dim: int
    steps: int  # that are timed at once
    samples: int = 256  # that are made at once

    @property
    def points(self) -> bool:
        return self.size is None

    @property
    def image_shape(self) -> tuple[int, ...]:
        return (self.channels,) if self.points else (self.size, self.size, self.channels)

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
        matter for speed. Points are float32."""
        rng = np.random.default_rng(0)
        if self.points:
            return rng.standard_normal((n, *self.image_shape), dtype="float32")
        return rng.integers(0, 256, (n, *self.image_shape), dtype=np.uint8)

    def images(self, n: int = 8192) -> np.ndarray:
        """The same in the model's value range, float32."""
        if self.points:
            return self.pixels(n)
        low, high = self.value_range
        return (self.pixels(n) / np.float32(255) * (high - low) + low).astype("float32")


CASES = {
    "dcgan_28": Case("dcgan", 28, 1, 128, {"width": 64}, 100, 10),
    "dcgan_28_of_32": Case("dcgan", 28, 1, 32, {"width": 64}, 100, 20),
    "dcgan_64": Case("dcgan", 64, 3, 64, {"width": 64}, 100, 3),
    "wgan_gp_28": Case("wgan_gp", 28, 1, 320, {"width": 64}, 128, 5),
    "vae_28": Case("vae", 28, 1, 128, {"hidden_units": (500,)}, 20, 100),
    "vae_28_of_32": Case("vae", 28, 1, 32, {"hidden_units": (500,)}, 20, 200),
    "vae_28_of_8": Case("vae", 28, 1, 8, {"hidden_units": (500,)}, 20, 200),
    "gan_2d_of_32": Case("gan", None, 2, 32, {}, 2, 200),
    "gan_2d_of_8": Case("gan", None, 2, 8, {}, 2, 200),
}
POINTS_HIDDEN = (128, 128, 128)  # of both players of a GAN of points


# What makes a case so small that it only shows that everything runs.
SMALL = {"batch": 4, "latent_dim": 4, "steps": 1, "samples": 4}
TOY = {
    **{name: {**SMALL, "options": {"width": 4}} for name in CASES if name.startswith("dcgan")},
    **{name: SMALL for name in CASES if name.startswith("gan_2d")},
    "wgan_gp_28": {**SMALL, "options": {"width": 4}, "batch": 20},
    **{
        name: {**SMALL, "options": {"hidden_units": (8,)}}
        for name in CASES
        if name.startswith("vae")
    },
}


def stages(size: int) -> tuple[int, int]:
    """The size of the first feature maps, and how often it is doubled."""
    start = 7 if size == 28 else 4
    return start, (size // start).bit_length() - 1


def _dense(*widths: int) -> list[tuple[str, tuple[int, ...]]]:
    """The kernels and biases of dense layers, from one width to the next."""
    return [
        array
        for a, b in itertools.pairwise(widths)
        for array in (("normal", (a, b)), ("zeros", (b,)))
    ]


def weights_of(case: Case) -> dict[str, list[tuple[str, tuple[int, ...]]]]:
    """How each array of a case's networks begins, and its shape, in the order of Keras's
    `get_weights`: so that a loop can be measured in a process without the zoo."""
    if case.family == "vae":
        (units,) = case.options["hidden_units"]
        pixels, latents = case.size**2 * case.channels, case.latent_dim
        return {
            "encoder": [*_dense(pixels, units, latents), *_dense(units, latents)],
            "decoder": _dense(latents, units, pixels),
        }
    if case.points:
        return {
            "generator": _dense(case.latent_dim, *POINTS_HIDDEN, case.channels),
            "discriminator": _dense(case.channels, *POINTS_HIDDEN, 1),
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
