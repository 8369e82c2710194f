"""The loss of an image by the content and the styles that it should have."""

from __future__ import annotations

import threading
from typing import NamedTuple

import numpy as np

from zoo.engine.descent import Bounds, Descent, Rule
from zoo.engine.relative import relative_error
from zoo.style.features import Features
from zoo.style.images import at_size, region_at_size
from zoo.style.losses import gram, total_variation

RANGE = Bounds(0.0, 1.0)


class Style(NamedTuple):
    """One style, of a region of a picture, for a region of the images.

    Attributes:
        image: the picture, of shape `(1, height, width, channels)`, or one for each of n images.
        taken: its region, of shape `(height, width)`.
        region: the region of the images, of their height and width.
        weight: the weight of this style among all.
    """

    image: np.ndarray
    taken: np.ndarray
    region: np.ndarray
    weight: float


class Wanted(NamedTuple):
    """The things that images should have.

    Attributes:
        content: images whose content is kept, one for each; `None` if there is none.
        styles: the styles.
        content_weight: the weight of the content.
        style_weight: the weight of all styles together.
        tv_weight: the weight of the total variation.
    """

    content: np.ndarray | None
    styles: list[Style]
    content_weight: float
    style_weight: float
    tv_weight: float


class Objective:
    """The sum of the losses of content and styles, of each image alone.

    Args:
        features: the feature maps of all layers.
        content_layers: the weights of the layers of the content.
        style_layers: the weights of the layers of the style.
    """

    def __init__(
        self,
        features: Features,
        content_layers: dict[str, float],
        style_layers: dict[str, float],
    ):
        self.features = features
        self.content_layers, self.style_layers = content_layers, style_layers
        self._descents: dict[str, Descent] = {}  # by rule and number of styles
        self._lock = threading.Lock()

    def descent(self, rule: Rule, styles: int) -> Descent:
        """Return the descent by a rule, whose compiled steps are kept for the next images.

        A compiled function of TensorFlow takes one number of arrays, so that each number of styles
        has its own.
        """
        key = f"{type(rule).__name__} {rule.get_config()} {styles}"
        with self._lock:
            if key not in self._descents:
                networks = (self.features.network,)
                self._descents[key] = Descent(self.losses, rule, networks, RANGE)
            return self._descents[key]

    def losses(self, images, strengths, *constants):
        """Return the loss of each image, of shape `(n,)`.

        Args:
            images: a tensor of images in [0, 1].
            strengths: the weights of the content, of the total variation, and of each style, of
                shape `(n, 2 + styles)`.
            *constants: the arrays of `constants` behind `strengths`.
        """
        maps = self.features(images)
        total = strengths[:, 1] * total_variation(images)
        left = list(constants)
        for name, weight in self.content_layers.items():
            total += strengths[:, 0] * weight * relative_error(maps[name], left.pop(0))
        for number in range(2, strengths.shape[-1]):
            for name, weight in self.style_layers.items():
                wanted, region = left.pop(0), left.pop(0)
                error = relative_error(gram(maps[name], region), wanted)
                total += strengths[:, number] * weight * error
        return total

    def constants(
        self, wanted: Wanted, n: int, size: tuple[int, int], scale: float, batch_size: int
    ) -> tuple:
        """Return the arrays that `losses` takes beside `n` images of the height and width `size`.

        Args:
            wanted: the things that the images should have.
            n: the number of images.
            size: their height and width.
            scale: the factor by which all pictures are smaller than they were given.
            batch_size: the number of images that are computed at once.
        """
        styles = [wanted.style_weight * style.weight for style in wanted.styles]
        arrays = [np.array([[wanted.content_weight, wanted.tv_weight, *styles]], "float32")]
        if self.content_layers:
            arrays += self._content_maps(at_size(wanted.content, size), batch_size)
        sizes = self.features.sizes("content", size)
        for style in wanted.styles:
            grams = self.grams(style.image, style.taken, scale)
            for name in self.style_layers:
                arrays += [grams[name], region_at_size(style.region, sizes[name])]
        return tuple(np.broadcast_to(array, (n, *array.shape[1:])) for array in arrays)

    def _content_maps(self, images: np.ndarray, batch_size: int) -> list[np.ndarray]:
        """Return the feature maps of the layers of the content, and keep no others in memory."""
        parts = []
        for start in range(0, len(images), batch_size):
            maps = self.features.of(images[start : start + batch_size], batch_size)
            parts.append([maps[name] for name in self.content_layers])
        return [np.concatenate(each) for each in zip(*parts, strict=True)]

    def grams(self, image: np.ndarray, taken: np.ndarray, scale: float = 1.0) -> dict:
        """Return the Gram matrices of a region of a picture, made smaller by a factor."""
        size = tuple(max(1, round(side / scale)) for side in image.shape[1:3])
        parts = []
        for one in at_size(image, size):  # one at a time, since all layers are in memory
            maps = self.features.of(one[None])
            parts.append(
                {
                    name: gram_of(each, region_at_size(taken, each.shape[1:3])).astype("float32")
                    for name, each in maps.items()
                }
            )
        return {name: np.concatenate([part[name] for part in parts]) for name in parts[0]}


def gram_of(maps: np.ndarray, weights: np.ndarray | None = None) -> np.ndarray:
    """Return `zoo.style.gram` of arrays, in float64; `None` weighs all places the same."""
    features = maps.reshape(len(maps), -1, maps.shape[-1]).astype("float64")
    if weights is None:
        weights = np.ones((1, *maps.shape[1:3], 1))
    weights = weights.reshape(len(weights), -1, 1).astype("float64")
    return (weights * features).transpose(0, 2, 1) @ features / weights.sum(axis=1)[:, None]
