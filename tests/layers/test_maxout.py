"""Maxout units against NumPy."""

import keras
import numpy as np
from helpers import array

from zoo.layers import Maxout


def test_is_the_largest_of_linear_maps():
    layer = Maxout(3, pieces=4)
    x = np.random.default_rng(0).standard_normal((5, 6)).astype("float32")
    found = array(layer(x))
    kernel, bias = (array(v) for v in layer.weights)
    maps = (x @ kernel + bias).reshape(5, 3, 4)
    np.testing.assert_allclose(found, maps.max(axis=-1), rtol=1e-5, atol=1e-6)


def test_symbolic_shape_and_configuration():
    layer = Maxout(3, pieces=4)
    assert layer(keras.KerasTensor((None, 6))).shape == (None, 3)
    assert layer(keras.KerasTensor((None, 5, 6))).shape == (None, 5, 3)
    assert array(layer(np.zeros((2, 5, 6), "float32"))).shape == (2, 5, 3)
    again = Maxout.from_config(layer.get_config())
    assert (again.units, again.pieces) == (3, 4)
