"""Truncation of latents, which trades the variety of samples for their quality."""

from __future__ import annotations

import math

import numpy as np

from zoo.errors import ArgumentError, check_choice, check_count, check_number
from zoo.latents.drawing import check_has_latents, check_latents, draw, mean_latent

KINDS = ("resample", "norm", "mean")


def resampled(n: int, latent_dim: int, threshold: float, seed: int | None = None) -> np.ndarray:
    """Return latents of N(0, I) whose numbers lie between -`threshold` and `threshold`.

    Each number is drawn again until its magnitude is at most `threshold`: the truncation trick of
    Brock, Donahue and Simonyan 2019, https://arxiv.org/abs/1809.11096. All other numbers are those
    of `model.sample_latents(n, seed)`, and the first latents of more are the same.

    Args:
        n: the number of latents.
        latent_dim: the number of latent variables.
        threshold: the largest magnitude, above 0.
        seed: the seed; `None` draws other latents at each call.

    Returns:
        A float32 array of shape `(n, latent_dim)`.

    Raises:
        ArgumentError: if an argument has a wrong value.

    Example:

    >>> import numpy as np, zoo
    >>> bool((np.abs(zoo.latents.resampled(50, 100, threshold=0.5, seed=0)) <= 0.5).all())
    True

    Differs from the paper: below a threshold of 1, a number is drawn again from the uniform
    distribution and kept with the probability exp(-z^2 / 2). The distribution is the same, and few
    draws are in vain.
    """
    check_count("n", n)
    check_count("latent_dim", latent_dim)
    check_number("threshold", threshold, above=True)
    if seed is None:
        seed = np.random.SeedSequence().entropy
    check_count("seed", seed, minimum=0)
    shape = (n, latent_dim)
    latents = np.random.default_rng(seed).standard_normal(shape, dtype="float32")
    outside = np.abs(latents) > threshold
    draws = 0
    while outside.any():
        draws += 1
        # A generator of its own for each draw, so that the first rows of more are the same.
        rng = np.random.default_rng((seed, 2, draws))
        if threshold < 1:
            places, odds = np.moveaxis(rng.random((*shape, 2), dtype="float32"), -1, 0)
            numbers = threshold * (2.0 * places - 1.0)
            fits = odds < np.exp(-0.5 * np.square(numbers))
        else:
            numbers = rng.standard_normal(shape, dtype="float32")
            fits = np.abs(numbers) <= threshold
        replaced = outside & fits
        latents[replaced] = numbers[replaced]
        outside &= ~fits
    return latents


def truncate_norm(latents, threshold: float) -> np.ndarray:
    """Return latents whose root mean square is at most `threshold`.

    Longer ones are shortened in their direction, so that their norm is `threshold` times
    sqrt(latent_dim). With 1 nothing lies outside of the shell on which latents of N(0, I) lie.

    Args:
        latents: an array of shape `(n, latent_dim)`.
        threshold: the largest root mean square of the numbers of a latent, above 0.

    Raises:
        ArgumentError: if an argument has a wrong value.

    Example:

    >>> import zoo
    >>> zoo.latents.truncate_norm([[3.0, 3.0], [0.5, 0.5]], 1.0).tolist()
    [[1.0, 1.0], [0.5, 0.5]]
    """
    check_number("threshold", threshold, above=True)
    latents = check_latents("latents", latents)
    size = np.sqrt(np.square(latents.astype("float64")).mean(axis=1, keepdims=True))
    return (latents * np.minimum(1.0, threshold / np.maximum(size, 1e-300))).astype("float32")


def truncate_to_mean(latents, psi: float, mean=None) -> np.ndarray:
    """Return mean + psi (z - mean) for each latent z, as Karras, Laine and Aila 2019,
    https://arxiv.org/abs/1812.04948, truncate.

    Args:
        latents: an array of shape `(n, latent_dim)`.
        psi: 1 changes nothing, and 0 gives the mean alone. Above 1, variety grows.
        mean: the mean latent, of shape `(latent_dim,)`, such as `mean_latent(model)`; `None` for 0,
            the mean of N(0, I).

    Raises:
        ArgumentError: if an argument has a wrong value.

    Example:

    >>> import zoo
    >>> zoo.latents.truncate_to_mean([[2.0, -4.0]], 0.5, mean=[0.0, 2.0]).tolist()
    [[1.0, -1.0]]

    Differs from the paper: the latents themselves are moved, and not those of a mapping network.
    """
    check_number("psi", psi)
    latents = check_latents("latents", latents)
    centre = np.zeros(latents.shape[1]) if mean is None else np.asarray(mean, "float64")
    if centre.shape != latents.shape[1:]:
        raise ArgumentError(
            f"mean must have the shape ({latents.shape[1]},). Received: shape {centre.shape}."
        )
    return (centre + psi * (latents - centre)).astype("float32")


def truncated_latents(
    model,
    n: int,
    threshold: float,
    kind: str = "resample",
    seed: int | None = 0,
    labels=None,
) -> np.ndarray:
    """Return truncated latents of `model`, float32 of shape `(n, latent_dim)`.

    Args:
        model: a model that samples from latents.
        n: the number of latents.
        threshold: how far latents may lie out, see `kind`; infinity truncates nothing.
        kind: `"resample"` for `resampled`, `"norm"` for `truncate_norm`, or `"mean"` for
            `truncate_to_mean` with psi = `threshold`, at most 1, and the mean of the prior.
        seed: the seed of the latents; `None` draws others at each call.
        labels: the labels of the samples, for a prior that depends on them.

    Raises:
        ArgumentError: if an argument has a wrong value, or the prior is not N(0, I) for
            `"resample"` and `"norm"`.

    Example:

    >>> import zoo
    >>> model = zoo.load("dcgan_mnist")
    >>> latents = zoo.latents.truncated_latents(model, 4, 0.5)
    >>> model.sample(latents=latents).shape
    (4, 28, 28, 1)
    """
    check_has_latents(model)
    check_choice("kind", kind, KINDS)
    check_count("n", n)
    if kind != "mean" and not model.prior.is_identity:
        raise ArgumentError(
            f"kind={kind!r} is for latents of N(0, I). Received: a model with the prior "
            f"{type(model.prior).__name__}. Allowed: 'mean'."
        )
    if isinstance(threshold, float) and math.isinf(threshold) and threshold > 0:
        return draw(model, n, seed, labels)[0]
    check_number("threshold", threshold)
    if kind == "resample":
        return resampled(n, model.latent_dim, threshold, seed)
    latents = draw(model, n, seed, labels)[0]
    if kind == "norm":
        return truncate_norm(latents, threshold)
    return truncate_to_mean(latents, threshold, mean_latent(model, labels=labels))
