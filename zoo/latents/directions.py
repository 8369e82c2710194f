"""Directions in the space of latents: what changes along them, and directions of attributes."""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

import numpy as np

from zoo.base.arrays import as_labels
from zoo.errors import ArgumentError, check_count
from zoo.latents.attributes import Attribute
from zoo.latents.drawing import check_latents, data_of, draw, labels_of
from zoo.metrics import fit_linear_classifier

AMOUNTS = (-3.0, -2.0, -1.0, 0.0, 1.0, 2.0, 3.0)
FEWEST = 10  # the latents on each side of an attribute


class Effect(NamedTuple):
    """The changes along a direction, as means over latents.

    Attributes:
        amounts: the multiples of the direction that were added, of shape `(k,)`.
        means: the mean of the attribute at each amount, of shape `(k,)`; without an attribute, the
            mean distance of the data from those at amount 0, the root of the mean squared
            difference of their numbers, in parts of the value range.
        standard_errors: the standard error of each mean.
        changes: the mean distance at each amount, also where there is an attribute.
    """

    amounts: np.ndarray
    means: np.ndarray
    standard_errors: np.ndarray
    changes: np.ndarray


class Direction(NamedTuple):
    """A direction in the space of latents.

    Attributes:
        vector: the unit vector, float32 of shape `(latent_dim,)`.
        name: the words for what changes along it.
        share: a number in [0, 1] on how much it tells: for an attribute, the share of other latents
            whose side the linear classifier tells; for principal directions, their share of the
            variance of the activations; for directions in closed form, their share of the sum of
            the eigenvalues.
        effect: what changes along it, measured.
    """

    vector: np.ndarray
    name: str
    share: float
    effect: Effect

    def move(self, latents, amount: float) -> np.ndarray:
        """Return `latents`, of shape `(n, latent_dim)`, moved by `amount` along the direction."""
        return (
            check_latents("latents", latents, len(self.vector)) + np.float32(amount) * self.vector
        )


def group_mean(latents, labels, label: int) -> np.ndarray:
    """Return the mean of the latents of one group, float32 of shape `(latent_dim,)`.

    Args:
        latents: latents or codes, of shape `(n, latent_dim)`.
        labels: the group of each, integers of shape `(n,)`.
        label: the group.

    Raises:
        ArgumentError: if the shapes do not fit, or no latent is of the group.

    Example:

    >>> import zoo
    >>> zoo.latents.group_mean([[0.0, 1.0], [2.0, 3.0], [9.0, 9.0]], [4, 4, 5], 4).tolist()
    [1.0, 2.0]
    """
    latents = check_latents("latents", latents)
    labels = as_labels("labels", labels, len(latents))
    rows = labels == label
    if not rows.any():
        present = ", ".join(map(str, np.unique(labels)[:20]))
        raise ArgumentError(f"label must be one of {present}. Received: {label!r}.")
    return latents[rows].mean(axis=0, dtype="float64").astype("float32")


def analogy(a, b, c) -> np.ndarray:
    """Return mean(a) - mean(b) + mean(c), float32 of shape `(latent_dim,)`.

    It is to c what a is to b: the arithmetic of Radford, Metz and Chintala 2015,
    https://arxiv.org/abs/1511.06434, with means of a few latents.

    Args:
        a: latents of a group, of shape `(n, latent_dim)`, or one latent.
        b: the same of a second group.
        c: the same of a third group.

    Raises:
        ArgumentError: if a shape does not fit.

    Example:

    >>> import zoo
    >>> zoo.latents.analogy([[1.0, 5.0], [1.0, 7.0]], [1.0, 0.0], [3.0, 0.0]).tolist()
    [3.0, 6.0]

    Differs from the paper: groups may have any size.
    """
    groups = [
        check_latents(name, np.atleast_2d(np.asarray(x, "float32")))
        for name, x in {"a": a, "b": b, "c": c}.items()
    ]
    if len({group.shape[1] for group in groups}) > 1:
        raise ArgumentError(
            "a, b and c must have latents of one size. Received: "
            f"{', '.join(str(group.shape[1]) for group in groups)}."
        )
    first, second, third = (group.mean(axis=0, dtype="float64") for group in groups)
    return (first - second + third).astype("float32")


def effect(
    model,
    latents,
    direction,
    attribute=None,
    amounts: Sequence[float] = AMOUNTS,
    labels=None,
    batch_size: int = 256,
) -> Effect:
    """Measure what changes in the data of `model` along a direction.

    At each amount a, it is the mean over the latents z of attribute(G(z + a v)), for the direction
    v.

    Args:
        model: a model that samples from latents, or decodes codes.
        latents: where to begin, of shape `(n, latent_dim)`.
        direction: a `Direction`, whose vector has the norm 1, or any vector of shape
            `(latent_dim,)`, such as the difference of two means.
        attribute: what to measure: `("classifier_mnist", 7)` for the probability of a class,
            `("classifier_mnist", (1, 7))` for that of the second of two classes, an `Attribute`, or
            a function from images in the model's value range to numbers in [0, 1]. `None` measures
            how far the data move.
        amounts: the multiples of the direction.
        labels: the labels of a conditional model, as for `sample`.
        batch_size: the number of data that are computed at once.

    Raises:
        ArgumentError: if an argument has a wrong value.

    Example:

    >>> import numpy as np, zoo
    >>> model = zoo.load("dcgan_mnist")
    >>> latents = model.sample_latents(4, seed=0)
    >>> def ink(images):
    ...     return (images.mean(axis=(1, 2, 3)) + 1) / 2
    >>> zoo.latents.effect(model, latents, np.eye(100)[0], ink, amounts=(-1, 1)).means.shape
    (2,)
    """
    latents = check_latents("latents", latents)
    vector = direction.vector if isinstance(direction, Direction) else direction
    vector = np.asarray(vector, "float32")
    if vector.shape != latents.shape[1:] or not np.isfinite(vector).all():
        raise ArgumentError(
            f"direction must be a Direction, or a finite vector of shape ({latents.shape[1]},). "
            f"Received: shape {vector.shape}."
        )
    amounts = np.asarray(amounts, "float64")
    if amounts.ndim != 1 or not len(amounts) or not np.isfinite(amounts).all():
        raise ArgumentError(f"amounts must be finite numbers. Received: {amounts!r}.")
    attribute = None if attribute is None else Attribute.get(attribute)
    labels = labels_of(model, labels, len(latents))
    low, high = model.data.range or (0.0, 1.0)
    before = data_of(model, latents, labels, batch_size).reshape(len(latents), -1)
    values, changes = [], []
    for amount in amounts:
        moved = latents + np.float32(amount) * vector
        data = before if amount == 0 else data_of(model, moved, labels, batch_size)
        data = data.reshape(len(latents), *model.data.shape)
        difference = (data.reshape(len(data), -1) - before) / (high - low)
        changes.append(np.sqrt(np.mean(difference.astype("float64") ** 2, axis=1)))
        values.append(
            changes[-1] if attribute is None else attribute.judge(data, model.data).values
        )
    values = np.stack(values)
    spread = values.std(axis=1, ddof=1) if len(latents) > 1 else np.full(len(amounts), np.nan)
    return Effect(
        amounts,
        values.mean(axis=1),
        spread / np.sqrt(len(latents)),
        np.stack(changes).mean(axis=1),
    )


def attribute_direction(
    model,
    attribute,
    n: int = 2000,
    seed: int | None = 0,
    *,
    amounts: Sequence[float] = AMOUNTS,
    trials: int = 200,
    labels=None,
) -> Direction:
    """Find the direction of latents along which an attribute of their images appears.

    A linear classifier is fitted to `n` latents and the attribute of their images, and the result
    is its normal: the method of Shen et al. 2020, https://arxiv.org/abs/1907.10786. The classifier
    is a logistic regression on the values in [0, 1], see `zoo.metrics.fit_linear_classifier`. With
    two classes, images that are neither are left out.

    Args:
        model: a model that samples from latents.
        attribute: as for `effect`.
        n: the number of latents to fit.
        seed: the seed of the latents; `None` draws others at each call.
        amounts: where the effect is measured.
        trials: the number of other latents on which the share and the effect are measured.
        labels: the labels of a conditional model, as for `sample`.

    Raises:
        ArgumentError: if an argument has a wrong value, or fewer than ten images have the attribute
            or lack it.

    Example:

    >>> import zoo
    >>> model = zoo.load("dcgan_mnist")
    >>> found = zoo.latents.attribute_direction(
    ...     model, ("classifier_mnist", (1, 7)), n=300, trials=20, amounts=(-3, 3)
    ... )
    >>> found.name, found.vector.shape, bool(found.effect.means[1] > found.effect.means[0])
    ('1 to 7', (100,), True)

    Differs from the paper: a logistic regression in place of a support vector machine, and all
    samples in place of those with the most extreme values.
    """
    check_count("n", n, minimum=2 * FEWEST)
    check_count("trials", trials)
    attribute = Attribute.get(attribute)
    latents, condition = draw(model, n, seed, labels)
    judged = attribute.judge(data_of(model, latents, condition), model.data)
    values, latents = judged.values[judged.concerned], latents[judged.concerned]
    having = int((values >= 0.5).sum())
    if min(having, len(values) - having) < FEWEST:
        raise ArgumentError(
            f"attribute must be there in {FEWEST} samples or more, and not in as many. Received: "
            f"{attribute.name!r}, in {having} and not in {len(values) - having} of {n} samples. A "
            "larger n finds more."
        )
    classifier = fit_linear_classifier(latents, np.stack([1.0 - values, values], axis=1))
    vector = classifier.normal(0, 1).astype("float32")
    others, condition = draw(model, trials, None if seed is None else seed + 1, labels)
    truth = attribute.judge(data_of(model, others, condition), model.data)
    told = classifier.logits(others).argmax(axis=1) == (truth.values >= 0.5)
    share = told[truth.concerned].mean() if truth.concerned.any() else np.nan
    measured = effect(model, others, vector, attribute, amounts, condition)
    return Direction(vector, attribute.name, float(share), measured)
