"""The PixelCNN++ of Salimans et al. 2017."""

from __future__ import annotations

import keras
from keras import layers, ops

from zoo.engine.model import GenerativeModel
from zoo.errors import ArgumentError, check_count
from zoo.layers import CausalConv2D
from zoo.layers.bijectors.shapes import unsqueezed
from zoo.losses import LogisticMixture, PixelDistribution
from zoo.models.autoregressive.by_rows import ByRows
from zoo.models.families import register_family

# The sight of the convolutions of both streams: rows above a pixel, and also its own row.
SIGHT = {"above": {"rows": 2, "left": 1, "right": 1}, "own": {"rows": 2, "left": 1}}


def concat_elu(x):
    """Return elu(x) and elu(-x), with twice as many channels."""
    return ops.elu(ops.concatenate([x, -x], axis=-1))


@keras.saving.register_keras_serializable("zoo")
class GatedResnet(layers.Layer):
    """A residual block x + a sigmoid(b), where a and b come from two convolutions after concat-ELU.

    A second input is added between the convolutions, after a 1x1 convolution. Section 2.5 of
    https://arxiv.org/abs/1701.05517, and the paper's code.

    Args:
        filters: the number of channels.
        sight: `"above"` or `"own"`.
        side: the number of channels of the second input, or 0.
    """

    def __init__(self, filters: int, sight: str, side: int = 0, **kwargs):
        super().__init__(**kwargs)
        self.filters, self.sight, self.side = filters, sight, side
        self.first = CausalConv2D(filters, **SIGHT[sight])
        self.second = CausalConv2D(2 * filters, **SIGHT[sight])
        self.beside = CausalConv2D(filters) if side else None

    def get_config(self):
        config = {"filters": self.filters, "sight": self.sight, "side": self.side}
        return {**super().get_config(), **config}

    def build(self, input_shape):
        *shape, _ = input_shape
        self.first.build((*shape, 2 * self.filters))
        self.second.build((*shape, 2 * self.filters))
        if self.beside is not None:
            self.beside.build((*shape, 2 * self.side))
        super().build(input_shape)

    def call(self, inputs, beside=None, rows=None):
        x = self.first(concat_elu(inputs), rows=rows)
        if beside is not None:
            x = x + self.beside(concat_elu(beside), rows=rows)
        a, b = ops.split(self.second(concat_elu(x), rows=rows), 2, axis=-1)
        return inputs + a * ops.sigmoid(b)


@keras.saving.register_keras_serializable("zoo")
class Doubled(layers.Layer):
    """A transposed convolution of size and stride 2, which doubles height and width.

    Args:
        filters: the number of output channels.
    """

    def __init__(self, filters: int, **kwargs):
        super().__init__(**kwargs)
        self.filters = filters
        self.four = CausalConv2D(4 * filters)

    def get_config(self):
        return {**super().get_config(), "filters": self.filters}

    def build(self, input_shape):
        self.four.build(input_shape)
        super().build(input_shape)

    def call(self, inputs):
        return unsqueezed(self.four(inputs))


@register_family("pixelcnn_pp", package="zoo")
class PixelCNNPlusPlus(ByRows, GenerativeModel):
    """A PixelCNN of shifted convolutions at several sizes, with a mixture of discretized logistics.

    It maximises log p(x) = sum_i log p(x_i | x_1, ..., x_{i-1}) over the pixels in raster order.
    All channels of a pixel come from one mixture, whose means are coupled: see
    `zoo.losses.LogisticMixture`. A stream u sees the rows above a pixel, and a stream ul also the
    pixels to its left. Both go down through `levels` sizes and up again, with connections between
    blocks of the same size: see section 2 of Salimans et al. 2017, https://arxiv.org/abs/1701.05517.
    `fit` logs `loss`, which is -log p(x) in nats per image.

    `call` and `predict` map images to the parameters of the distribution of each pixel.

    Args:
        image_shape: `(height, width, channels)` of the images, whose values lie in [0, 1]. Height
            and width are multiples of 2 ** (levels - 1).
        pixels: the distribution of a pixel; `None` for `zoo.losses.LogisticMixture(mixtures)`. One
            that does not draw channels jointly is for images of one channel.
        mixtures: the number of components of the mixture.
        filters: the number of channels of each stream.
        resnets: the number of blocks at each size on the way down; there is one more on the way up,
            but at the least size.
        levels: the number of sizes.
        name: the name of the model.

    Raises:
        ValueError: if an argument has a wrong value.

    Example:

    >>> import zoo
    >>> model = zoo.create(
    ...     "pixelcnn_pp", image_shape=(4, 4, 3), filters=4, resnets=1, levels=2, mixtures=2
    ... )
    >>> model.sample(2, seed=0).shape
    (2, 4, 4, 3)

    Differs from the paper: no dropout, no weight normalization with its first data, no averaged
    weights; transposed convolutions of size 2 in both streams; 5 mixtures and smaller networks by
    default.
    """

    idea = (
        "PixelCNN++ predicts each 8-bit pixel of an image from all pixels before it, by a mixture "
        "of logistic distributions in place of 256 separate probabilities. Its network works at "
        "several sizes of the image, so that it sees distant pixels at less cost. The likelihood "
        "of an image is exact, and sampling is slow."
    )
    paper = (
        "Salimans, Karpathy, Chen and Kingma 2017, PixelCNN++: Improving the PixelCNN with "
        "Discretized Logistic Mixture Likelihood and Other Modifications"
    )
    paper_url = "https://arxiv.org/abs/1701.05517"

    def __init__(
        self,
        image_shape: tuple[int, int, int] | None = None,
        pixels: str | PixelDistribution | None = None,
        mixtures: int = 5,
        filters: int = 32,
        resnets: int = 2,
        levels: int = 3,
        name: str | None = None,
    ):
        super().__init__(name=name)
        self.state_data(image_shape, LogisticMixture(mixtures) if pixels is None else pixels)
        height, width, channels = self.image_shape
        if not self.pixels.joint and channels > 1:
            raise ArgumentError(
                f"pixels must draw the {channels} channels of a pixel jointly, as "
                f"'logistic_mixture' does. Received: {pixels!r}."
            )
        check_count("filters", filters)
        check_count("resnets", resnets)
        self.block = 2 ** (check_count("levels", levels) - 1)
        if height % self.block or width % self.block:
            raise ArgumentError(
                f"image_shape must have a height and a width that are multiples of {self.block}, "
                f"for levels={levels}. Received: {image_shape!r}."
            )
        self.levels, self.resnets = levels, resnets
        self._make(filters, channels)
        self.built = True

    def _make(self, filters: int, channels: int) -> None:
        """Make the layers, and build them for images with `channels` channels and one of ones."""
        image, inner = (None, None, None, channels + 1), (None, None, None, filters)
        self.start_u = CausalConv2D(filters, rows=2, left=1, right=1, lag=1)
        self.start_above = CausalConv2D(filters, left=1, right=1, lag=1)
        self.start_left = CausalConv2D(filters, rows=2, left=1, right=-1)
        down = self.resnets * self.levels
        up = down + self.levels - 1
        self.down_u = [GatedResnet(filters, "above") for _ in range(down)]
        self.down_ul = [GatedResnet(filters, "own", filters) for _ in range(down)]
        self.up_u = [GatedResnet(filters, "above", filters) for _ in range(up)]
        self.up_ul = [GatedResnet(filters, "own", 2 * filters) for _ in range(up)]
        sizes = range(self.levels - 1)
        self.halve_u = [CausalConv2D(filters, **SIGHT["above"], strides=2) for _ in sizes]
        self.halve_ul = [CausalConv2D(filters, **SIGHT["own"], strides=2) for _ in sizes]
        self.double_u = [Doubled(filters) for _ in sizes]
        self.double_ul = [Doubled(filters) for _ in sizes]
        self.last = CausalConv2D(self.pixels.size(channels), dtype="float32")
        for layer in (self.start_u, self.start_above, self.start_left):
            layer.build(image)
        for stream in (self.down_u, self.down_ul, self.up_u, self.up_ul):
            for layer in stream:
                layer.build(inner)
        for stream in (self.halve_u, self.halve_ul, self.double_u, self.double_ul):
            for layer in stream:
                layer.build(inner)
        self.last.build(inner)

    @classmethod
    def test_config(cls):
        return {
            "image_shape": (4, 2, 1),
            "filters": 4,
            "resnets": 1,
            "levels": 2,
            "mixtures": 2,
        }

    def network(self, images, condition, rows):
        x = ops.concatenate([2.0 * images - 1.0, ops.ones_like(images[..., :1])], axis=-1)
        u = self.start_u(x, rows=rows)
        ul = self.start_above(x, rows=rows) + self.start_left(x, rows=rows)
        seen = [(u, ul)]
        for level in range(self.levels):
            for number in range(level * self.resnets, (level + 1) * self.resnets):
                u = self.down_u[number](u, rows=rows)
                ul = self.down_ul[number](ul, beside=u, rows=rows)
                seen.append((u, ul))
            if level < self.levels - 1:
                u = self.halve_u[level](u, rows=rows)
                ul = self.halve_ul[level](ul, rows=rows)
                seen.append((u, ul))
        u, ul = seen.pop()
        number = 0
        for level in range(self.levels):
            for _ in range(self.resnets + (level > 0)):
                beside_u, beside_ul = seen.pop()
                u = self.up_u[number](u, beside=beside_u, rows=rows)
                beside = ops.concatenate([u, beside_ul], axis=-1)
                ul = self.up_ul[number](ul, beside=beside, rows=rows)
                number += 1
            if level < self.levels - 1:
                u, ul = self.double_u[level](u), self.double_ul[level](ul)
        return self.last(ops.elu(ul), rows=rows)
