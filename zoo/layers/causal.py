"""Causal layers of autoregressive models, whose outputs see earlier pixels alone."""

from __future__ import annotations

import keras
import numpy as np
from keras import layers, ops

from zoo.engine import kernels
from zoo.errors import check_choice, check_count

MASKS = ("A", "B")


class Rows:
    """The rows above those that a causal network computes.

    A causal network computes any number of complete rows if each of its convolutions is told the
    last rows of its inputs above them. An object serves for one pass: the convolutions ask for
    their rows in the order of the pass, and leave those that the rows below need.

    Args:
        above: the rows for each convolution, of shape `(batch, rows, width, channels)`; `None` at
            the top of an image, above which there are zeros.

    Attributes:
        left: the rows for each convolution, for the rows below.
    """

    def __init__(self, above: list | None = None):
        self.above = above
        self.left: list = []

    def join(self, x, count: int):
        """Return `x` with `count` rows above it."""
        if not count:
            return x
        if self.above is None:
            joined = ops.pad(x, ((0, 0), (count, 0), (0, 0), (0, 0)))
        else:
            joined = ops.concatenate([self.above[len(self.left)], x], axis=1)
        self.left.append(joined[:, -count:])
        return joined


@keras.saving.register_keras_serializable("zoo")
class CausalConv2D(layers.Layer):
    """A convolution that sees no row below and, in the row of the output, no column beyond `right`.

    The output at row i and column j sees the rows i - lag - rows + 1 to i - lag, and the columns j
    - left to j + right. Padding with zeros above and beside takes the place of a mask, as in
    section 2.4 of Salimans et al. 2017, https://arxiv.org/abs/1701.05517. With a `mask` the last
    row of the kernel is masked too, as in section 3.4 of van den Oord, Kalchbrenner and Kavukcuoglu
    2016, https://arxiv.org/abs/1601.06759. The mask is applied when the layer is called, and never
    written into the kernel.

    Args:
        filters: the number of output channels.
        rows: the number of rows of the kernel.
        left: the number of columns to the left that it sees.
        right: the number of columns to the right; -1 for none but those to the left.
        lag: how many rows above the output's the last row of the kernel lies.
        strides: 1, or 2 to halve height and width, which must then be even.
        mask: `None`; `"A"`, by which the output sees nothing of its own pixel and of those to the
            right of it; or `"B"`, by which it sees its own pixel.
        groups: the number of channels of an image that are in order: input channel a and output
            channel b belong to the image's channels a % groups and b % groups. In the own pixel,
            `"A"` sees the channels before b's, and `"B"` that of b too.

    Raises:
        ValueError: if an argument has a wrong value.

    Differs from the paper: rows of the kernel that a mask would make zero do not exist.
    """

    def __init__(
        self,
        filters: int,
        rows: int = 1,
        left: int = 0,
        right: int = 0,
        lag: int = 0,
        strides: int = 1,
        mask: str | None = None,
        groups: int = 1,
        **kwargs,
    ):
        super().__init__(**kwargs)
        self.filters = check_count("filters", filters)
        self.rows = check_count("rows", rows)
        self.left = check_count("left", left, minimum=0)
        self.right = check_count("right", right, minimum=-1)
        self.lag = check_count("lag", lag, minimum=0)
        check_choice("strides", strides, (1, 2))
        self.strides = strides
        if mask is not None:
            check_choice("mask", mask, MASKS)
        self.mask = mask
        self.groups = check_count("groups", groups)

    def get_config(self):
        names = ("filters", "rows", "left", "right", "lag", "strides", "mask", "groups")
        return {**super().get_config(), **{name: getattr(self, name) for name in names}}

    def build(self, input_shape):
        shape = (self.rows, self.left + 1 + self.right, input_shape[-1], self.filters)
        self.kernel = self.add_weight(shape=shape, initializer="glorot_uniform", name="kernel")
        self.bias = self.add_weight(shape=(self.filters,), initializer="zeros", name="bias")
        super().build(input_shape)

    def masked(self, kernel):
        """Return the kernel, with zeros where the mask has them."""
        if self.mask is None:
            return kernel
        height, width, *_ = kernel.shape
        if self.groups > 1:
            return kernel * ops.cast(self._mask_of_groups(), kernel.dtype)
        seen = self.left + (self.mask == "B")  # the columns of the last row; no copy of a mask
        if seen == width:
            return kernel
        # Not `ops.pad`: TensorFlow with oneDNN ends the process when it merges a convolution with
        # the padding of both its images and its kernel.
        nothing = ops.zeros((1, width - seen, *kernel.shape[2:]), kernel.dtype)
        last = ops.concatenate([kernel[-1:, :seen], nothing], axis=1)
        return last if height == 1 else ops.concatenate([kernel[:-1], last], axis=0)

    def _mask_of_groups(self) -> np.ndarray:
        """Return the mask for channels that are in order, of the kernel's shape."""
        shape = tuple(self.kernel.shape)
        mask = np.ones(shape, "float32")
        mask[-1, self.left + 1 :] = 0
        inputs, outputs = (np.arange(size) % self.groups for size in shape[2:])
        seen = np.less if self.mask == "A" else np.less_equal
        mask[-1, self.left] = seen(inputs[:, None], outputs)
        return mask

    def call(self, inputs, rows: Rows | None = None):
        kernel = self.masked(ops.convert_to_tensor(self.kernel))
        x = (rows or Rows()).join(inputs, self.rows - 1 + self.lag)
        x = x[:, : -self.lag] if self.lag else x
        if self.right < 0:
            x = x[:, :, : self.right]
        x = ops.pad(x, ((0, 0), (0, 0), (self.left, max(self.right, 0)), (0, 0)))
        strides = (self.strides, self.strides)
        return kernels.unpadded_convolution(x, kernel, strides) + self.bias

    def compute_output_shape(self, input_shape, rows=None):
        batch, height, width, _ = input_shape
        sizes = [None if size is None else size // self.strides for size in (height, width)]
        return (batch, *sizes, self.filters)


@keras.saving.register_keras_serializable("zoo")
class MaskedDense(layers.Layer):
    """A dense layer whose kernel is multiplied by a mask that each call is given.

    Equation 8 of Germain et al. 2015, https://arxiv.org/abs/1502.03509: x (W * M) + b.

    Args:
        units: the number of outputs.
        use_bias: whether there is a bias.
        initializer: the initializer of the kernel.

    Differs from the paper: none.
    """

    def __init__(self, units: int, use_bias: bool = True, initializer="glorot_uniform", **kwargs):
        super().__init__(**kwargs)
        self.units = check_count("units", units)
        self.use_bias = use_bias
        self.initializer = keras.initializers.get(initializer)

    def get_config(self):
        initializer = keras.initializers.serialize(self.initializer)
        config = {"units": self.units, "use_bias": self.use_bias, "initializer": initializer}
        return {**super().get_config(), **config}

    def build(self, input_shape):
        self.kernel = self.add_weight(
            shape=(input_shape[-1], self.units), initializer=self.initializer, name="kernel"
        )
        self.bias = None
        if self.use_bias:
            self.bias = self.add_weight(shape=(self.units,), initializer="zeros", name="bias")
        super().build(input_shape)

    def call(self, inputs, connections):
        kernel = ops.convert_to_tensor(self.kernel)
        outputs = ops.matmul(inputs, kernel * ops.cast(connections, kernel.dtype))
        return outputs if self.bias is None else outputs + self.bias

    def compute_output_shape(self, input_shape, connections_shape=None):
        return (*input_shape[:-1], self.units)
