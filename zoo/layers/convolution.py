"""Convolutions that take the fastest exact form of each backend."""

from __future__ import annotations

import keras
from keras import layers, ops

from zoo.engine import kernels


class _KernelConvolution(layers.Layer):
    """A mixin for a convolution of Keras that sends the usual case to `kernel_function`."""

    kernel_function = None

    def call(self, inputs):
        if self.data_format != "channels_last" or self.padding != "same" or not self.plain:
            return super().call(inputs)
        kernel = ops.convert_to_tensor(self.kernel)
        bias = None if self.bias is None else ops.convert_to_tensor(self.bias)
        outputs = type(self).kernel_function(inputs, kernel, bias, self.strides)
        return outputs if self.activation is None else self.activation(outputs)


_LAYER = """`keras.layers.{layer}` with the same weights, computed by `zoo.engine.kernels`.

    The layer takes the fastest exact form of the backend if images are channels-last, padding is
    `"same"`, and there are neither groups nor dilation nor output padding. Else it computes
    like Keras's layer.

    Args:
        *args: the positional arguments of `keras.layers.{layer}`, which also gets all keyword
            arguments.
    """


@keras.saving.register_keras_serializable("zoo")
class Conv2D(_KernelConvolution, layers.Conv2D):
    __doc__ = _LAYER.format(layer="Conv2D")
    kernel_function = staticmethod(kernels.convolution)

    @property
    def plain(self) -> bool:
        """Whether the layer has neither groups nor dilation."""
        return self.groups == 1 and tuple(self.dilation_rate) == (1, 1)


@keras.saving.register_keras_serializable("zoo")
class Conv2DTranspose(_KernelConvolution, layers.Conv2DTranspose):
    __doc__ = _LAYER.format(layer="Conv2DTranspose")
    kernel_function = staticmethod(kernels.transposed_convolution)

    @property
    def plain(self) -> bool:
        """Whether the layer has neither output padding nor dilation."""
        return self.output_padding is None and tuple(self.dilation_rate) == (1, 1)
