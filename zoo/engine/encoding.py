"""`OneCode`, the mixin of models that give each datum one code."""

from __future__ import annotations

import math

import numpy as np

from zoo.base.arrays import as_array
from zoo.base.described import described_by
from zoo.engine.spaces.base import as_numpy
from zoo.engine.tasks import Encodes
from zoo.errors import ArgumentError


class OneCode(Encodes):
    """A mixin of models whose code is a function of the datum, and has no distribution.

    A subclass defines `encoded` and `decoded`, and `call`, which maps data to reconstructions.

    Attributes:
        code_shape: the shape of one code.
    """

    code_shape: tuple[int, ...]

    def encoded(self, images):
        """Return the codes of a batch of data, in inference mode."""
        raise NotImplementedError

    def decoded(self, codes):
        """Return the data of a batch of codes, in inference mode."""
        raise NotImplementedError

    def encode(self, images, batch_size: int = 256) -> np.ndarray:
        """Return the code of each image.

        Args:
            images: of shape `(n, height, width, channels)`, in [0, 1].
            batch_size: the number of images that are computed at once.

        Returns:
            A float32 NumPy array of shape `(n, *code_shape)`.

        Raises:
            ValueError: if `images` has another shape.
        """
        return self.infer("encode", self.encoded, self.checked_inputs(images), batch_size)

    def decode(self, codes, batch_size: int = 256) -> np.ndarray:
        """Return the image that each code stands for, in the range of the data.

        Args:
            codes: an array of shape `(n, *code_shape)`, or `(n, latent_dim)`.
            batch_size: the number of images that are computed at once.

        Raises:
            ValueError: if `codes` has another shape, or holds numbers that are not finite.
        """
        codes = check_codes(codes, self.code_shape)
        return self.infer("decode", self.decoded, (codes,), batch_size)

    @described_by(encode)
    def reconstruct(self, images, batch_size: int = 256) -> np.ndarray:
        """Encode and decode each image, and return an array of the shape of `images`."""
        return self.infer("reconstruct", self.call, self.checked_inputs(images), batch_size)

    def golden_inputs(self, n):
        return {"images": self.data.example(n)}

    def golden_outputs(self, inputs):
        return self.reconstruct(inputs["images"])


def check_codes(codes, shape: tuple[int, ...]) -> np.ndarray:
    """Return `codes`, which may be vectors, as a float32 array of shape `(n, *shape)`, or raise."""
    codes = as_array("codes", as_numpy("codes", codes)).astype("float32")
    if codes.shape[1:] == (math.prod(shape),):
        codes = codes.reshape(-1, *shape)
    if codes.shape[1:] != shape or not len(codes) or not np.isfinite(codes).all():
        raise ArgumentError(
            f"codes must have the shape (n, {', '.join(map(str, shape))}) with n at least 1, and "
            f"finite numbers. Received: {_described(codes)}."
        )
    return codes


def _described(codes: np.ndarray) -> str:
    """Return the shape of codes, and that they are not finite where they are not."""
    finite = np.isfinite(codes).all()
    return f"shape {codes.shape}" + ("" if finite else ", with numbers that are not finite")
