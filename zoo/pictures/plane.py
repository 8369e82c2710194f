"""The plane of two latents, in steps of equal probability."""

from __future__ import annotations

import statistics
from typing import NamedTuple

import numpy as np

from zoo.errors import ArgumentError, check_count


class Plane(NamedTuple):
    """A square of latents.

    Attributes:
        latents: the latents row by row, float32 of shape `(tiles * tiles, latent_dim)`.
        steps: the values of each of the two latents, rising, of shape `(tiles,)`.
    """

    latents: np.ndarray
    steps: np.ndarray


def plane(tiles: int = 20, latent_dim: int = 2, axes: tuple[int, int] = (0, 1), base=None) -> Plane:
    """Return the square of latents in which two of them vary in steps of equal probability.

    The steps are the quantiles (i + 1/2) / tiles of N(0, 1), by its inverse distribution function,
    as in figure 4 of Kingma and Welling 2014, https://arxiv.org/abs/1312.6114. The first of the two
    latents grows from left to right, and the second from bottom to top.

    Args:
        tiles: the number of latents along each side.
        latent_dim: the number of latent variables.
        axes: the two latents that vary.
        base: the values of the others, of shape `(latent_dim,)`; by default 0.

    Raises:
        ArgumentError: if an argument has a wrong value.

    Example:

    >>> import zoo
    >>> model = zoo.load("vae_mnist_2d")
    >>> plane = zoo.latents.plane(8)
    >>> zoo.data.grid(model.sample(latents=plane.latents), columns=8, scale=1).size
    (242, 242)

    Differs from the paper: none.
    """
    check_count("tiles", tiles)
    check_count("latent_dim", latent_dim, minimum=2)
    first, second = (check_count("axes", axis, minimum=0) for axis in axes)
    if first == second or max(first, second) >= latent_dim:
        raise ArgumentError(
            f"axes must be two different latents from 0 to {latent_dim - 1}. Received: {axes!r}."
        )
    start = np.zeros(latent_dim) if base is None else np.asarray(base, "float64")
    if start.shape != (latent_dim,):
        raise ArgumentError(
            f"base must have the shape ({latent_dim},). Received: shape {start.shape}."
        )
    normal = statistics.NormalDist()
    steps = np.array([normal.inv_cdf((i + 0.5) / tiles) for i in range(tiles)])
    latents = np.tile(start, (tiles, tiles, 1))
    latents[..., first] = steps
    latents[..., second] = steps[::-1, None]
    return Plane(latents.reshape(-1, latent_dim).astype("float32"), steps)
