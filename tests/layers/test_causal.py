"""Causal convolutions see what their arguments say, also when rows are computed apart."""

import numpy as np
import pytest
from helpers import array
from keras import ops

import zoo
from zoo.layers import CausalConv2D, MaskedDense
from zoo.layers.causal import Rows


def layer(inputs=2, **arguments):
    made = CausalConv2D(3, **arguments)
    made.build((None, None, None, inputs))
    rng = np.random.default_rng(0)
    made.set_weights([rng.standard_normal(w.shape) for w in made.get_weights()])
    return made


def sight(made, row=4, column=4, size=9, inputs=2):
    """The pixels of the input that output pixel (row, column) depends on, relative to it."""
    x = np.random.default_rng(1).standard_normal((1, size, size, inputs)).astype("float32")
    gradient = array(
        zoo.engine.gradient(
            lambda x: ops.sum(made(x)[:, row, column], axis=-1), ops.convert_to_tensor(x)
        )
    )
    places = np.argwhere(np.abs(gradient[0]).sum(axis=-1) > 0)
    return {(int(i) - row, int(j) - column) for i, j in places}


@pytest.mark.parametrize(
    ("arguments", "expected"),
    [
        ({"rows": 2, "left": 1, "right": 1}, {(i, j) for i in (-1, 0) for j in (-1, 0, 1)}),
        (
            {"rows": 2, "left": 1, "right": 1, "lag": 1},
            {(i, j) for i in (-2, -1) for j in (-1, 0, 1)},
        ),
        ({"rows": 2, "left": 1, "right": -1}, {(-1, -1), (0, -1)}),
        ({"left": 2, "mask": "A"}, {(0, -2), (0, -1)}),
        (
            {"rows": 2, "left": 1, "right": 1, "mask": "A"},
            {(-1, -1), (-1, 0), (-1, 1), (0, -1)},
        ),
        (
            {"rows": 2, "left": 1, "right": 1, "mask": "B"},
            {(-1, -1), (-1, 0), (-1, 1), (0, -1), (0, 0)},
        ),
    ],
)
def test_sight(arguments, expected):
    assert sight(layer(**arguments)) == expected


def test_channels_of_a_pixel_are_in_order():
    for mask, seen in (("A", np.triu(np.ones((3, 3)), 1)), ("B", np.triu(np.ones((3, 3))))):
        made = layer(inputs=3, left=1, mask=mask, groups=3)
        found = array(made.masked(ops.ones(made.kernel.shape)))
        np.testing.assert_array_equal(found[0, 1], seen)
        assert found[0, 0].all()


def test_against_a_loop():
    made = layer(rows=2, left=1, right=1, strides=2)
    x = np.random.default_rng(1).standard_normal((2, 6, 8, 2)).astype("float32")
    kernel, bias = made.get_weights()
    padded = np.pad(x, ((0, 0), (1, 0), (1, 1), (0, 0)))
    expected = np.empty((2, 3, 4, 3))
    for i in range(3):
        for j in range(4):
            part = padded[:, 2 * i : 2 * i + 2, 2 * j : 2 * j + 3]
            expected[:, i, j] = np.tensordot(part, kernel, 3) + bias
    found = array(made(ops.convert_to_tensor(x)))
    np.testing.assert_allclose(found, expected, rtol=1e-4, atol=1e-4)
    assert made.compute_output_shape(x.shape) == found.shape


@pytest.mark.parametrize("arguments", [{"lag": 1, "rows": 3}, {"rows": 2, "left": 1, "strides": 2}])
def test_rows_that_are_computed_apart_equal_those_of_one_pass(arguments):
    made = layer(**arguments)
    x = ops.convert_to_tensor(np.random.default_rng(1).standard_normal((2, 8, 4, 2)), "float32")
    expected = array(made(x))
    above, parts = None, []
    for first in range(0, 8, 2):
        rows = Rows(above)
        parts.append(array(made(x[:, first : first + 2], rows=rows)))
        above = rows.left
    np.testing.assert_allclose(np.concatenate(parts, axis=1), expected, rtol=1e-5, atol=1e-5)


def test_masked_dense():
    made = MaskedDense(3)
    made.build((None, 2))
    x = np.random.default_rng(0).standard_normal((4, 2)).astype("float32")
    mask = np.array([[1, 0, 1], [0, 0, 1]], "float32")
    kernel, bias = made.get_weights()
    found = made(ops.convert_to_tensor(x), connections=ops.convert_to_tensor(mask))
    np.testing.assert_allclose(array(found), x @ (kernel * mask) + bias, rtol=1e-4, atol=1e-5)
    again = MaskedDense.from_config(made.get_config())
    assert again.get_config() == made.get_config()


def test_errors():
    with pytest.raises(ValueError, match="Unknown mask: 'C'. Allowed: A, B"):
        CausalConv2D(1, mask="C")
    with pytest.raises(ValueError, match="Unknown strides: 3"):
        CausalConv2D(1, strides=3)
    with pytest.raises(ValueError, match="right must be a whole number of at least -1"):
        CausalConv2D(1, right=-2)
