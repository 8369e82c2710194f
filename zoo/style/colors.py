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


def matched(image: np.ndarray, other: np.ndarray) -> np.ndarray:
    """Return `image` with the mean colour and the covariance of colours of `other`, in [0, 1].

    Each colour x becomes A (x - m) + m', with A = S'^(1/2) S^(-1/2), for the means m and m' and the
    covariances S and S' of the colours of `image` and `other`. Directions in which `image` has one
    colour stay so.

    Args:
        image: an image, of shape `(1, height, width, channels)`.
        other: images, of shape `(n, height, width, channels)`.
    """
    colors, others = (x.reshape(-1, x.shape[-1]).astype("float64") for x in (image, other))
    matrix = _root(np.cov(others.T)) @ _root(np.cov(colors.T), inverse=True)
    made = (colors - colors.mean(axis=0)) @ matrix.T + others.mean(axis=0)
    return np.clip(made.reshape(image.shape), 0.0, 1.0).astype("float32")


def _root(covariance: np.ndarray, inverse: bool = False) -> np.ndarray:
    """Return the symmetric square root of a covariance, or its inverse without what is 0."""
    values, vectors = np.linalg.eigh(np.atleast_2d(covariance))
    roots = np.sqrt(np.maximum(values, 0.0))
    if inverse:
        roots = np.divide(1.0, roots, out=np.zeros_like(roots), where=values > SMALLEST)
    return (vectors * roots) @ vectors.T
