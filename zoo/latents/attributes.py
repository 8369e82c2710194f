"""Attributes of images, such as the class that a classifier sees, as numbers in [0, 1]."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import NamedTuple

import numpy as np

from zoo.base.arrays import as_array
from zoo.data import to_range
from zoo.engine.spaces import Space
from zoo.engine.tasks import Classifies
from zoo.errors import ArgumentError
from zoo.presets.load import load

FORMS = (
    "attribute must be a pair of a classifier and a class, such as ('classifier_mnist', 7), or of "
    "a classifier and two classes, such as ('classifier_mnist', (1, 7)); a classifier of two "
    "classes; or a function from images to numbers in [0, 1]."
)


class Judgement(NamedTuple):
    """The amount to which each of n images has an attribute.

    Attributes:
        values: numbers in [0, 1], float64 of shape `(n,)`.
        concerned: whether the attribute concerns the image at all, of shape `(n,)`.
    """

    values: np.ndarray
    concerned: np.ndarray


class Attribute:
    """The probability of a class, as a classifier sees it in images.

    Of two classes (a, b) it is p(b) / (p(a) + p(b)), the probability of b of an image that is one
    of both. It concerns images for which p(a) + p(b) is at least 1/2.

    Args:
        classifier: the name, the path or the URL of a classifier's preset, or a model that
            classifies.
        classes: the class b, or a pair of the classes a and b, by number or name.

    Attributes:
        name: the words for the attribute, such as `"1 to 7"`.

    Raises:
        ArgumentError: if there is no such class, or the model does not classify.

    Example:

    >>> import numpy as np, zoo
    >>> seven = zoo.latents.Attribute("classifier_mnist", (1, 7))
    >>> model = zoo.load("dcgan_mnist")
    >>> seven.judge(model.sample(5, seed=0), model.data).values.shape
    (5,)
    """

    def __init__(self, classifier, classes):
        model = load(classifier) if isinstance(classifier, str | Path) else classifier
        if not isinstance(model, Classifies):
            raise ArgumentError(f"{FORMS} Received: {classifier!r} as the classifier.")
        self.model = model
        pair = classes if isinstance(classes, tuple | list) else (classes,)
        if not 1 <= len(pair) <= 2:
            raise ArgumentError(f"{FORMS} Received: {classes!r} as the classes.")
        space, rng = model.condition, np.random.default_rng(0)
        self.classes = [int(space.choose(each, 1, rng)[0]) for each in pair]
        if len(set(self.classes)) != len(pair):
            raise ArgumentError(
                f"attribute must name two different classes. Received: {classes!r}."
            )
        self.name = " to ".join(space.texts[number] for number in self.classes)

    @classmethod
    def get(cls, value) -> Attribute:
        """Return the attribute that `value` stands for.

        Raises:
            ArgumentError: if it stands for none.
        """
        if isinstance(value, Attribute):
            return value
        if isinstance(value, tuple) and len(value) == 2:
            return cls(*value)
        if isinstance(value, str | Path):
            value = load(value)
        if isinstance(value, Classifies):
            if value.condition.n != 2:
                raise ArgumentError(
                    f"{FORMS} Received: a classifier of {value.condition.n} classes without any."
                )
            return cls(value, (0, 1))
        if callable(value) and not isinstance(value, type):
            return Function(value)
        raise ArgumentError(f"{FORMS} Received: {value!r}.")

    def judge(self, images: np.ndarray, space: Space) -> Judgement:
        """Return how much images have the attribute.

        Args:
            images: images of the space `space`.
            space: the space of the data of the model that made them.

        Raises:
            ArgumentError: if the classifier takes images of another shape.
        """
        if self.model.data.shape != space.shape:
            raise ArgumentError(
                f"attribute must have a classifier of images of shape {space.shape}, as the "
                f"model's. Received: one for {self.model.data.shape}."
            )
        target = self.model.data.range or (0.0, 1.0)
        scaled = to_range(images, target, source=space.range or (0.0, 1.0))
        probabilities = self.model.probabilities(np.clip(scaled, *target)).astype("float64")
        chosen = probabilities[:, self.classes]
        if len(self.classes) == 1:
            return Judgement(chosen[:, 0], np.ones(len(images), bool))
        total = chosen.sum(axis=1)
        return Judgement(chosen[:, 1] / np.maximum(total, 1e-12), total >= 0.5)


class Function(Attribute):
    """An attribute that a user's function measures.

    Args:
        function: a function from images in the model's value range, of shape `(n, ...)`, to n
            numbers in [0, 1], or bools.
    """

    def __init__(self, function: Callable):
        self.function = function
        self.name = getattr(function, "__name__", type(function).__name__)

    def judge(self, images, space):
        values = as_array("attribute", self.function(images)).astype("float64")
        if values.shape == (len(images), 1):
            values = values[:, 0]
        if values.shape != (len(images),) or not ((values >= 0) & (values <= 1)).all():
            shown = f"shape {values.shape}"
            if values.size and np.isfinite(values).all():
                shown += f", from {values.min():g} to {values.max():g}"
            raise ArgumentError(
                f"attribute must give {len(images)} numbers in [0, 1], one for each image. "
                f"Received: {shown}."
            )
        return Judgement(values, np.ones(len(images), bool))
