"""Gram matrices, relative errors and total variation, and their gradients through a network."""

import numpy as np
import pytest
import tiny_networks
from keras import ops

import zoo
from zoo.style.objective import Objective, Style, Wanted

RNG = np.random.default_rng(0)


def gram(maps, weights=None):
    weights = np.ones((*maps.shape[:3], 1), "float32") if weights is None else weights
    return zoo.engine.to_numpy(
        zoo.style.gram(ops.convert_to_tensor(maps), ops.convert_to_tensor(weights))
    )


def test_gram_is_symmetric_and_positive():
    maps = RNG.normal(size=(3, 4, 5, 7)).astype("float32")
    found = gram(maps)
    np.testing.assert_allclose(found, found.transpose(0, 2, 1), atol=1e-6)
    assert (np.linalg.eigvalsh(found.astype("float64")) > -1e-6).all()
    wanted = np.einsum("nhwc,nhwd->ncd", maps.astype("float64"), maps) / 20
    np.testing.assert_allclose(found, wanted, atol=1e-5)


def test_gram_does_not_know_places():
    maps = RNG.normal(size=(2, 4, 6, 3)).astype("float32")
    mixed = RNG.permutation(maps.reshape(2, 24, 3), axis=1).reshape(maps.shape)
    np.testing.assert_allclose(gram(mixed), gram(maps), atol=1e-5)
    assert not np.allclose(mixed, maps)


def test_gram_of_a_region():
    maps = RNG.normal(size=(2, 4, 6, 3)).astype("float32")
    weights = np.zeros((2, 4, 6, 1), "float32")
    weights[:, :2, 3:] = 0.5
    np.testing.assert_allclose(gram(maps, weights), gram(maps[:, :2, 3:]), atol=1e-5)


def test_total_variation():
    constant = np.full((2, 5, 4, 3), 0.3, "float32")
    of = zoo.style.total_variation
    np.testing.assert_array_equal(zoo.engine.to_numpy(of(ops.convert_to_tensor(constant))), 0)
    images = RNG.random((2, 5, 4, 3)).astype("float32")
    wanted = np.square(np.diff(images, axis=1)).mean((1, 2, 3))
    wanted += np.square(np.diff(images, axis=2)).mean((1, 2, 3))
    found = zoo.engine.to_numpy(of(ops.convert_to_tensor(images)))
    np.testing.assert_allclose(found, wanted, rtol=1e-5)


def test_relative_error():
    x, y = RNG.normal(size=(2, 3, 4, 5)).astype("float32")
    found = zoo.engine.to_numpy(
        zoo.style.relative_error(ops.convert_to_tensor(x), ops.convert_to_tensor(y))
    )
    np.testing.assert_allclose(found, ((x - y) ** 2).sum((1, 2)) / (y**2).sum((1, 2)), rtol=1e-5)
    zeros = ops.zeros((2, 3))
    np.testing.assert_array_equal(zoo.engine.to_numpy(zoo.style.relative_error(zeros, zeros)), 0)


@pytest.fixture(scope="module")
def objective() -> Objective:
    return tiny_networks.transfer().objective


def losses_and_gradients(objective, images, content, styles, **weights):
    """The loss of each image, and its gradient."""
    weights = {"content_weight": 0.0, "style_weight": 0.0, "tv_weight": 0.0} | weights
    region = np.ones(images.shape[1:3], "float32")
    styles = [
        Style(style[None], np.ones(style.shape[:2], "float32"), region, 1) for style in styles
    ]
    wanted = Wanted(content, styles, **weights)
    constants = objective.constants(wanted, len(images), images.shape[1:3], 1.0, 2)
    constants = [ops.convert_to_tensor(np.ascontiguousarray(x)) for x in constants]

    def losses(x):
        found = objective.losses(x, *constants)
        return found, found

    found = zoo.engine.gradient(losses, ops.convert_to_tensor(images), has_aux=True)
    gradients, values = (zoo.engine.to_numpy(ops.stop_gradient(x)) for x in found)
    return values, gradients


def test_style_is_0_at_the_style(objective):
    style = tiny_networks.pictures(1)
    loss, gradient = losses_and_gradients(objective, style, style, style, style_weight=1.0)
    assert abs(loss[0]) < 1e-9
    assert np.abs(gradient).max() < 1e-5
    other = tiny_networks.pictures(1, seed=1)
    loss, gradient = losses_and_gradients(objective, other, other, style, style_weight=1.0)
    assert loss[0] > 1e-3
    assert np.abs(gradient).max() > 1e-4


def test_content_is_0_at_the_content(objective):
    content = tiny_networks.pictures(2)
    loss, gradient = losses_and_gradients(
        objective, content, content, content[:1], content_weight=1.0
    )
    assert np.abs(loss).max() < 1e-9
    assert np.abs(gradient).max() < 1e-5


@pytest.mark.parametrize("part", ["content_weight", "style_weight", "tv_weight"])
def test_gradients_are_finite_differences(objective, part):
    content, style, image = tiny_networks.pictures(3)[:, None]
    weights = {part: 10.0}
    _, gradient = losses_and_gradients(objective, image, content, style, **weights)
    step = 0.02
    pixels = RNG.choice(image.size, 20, replace=False)
    moved = np.repeat(image, 40, axis=0).reshape(40, -1)
    moved[np.arange(20), pixels] += step
    moved[np.arange(20, 40), pixels] -= step
    values, _ = losses_and_gradients(
        objective, moved.reshape(40, *image.shape[1:]), np.repeat(content, 40, 0), style, **weights
    )
    differences = (values[:20] - values[20:]) / (2 * step)
    found = gradient.reshape(-1)[pixels]
    assert np.abs(found).max() > 1e-3
    np.testing.assert_allclose(differences, found, rtol=0.02, atol=0.01 * np.abs(found).max())


def test_the_loss_is_numpys(objective):
    """All parts together, against the equations in float64."""
    content, style, image = tiny_networks.pictures(3)[:, None]
    loss, _ = losses_and_gradients(
        objective, image, content, style, content_weight=0.3, style_weight=2.0, tv_weight=0.7
    )
    maps = {
        name: objective.features.of(x)
        for name, x in zip("csi", (content, style, image), strict=True)
    }

    def relative(x, y):
        return np.square(x - y).sum() / np.square(y).sum()

    def outer(x):
        flat = x.reshape(-1, x.shape[-1]).astype("float64")
        return flat.T @ flat / len(flat)

    wanted = 0.3 * relative(maps["i"]["second"].astype("float64"), maps["c"]["second"])
    for name, weight in {"first": 1 / 3, "second": 2 / 3}.items():
        wanted += 2.0 * weight * relative(outer(maps["i"][name]), outer(maps["s"][name]))
    wanted += (
        0.7 * (np.diff(image, axis=1) ** 2).mean() + 0.7 * (np.diff(image, axis=2) ** 2).mean()
    )
    np.testing.assert_allclose(loss[0], wanted, rtol=1e-4)
