"""A dense layer that computes with the transposed kernel of another one."""

from __future__ import annotations

import keras
from keras import layers, ops

from zoo.engine.attached import full_kernel


@keras.saving.register_keras_serializable("zoo")
class TransposedDense(layers.Layer):
    """Tied weights: W'z + b with W' = W^T, where W is the kernel of `dense` and b a bias of its
    own.

    Section 2.1 of Vincent et al. 2008, https://doi.org/10.1145/1390156.1390294. Codes of shape
    `(batch, units)` give outputs of shape `(batch, inputs)`, where `dense` maps `inputs` numbers to
    `units`. A layer that is saved without the model of `dense` keeps a copy of `dense`.

    Args:
        dense: a built `keras.layers.Dense`.

    Differs from the paper: none.
    """

    def __init__(self, dense: layers.Dense, **kwargs):
        super().__init__(**kwargs)
        self.dense = dense

    def build(self, input_shape):
        self.bias = self.add_weight(
            name="bias", shape=(self.dense.kernel.shape[0],), initializer="zeros"
        )

    def call(self, inputs):
        kernel = ops.cast(full_kernel(self.dense), self.compute_dtype)
        return ops.matmul(inputs, ops.transpose(kernel)) + self.bias

    def compute_output_spec(self, inputs):
        shape = (*inputs.shape[:-1], self.dense.kernel.shape[0])
        return keras.KerasTensor(shape, dtype=self.compute_dtype)

    def get_config(self):
        dense = keras.saving.serialize_keras_object(self.dense)
        return {**super().get_config(), "dense": dense, "inputs": self.dense.kernel.shape[0]}

    @classmethod
    def from_config(cls, config):
        config = dict(config)
        dense = keras.saving.deserialize_keras_object(config.pop("dense"))
        inputs = config.pop("inputs")
        if not dense.built:
            dense.build((None, inputs))
        return cls(dense, **config)
