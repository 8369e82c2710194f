"""Bijectors: the inverse, the log-determinant against that of the numerical Jacobian, compositions,
statistics, errors."""

import keras
import numpy as np
import pytest
from helpers import array
from keras import ops

import zoo
from zoo.layers import (
    ActNorm,
    AdditiveCoupling,
    AffineCoupling,
    Alternate,
    BatchNorm,
    Chain,
    Checkerboard,
    Diagonal,
    Flatten,
    Halves,
    InvertibleLinear,
    Logit,
    Split,
    Squeeze,
)
from zoo.layers.bijectors.invertible_linear import lu
from zoo.layers.bijectors.networks import convolutional_network, dense_network, residual_network
from zoo.testing.examples import policy

IMAGE = (2, 2, 3)  # twelve numbers
GREY = (4, 4, 1)
VECTOR = (7,)


def dense(coupling, mask, shape, **options):
    return coupling(mask, dense_network(coupling, mask, shape, (5,)), **options)


def convolutional(coupling, mask, shape, **options):
    return coupling(mask, convolutional_network(coupling, mask, shape, 4), **options)


def residual(mask, shape, halve):
    return AffineCoupling(mask, residual_network(AffineCoupling, mask, shape, 4, 1, halve))


def two_scales():
    """Every kind of bijector of images, at two scales."""
    inner = Chain([residual(Checkerboard(), (2, 2, 2), False), ActNorm(), Flatten(), Diagonal()])
    outer = [
        Logit(0.05),
        residual(Checkerboard(flip=True), GREY, True),
        BatchNorm(),
        Squeeze(),
        InvertibleLinear(),
        convolutional(AffineCoupling, Halves(), (2, 2, 4), scale="exponential"),
        Split(inner),
    ]
    return Chain(outer)


CASES = {
    "flatten": (Flatten, IMAGE),
    "squeeze": (Squeeze, IMAGE),
    "logit": (lambda: Logit(0.1), IMAGE),
    "diagonal": (Diagonal, IMAGE),
    "actnorm": (ActNorm, IMAGE),
    "actnorm of vectors": (ActNorm, VECTOR),
    "batch norm": (BatchNorm, IMAGE),
    "linear": (InvertibleLinear, IMAGE),
    "linear of vectors": (InvertibleLinear, VECTOR),
    "additive, alternate": (lambda: dense(AdditiveCoupling, Alternate(), VECTOR), VECTOR),
    "additive, flipped": (lambda: dense(AdditiveCoupling, Alternate(True), VECTOR), VECTOR),
    "affine, even": (lambda: dense(AffineCoupling, Alternate(), (6,)), (6,)),
    "affine, halves": (lambda: dense(AffineCoupling, Halves(), VECTOR), VECTOR),
    "affine, exponential": (
        lambda: convolutional(AffineCoupling, Halves(True), IMAGE, scale="exponential"),
        IMAGE,
    ),
    "affine, checkerboard": (lambda: residual(Checkerboard(), IMAGE, False), IMAGE),
    "affine, blocks": (lambda: residual(Checkerboard(True), GREY, True), GREY),
    "split": (lambda: Split(Chain([Flatten(), Diagonal()])), IMAGE),
    "two scales": (two_scales, GREY),
}


def made(name, seed=0, dtype="float32"):
    """The bijector of a case, with random weights that keep it well conditioned, and data."""
    make, shape = CASES[name]
    keras.utils.set_random_seed(seed)
    bijector = make()
    bijector.build((None, *shape))
    rng = np.random.default_rng(seed)
    for weight in bijector.weights:
        positive = any(word in weight.path for word in ("variance", "deviation"))
        fixed = any(word in weight.path for word in ("permutation", "signs", "started"))
        noise = 0.2 * rng.standard_normal(weight.shape)
        if positive:
            weight.assign(np.exp(noise))
        elif not fixed:
            weight.assign(array(weight) + noise)
    return bijector, rng.uniform(0.1, 0.9, (3, *shape)).astype(dtype)


def jacobian(bijector, x, step):
    """The Jacobian at one datum, by central differences of two widths (Richardson)."""
    size = x.size

    def differences(width):
        shifts = width * np.eye(size).reshape(size, *x.shape)
        points = np.concatenate([x + shifts, x - shifts]).astype(x.dtype)
        y = array(bijector.forward(ops.convert_to_tensor(points))[0]).astype("float64")
        return (y[:size] - y[size:]).reshape(size, -1).T / (2 * width)

    return (4 * differences(step / 2) - differences(step)) / 3


def check(bijector, x, inverse, determinant, step):
    """Checks the inverse and the log-determinant of each datum up to these errors."""
    y, log_det = bijector.forward(ops.convert_to_tensor(x))
    assert tuple(y.shape[1:]) == bijector.shape_of(x.shape[1:])
    assert tuple(log_det.shape) == (len(x),)
    np.testing.assert_allclose(array(bijector.inverse(y)), x, atol=inverse)
    for datum, found in zip(x, array(log_det), strict=True):
        sign, expected = np.linalg.slogdet(jacobian(bijector, datum, step))
        assert sign != 0
        assert found == pytest.approx(expected, abs=determinant)


@pytest.mark.parametrize("name", CASES)
def test_the_inverse_and_the_determinant(name):
    check(*made(name), inverse=1e-4, determinant=3e-2, step=3e-3)


@pytest.mark.skipif(keras.backend.backend() == "jax", reason="JAX computes in float32")
@pytest.mark.parametrize("name", CASES)
def test_the_inverse_and_the_determinant_in_float64(name):
    with policy("float64"):
        bijector, x = made(name, dtype="float64")
    check(bijector, x, inverse=1e-10, determinant=1e-8, step=1e-5)


@pytest.mark.parametrize("name", ["affine, exponential", "two scales"])
def test_a_bijector_is_made_again_from_its_configuration(name):
    bijector, x = made(name)
    again = keras.saving.deserialize_keras_object(keras.saving.serialize_keras_object(bijector))
    again.set_weights(bijector.get_weights())
    for found, expected in zip(
        again.forward(ops.convert_to_tensor(x)), bijector(ops.convert_to_tensor(x)), strict=True
    ):
        np.testing.assert_array_equal(array(found), array(expected))


def test_the_determinant_of_a_chain_is_the_sum():
    parts = [made(name)[0] for name in ("diagonal", "linear", "affine, exponential")]
    _, x = made("linear")
    total, y = 0.0, ops.convert_to_tensor(x)
    for part in parts:
        y, log_det = part.forward(y)
        total = total + array(log_det)
    chain = Chain(parts)
    chain.build((None, *IMAGE))
    found = chain.forward(ops.convert_to_tensor(x))
    np.testing.assert_allclose(array(found[0]), array(y))
    np.testing.assert_allclose(array(found[1]), total, rtol=1e-6)


def test_squeeze_puts_blocks_into_channels_row_by_row():
    images = np.arange(16, dtype="float32").reshape(1, 4, 4, 1)
    squeeze = Squeeze()
    squeeze.build((None, 4, 4, 1))
    found = array(squeeze.forward(ops.convert_to_tensor(images))[0])
    np.testing.assert_array_equal(found[0, 0, 0], [0, 1, 4, 5])
    np.testing.assert_array_equal(found[0, 1, 0], [8, 9, 12, 13])


@pytest.mark.parametrize("mask", [Checkerboard, Halves, Alternate])
@pytest.mark.parametrize("flip", [False, True])
def test_what_stays_and_what_changes(mask, flip):
    """Both parts together are all numbers, and a flip exchanges them."""
    x = ops.convert_to_tensor(np.random.default_rng(0).random((2, 4, 4, 5), dtype="float32"))
    mask, other = mask(flip), mask(not flip)
    ones = ops.ones((2, *mask.changed_shape((4, 4, 5))))
    changes = array(mask.spread(ones, x))
    assert set(np.unique(changes)) == {0.0, 1.0}
    rest = ops.ones((2, *other.changed_shape((4, 4, 5))))
    np.testing.assert_array_equal(changes + array(other.spread(rest, x)), np.ones((2, 4, 4, 5)))
    kept = array(mask.kept(x))
    assert kept.shape[1:] == mask.kept_shape((4, 4, 5))
    varied = array(mask.kept(x + ops.convert_to_tensor(changes)))
    np.testing.assert_array_equal(varied, kept)  # the network does not see what changes


def test_additive_couplings_keep_volume_and_affine_ones_start_without_a_change():
    _, x = made("affine, halves")
    coupling = dense(AffineCoupling, Halves(), VECTOR)
    coupling.build((None, *VECTOR))
    y, log_det = coupling.forward(ops.convert_to_tensor(x))
    np.testing.assert_allclose(array(y), x)
    np.testing.assert_allclose(array(log_det), 0)
    bijector, x = made("additive, alternate")
    y, log_det = bijector.forward(ops.convert_to_tensor(x))
    np.testing.assert_array_equal(array(log_det), 0)
    assert (array(y)[:, 1::2] != x[:, 1::2]).all()
    np.testing.assert_array_equal(array(y)[:, ::2], x[:, ::2])


def test_the_first_batch_starts_actnorm_and_no_other():
    norm = ActNorm()
    norm.build((None, 4, 4, 3))
    rng = np.random.default_rng(0)
    first = ops.convert_to_tensor((3 + 2 * rng.standard_normal((64, 4, 4, 3))).astype("float32"))
    y, log_det = norm.forward(first, training=False)
    np.testing.assert_array_equal(array(y), array(first))
    np.testing.assert_array_equal(array(log_det), 0)
    y = array(norm.forward(first, training=True)[0])
    np.testing.assert_allclose(y.mean(axis=(0, 1, 2)), 0, atol=1e-5)
    np.testing.assert_allclose(y.std(axis=(0, 1, 2)), 1, atol=1e-4)
    again = ActNorm()
    again.build((None, 4, 4, 3))
    again.set_weights(norm.get_weights())
    weights = norm.get_weights()
    again.forward(5 * first, training=True)  # not started anew after weights are loaded
    for found, expected in zip(again.get_weights(), weights, strict=True):
        np.testing.assert_array_equal(found, expected)
    np.testing.assert_allclose(array(again.forward(first)[0]), y, atol=1e-6)


@pytest.mark.parametrize("rows", [1, 40])
def test_a_batch_that_does_not_vary_has_no_statistics(rows):
    rng = np.random.default_rng(0)
    same = ops.convert_to_tensor(np.repeat(10 * rng.random((1, 3), "float32"), rows, axis=0))
    other = ops.convert_to_tensor((1 + 2 * rng.standard_normal((50, 3))).astype("float32"))
    for bijector in (BatchNorm(), ActNorm()):
        bijector.build((None, 3))
        for before in (None, other):
            if before is not None:
                bijector.forward(before, training=True)
            weights = bijector.get_weights()
            expected = [array(x) for x in bijector.forward(same)]
            found = [array(x) for x in bijector.forward(same, training=True)]
            np.testing.assert_array_equal(found[0], expected[0])
            np.testing.assert_array_equal(found[1], expected[1])
            for new, old in zip(bijector.get_weights(), weights, strict=True):
                np.testing.assert_array_equal(new, old)
        assert array(bijector.started) == 1  # by the batch that varies


def test_batch_norm_in_training_and_after():
    norm = BatchNorm(momentum=0.9, epsilon=1e-4)
    norm.build((None, 2, 2, 3))
    x = (1 + 2 * np.random.default_rng(0).standard_normal((50, 2, 2, 3))).astype("float32")
    y, log_det = norm.forward(ops.convert_to_tensor(x), training=True)
    mean, variance = x.mean(axis=(0, 1, 2)), x.var(axis=(0, 1, 2))
    np.testing.assert_allclose(array(y), (x - mean) / np.sqrt(variance + 1e-4), atol=1e-4)
    expected = -0.5 * 4 * np.log(variance + 1e-4).sum()
    np.testing.assert_allclose(array(log_det), np.full(50, expected), rtol=1e-4)
    np.testing.assert_allclose(array(norm.moving_mean), mean, rtol=1e-4)
    np.testing.assert_allclose(array(norm.moving_variance), variance, rtol=1e-4)
    norm.forward(ops.convert_to_tensor(3 * x), training=True)  # means 3m, variances 9v
    np.testing.assert_allclose(array(norm.moving_mean), 1.2 * mean, rtol=1e-4)
    np.testing.assert_allclose(array(norm.moving_variance), 1.8 * variance, rtol=1e-4)
    _, log_det = norm.forward(ops.convert_to_tensor(x))
    expected = -0.5 * 4 * np.log(1.8 * variance + 1e-4).sum()
    np.testing.assert_allclose(array(log_det), np.full(50, expected), rtol=1e-4)


def test_matrices_start_as_rotations():
    keras.utils.set_random_seed(1)
    linear = InvertibleLinear()
    linear.build((None, 6))
    matrix = array(linear.forward(ops.eye(6))[0])
    np.testing.assert_allclose(matrix @ matrix.T, np.eye(6), atol=1e-5)
    assert np.abs(matrix).min() > 0  # no mere permutation
    np.testing.assert_allclose(array(linear.forward(ops.eye(6))[1]), 0, atol=1e-5)


@pytest.mark.once
def test_lu():
    matrix = np.random.default_rng(0).standard_normal((5, 5))
    permutation, lower, upper = lu(matrix)
    np.testing.assert_allclose(permutation @ lower @ upper, matrix, atol=1e-12)
    np.testing.assert_array_equal(permutation @ permutation.T, np.eye(5))
    np.testing.assert_array_equal(np.triu(lower, 1), 0)
    assert np.abs(lower).max() <= 1


@pytest.mark.parametrize(
    ("make", "shape", "message"),
    [
        (Squeeze, (7, 4, 1), r"even number of rows and columns. Received: data of shape \(7, 4, 1"),
        (Squeeze, (4,), "Squeeze takes images"),
        (lambda: Split(Flatten()), (4, 4, 1), "half of at least two channels"),
        (lambda: AdditiveCoupling(Halves(), None), (1,), "at least two numbers of the last axis"),
        (lambda: AdditiveCoupling(Checkerboard(), None), (4,), "must divide images"),
        (
            lambda: AffineCoupling(Halves(), dense_network(AdditiveCoupling, Halves(), (4,), (3,))),
            (4,),
            r"network must give 2 numbers for each that changes, of shape \(None, 4\)",
        ),
    ],
)
def test_errors_of_shapes(make, shape, message):
    with pytest.raises(zoo.errors.ArgumentError, match=message):
        make().build((None, *shape))


@pytest.mark.parametrize(
    ("make", "message"),
    [
        (lambda: Logit(0.5), "margin must be below 0.5. Received: 0.5"),
        (lambda: Logit(0.0), "margin must be a finite number above 0"),
        (lambda: BatchNorm(1.0), "momentum must be below 1"),
        (
            lambda: AffineCoupling(Halves(), None, "exp"),
            "Unknown scale: 'exp'. Allowed: exponential",
        ),
    ],
)
def test_errors_of_settings(make, message):
    with pytest.raises(ValueError, match=message):
        make()
