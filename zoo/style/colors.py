"""Colours that a transfer of style keeps, by luminance or by histogram (Gatys et al. 2016)."""

from __future__ import annotations

import numpy as np

COLORS = ("luminance", "histogram")
LUMINANCE = np.array([0.299, 0.587, 0.114], "float32")  # of red, green and blue
SMALLEST = 1e-6  # the least variance of a colour that another one is stretched by


def grey(images: np.ndarray) -> np.ndarray:
    """Return the luminance of colour images as grey images of three equal channels."""
    return np.repeat(images @ LUMINANCE[:, None], 3, axis=-1)


def with_luminance_of(images: np.ndarray, lights: np.ndarray) -> np.ndarray:
    """Return images with their own chrominance and the luminance of `lights`, in [0, 1].

    Chrominance is what red, green and blue differ by from the luminance, as the I and Q of YIQ.
    """
    return np.clip(images + grey(lights) - grey(images), 0.0, 1.0)


def matched(
    image: np.ndarray,
    other: np.ndarray,
    region: np.ndarray | None = None,
    other_region: np.ndarray | None = None,
) -> np.ndarray:
    """Return `image` with the mean colour and the covariance of colours of `other`, in [0, 1].

    Each colour x becomes A (x - m) + m', with A = S'^(1/2) S^(-1/2), for the means m and m' and the
    covariances S and S' of the colours of `image` and `other`. Directions in which the colours of
    `image` do not vary stay without variance.

    Args:
        image: an image, of shape `(height, width, channels)`.
        other: another image, of any height and width.
        region: the weight of each pixel of `image`, of shape `(height, width)`; `None` for ones.
        other_region: the same of `other`.
    """
    colors, others = (x.reshape(-1, x.shape[-1]).astype("float64") for x in (image, other))
    mean, covariance = _moments(colors, region)
    other_mean, other_covariance = _moments(others, other_region)
    matrix = _root(other_covariance) @ _root(covariance, inverse=True)
    moved = (colors - mean) @ matrix.T + other_mean
    return np.clip(moved.reshape(image.shape), 0.0, 1.0).astype("float32")


def _moments(colors: np.ndarray, region: np.ndarray | None) -> tuple[np.ndarray, np.ndarray]:
    """Return the mean and the covariance of colours, each with the weight of its pixel."""
    weights = np.ones(len(colors)) if region is None else region.reshape(-1).astype("float64")
    weights = weights / weights.sum()
    mean = weights @ colors
    return mean, (weights[:, None] * (colors - mean)).T @ (colors - mean)


def _root(covariance: np.ndarray, inverse: bool = False) -> np.ndarray:
    """Return the symmetric square root of a covariance, or its inverse without what is 0."""
    values, vectors = np.linalg.eigh(covariance)
    roots = np.sqrt(np.maximum(values, 0.0))
    if inverse:
        roots = np.divide(1.0, roots, out=np.zeros_like(roots), where=values > SMALLEST)
    return (vectors * roots) @ vectors.T
