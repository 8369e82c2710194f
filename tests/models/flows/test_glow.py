"""Glow: the start by the first batch, the prior of split halves, sizes."""

import keras
import numpy as np
import pytest
from scipy import stats

import zoo
from zoo.layers import ActNorm, AffineCoupling, Split

pytestmark = pytest.mark.step_by_step


def glow(**changes):
    settings = {"image_shape": (8, 8, 1), "steps": 1, "width": 4}
    return zoo.create("glow", **{**settings, **changes})


def test_the_first_batch_of_fit_starts_the_normalizations(tmp_path):
    model = glow(levels=1)
    model.compile(keras.optimizers.SGD(0.0))
    images = np.random.default_rng(0).random((16, 8, 8, 1), dtype="float32")
    model.evaluate(images, batch_size=16, verbose=0)
    norms = [part for part in model.bijector.bijectors if isinstance(part, ActNorm)]
    assert [float(np.asarray(norm.get_weights()[-1])) for norm in norms] == [0, 0]
    model.fit(images, batch_size=16, verbose=0)
    assert [float(np.asarray(norm.get_weights()[-1])) for norm in norms] == [1, 1]
    codes = model.encode(images).reshape(16 * 16, 4)
    np.testing.assert_allclose(codes.mean(axis=0), 0, atol=1e-4)
    np.testing.assert_allclose(codes.std(axis=0), 1, atol=1e-3)
    model.save(tmp_path / "model.keras")
    loaded = keras.saving.load_model(tmp_path / "model.keras")
    loaded.fit(0.1 * images, batch_size=16, verbose=0)  # of another mean: nothing starts anew
    np.testing.assert_allclose(loaded.encode(images).reshape(-1, 4), codes, atol=1e-5)


def test_the_prior_of_a_split_is_normal_given_the_other_half():
    """log N(x_a; m(x_b), s(x_b)) is the density of the whitened half and the determinant."""
    model = glow()
    split = next(i for i, p in enumerate(model.bijector.bijectors) if isinstance(p, Split))
    prior = model.bijector.bijectors[split - 1]
    assert isinstance(prior, AffineCoupling)
    rng = np.random.default_rng(0)
    for weight in prior.trainable_variables:
        weight.assign((0.2 * rng.standard_normal(weight.shape)).astype("float32"))
    x = rng.standard_normal((3, 4, 4, 4)).astype("float32")
    y, log_det = (keras.ops.convert_to_numpy(v) for v in prior.forward(keras.ops.array(x)))
    h, shift = (keras.ops.convert_to_numpy(v) for v in prior.parameters(keras.ops.array(x)))
    deviation, mean = np.exp(-h), -shift * np.exp(-h)
    expected = stats.norm.logpdf(x[..., :2], mean, deviation).sum(axis=(1, 2, 3))
    found = stats.norm.logpdf(y[..., :2]).sum(axis=(1, 2, 3)) + log_det
    np.testing.assert_allclose(found, expected, rtol=1e-4)
    np.testing.assert_array_equal(y[..., 2:], x[..., 2:])


def test_errors_of_sizes():
    with pytest.raises(ValueError, match="levels must fit the images.*multiples of 8"):
        glow(image_shape=(28, 28, 1), levels=3)
    with pytest.raises(ValueError, match="levels must be a whole number of at least 1"):
        glow(levels=0)
    with pytest.raises(ValueError, match="image_shape must hold at least two numbers"):
        glow(image_shape=(1,))


def test_what_the_base_class_keeps():
    """Statistics of the first batch do not part ways with saving, precision or compilation."""
    checks = ["eager", "resuming", "mixed_bfloat16", "learns"]
    zoo.testing.check_model(zoo.models.Glow, glow_config(), checks)


def glow_config():
    return {"image_shape": (4, 4, 1), "levels": 1, "steps": 1, "width": 2}
