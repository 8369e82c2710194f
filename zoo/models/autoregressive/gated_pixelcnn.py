"""The gated PixelCNN of van den Oord et al. 2016."""

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
class GatedLayer(layers.Layer):
    """A layer of two stacks: v sees the rows above a pixel, h also the pixels to its left.

    v' = g(W_v * v), h' = h + U g(W_h * h + L (W_v * v)) and a skip connection S g(...), where g(a,
    b) = tanh(a) sigmoid(b) takes the two halves of its input, and labels add V_y to it. Figure 2
    and equations 2 and 4 of https://arxiv.org/abs/1606.05328. The first layer, whose input is the
    image, sees nothing of a pixel itself and has no residual connection. The last one has the skip
    connection alone.

    Args:
        width: the number of channels of each stack.
        skip: the number of channels of the skip connection.
        kernel: the odd size of the kernels.
        first: whether it is the first layer.
        last: whether it is the last layer.
        groups: the number of channels of an image that are in order.
        classes: the number of classes, or 0.
    """

    def __init__(
        self,
        width: int,
        skip: int,
        kernel: int,
        first: bool = False,
        last: bool = False,
        groups: int = 1,
        classes: int = 0,
        **kwargs,
    ):
        super().__init__(**kwargs)
        self.width, self.skip, self.kernel = width, skip, kernel
        self.first, self.last = first, last
        self.groups, self.classes = groups, classes
        half = kernel // 2
        self.vertical = CausalConv2D(
            2 * width, rows=half + 1, left=half, right=half, lag=1 if first else 0
        )
        self.horizontal = CausalConv2D(
            2 * width, left=half, mask="A" if first else "B", groups=groups
        )
        self.link = CausalConv2D(2 * width)
        self.out = None if last else CausalConv2D(width, mask="B", groups=groups)
        self.to_skip = CausalConv2D(skip, mask="B", groups=groups)

    def get_config(self):
        names = ("width", "skip", "kernel", "first", "last", "groups", "classes")
        return {**super().get_config(), **{name: getattr(self, name) for name in names}}

    def build(self, input_shape):
        *shape, _ = input_shape
        self.vertical.build(input_shape)
        self.horizontal.build(input_shape)
        self.link.build((*shape, 2 * self.width))
        self.to_skip.build((*shape, self.width))
        if self.out is not None:
            self.out.build((*shape, self.width))
        if self.classes:
            self.of_class = self.add_weight(
                shape=(self.classes, 4 * self.width), initializer="glorot_uniform", name="of_class"
            )
        super().build(input_shape)

    def call(self, inputs, labels=None, rows=None):
        """Return v', h' and the skip connection for `inputs`, which are v and h, or an image.

        The last layer returns `None` for v' and h'.
        """
        v, h = (inputs, inputs) if self.first else inputs
        above = self.vertical(v, rows=rows)
        left = self.horizontal(h, rows=rows) + self.link(above, rows=rows)
        if labels is not None:
            chosen = ops.take(ops.convert_to_tensor(self.of_class), labels, axis=0)
            of_v, of_h = ops.split(chosen[:, None, None], 2, axis=-1)
            above, left = above + of_v, left + of_h
        gated = _gate(left)
        skip = self.to_skip(gated)
        if self.last:
            return None, None, skip
        return _gate(above), self.out(gated) + (0.0 if self.first else h), skip


def _gate(x):
    """Return tanh(a) sigmoid(b) for the halves a and b of the channels."""
    a, b = ops.split(x, 2, axis=-1)
    return ops.tanh(a) * ops.sigmoid(b)


@register_family("gated_pixelcnn", package="zoo")
class GatedPixelCNN(ByRows, GenerativeModel):
    """A PixelCNN of gated layers in two stacks, which has no blind spot and may be conditional.

    It maximises log p(x | y) = sum_i log p(x_i | x_1, ..., x_{i-1}, y) over the pixels in raster
    order, equation 3 of van den Oord et al. 2016, https://arxiv.org/abs/1606.05328. The vertical
    stack sees all rows above a pixel, and the horizontal stack the pixels to its left and the
    vertical stack. `fit` logs `loss`, which is -log p(x | y) in nats per image.

    `call` and `predict` map images, and labels of a conditional model, to the parameters of the
    distribution of each pixel.

    Args:
        image_shape: `(height, width, channels)` of the images, whose values lie in [0, 1].
        num_classes: the number of classes of a conditional model, or `None`.
        pixels: the distribution of a pixel, `"bernoulli"` for zeros and ones, `"categorical"` or
            `"logistic_mixture"` for 8-bit values k / 255, or a `zoo.losses.PixelDistribution`.
        width: the number of channels of each stack.
        layers: the number of gated layers, the first among them.
        first_kernel: the odd size of the kernels of the first layer.
        kernel: the odd size of the others.
        head: the number of channels of the skip connections, and of the 1x1 convolution after them.
        name: the name of the model.

    Raises:
        ValueError: if an argument has a wrong value.

    Example:

    >>> import zoo
    >>> model = zoo.create(
    ...     "gated_pixelcnn", image_shape=(6, 6, 1), num_classes=2, width=4, layers=2, head=4
    ... )
    >>> model.sample(4, seed=0, labels="all").shape  # two of each class
    (4, 6, 6, 1)

    Differs from the paper: Adam with rate 1e-3 and not RMSProp; smaller networks by default; the
    logits see the sum of skip connections alone.
    """

    idea = (
        "A gated PixelCNN predicts each pixel from all pixels before it, with two stacks of "
        "convolutions: one for the rows above, one for the row itself. Gates take the place of "
        "rectified linear units, and a label shifts them, so that one network draws images of each "
        "class. The likelihood of an image is exact, and sampling is slow."
    )
    paper = "van den Oord et al. 2016, Conditional Image Generation with PixelCNN Decoders"
    paper_url = "https://arxiv.org/abs/1606.05328"

    def __init__(
        self,
        image_shape: tuple[int, int, int] | None = None,
        num_classes: int | None = None,
        pixels: str | PixelDistribution = "bernoulli",
        width: int = 32,
        layers: int = 8,
        first_kernel: int = 7,
        kernel: int = 3,
        head: int = 32,
        name: str | None = None,
    ):
        super().__init__(name=name)
        self.state_data(image_shape, pixels, num_classes)
        channels, groups = self.image_shape[-1], self.groups
        check_odd("first_kernel", first_kernel)
        check_odd("kernel", kernel)
        for argument, value in (("width", width), ("head", head)):
            check_multiple(argument, value, groups)
        options = {"groups": groups, "classes": num_classes or 0}
        self.gated = []
        for number in range(check_count("layers", layers)):
            ends = {"first": number == 0, "last": number == layers - 1}
            size = kernel if number else first_kernel
            self.gated.append(GatedLayer(width, head, size, **ends, **options))
        self.head = CausalConv2D(head, mask="B", groups=groups)
        outputs = self.pixels.size(channels)
        self.last = CausalConv2D(outputs, mask="B", groups=groups, dtype="float32")
        shape = (None, None, None)
        for number, layer in enumerate(self.gated):
            layer.build((*shape, width if number else channels))
        self.head.build((*shape, head))
        self.last.build((*shape, head))
        self.built = True

    @classmethod
    def test_config(cls):
        return {
            "image_shape": (4, 4, 1),
            "num_classes": 3,
            "width": 4,
            "layers": 2,
            "first_kernel": 3,
            "head": 4,
        }

    def network(self, images, condition, rows):
        state, total = images, 0.0
        for layer in self.gated:
            *state, skip = layer(state, labels=condition, rows=rows)
            total = total + skip
        x = self.head(ops.relu(total), rows=rows)
        return self.last(ops.relu(x), rows=rows)
