"""Likelihoods: the ELBO, importance-weighted bounds, bits per dimension, Parzen windows."""

from __future__ import annotations

import math
from typing import NamedTuple

import numpy as np

from zoo.errors import ArgumentError, check_count
from zoo.metrics.arrays import check_two, check_vectors, squared_distances

# The widths that Goodfellow et al. choose from.
SIGMAS = tuple(float(s) for s in np.logspace(-1, 0, 10))


class ParzenWindow(NamedTuple):
    """A log-likelihood in nats per image with its standard error, and the chosen width."""

    mean: float
    standard_error: float
    sigma: float


def elbo(log_weights) -> np.ndarray:
    """Return the evidence lower bound E_q[log p(x, z) - log q(z | x)] of each image, in nats.

    Equation 2 of Kingma and Welling 2014, https://arxiv.org/abs/1312.6114.

    Args:
        log_weights: log p(x, z) - log q(z | x) for draws z of q, of shape `(n, draws)`.

    Returns:
        An array of shape `(n,)`.

    Raises:
        ArgumentError: if the shape does not fit, or a value is not finite.
    """
    return check_vectors("log_weights", log_weights).mean(axis=1)


def importance_weighted_bound(log_weights) -> np.ndarray:
    """Return the importance-weighted bound log (1/k) sum_i w_i of each image, in nats.

    Its expectation is a lower bound of log p(x), which does not fall with more draws. For k = 1 its
    expectation is the ELBO.
    Equation 8 of Burda et al. 2016, https://arxiv.org/abs/1509.00519.

    Args:
        log_weights: log w_i = log p(x, z_i) - log q(z_i | x), of shape `(n, k)`.

    Returns:
        An array of shape `(n,)`.

    Raises:
        ArgumentError: if the shape does not fit, or a value is not finite.
    """
    return _log_mean_exp(check_vectors("log_weights", log_weights))


def bits_per_dimension(log_likelihood, dimensions: int, levels: int = 1):
    """Return -log2 p(x) divided by the number of dimensions of an image.

    Args:
        log_likelihood: log p(x) in nats, a number or an array.
        dimensions: the number of dimensions, height times width times channels.
        levels: 1 if p is a probability of discrete values. If p is a density of values that were 0
            to `levels` - 1, dequantized and divided by `levels`, it is their number, 256 for 8-bit
            images in [0, 1].

    Returns:
        Bits per dimension, of the shape of `log_likelihood`.

    Raises:
        ArgumentError: if a count is below one.
    """
    check_count("dimensions", dimensions)
    check_count("levels", levels)
    return -np.asarray(log_likelihood) / (dimensions * math.log(2)) + math.log2(levels)


def parzen_log_likelihood(
    samples, validation, test, sigmas: tuple[float, ...] = SIGMAS
) -> ParzenWindow:
    """Return the log-likelihood of test images under equal Gaussians around the samples.

    log (1/n) sum_i N(x; s_i, sigma^2 I), with the `sigma` that makes the validation images
    likeliest; section 5 of Goodfellow et al. 2014, https://arxiv.org/abs/1406.2661, and the code
    that they name. They take 10,000 samples of pixels in [0, 1]. The measure is weak, since it
    prefers the mean of clusters to real images (Theis et al. 2016,
    https://arxiv.org/abs/1511.01844). It is kept for comparison with results of its time.

    Args:
        samples: pixels in [0, 1], of shape `(n, dimensions)`.
        validation: real images to choose the width by, of shape `(m, dimensions)`.
        test: other real images, of shape `(t, dimensions)`, t at least 2.
        sigmas: the widths to choose from.

    Returns:
        The mean over the test images, its standard error, and the width.

    Raises:
        ArgumentError: if the shapes do not fit, values lie outside of [0, 1], or a width is not
            positive.
    """
    samples, test = check_two(("samples", "test"), samples, test, at_least=2)
    _, validation = check_two(("samples", "validation"), samples, validation)
    for name, x in (("samples", samples), ("validation", validation), ("test", test)):
        if x.min() < 0 or x.max() > 1:
            raise ArgumentError(
                f"{name} must hold pixels in [0, 1]. Received: values from {x.min():g} to "
                f"{x.max():g}."
            )
    sigmas = np.asarray(sigmas, dtype="float64")
    if sigmas.ndim != 1 or not len(sigmas) or not (sigmas > 0).all():
        raise ArgumentError(f"sigmas must be positive numbers. Received: {sigmas!r}.")
    best = int(np.argmax(_log_densities(samples, validation, sigmas).mean(axis=1)))
    log_likelihood = _log_densities(samples, test, sigmas[best : best + 1])[0]
    error = float(np.std(log_likelihood, ddof=1) / math.sqrt(len(log_likelihood)))
    return ParzenWindow(float(log_likelihood.mean()), error, float(sigmas[best]))


def _log_densities(samples: np.ndarray, images: np.ndarray, sigmas: np.ndarray) -> np.ndarray:
    """Return the log-density of each image for each width, of shape `(widths, n)`."""
    densities = np.empty((len(sigmas), len(images)))
    for rows, squared in squared_distances(images, samples):
        for i, sigma in enumerate(sigmas):
            constant = samples.shape[1] * math.log(sigma * math.sqrt(2 * math.pi))
            densities[i, rows] = _log_mean_exp(squared / (-2 * sigma**2)) - constant
    return densities


def _log_mean_exp(x: np.ndarray) -> np.ndarray:
    """Return log mean exp(x) over the last axis, without overflow."""
    maximum = x.max(axis=1, keepdims=True)
    return np.log(np.exp(x - maximum).mean(axis=1)) + maximum[:, 0]
