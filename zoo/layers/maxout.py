"""A layer of maxout units."""

import keras
from keras import layers, ops

from zoo.errors import check_count
from zoo.layers.spectral import SpectralDense


@keras.saving.register_keras_serializable("zoo")
class Maxout(layers.Layer):
    """The largest of several linear maps: h_i(x) = max_j x . W_ij + b_ij.

    Inputs of shape `(..., features)` give outputs of shape `(..., units)`. Equation 1 of Goodfellow
    et al. 2013, https://arxiv.org/abs/1302.4389.

    Args:
        units: the number of outputs.
        pieces: the number of linear maps of each unit.
        spectral: whether the kernel of all maps is divided by its largest singular value, see
            `SpectralDense`.

    Differs from the paper: none.
    """

    def __init__(self, units: int, pieces: int, spectral: bool = False, **kwargs):
        super().__init__(**kwargs)
        self.units = check_count("units", units)
        self.pieces = check_count("pieces", pieces)
        self.spectral = spectral
        self.dense = (SpectralDense if spectral else layers.Dense)(units * pieces)

    def build(self, input_shape):
        self.dense.build(input_shape)

    def call(self, inputs, training=False):
        maps = self.dense(inputs, training=training) if self.spectral else self.dense(inputs)
        return ops.max(ops.reshape(maps, (*ops.shape(maps)[:-1], self.units, self.pieces)), axis=-1)

    def compute_output_shape(self, input_shape):
        return (*input_shape[:-1], self.units)

    def get_config(self):
        return {
            **super().get_config(),
            "units": self.units,
            "pieces": self.pieces,
            "spectral": self.spectral,
        }
