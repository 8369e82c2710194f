"""Editing of images by constraints, on the manifold of a generator."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, NamedTuple

import numpy as np

from zoo.base.arrays import as_array
from zoo.engine.descent import Rule
from zoo.engine.inversion import Inversion, check_mask
from zoo.engine.latent import LatentModel
from zoo.errors import ArgumentError, check_number
from zoo.latents.drawing import check_has_latents


class Constraint(NamedTuple):
    """A region of an image and what is wanted there.

    Attributes:
        mask: 1 or True in the region, of shape `(height, width)`, or with channels, or for each
            image.
        value: the wanted values: one number, a colour with a number for each channel, or an image,
            all in the model's value range; `None` for what the image shows before.
        weight: the weight of the constraint.
    """

    mask: Any
    value: Any = None
    weight: float = 1.0


def edit(
    model: LatentModel,
    latents,
    constraints: Sequence[Constraint],
    labels=None,
    *,
    hold: float = 0.01,
    steps: int = 100,
    rule: str | Rule = "adam",
    batch_size: int = 256,
) -> Inversion:
    """Move latents so that their images fulfil constraints, and stay images of the model.

    For each latent z_0 it minimises, over z, sum_k w_k sum m_k (G(z) - c_k)^2 / sum_k w_k sum m_k +
    `hold` mean((z - z_0)^2), with the masks m_k, the wanted values c_k and the weights w_k of the
    constraints, and images scaled to [0, 1]. This is the editing of Zhu et al. 2016,
    https://arxiv.org/abs/1609.03552. No weight of the model changes.

    Args:
        model: a model that samples from latents.
        latents: the latents of the images, of shape `(n, latent_dim)`.
        constraints: the constraints. Those without a value keep a region as it is.
        labels: for conditional models, the class of each image.
        hold: the weight of the distance from the latents; 0 leaves them free.
        steps: the number of evaluations.
        rule: the rule of descent, `"adam"` or `"lbfgs"`, or an object.
        batch_size: the number of images that are computed at once.

    Returns:
        The new latents, their images, and the loss of each.

    Raises:
        ValueError: if an argument has a wrong value.

    Example:

    >>> import numpy as np, zoo
    >>> model = zoo.create("dcgan", image_shape=(8, 8, 1), latent_dim=4, width=2)
    >>> latents = model.sample_latents(2, seed=0)
    >>> top = np.zeros((8, 8))
    >>> top[:4] = 1
    >>> white = zoo.latents.Constraint(top, 1.0)
    >>> below = zoo.latents.Constraint(1 - top, weight=0.1)
    >>> zoo.latents.edit(model, latents, [white, below], steps=3).images.shape
    (2, 8, 8, 1)

    Differs from the paper: there is no term of edges, and none of realism.
    """
    check_has_latents(model)
    if not len(constraints):
        raise ArgumentError("constraints must hold at least one. Received: none.")
    images = model.sample(latents=latents, labels=labels, batch_size=batch_size)
    weights, target = np.zeros_like(images), np.zeros_like(images)
    for number, constraint in enumerate(constraints):
        weight = check_number(f"constraints[{number}].weight", constraint.weight)
        part = weight * check_mask(constraint.mask, images)
        target += part * _wanted(f"constraints[{number}].value", constraint.value, images)
        weights += part
    if not weights.any():
        raise ArgumentError("constraints must have a weight above 0. Received: zeros alone.")
    # Several wanted values of a pixel act as their mean, with the sum of their weights.
    target = np.divide(target, weights, out=images.copy(), where=weights > 0)
    return model.invert(
        target,
        labels,
        mask=weights / weights.max(),
        start=latents,
        hold=hold,
        steps=steps,
        rule=rule,
        batch_size=batch_size,
    )


def _wanted(argument: str, value, images: np.ndarray) -> np.ndarray:
    """Return the wanted values of a constraint, of a shape that goes with `images`."""
    if value is None:
        return images
    wanted = as_array(argument, value).astype("float32")
    allowed = [(), images.shape[-1:], images.shape[1:], images.shape]
    if wanted.shape not in allowed:
        raise ArgumentError(
            f"{argument} must be a number, a colour, an image or None, of one of the shapes "
            f"{', '.join(map(str, allowed))}. Received: {wanted.shape}."
        )
    return np.broadcast_to(wanted, images.shape)
