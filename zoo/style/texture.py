"""The synthesis of textures, after Gatys et al. 2015."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from pathlib import Path

import keras
import numpy as np

from zoo.base.described import described_by
from zoo.data.image_format import check_image_size
from zoo.engine.descent import Rule
from zoo.errors import check_count, check_number
from zoo.style.features import Features, source_of
from zoo.style.images import check_images, check_region, check_start, shuffled
from zoo.style.measuring import gram_errors
from zoo.style.objective import Objective, Style, Wanted
from zoo.style.synthesis import Options, Synthesized, synthesized
from zoo.style.transfer import StyleTransfer


class TextureSynthesis:
    """The synthesis of images of the texture of a picture, by descent on pixels from noise.

    It minimises, over the images x in [0, 1], equation 4 of Gatys, Ecker and Bethge 2015,
    https://arxiv.org/abs/1505.07376: sum_l w_l |G_l(x) - G_l(texture)|^2 / |G_l(texture)|^2, where
    G_l holds the mean product of each pair of channels of layer l of a frozen network over all
    places. Places are forgotten, so that x shows the same texture elsewhere, and may have any size.
    No weight changes.

    Args:
        features: the network, as for `StyleTransfer`.
        layers: the names of the layers, or a dict from names to weights. There are defaults for
            `"features_natural"`, `"squeezenet"`, `"vgg16"` and `"vgg19"`.
        weights: a file of weights, as for `StyleTransfer`.
        prepare: for a Keras model, a function from a tensor of images in [0, 1] to what the model
            takes.

    Raises:
        ValueError: if there is no such network or layer, or a weight is negative.

    Example:

    >>> import numpy as np, zoo
    >>> network = zoo.networks.vgg.body((32, 32, 3), width=2)
    >>> synthesis = zoo.style.TextureSynthesis(network, layers=["relu1_1", "relu2_1"])
    >>> texture = np.random.default_rng(0).random((16, 16, 3))
    >>> synthesis.synthesize(texture, (24, 32), scales=1, steps=2).images.shape
    (1, 24, 32, 3)

    Differs from the paper: errors are relative; the start is pixels of the texture in random order;
    colours stay in [0, 1]; images grow from small to large; the networks beside VGG.
    """

    def __init__(
        self,
        features: str | Path | keras.Model = "features_natural",
        *,
        layers: str | Sequence[str] | Mapping[str, float] | None = None,
        weights: str | Path | None = None,
        prepare: Callable | None = None,
    ):
        self.source = source_of(features, weights, prepare)
        style = self.source.layers("layers", layers, "style")
        self.objective = Objective(Features(self.source, [*style]), {}, style)

    @property
    def channels(self) -> int:
        """The channels of the images, 3 for colour."""
        return self.objective.features.channels

    @described_by(StyleTransfer.transfer)
    def synthesize(
        self,
        texture,
        size: int | tuple[int, int] | None = None,
        n: int = 1,
        *,
        mask=None,
        tv_weight: float = 0.0,
        start: np.ndarray | None = None,
        scales: int = 3,
        steps: int = 200,
        rule: str | Rule = "lbfgs",
        seed: int = 0,
        batch_size: int = 4,
        progress: bool = True,
        stops: Callable[[], bool] | None = None,
    ) -> Synthesized:
        """Return images of the texture of a picture.

        Args:
            texture: a picture, 8-bit or with numbers in [0, 1], of shape
                `(height, width, channels)`.
            size: the height and the width of the images, or one number for both; by default those
                of the picture.
            n: the number of images, each from other noise.
            mask: the region of the picture that counts, 1 or True there, of shape
                `(height, width)`; `None` for all of it.
            tv_weight: the weight of the mean squared difference of neighbouring pixels.
            start: images to start from, of the size of the result; by default pixels of the texture
                in random order.
            scales: the number of sizes, from small to large, each twice as large as the one before:
                forms that are larger than what the network sees come from the small ones.

        Returns:
            The images, the loss of each, and its history.

        Raises:
            ValueError: if an argument has a wrong value.
        """
        options = Options.of(scales, steps, rule, batch_size, progress, stops)
        channels = self.channels
        picture = check_images("texture", texture, channels, many=False)
        size = picture.shape[1:3] if size is None else check_image_size(size, "size")
        n, seed = check_count("n", n), check_count("seed", seed, minimum=0)
        taken = check_region("mask", mask, picture.shape[1:3])
        style = Style(picture, taken, np.ones(size, "float32"), 1.0)
        wanted = Wanted(None, [style], 0.0, 1.0, check_number("tv_weight", tv_weight))
        if start is not None:
            start = check_start(start, (n, *size, channels))

        def begin(smallest):
            return shuffled(picture, n, smallest, seed) if start is None else start

        return synthesized(self.objective, wanted, begin, size, options)

    def gram_errors(self, images, texture, layers: Sequence[str] | None = None) -> dict:
        """Return the relative error of the Gram matrix of each layer.

        It is |G(x) - G(texture)|^2 / |G(texture)|^2, of the layers that were used or of others.

        Args:
            images: the images, as `synthesize` returns them.
            texture: the picture.
            layers: the names of the layers; by default those that were used.

        Returns:
            A dict from the names to float64 arrays of shape `(n,)`.

        Raises:
            ValueError: if there is no such layer, or the images have another shape or range.
        """
        layers = layers or list(self.objective.style_layers)
        return gram_errors(self.source, layers, images, texture, "texture")
