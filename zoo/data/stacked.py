"""Stacked digits of Metz et al. 2017: three random digits as red, green and blue of one image."""

from __future__ import annotations

import hashlib

import numpy as np

from zoo.base.arrays import as_labels
from zoo.errors import DataError, check_count

PREFIX = "stacked_"
COUNT = 128_000  # the number of images that Metz et al. draw


class Stacked:
    """Images whose channels are images of another set, combined when they are indexed."""

    dtype = np.dtype("uint8")

    def __init__(self, images: np.ndarray, triples: np.ndarray):
        self.images = images
        self.triples = triples
        self.shape = (len(triples), *images.shape[1:3], 3)

    def __len__(self) -> int:
        return len(self.triples)

    def __getitem__(self, rows) -> np.ndarray:
        return np.moveaxis(self.images[self.triples[rows], ..., 0], 1, -1)

    def select(self, rows) -> Stacked:
        """Return the subset with the indices `rows`."""
        return Stacked(self.images, self.triples[rows])

    def sha256(self) -> str:
        """Return the hash of the grey images and of their combinations."""
        digest = hashlib.sha256(np.ascontiguousarray(self.images))
        digest.update(np.ascontiguousarray(self.triples.astype("<i8")))
        return digest.hexdigest()


def stack(
    images: np.ndarray, labels: np.ndarray | None, n: int = COUNT, seed: int = 0
) -> tuple[Stacked, np.ndarray]:
    """Return `n` stacked images, and their modes: 100 r + 10 g + b for the digits r, g and b.

    A classifier of digits finds out how many of the 1,000 modes a generator's samples cover;
    section 3.3 of Metz et al. 2017, https://arxiv.org/abs/1611.02163.

    Args:
        images: grey 8-bit images of shape `(m, height, width, 1)`.
        labels: the digit of each image, of shape `(m,)`.
        n: the number of stacked images.
        seed: the seed of the random combinations.

    Returns:
        The stacked images, of shape `(n, height, width, 3)`, and their modes, 0 to 999, of shape
        `(n,)`.

    Raises:
        DataError: if there are no labels, or other classes than 0 to 9.
    """
    check_count("n", n)
    if labels is not None:
        labels = as_labels("labels", labels, rows=len(images), error=DataError)
    if labels is None or labels.min() < 0 or labels.max() > 9:
        raise DataError("Stacked images are made of a set with labels 0 to 9.")
    triples = np.random.default_rng(seed).integers(0, len(images), (n, 3))
    return Stacked(images, triples), labels[triples] @ np.array([100, 10, 1])
