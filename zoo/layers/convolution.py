"""Convolutions that take the fastest exact form of each backend."""

from __future__ import annotations

import keras
from keras import layers, ops

from zoo.engine import kernels


class _Fast(layers.Layer):
    """Mixed into a convolution of Keras: the usual case goes to `kernel_function`."""

    kernel_function = None

    def call(self, inputs):
        if self.data_format != "channels_last" or self.padding != "same" or not self.plain:
            return super().call(inputs)
        kernel = ops.convert_to_tensor(self.kernel)
        bias = None if self.bias is None else ops.convert_to_tensor(self.bias)
        outputs = type(self).kernel_function(inputs, kernel, bias, self.strides)
        return outputs if self.activation is None else self.activation(outputs)


_LAYER = """`keras.layers.{layer}`, with the same weights, computed by `zoo.engine.kernels`.

    Where images are channels-last, padding is `"same"` and there are neither groups nor dilation,
    it takes the fastest exact form of the backend; else it is Keras's layer.

    Args:
        *args: those of `keras.layers.{layer}`, with the keyword arguments.
    """


@keras.saving.register_keras_serializable("zoo")
class Conv2D(_Fast, layers.Conv2D):
    __doc__ = _LAYER.format(layer="Conv2D")
    kernel_function = staticmethod(kernels.convolution)

    @property
    def plain(self) -> bool:
        return self.groups == 1 and tuple(self.dilation_rate) == (1, 1)


@keras.saving.register_keras_serializable("zoo")
class Conv2DTranspose(_Fast, layers.Conv2DTranspose):
    __doc__ = _LAYER.format(layer="Conv2DTranspose")
    kernel_function = staticmethod(kernels.transposed_convolution)

    @property
    def plain(self) -> bool:
        return self.output_padding is None and tuple(self.dilation_rate) == (1, 1)
