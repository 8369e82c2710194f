"""Latents that are drawn from models, and data that models make of latents."""

from __future__ import annotations

import numpy as np

from zoo.errors import ArgumentError, check_count

MEANS = 10_000  # the draws of which a mean latent is taken


def check_has_latents(model) -> None:
    """Raise unless `model` makes data from latents of a prior."""
    if "samples" not in model.tasks or not model.has_latents:
        hint = ""
        if "encodes" in model.tasks:
            hint = " zoo.latents.fit_prior(model, data) gives an autoencoder a prior."
        raise ArgumentError(
            "model must be one that makes data from latents of a prior, such as a GAN or a VAE. "
            f"Received: {type(model).__name__}.{hint}"
        )


def draw(model, n: int, seed: int | None, labels=None) -> tuple[np.ndarray, np.ndarray | None]:
    """Return the latents of `model.sample(n, seed, labels=labels)`, and its labels or `None`."""
    check_has_latents(model)
    check_count("n", n)
    latents, *condition = model.latent_inputs(n, seed, None, labels)
    return latents, condition[0] if condition else None


def labels_of(model, labels, n: int) -> np.ndarray | None:
    """Return the labels of `n` latents, for the argument `labels` of `sample`, or `None`.

    Random classes are those of the seed 0, so that each call gives the same.
    """
    return model.choose_condition(labels, n, 0) if "samples" in model.tasks else labels


def data_of(model, latents: np.ndarray, labels=None, batch_size: int = 256) -> np.ndarray:
    """Return the data that `model` makes of latents, or decodes from codes.

    Args:
        model: a model that samples from latents, or one that encodes.
        latents: an array of shape `(n, latent_dim)`.
        labels: the labels of a conditional model, as for `sample`.
        batch_size: the number of data that are computed at once.
    """
    if "samples" in model.tasks and model.has_latents:
        return model.sample(latents=latents, labels=labels, batch_size=batch_size)
    if "encodes" not in model.tasks:
        check_has_latents(model)
    if labels is None:
        return model.decode(latents, batch_size=batch_size)
    if model.condition is None:
        raise ArgumentError(f"{type(model).__name__} takes no labels. Received: {labels!r}.")
    return model.decode(latents, labels, batch_size=batch_size)


def mean_latent(model, n: int = MEANS, seed: int | None = 0, labels=None) -> np.ndarray:
    """Return the mean of the prior of `model`, float32 of shape `(latent_dim,)`.

    Of N(0, I) it is 0. Of another prior it is the mean of `n` draws.

    Args:
        model: a model that samples from latents.
        n: the number of draws.
        seed: the seed of the draws.
        labels: the labels of the draws, for a prior that depends on them.

    Raises:
        ArgumentError: if the model has no latents.
    """
    check_has_latents(model)
    if model.prior.is_identity:
        return np.zeros(model.latent_dim, "float32")
    return draw(model, n, seed, labels)[0].mean(axis=0, dtype="float64").astype("float32")


def check_latents(name: str, latents, latent_dim: int | None = None) -> np.ndarray:
    """Return `latents` as a float32 array of shape `(n, latent_dim)`, or raise."""
    latents = np.asarray(latents, "float32")
    size = "latent_dim" if latent_dim is None else latent_dim
    wrong = latents.ndim != 2 or not latents.size
    if wrong or latent_dim not in (None, latents.shape[1]):
        raise ArgumentError(
            f"{name} must have the shape (n, {size}) with n at least 1. Received: shape "
            f"{latents.shape}."
        )
    if not np.isfinite(latents).all():
        raise ArgumentError(f"{name} must be finite. Received: NaN or infinite values.")
    return latents
