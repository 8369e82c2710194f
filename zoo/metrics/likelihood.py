"""Likelihoods: the ELBO, importance-weighted bounds, bits per dimension, Parzen windows."""

from __future__ import annotations

import math
from typing import NamedTuple

import numpy as np

from zoo.errors import ArgumentError, check_count
from zoo.metrics.arrays import check_two, check_vectors, squared_distances

SIGMAS = tuple(float(s) for s in np.logspace(-1, 0, 10))  # that Goodfellow et al. choose from


class ParzenWindow(NamedTuple):
    """What `parzen_log_likelihood` gives: nats an image, and the width that was chosen."""

    mean: float
    standard_error: float
    sigma: float


def elbo(log_weights) -> np.ndarray:
    """The evidence lower bound E_q[log p(x, z) - log q(z | x)] of each image, in nats.

    Equation 2 of Kingma and Welling 2014, https://arxiv.org/abs/1312.6114.

    Args:
        log_weights: log p(x, z) - log q(z | x) for draws z of q, of shape `(n, draws)`.

    Returns:
        An array of shape `(n,)`.

    Raises:
        ValueError: if the shape does not fit, or a value is not finite.
    """
    return check_vectors("log_weights", log_weights).mean(axis=1)


def importance_weighted_bound(log_weights) -> np.ndarray:
    """log (1/k) sum_i w_i of each image, in nats: a bound of log p(x) that is tighter with each
    draw, and the ELBO for k = 1.

    Equation 8 of Burda et al. 2016, https://arxiv.org/abs/1509.00519.

    Args:
        log_weights: log w_i = log p(x, z_i) - log q(z_i | x), of shape `(n, k)`.

    Returns:
        An array of shape `(n,)`.

    Raises:
        ValueError: if the shape does not fit, or a value is not finite.
    """
    return _log_mean_exp(check_vectors("log_weights", log_weights))


def bits_per_dimension(log_likelihood, dimensions: int, levels: int = 1):
    """-log2 p(x) for each number of an image.

    Args:
        log_likelihood: log p(x) in nats, a number or an array.
        dimensions: how many numbers an image has: height times width times channels.
        levels: 1 where p is a probability of discrete values; where it is a density of values that
            were 0 to `levels` - 1, dequantized and divided by `levels`, their number: 256 for 8-bit
            images in [0, 1].

    Returns:
        The same shape as `log_likelihood`.

    Raises:
        ValueError: if a count is below one.
    """
    check_count("dimensions", dimensions)
    check_count("levels", levels)
    return -np.asarray(log_likelihood) / (dimensions * math.log(2)) + math.log2(levels)


def parzen_log_likelihood(
    samples, validation, test, sigmas: tuple[float, ...] = SIGMAS
) -> ParzenWindow:
    """The log-likelihood of test images under Gaussians of one width around samples.

    log (1/n) sum_i N(x; s_i, sigma^2 I), with the `sigma` that validation images find likeliest:
    section 5 of Goodfellow et al. 2014, https://arxiv.org/abs/1406.2661, who take 10,000 samples of
    pixels in [0, 1], and the code that they name. A weak measure, kept to compare with its time: it
    prefers the mean of clusters to real images (Theis et al. 2016,
    https://arxiv.org/abs/1511.01844).

    Args:
        samples: pixels in [0, 1], of shape `(n, dimensions)`.
        validation: real images to choose the width by, of shape `(m, dimensions)`.
        test: other real images, of shape `(t, dimensions)`, t at least 2.
        sigmas: the widths to choose from.

    Returns:
        The mean over the test images, its standard error, and the width.

    Raises:
        ValueError: if the shapes do not fit, values lie outside of [0, 1], or a width is not
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
    best = int(np.argmax(_windows(samples, validation, sigmas).mean(axis=1)))
    found = _windows(samples, test, sigmas[best : best + 1])[0]
    error = float(np.std(found, ddof=1) / math.sqrt(len(found)))
    return ParzenWindow(float(found.mean()), error, float(sigmas[best]))


def _windows(samples: np.ndarray, images: np.ndarray, sigmas: np.ndarray) -> np.ndarray:
    """The log-density of each image for each width, `(widths, n)`."""
    found = np.empty((len(sigmas), len(images)))
    for rows, squared in squared_distances(images, samples):
        for i, sigma in enumerate(sigmas):
            constant = samples.shape[1] * math.log(sigma * math.sqrt(2 * math.pi))
            found[i, rows] = _log_mean_exp(squared / (-2 * sigma**2)) - constant
    return found


def _log_mean_exp(x: np.ndarray) -> np.ndarray:
    top = x.max(axis=1, keepdims=True)
    return np.log(np.exp(x - top).mean(axis=1)) + top[:, 0]
