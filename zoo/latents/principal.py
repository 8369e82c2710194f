"""Principal directions of a generator's activations, as in Härkönen et al. 2020."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from zoo.errors import ArgumentError, check_count
from zoo.latents.activations import activations, first_layers, named_layer
from zoo.latents.directions import Direction, effect
from zoo.latents.drawing import draw

AMOUNTS = (-3.0, -1.5, 0.0, 1.5, 3.0)


def principal_directions(
    model,
    k: int = 10,
    n: int = 2000,
    layer: str | None = None,
    seed: int | None = 0,
    *,
    attribute=None,
    amounts: Sequence[float] = AMOUNTS,
    trials: int = 64,
    labels=None,
) -> list[Direction]:
    """Return the directions of latents that follow the principal components of activations.

    The activations y of a layer for `n` latents z are projected on their principal components,
    x = V^T (y - mean y). A direction is a column of the matrix U that minimises sum |U x - z|^2,
    the linear regression back from the components to the latents. It is GANSpace of Härkönen et al.
    2020, https://arxiv.org/abs/2004.02546, in the form for generators without a mapping network.

    Args:
        model: a model that samples from latents by one network.
        k: the number of directions, those of the largest variance first.
        n: the number of latents, above `k`.
        layer: the name of the layer whose outputs are the activations; `None` for what the second
            layer with a kernel takes, such as the rectified units behind the first dense layer.
        seed: the seed of the latents; `None` draws others at each call.
        attribute: what is measured along the directions, see `effect`; `None` measures how far
            images move.
        amounts: where it is measured.
        trials: the number of other latents on which it is measured.
        labels: the labels of a conditional model, as for `sample`.

    Raises:
        ArgumentError: if an argument has a wrong value, or the model has no single network from
            latents to data.

    Example:

    >>> import zoo
    >>> model = zoo.load("dcgan_mnist")
    >>> found = zoo.latents.principal_directions(model, k=2, n=200, trials=8, amounts=(-3, 3))
    >>> found[0].name, found[0].vector.shape, found[0].share > found[1].share
    ('component 0', (100,), True)

    Differs from the paper: the sign of a direction is the one in which its largest number is
    positive; the default activations are those behind the first nonlinearity.
    """
    check_count("k", k)
    if check_count("n", n, minimum=2) <= k:
        raise ArgumentError(f"n must be above k = {k}. Received: {n}.")
    part = "outputs"
    if layer is None:
        first = first_layers(model)
        chosen, part = (first.layer, part) if first.second is None else (first.second, "inputs")
    else:
        chosen = named_layer(model, layer)
    latents, condition = draw(model, n, seed, labels)
    features = activations(model, chosen, part, latents, condition).astype("float64")
    coordinates, shares = principal_coordinates(features, k)
    # The coordinates are orthogonal, so that the regression is one for each of them.
    centred = latents - latents.mean(axis=0, dtype="float64")
    vectors = (centred.T @ coordinates / np.square(coordinates).sum(axis=0)).T
    others, condition = draw(model, trials, None if seed is None else seed + 1, labels)
    return [
        Direction(
            vector,
            f"component {i}",
            float(share),
            effect(model, others, vector, attribute, amounts, condition),
        )
        for i, (vector, share) in enumerate(zip(map(unit, vectors), shares, strict=True))
    ]


def principal_coordinates(features: np.ndarray, k: int) -> tuple[np.ndarray, np.ndarray]:
    """Return the first `k` principal coordinates of the rows of `features`, and their shares of the
    variance.

    Raises:
        ArgumentError: if they have fewer than `k` components with a variance.
    """
    centred = features - features.mean(axis=0)
    n, size = centred.shape
    # The eigenvectors of the smaller of both products give those of the other.
    gram = centred @ centred.T if n < size else centred.T @ centred
    values, vectors = np.linalg.eigh(gram)
    values, vectors = values[::-1], vectors[:, ::-1]
    rank = int((values > 1e-10 * max(values[0], 1e-300)).sum())
    if k > rank:
        raise ArgumentError(
            f"k must be at most {rank}, the number of components of the activations. Received: {k}."
        )
    chosen = vectors[:, :k]
    coordinates = chosen * np.sqrt(values[:k]) if n < size else centred @ chosen
    return coordinates, values[:k] / values.clip(0).sum()


def unit(vector: np.ndarray) -> np.ndarray:
    """Return `vector` as a float32 unit vector whose largest number is positive."""
    vector = vector / np.linalg.norm(vector)
    return (vector * np.sign(vector[np.abs(vector).argmax()])).astype("float32")
