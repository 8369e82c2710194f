"""Directions from the weights of a generator alone, as in Shen and Zhou 2021."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from zoo.errors import ArgumentError, check_count
from zoo.latents.activations import first_layers
from zoo.latents.directions import Direction, effect
from zoo.latents.drawing import draw
from zoo.latents.principal import AMOUNTS, unit


def closed_form_directions(
    model,
    k: int = 10,
    seed: int | None = 0,
    *,
    attribute=None,
    amounts: Sequence[float] = AMOUNTS,
    trials: int = 64,
    labels=None,
) -> list[Direction]:
    """Return the directions of latents to which the first layer of a generator responds most.

    They are the unit vectors n_i that maximise |A n_i|^2, orthogonal to each other. These are the
    eigenvectors of A^T A with the largest eigenvalues, where A are the weights of the first layer
    that sees the latents. It is SeFa of Shen and Zhou 2021, https://arxiv.org/abs/2007.06600. No
    sample is drawn to find them.

    Args:
        model: a model that samples from latents by one network.
        k: the number of directions, those of the largest eigenvalues first.
        seed: the seed of the latents on which their effect is measured.
        attribute: what is measured along the directions, see `effect`; `None` measures how far
            images move.
        amounts: where it is measured.
        trials: the number of latents on which it is measured.
        labels: the labels of a conditional model, as for `sample`.

    Raises:
        ArgumentError: if an argument has a wrong value, or the first layer of the network does not
            take the latents.

    Example:

    >>> import zoo
    >>> found = zoo.latents.closed_form_directions(
    ...     zoo.load("dcgan_mnist"), k=2, trials=8, amounts=(-3, 3)
    ... )
    >>> found[0].name, found[0].vector.shape, found[0].share > found[1].share
    ('eigenvector 0', (100,), True)

    Differs from the paper: the first layer alone, since the generators here have no latents in
    later ones; the sign of a direction is the one in which its largest number is positive.
    """
    weights = first_layers(model).weights  # A^T, with a row for each latent
    if check_count("k", k) > len(weights):
        raise ArgumentError(f"k must be at most {len(weights)}, the latents. Received: {k}.")
    values, vectors = np.linalg.eigh(weights @ weights.T)
    values, vectors = values[::-1].clip(0), vectors[:, ::-1].T
    others, condition = draw(model, trials, seed, labels)
    total = values.sum()
    return [
        Direction(
            vector,
            f"eigenvector {i}",
            float(value / total),
            effect(model, others, vector, attribute, amounts, condition),
        )
        for i, (vector, value) in enumerate(zip(map(unit, vectors[:k]), values, strict=False))
    ]
