"""The PixelCNN of van den Oord, Kalchbrenner and Kavukcuoglu 2016."""

from __future__ import annotations

import keras
from keras import layers, ops

from zoo.engine.model import GenerativeModel
from zoo.errors import check_count
from zoo.layers import CausalConv2D
from zoo.losses import PixelDistribution
from zoo.models.autoregressive.by_rows import ByRows
from zoo.models.autoregressive.sizes import check_multiple, check_odd
from zoo.models.families import register_family


@keras.saving.register_keras_serializable("zoo")
class MaskedResidual(layers.Layer):
    """A residual block x + f(x) of 2h channels, with f: 1x1 to h, 3x3, 1x1 to 2h, each after ReLU.

    All convolutions have mask B. Figure 5 of https://arxiv.org/abs/1601.06759.

    Args:
        width: the number h.
        groups: the number of channels of an image that are in order.
    """

    def __init__(self, width: int, groups: int = 1, **kwargs):
        super().__init__(**kwargs)
        self.width, self.groups = width, groups
        masked = {"mask": "B", "groups": groups}
        self.narrow = CausalConv2D(width, **masked)
        self.middle = CausalConv2D(width, rows=2, left=1, right=1, **masked)
        self.wide = CausalConv2D(2 * width, **masked)

    def get_config(self):
        return {**super().get_config(), "width": self.width, "groups": self.groups}

    def build(self, input_shape):
        self.narrow.build((*input_shape[:-1], 2 * self.width))
        self.middle.build((*input_shape[:-1], self.width))
        self.wide.build((*input_shape[:-1], self.width))
        super().build(input_shape)

    def call(self, inputs, rows=None):
        x = self.narrow(ops.relu(inputs), rows=rows)
        x = self.middle(ops.relu(x), rows=rows)
        return inputs + self.wide(ops.relu(x), rows=rows)


@register_family("pixelcnn", package="zoo")
class PixelCNN(ByRows, GenerativeModel):
    """A convolutional network whose masks hide from each pixel those that come after it.

    It maximises log p(x) = sum_i log p(x_i | x_1, ..., x_{i-1}) over the pixels in raster order,
    equation 1 of van den Oord, Kalchbrenner and Kavukcuoglu 2016, https://arxiv.org/abs/1601.06759,
    where channels of a pixel are in order too (equation 2). A first 7x7 convolution has mask A, by
    which a pixel does not see itself. Residual blocks have mask B. `fit` logs `loss`, which is
    -log p(x) in nats per image.

    A pixel does not see all earlier ones: the masks leave a blind spot, to the right above.

    `call` and `predict` map images to the parameters of the distribution of each pixel.

    Args:
        image_shape: `(height, width, channels)` of the images, whose values lie in [0, 1].
        pixels: the distribution of a pixel, `"bernoulli"` for zeros and ones, `"categorical"` or
            `"logistic_mixture"` for 8-bit values k / 255, or a `zoo.losses.PixelDistribution`.
        width: the number h of channels between the 1x1 convolutions of a block, which has 2h.
        blocks: the number of residual blocks.
        kernel: the odd size of the first kernel.
        head: the number of channels of the two 1x1 convolutions at the end.
        name: the name of the model.

    Raises:
        ValueError: if an argument has a wrong value.

    Example:

    >>> import numpy as np, zoo
    >>> model = zoo.create("pixelcnn", image_shape=(6, 6, 1), width=4, blocks=1, head=4)
    >>> model.log_prob(np.zeros((3, 6, 6, 1), "float32")).shape, model.sample(2, seed=0).shape
    ((3,), (2, 6, 6, 1))

    Differs from the paper: Adam with rate 1e-3 and not RMSProp; the sizes by default are those for
    MNIST, 12 blocks with h = 32.
    """

    idea = (
        "A PixelCNN predicts each pixel of an image from the pixels above it and to its left. All "
        "predictions of a given image take one pass of a masked convolutional network, and their "
        "product is the exact likelihood of the image. New images are drawn pixel by pixel, which "
        "is slow."
    )
    paper = "van den Oord, Kalchbrenner and Kavukcuoglu 2016, Pixel Recurrent Neural Networks"
    paper_url = "https://arxiv.org/abs/1601.06759"

    def __init__(
        self,
        image_shape: tuple[int, int, int] | None = None,
        pixels: str | PixelDistribution = "bernoulli",
        width: int = 32,
        blocks: int = 12,
        kernel: int = 7,
        head: int = 32,
        name: str | None = None,
    ):
        super().__init__(name=name)
        self.state_data(image_shape, pixels)
        channels, groups = self.image_shape[-1], self.groups
        check_odd("kernel", kernel)
        for argument, value in (("width", width), ("head", head)):
            check_multiple(argument, value, groups)
        half = kernel // 2
        self.first = CausalConv2D(
            2 * width, rows=half + 1, left=half, right=half, mask="A", groups=groups
        )
        self.blocks = [MaskedResidual(width, groups) for _ in range(check_count("blocks", blocks))]
        self.head = CausalConv2D(head, mask="B", groups=groups)
        outputs = self.pixels.size(channels)
        self.last = CausalConv2D(outputs, mask="B", groups=groups, dtype="float32")
        shape = (None, None, None)
        self.first.build((*shape, channels))
        for block in self.blocks:
            block.build((*shape, 2 * width))
        self.head.build((*shape, 2 * width))
        self.last.build((*shape, head))
        self.built = True

    @classmethod
    def test_config(cls):
        return {"image_shape": (4, 4, 1), "width": 4, "blocks": 1, "kernel": 5, "head": 4}

    def network(self, images, condition, rows):
        x = self.first(images, rows=rows)
        for block in self.blocks:
            x = block(x, rows=rows)
        x = self.head(ops.relu(x), rows=rows)
        return self.last(ops.relu(x), rows=rows)
