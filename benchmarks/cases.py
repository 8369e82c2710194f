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
}


def stages(size: int) -> tuple[int, int]:
    """The size of the first feature maps, and how often it is doubled."""
    start = 7 if size == 28 else 4
    return start, (size // start).bit_length() - 1
