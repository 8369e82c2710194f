"""Transposed weights are the same weights."""

import keras
import numpy as np
from helpers import array
from keras import layers

from zoo.layers import TransposedDense


def test_it_computes_with_the_transposed_kernel(tmp_path):
    dense = layers.Dense(3)
    dense.build((None, 5))
    tied = TransposedDense(dense)
    codes = keras.Input((3,))
    decoder = keras.Model(codes, tied(codes))
    assert decoder.output.shape == (None, 5)
    tied.bias.assign(np.arange(5.0))
    z = np.random.default_rng(0).normal(size=(4, 3)).astype("float32")
    expected = z @ array(dense.kernel).T + np.arange(5)
    np.testing.assert_allclose(array(decoder(z)), expected, rtol=1e-5)
    decoder.save(tmp_path / "decoder.keras")
    loaded = keras.saving.load_model(tmp_path / "decoder.keras")
    np.testing.assert_array_equal(array(loaded(z)), array(decoder(z)))
    dense.kernel.assign(2 * array(dense.kernel))
    np.testing.assert_allclose(
        array(decoder(z)) - np.arange(5), 2 * (expected - np.arange(5)), rtol=1e-5, atol=1e-6
    )
