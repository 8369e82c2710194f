"""Codes of images: their means by class, traversals, and images between two images."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from zoo.base.arrays import as_labels
from zoo.errors import ArgumentError, check_count, check_number
from zoo.latents.drawing import check_has_latents, check_latents, data_of
from zoo.latents.paths import path


def codes(model, images, labels=None, *, batch_size: int = 256, **search) -> np.ndarray:
    """Return the latents of images, float32 of shape `(n, latent_dim)`.

    A model that encodes gives its codes, the means of distributions. For another one they are
    searched for by `model.invert`.

    Args:
        model: a model that encodes, or one that samples from latents.
        images: images in the model's value range, of shape `(n, height, width, channels)`.
        labels: their classes, for conditional models.
        batch_size: the number of images that are computed at once.
        **search: more arguments of `model.invert`, such as `steps=200`.

    Raises:
        ArgumentError: if an argument has a wrong value, or the model has no latents.

    Example:

    >>> import zoo
    >>> model = zoo.load("vae_mnist")
    >>> zoo.latents.codes(model, model.sample(3, seed=0)).shape
    (3, 50)
    """
    if "encodes" in model.tasks:
        if search:
            raise ArgumentError(
                f"{', '.join(search)} is for models that do not encode. Received: "
                f"{type(model).__name__}, which does."
            )
        inputs = (images,) if labels is None else (images, labels)
        return model.mean_codes(*inputs, batch_size=batch_size)
    check_has_latents(model)
    return model.invert(images, labels, batch_size=batch_size, **search).latents


def class_means(latents, labels) -> dict[int, np.ndarray]:
    """Return the mean latent of each class, float32 of shape `(latent_dim,)`, by class.

    Args:
        latents: latents or codes, of shape `(n, latent_dim)`.
        labels: the class of each, integers of shape `(n,)`.

    Raises:
        ArgumentError: if the shapes do not fit.

    Example:

    >>> import zoo
    >>> zoo.latents.class_means([[0.0], [2.0], [9.0]], [4, 4, 5])[4].tolist()
    [1.0]
    """
    latents = check_latents("latents", latents)
    labels = as_labels("labels", labels, len(latents))
    return {
        int(label): latents[labels == label].mean(axis=0, dtype="float64").astype("float32")
        for label in np.unique(labels)
    }


def traversals(
    base, axes: Sequence[int] | None = None, span: float = 3.0, steps: int = 7
) -> np.ndarray:
    """Return latents in which one number after another varies, and all others stay.

    Each row of pictures of such latents shows what one latent does, as in Higgins et al. 2017,
    https://openreview.net/forum?id=Sy2fzU9gl.

    Args:
        base: the latent that is varied, of shape `(latent_dim,)`.
        axes: the numbers that vary; `None` for all.
        span: each varies from -`span` to `span`.
        steps: the number of latents for each, at least 2.

    Returns:
        A float32 array of shape `(len(axes) * steps, latent_dim)`, axis by axis.

    Raises:
        ArgumentError: if an argument has a wrong value.

    Example:

    >>> import zoo
    >>> zoo.latents.traversals([5.0, 7.0], axes=[1], span=2, steps=3).tolist()
    [[5.0, -2.0], [5.0, 0.0], [5.0, 2.0]]

    Differs from the paper: the span is an argument.
    """
    base = check_latents("base", np.asarray(base, "float32")[None])[0]
    axes = range(len(base)) if axes is None else list(axes)
    check_number("span", span, above=True)
    check_count("steps", steps, minimum=2)
    for axis in axes:
        if check_count("axes", axis, minimum=0) >= len(base):
            raise ArgumentError(f"axes must lie in 0 to {len(base) - 1}. Received: {axis}.")
    if not len(axes):
        raise ArgumentError("axes must name a latent. Received: none.")
    latents = np.tile(base, (len(axes), steps, 1))
    for row, axis in enumerate(axes):
        latents[row, :, axis] = np.linspace(-span, span, steps)
    return latents.reshape(-1, len(base))


def interpolate(
    model,
    images,
    n: int = 8,
    kind: str | None = None,
    labels=None,
    *,
    closed: bool = False,
    batch_size: int = 256,
    **search,
) -> np.ndarray:
    """Return `n` images on the way through several, such as between two.

    Their latents are on the path between those of the images, see `codes` and `path`. The first and
    the last one are therefore what the model makes of the latents of the first and the last image,
    and no copies.

    Args:
        model: a model that encodes, or one that samples from latents.
        images: two images or more in the model's value range.
        n: the number of images.
        kind: the kind of path, see `path`; `None` for `"slerp"`, but `"lerp"` for a model whose
            codes have no prior, such as an autoencoder.
        labels: the classes of the images, for conditional models. All must be equal: between
            classes there is no path.
        closed: whether the way returns to its start.
        batch_size: the number of images that are computed at once.
        **search: more arguments of `model.invert`, for a model that does not encode.

    Returns:
        A float32 array of shape `(n, height, width, channels)`.

    Raises:
        ArgumentError: if an argument has a wrong value.

    Example:

    >>> import zoo
    >>> model = zoo.load("vae_mnist")
    >>> zoo.latents.interpolate(model, model.sample(2, seed=0), n=5).shape
    (5, 28, 28, 1)
    """
    if len(images) < 2:
        raise ArgumentError(f"images must be two or more. Received: {len(images)}.")
    if labels is not None:
        labels = np.asarray(labels)
        if len(np.unique(labels)) > 1:
            raise ArgumentError(
                f"labels must be one class for all images. Received: {np.unique(labels).tolist()}."
            )
    if kind is None:
        kind = "slerp" if "samples" in model.tasks else "lerp"
    latents = codes(model, images, labels, batch_size=batch_size, **search)
    between = path(latents, n, closed, kind)
    chosen = None if labels is None else np.repeat(labels.reshape(-1)[:1], n)
    return data_of(model, between, chosen, batch_size)
