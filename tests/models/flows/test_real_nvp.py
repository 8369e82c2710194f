"""Real NVP: scales, factored-out latents, sizes."""

import keras
import numpy as np
import pytest

import zoo
from zoo.layers import AffineCoupling, BatchNorm, Checkerboard, Halves, Split

pytestmark = pytest.mark.step_by_step


def parts_of(chain):
    """The bijectors of a chain, with those after a split."""
    for part in chain.bijectors:
        yield part
        if isinstance(part, Split):
            yield from parts_of(part.rest)


def test_couplings_of_the_paper():
    """Three with checkerboards, three with channels, and four checkerboards at the last scale."""
    model = zoo.create("real_nvp", image_shape=(8, 8, 3), width=4, blocks=1)
    parts = list(parts_of(model.bijector))
    masks = [part.mask for part in parts if isinstance(part, AffineCoupling)]
    kinds = [Checkerboard] * 3 + [Halves] * 3 + [Checkerboard] * 4
    assert [type(mask) for mask in masks] == kinds
    assert [mask.flip for mask in masks] == [False, True, False] * 2 + [False, True] * 2
    assert sum(isinstance(part, BatchNorm) for part in parts) == len(masks)


def test_half_of_the_latents_is_factored_out():
    """The first half of the latents does not depend on the second scale."""
    model = zoo.create("real_nvp", image_shape=(8, 8, 1), couplings=1, width=4, blocks=1)
    images = np.random.default_rng(0).random((3, 8, 8, 1), dtype="float32")
    before = model.encode(images)
    (split,) = (part for part in parts_of(model.bijector) if isinstance(part, Split))
    for weight in split.rest.trainable_variables:
        weight.assign(weight + 0.3)
    after = model.encode(images)
    np.testing.assert_array_equal(after[:, :32], before[:, :32])
    assert (after[:, 32:] != before[:, 32:]).any(axis=1).all()


@pytest.mark.parametrize(
    ("family", "sizes"), [("real_nvp", {"couplings": 2}), ("glow", {"steps": 2})]
)
def test_one_point_is_a_batch(family, sizes):
    """The last batch of an epoch often is: its loss is that of the density, and no better."""
    model = zoo.create(family, image_shape=(2,), width=8, **sizes)
    points = np.random.default_rng(0).standard_normal((41, 2)).astype("float32")
    model.compile(keras.optimizers.SGD(0.0))
    model.fit(points[:40], batch_size=20, verbose=0)
    loss = model.fit(points[40:], verbose=0).history["loss"][0]
    assert loss == pytest.approx(-model.log_prob(points[40:])[0], rel=1e-4)
    new = zoo.create(family, image_shape=(2,), width=8, **sizes)
    new.compile(keras.optimizers.SGD(0.0))
    new.fit(points[40:], epochs=3, verbose=0)
    new.fit(points[:40], batch_size=40, verbose=0)  # the first that varies
    assert np.isfinite(new.log_prob(points)).all()
    np.testing.assert_allclose(new.encode(points[:40]).std(axis=0), 1, atol=0.5)


def test_latents_without_finite_data_are_refused():
    model = zoo.create("glow", image_shape=(8, 8, 1), levels=1, steps=2, width=4)
    weights = [0 * weight + 4 for weight in model.get_weights()]
    model.set_weights(weights)
    with pytest.raises(ValueError, match="Latents must have finite data.* row 0, .* up to 1e.37"):
        model.decode(np.full((2, 64), 1e37, "float32"))


def test_errors_of_sizes():
    with pytest.raises(ValueError, match="multiples of 4. Received: images of shape"):
        zoo.create("real_nvp", image_shape=(6, 6, 1), scales=3)
    with pytest.raises(ValueError, match="logit must be below 0.5"):
        zoo.create("real_nvp", image_shape=(4, 4, 1), logit=0.7)
    with pytest.raises(ValueError, match="image_shape must hold at least two numbers"):
        zoo.create("real_nvp", image_shape=(1,))
