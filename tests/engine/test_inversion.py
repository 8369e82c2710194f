"""Inversion: closed forms of a linear generator, masks, starts, restarts, and errors."""

import keras
import numpy as np
import pytest
from keras import ops

import zoo
from zoo.engine.inversion import check_mask, count_steps

LATENTS, SHAPE = 3, (4, 4, 1)


def linear(num_classes=None, value_range=(0.0, 1.0), seed=0):
    """A generator x = z A + b (+ c of its class), and A, b, c."""
    rng = np.random.default_rng(seed)
    kernel = 0.1 * rng.normal(size=(LATENTS, 16)).astype("float32")
    bias = np.full(16, 0.5, "float32")
    latents = keras.Input((LATENTS,))
    dense = keras.layers.Dense(16)
    inputs, outputs = latents, dense(latents)
    offsets = None
    if num_classes:
        labels = keras.Input((), dtype="int32")
        inputs = [latents, labels]
        embedding = keras.layers.Embedding(num_classes, 16)
        outputs = outputs + embedding(labels)
        offsets = 0.1 * rng.normal(size=(num_classes, 16)).astype("float32")
    network = keras.Model(inputs, keras.layers.Reshape(SHAPE)(outputs))
    dense.set_weights([kernel, bias])
    if num_classes:
        embedding.set_weights([offsets])
    model = zoo.models.Sampler(network, LATENTS, SHAPE, value_range, num_classes)
    return model, kernel, bias, offsets


def images_of(latents, kernel, bias):
    return (latents @ kernel + bias).reshape(-1, *SHAPE).astype("float32")


def test_latents_of_a_linear_generator_come_back():
    model, kernel, bias, _ = linear()
    latents = model.sample_latents(6, seed=3)
    images = np.clip(images_of(latents, kernel, bias), 0, 1)
    found = model.invert(images, steps=30)
    # The closed form: least squares.
    expected = np.linalg.lstsq(kernel.T, (images.reshape(6, 16) - bias).T, rcond=None)[0].T
    np.testing.assert_allclose(found.latents, expected, atol=2e-3)
    np.testing.assert_allclose(found.images, images_of(expected, kernel, bias), atol=1e-3)
    error = np.square(found.images - images).mean(axis=(1, 2, 3))
    np.testing.assert_allclose(found.losses, error, rtol=1e-3, atol=1e-9)
    ratio = found.psnr(images, (0.0, 1.0))
    clipped = (images_of(latents, kernel, bias) != images).any(axis=(1, 2, 3))
    assert (ratio[~clipped] > 60).all()


def test_a_mask_leaves_out_what_is_unknown():
    model, kernel, bias, _ = linear()
    latents = 0.5 * model.sample_latents(4, seed=3)
    images = images_of(latents, kernel, bias)
    known = np.zeros((4, 4))
    known[:2] = 1
    spoiled = np.where(known[..., None] > 0, images, 1.0).astype("float32")
    found = model.invert(spoiled, mask=known, steps=40)
    np.testing.assert_allclose(found.images, images, atol=1e-2)  # filled in
    error = np.square(found.images - spoiled)[:, :2].mean(axis=(1, 2, 3))
    np.testing.assert_allclose(found.losses, error, rtol=1e-2, atol=1e-9)
    without = model.invert(spoiled, steps=40)
    assert np.abs(without.images - images).mean() > 10 * np.abs(found.images - images).mean()


def test_images_of_classes_are_searched_within_their_class():
    model, kernel, bias, offsets = linear(num_classes=2)
    latents, labels = 0.3 * model.sample_latents(4, seed=3), np.array([0, 1, 1, 0])
    images = (latents @ kernel + bias + offsets[labels]).reshape(-1, *SHAPE)
    found = model.invert(images, labels, steps=40)
    np.testing.assert_allclose(found.latents, latents, atol=5e-3)
    with pytest.raises(ValueError, match="needs labels"):
        model.invert(images)


def test_features_are_compared():
    model, kernel, bias, _ = linear()
    images = images_of(0.5 * model.sample_latents(3, seed=3), kernel, bias)
    rows = [lambda x: ops.reshape(x, (-1, 16)) * 2.0, lambda x: ops.mean(x, axis=(2, 3))]

    def features(x):
        return [row(x) for row in rows]

    start = np.zeros((3, LATENTS), "float32")
    found = model.invert(images, loss="features", features=features, start=start, steps=1)
    shown = images_of(start, kernel, bias)
    parts = []
    for one, other in ((shown * 2, images * 2), (shown.mean(axis=2), images.mean(axis=2))):
        squares = np.square(one - other).reshape(3, -1).sum(axis=1)
        parts.append(squares / np.square(other).reshape(3, -1).sum(axis=1))
    np.testing.assert_allclose(found.history[:, 0], np.mean(parts, axis=0), rtol=1e-4)
    both = model.invert(
        images, loss={"pixel": 2.0, "features": 3.0}, features=features, start=start, steps=1
    )
    pixel = np.square(shown - images).mean(axis=(1, 2, 3))
    np.testing.assert_allclose(
        both.history[:, 0], 2 * pixel + 3 * np.mean(parts, axis=0), rtol=1e-4
    )


def test_starts():
    model, kernel, bias, _ = linear()
    latents = 0.5 * model.sample_latents(3, seed=3)
    images = images_of(latents, kernel, bias)

    def first(start, **options):
        return model.invert(images, start=start, steps=1, **options).history[:, 0]

    np.testing.assert_allclose(first(latents), 0, atol=1e-9)
    mean = np.square(bias.reshape(SHAPE) - images).mean(axis=(1, 2, 3))
    np.testing.assert_allclose(first("mean"), mean, rtol=1e-4)
    drawn = model.sample(1000, seed=5)
    every = np.square(drawn[None] - images[:, None]).mean(axis=(2, 3, 4))
    np.testing.assert_allclose(first("best_of", seed=5), every.min(axis=1), rtol=1e-3, atol=1e-7)

    class Encoder:
        def encode(self, data, batch_size):
            return latents + 0.1 * (data.mean() > 0)

    np.testing.assert_allclose(
        first(Encoder()),
        np.square(images_of(latents + 0.1, kernel, bias) - images).mean((1, 2, 3)),
        rtol=1e-3,
    )


def test_the_best_of_several_searches_counts():
    """The square of a latent has the same image as its opposite; two valleys of other depths."""
    inputs = keras.Input((1,))
    # x = z^3 - 3 z + z / 4: a valley at each side for the target 2.
    cubic = keras.layers.Lambda(lambda z: 0.1 * (z**3 - 3.0 * z + 0.25 * z) + 0.5)
    network = keras.Model(inputs, keras.layers.Reshape((1, 1, 1))(cubic(inputs)))
    model = zoo.models.Sampler(network, 1, (1, 1, 1), (0.0, 1.0))
    image = np.full((1, 1, 1, 1), 0.9, "float32")
    start = np.full((1, 1), -0.6, "float32")
    alone = model.invert(image, start=start, steps=40)
    best = model.invert(image, start=start, steps=40, restarts=8)
    assert best.losses[0] < 1e-6 < alone.losses[0]


def test_progress_is_told_for_each_step_of_each_batch():
    model, kernel, bias, _ = linear()
    images = images_of(np.zeros((5, LATENTS), "float32"), kernel, bias)
    for restarts, steps in ((1, 3), (5, 3), (5, 9)):
        told = []
        options = {"restarts": restarts, "steps": steps, "batch_size": 4}
        model.invert(images, told=lambda calls=told: calls.append(1), **options)
        assert len(told) == count_steps(5, **options)


def test_weights_do_not_change_and_hold_keeps_near():
    model, kernel, bias, _ = linear()
    images = images_of(model.sample_latents(3, seed=3), kernel, bias).clip(0, 1)
    before = model.get_weights()
    start = np.zeros((3, LATENTS), "float32")
    free = model.invert(images, start=start, steps=30)
    held = model.invert(images, start=start, steps=30, hold=1.0)
    for weight, value in zip(model.get_weights(), before, strict=True):
        np.testing.assert_array_equal(weight, value)
    # The closed form of ridge regression: pixels are averaged over 16, latents over 3.
    left = kernel @ kernel.T / 16 + np.eye(LATENTS) / LATENTS
    expected = np.linalg.solve(left, kernel @ (images.reshape(3, 16) - bias).T / 16).T
    np.testing.assert_allclose(held.latents, expected, atol=1e-3)
    assert np.abs(held.latents).mean() < 0.5 * np.abs(free.latents).mean()


def test_a_start_around_which_images_do_not_change_is_told_of():
    layers = [keras.layers.Dense(8, "relu"), keras.layers.Dense(16), keras.layers.Reshape(SHAPE)]
    network = keras.Sequential([keras.Input((LATENTS,)), *layers])
    network.layers[0].bias.assign([-1.0] * 8)  # all units are off at 0
    model = zoo.models.Sampler(network, LATENTS, SHAPE, (0.0, 1.0))
    images = np.full((2, *SHAPE), 0.5, "float32")
    with pytest.warns(UserWarning, match="2 of 2 searches did not leave their start, 'mean'"):
        found = model.invert(images, start="mean", steps=3)
    np.testing.assert_array_equal(found.latents, 0)
    # Also where others move.
    starts = np.stack([np.zeros(LATENTS), np.full(LATENTS, 20.0)]).astype("float32")
    with pytest.warns(UserWarning, match="1 of 2 searches did not leave their start, the given"):
        found = model.invert(images, start=starts, steps=3)
    assert (found.latents == starts).all(axis=1).tolist() == [True, False]


def test_searches_that_stay_for_a_reason_are_not_told_of():
    model, kernel, bias, _ = linear()
    start = np.ones((2, LATENTS), "float32")
    images = images_of(start, kernel, bias)
    model.invert(images, start=start, steps=10)  # found already
    model.invert(images / 2, start=start, steps=10, hold=1e6)
    model.invert(images / 2, start=start, steps=10, stops=lambda: True)


def test_one_label_stands_for_all_images():
    model, *_ = linear(num_classes=3)
    images = model.sample(2, seed=0, labels=1)
    one, each = (model.invert(images, labels, steps=3) for labels in (1, [1, 1]))
    np.testing.assert_array_equal(one.latents, each.latents)


def test_new_weights_take_effect():
    model, kernel, bias, _ = linear()
    images = images_of(0.5 * model.sample_latents(3, seed=3), kernel, bias)
    model.invert(images, steps=5)
    model.set_weights([2 * kernel, bias])
    found = model.invert(images, steps=40)
    np.testing.assert_allclose(found.images, images, atol=5e-3)


@pytest.mark.once
@pytest.mark.parametrize(
    ("options", "text"),
    [
        ({"images": np.zeros((2, 5, 4, 1), "float32")}, "images must .*shape"),
        ({"images": np.full((2, *SHAPE), 7.0, "float32")}, "images must hold values in"),
        ({"mask": np.ones((3, 4))}, r"mask must have one of the shapes .*Received: \(3, 4\)"),
        ({"mask": np.zeros((4, 4))}, "mask must be 1, which means known"),
        ({"mask": np.full((4, 4), 2.0)}, r"mask must hold numbers in \[0, 1\]"),
        ({"mask": np.full((4, 4), np.nan)}, r"mask must hold numbers in \[0, 1\]"),
        ({"steps": 0}, "steps must be"),
        ({"restarts": 0}, "restarts must be"),
        ({"hold": -1}, "hold must be a finite number of at least 0. Received: -1"),
        ({"loss": "pixels"}, "loss must be one of 'pixel', 'features', 'both'.*'pixels'"),
        ({"loss": {"pixel": -1.0}}, "loss.'pixel'. must be a finite number of at least 0"),
        ({"loss": {"pixel": 0.0}}, "loss must have a weight above 0"),
        ({"loss": {}}, "loss must be one of"),
        ({"loss": "both"}, "features must be a function of images"),
        (
            {"loss": "both", "features": zoo.create("classifier", image_shape=SHAPE)},
            "features must be a function of images, such as zoo.latents.features",
        ),
        ({"start": None}, "start must be 'best_of'.*Received: None"),
        ({"start": "best"}, "start must be one of 'mean', 'best_of', 'encoder'.*'best'"),
        ({"start": "encoder"}, "start='encoder' needs a model with codes.*Sampler"),
        ({"start": np.zeros((2, 5))}, "latents"),
        ({"start": np.zeros((3, LATENTS))}, "start must give a latent for each of 2.*Received: 3"),
        ({"rule": "sgd"}, "rule.*'sgd'"),
    ],
)
def test_wrong_arguments(options, text):
    model, kernel, bias, _ = linear()
    options = {"images": images_of(np.zeros((2, LATENTS)), kernel, bias), **options}
    with pytest.raises(ValueError, match=text):
        model.invert(**options)


def test_shapes_of_masks():
    data = np.zeros((2, *SHAPE), "float32")
    one = np.arange(16).reshape(4, 4) / 15
    for mask in (one, one[..., None], np.stack([one, one]), np.stack([one, one])[..., None]):
        np.testing.assert_allclose(check_mask(mask, data)[1, ..., 0], one, rtol=1e-6)
    np.testing.assert_array_equal(check_mask(one > 0.5, data)[0, ..., 0], one > 0.5)
    np.testing.assert_array_equal(check_mask(None, data), np.ones_like(data))
    colour = np.zeros((2, 4, 4, 3), "float32")
    assert check_mask(one, colour).shape == colour.shape
