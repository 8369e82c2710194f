"""Every family is measured, on each backend; what models compute themselves; classifiers as
extractors."""

import hashlib

import keras
import numpy as np
import pytest

import zoo
from zoo.data import to_bytes, to_range
from zoo.networks.features import Extractor

pytestmark = pytest.mark.step_by_step

N = 80


def real(model, n=N, seed=0):
    """8-bit images, and labels where the model takes them."""
    images = to_bytes(model.data.example(n, seed), model.value_range)
    return images if model.condition is None else (images, model.condition.example(n))


def features(model):
    """A small network with as many classes as the model has."""
    keras.utils.set_random_seed(1)
    images = keras.Input(model.image_shape)
    x = keras.layers.Dense(6)(keras.layers.Flatten()(images))
    return Extractor(keras.Model(images, [x, keras.layers.Dense(model.num_classes or 4)(x)]))


def test_every_family_is_measured(make):
    model = make()
    report = zoo.evaluate(
        model, real(model), n=N, seeds=2, extractor=features(model), train=real(model, seed=1)
    )
    assert report.measurements
    for m in report.measurements:
        assert np.isfinite(m.value)
        assert m.protocol.n_real == N
        if m.protocol.n_fake is not None:
            assert m.spread is not None
            assert m.real_baseline is not None
    assert zoo.evaluation.Report.model_validate_json(report.model_dump_json()) == report
    assert all(m.name in str(report) for m in report.measurements)


def test_samples_in_parts_are_those_of_sample(make):
    model = make()
    if "samples" not in model.tasks:
        pytest.skip(f"{type(model).__name__} does not sample")
    labels = None if model.num_classes is None else np.arange(11) % model.num_classes
    parts = list(model.sample_batches(11, seed=3, labels=labels, batch_size=4))
    assert [len(images) for images, _ in parts] == [4, 4, 3]
    whole = model.sample(11, seed=3, labels=labels)
    np.testing.assert_allclose(np.concatenate([p for p, _ in parts]), whole, atol=1e-5)
    if labels is None:
        assert all(part is None for _, part in parts)
    else:
        np.testing.assert_array_equal(np.concatenate([part for _, part in parts]), labels)
        drawn = list(model.sample_batches(11, seed=3, batch_size=4))
        whole = model.sample(11, seed=3)
        np.testing.assert_allclose(np.concatenate([p for p, _ in drawn]), whole, atol=1e-5)


@pytest.mark.parametrize("likelihood", ["bernoulli", "gaussian", "discretized_logistic"])
def test_likelihoods(likelihood):
    model = zoo.create("vae", image_shape=(8, 8, 1), latent_dim=3, likelihood=likelihood)
    images = np.random.default_rng(0).integers(0, 256, (20, 8, 8, 1), dtype="uint8")
    metrics = [
        zoo.evaluation.ELBO(k=3),
        zoo.evaluation.IWAE(k=4),
        zoo.evaluation.BitsPerDimension(k=4),
        "reconstruction",
    ]
    report = zoo.evaluate(model, images, metrics, seeds=[5])
    how = {"bernoulli": "stochastic", "gaussian": "dequantized"}.get(likelihood, "8-bit levels")
    assert dict(report["iwae"].protocol.settings) == {"k": 4, "pixels": how}
    assert report["iwae"].protocol.n_fake is None
    drawn = {
        "bernoulli": {"binarize": "stochastic"},
        "gaussian": {"dequantize": True},
    }.get(likelihood, {})
    # In the order of their hashes: the noise does not depend on that of the set.
    hashes = [hashlib.sha256(image.tobytes()).hexdigest() for image in images]
    batches = zoo.data.Batches(
        images[np.argsort(hashes)],
        batch_size=256,
        seed=5,
        shuffle=False,
        value_range=(0, 1),
        **drawn,
    )
    x = batches.fixed()[0]
    iwae = model.log_prob(x, k=4, seed=5)
    assert report["iwae"].value == pytest.approx(iwae.mean(), rel=1e-5)
    error = iwae.std(ddof=1) / np.sqrt(20)
    assert report["iwae"].standard_error == pytest.approx(error, rel=1e-4)
    assert report["elbo"].value == pytest.approx(model.elbo(x, k=3, seed=5).mean(), rel=1e-5)
    bits = -iwae.mean() / (64 * np.log(2)) + (8 if likelihood == "gaussian" else 0)
    assert report["bits_per_dimension"].value == pytest.approx(bits, rel=1e-5)
    exact = to_range(images, (0, 1))
    error = np.square(model.reconstruct(exact) - exact).mean()
    assert report["squared_error"].value == pytest.approx(error, rel=1e-4)
    assert report["squared_error"].spread is None
    assert report["squared_error"].seeds == []
    again = zoo.evaluate(model, images[::-1], metrics, seeds=[5])
    for a, b in zip(report.measurements, again.measurements, strict=True):
        assert a.value == pytest.approx(b.value, rel=1e-5)


def test_a_classifier_is_an_extractor():
    model = zoo.create("classifier", image_shape=(8, 8, 1), num_classes=5, width=2)
    extractor = zoo.evaluation.extractor(model)
    images = np.random.default_rng(0).integers(0, 256, (20, 8, 8, 1), dtype="uint8")
    found = extractor(images)
    seen = to_range(images, (0, 1))
    np.testing.assert_allclose(found.features, model.features(seen), rtol=1e-4, atol=1e-5)
    np.testing.assert_allclose(found.probabilities, model.probabilities(seen), rtol=1e-4, atol=1e-5)
    labels = np.arange(20) % 5
    report = zoo.evaluate(model, (images, labels))
    assert report["accuracy"].value == np.mean(model.classify(seen) == labels)


def test_shipped_classifiers_know_their_classes(slice_path):
    extractor = zoo.evaluation.extractor(data="mnist")
    assert extractor is zoo.evaluation.extractor("classifier_mnist")
    card = zoo.info("classifier_mnist")
    assert extractor.sha256 == card.weights.files["model.weights.h5"].sha256
    digits = zoo.data.read(slice_path, "test")
    found = extractor(digits.images)
    assert found.features.shape == (256, 128)
    assert np.mean(found.probabilities.argmax(axis=1) == digits.labels) > 0.98
    images, modes = zoo.data.stack(digits.images, digits.labels, n=50)
    stacked = zoo.evaluation.extractor(data="stacked_mnist")
    assert stacked.name == "classifier_mnist per channel"
    found = stacked(images[:])
    assert found.probabilities.shape == (50, 1000)
    assert np.mean(found.probabilities.argmax(axis=1) == modes) > 0.95


def test_a_preset_is_measured_as_its_card_says(slice_path):
    """The card is of 10,000 samples; few are enough to see that it is no other model."""
    report = zoo.evaluate(
        "dcgan_mnist", slice_path, ["modes", "prdc"], n=256, seeds=1, extractor="classifier_mnist"
    )
    card = {m.name: m for m in zoo.info("dcgan_mnist").metrics}
    assert report["mode_share"].value == card["mode_share"].value == 1
    assert report["confident"].value == pytest.approx(card["confident"].value, abs=0.06)
    with pytest.raises(zoo.errors.ProtocolError, match="n_real 256 != 10000"):
        zoo.evaluation.compare(
            report, zoo.evaluation.Report(model="card", measurements=list(card.values()))
        )
    raw = zoo.evaluate(
        "dcgan_mnist",
        slice_path,
        "kid",
        n=100,
        seeds=1,
        extractor="classifier_mnist",
        weights="raw",
    )
    assert raw.model == "dcgan_mnist (weights=raw)"


def test_binary_pixels_are_measured_in_a_form_with_a_name():
    model = zoo.create("made", image_shape=(4, 4, 1), hidden_units=(8,))
    images = np.random.default_rng(0).integers(0, 256, (20, 4, 4, 1), dtype="uint8")
    found = {}
    for pixels in ("stochastic", "sampled", "threshold"):
        metric = zoo.evaluation.LogLikelihood(pixels=pixels)
        report = zoo.evaluate(model, images, [metric], seeds=[5])
        settings = {"pixels": pixels, "likelihood": "exact"}
        assert dict(report["log_likelihood"].protocol.settings) == settings
        found[pixels] = report["log_likelihood"].value
    assert len(set(found.values())) == 3
    for pixels in ("sampled", "threshold"):
        batches = zoo.data.Batches(images, batch_size=20, value_range=(0, 1), binarize=pixels)
        expected = model.log_prob(batches[0]).mean()
        assert found[pixels] == pytest.approx(expected, rel=1e-5)
    with pytest.raises(ValueError, match="Unknown pixels: 'dither'. Allowed: sampled, stochastic"):
        zoo.evaluate(model, images, [zoo.evaluation.LogLikelihood(pixels="dither")])


def test_binary_samples_are_compared_with_binary_images():
    model = zoo.create("made", image_shape=(4, 4, 1), hidden_units=(8,))
    images = np.random.default_rng(0).integers(0, 256, (N, 4, 4, 1), dtype="uint8")
    binary = np.where(model.data.from_stored(images) > 0, 255, 0).astype("uint8")
    options = {"n": N, "seeds": [5], "extractor": "pixels", "train": None}
    grey, seen = (zoo.evaluate(model, data, "fid", **options)["fid"] for data in (images, binary))
    assert grey.value == pytest.approx(seen.value, rel=1e-6)
    assert grey.protocol.images == "4x4x1 binary"
    means = zoo.create("rbm", image_shape=(4, 4, 1), hidden_units=8)  # samples are probabilities
    grey, seen = (zoo.evaluate(means, data, "fid", **options)["fid"] for data in (images, binary))
    assert abs(grey.value - seen.value) > 0.1
    assert grey.protocol.images == "4x4x1 8-bit"


def test_a_model_that_draws_binary_training_images_copies_them():
    images = np.random.default_rng(0).integers(0, 256, (2 * N, 4, 4, 1), dtype="uint8")
    model = zoo.create("made", image_shape=(4, 4, 1), hidden_units=(8,))
    drawn = model.data.from_stored(images[:N])
    model.sample = lambda n=None, seed=None, **_: drawn[:n]
    options = {"n": N, "seeds": [5], "extractor": "pixels", "train": images[:N]}
    found = zoo.evaluate(model, images[N:], "memorisation", **options)
    assert found["nearest_distance"].value == 0
    assert found["copies"].value > 0.9


def test_likelihoods_of_equal_pixels_are_compared():
    images = np.random.default_rng(0).integers(0, 256, (20, 4, 4, 1), dtype="uint8")
    metric = zoo.evaluation.LogLikelihood(pixels="sampled")
    reports = [
        zoo.evaluate(model, images, [metric], seeds=[5])
        for model in (
            zoo.create("made", image_shape=(4, 4, 1), hidden_units=(8,)),
            zoo.create("rbm", image_shape=(4, 4, 1), hidden_units=8),
        )
    ]
    assert zoo.evaluation.compare(*reports)


def test_the_likelihood_of_thresholded_images():
    model = zoo.create("made", image_shape=(4, 4, 1), hidden_units=(8,))
    images = np.random.default_rng(0).integers(0, 256, (20, 4, 4, 1), dtype="uint8")
    metrics = [
        zoo.evaluation.LogLikelihood(pixels="sampled"),
        zoo.evaluation.LogLikelihood(pixels="threshold"),
        zoo.evaluation.ThresholdLogLikelihood(),
    ]
    report = zoo.evaluate(model, images, [metrics[0], metrics[2]], seeds=[5])
    expected = zoo.evaluate(model, images, [metrics[1]], seeds=[5])["log_likelihood"].value
    assert report["threshold_log_likelihood"].value == expected != report["log_likelihood"].value


def test_the_likelihood_without_labels():
    model = zoo.create(
        "gated_pixelcnn", image_shape=(4, 4, 1), num_classes=3, width=2, layers=2, head=2
    )
    images = np.random.default_rng(0).integers(0, 256, (20, 4, 4, 1), dtype="uint8")
    data = images, np.arange(20) % 3
    metric = zoo.evaluation.MarginalLogLikelihood(pixels="sampled")
    found = zoo.evaluate(model, data, [metric], seeds=[5])["marginal_log_likelihood"].value
    x = model.data.from_stored(images)
    each = [model.log_prob(x, np.full(20, y)).astype("float64") for y in range(3)]
    expected = np.log(np.mean(np.exp(each), axis=0)).mean()
    assert found == pytest.approx(expected, rel=1e-5)
    with pytest.raises(ValueError, match="is for models of classes with an exact likelihood"):
        zoo.evaluate(zoo.create("made", image_shape=(4, 4, 1)), images, ["marginal_log_likelihood"])
