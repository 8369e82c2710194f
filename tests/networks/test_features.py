"""Extractors: any Keras model, known by its hash; the FID's network, fetched and verified."""

import functools
import hashlib
import http.server
import os
import threading

import keras
import numpy as np
import pytest

import zoo
from zoo.errors import FetchError, IntegrityError
from zoo.networks import features
from zoo.networks.features import Extractor, PerChannel, Pixels

IMAGES = np.random.default_rng(0).integers(0, 256, (11, 8, 8, 1), dtype="uint8")


def network(seed=0, units=3, logits=False, activation=None, dtype=None):
    keras.utils.set_random_seed(seed)
    images = keras.Input((8, 8, 1))
    x = keras.layers.Dense(units, activation, dtype=dtype)(keras.layers.Flatten()(images))
    return keras.Model(images, [x, keras.layers.Dense(4)(x)] if logits else x)


def test_any_keras_model():
    model = network(logits=True)
    for size in (1, 4, 256):
        found = Extractor(model, value_range=(-1, 1), batch_size=size)(IMAGES)
        x, logits = model.predict(IMAGES / np.float32(127.5) - 1, verbose=0)
        np.testing.assert_allclose(found.features, x, rtol=1e-4, atol=1e-5)
        p = np.exp(logits) / np.exp(logits).sum(axis=1, keepdims=True)
        np.testing.assert_allclose(found.probabilities, p, rtol=1e-4, atol=1e-5)
    assert Extractor(network())(IMAGES).probabilities is None


def test_is_known_by_its_weights_layers_and_range():
    first = Extractor(network(seed=1)).sha256
    assert first == Extractor(network(seed=1)).sha256
    others = [
        Extractor(network(seed=2)),
        Extractor(network(seed=1, units=4)),
        Extractor(network(seed=1), value_range=(-1, 1)),
        Extractor(keras.Sequential([*network(seed=1).layers, keras.layers.ReLU()])),
        Extractor(network(seed=1, activation="relu")),
        Extractor(joined(swapped=False)),
        Extractor(joined(swapped=True)),
        Extractor(network(seed=1, dtype="mixed_bfloat16")),
    ]
    assert len({first, *(e.sha256 for e in others)}) == 9


def joined(swapped):
    """The same layers, connected in another order."""
    keras.utils.set_random_seed(0)
    images = keras.Input((8, 8, 1))
    flat = keras.layers.Flatten()(images)
    parts = [keras.layers.Dense(3)(flat), keras.layers.Dense(3)(flat)]
    return keras.Model(images, keras.layers.Concatenate()(parts[::-1] if swapped else parts))


def test_a_network_that_changes_is_known_by_another_hash():
    model = network()
    extractor = Extractor(model)
    before = extractor.sha256
    model.set_weights([w + 1 for w in model.get_weights()])
    assert extractor.sha256 != before


def test_a_subclassed_model():
    class Mean(keras.Model):
        def call(self, images):
            return keras.ops.mean(images, axis=(1, 2))

    model = Mean()
    model(np.zeros((1, 8, 8, 1), "float32"))
    found = Extractor(model)(IMAGES)
    np.testing.assert_allclose(
        found.features[:, 0], IMAGES.reshape(11, 64).mean(axis=1) / 255, rtol=1e-5
    )
    assert not Extractor(model).has_classes
    assert Extractor(network(logits=True)).has_classes


def test_is_in_inference_mode():
    images = keras.Input((8, 8, 1))
    x = keras.layers.Dropout(0.9)(keras.layers.Flatten()(images))
    dropping = Extractor(keras.Model(images, x))
    np.testing.assert_allclose(dropping(IMAGES).features, IMAGES.reshape(11, 64) / 255, atol=1e-6)


@pytest.mark.once
def test_wrong_images_are_refused():
    extractor = Extractor(network(), "mine")
    shape = r"mine takes 8-bit images of shape \(n, 8, 8, 1\). Received: "
    with pytest.raises(ValueError, match=shape + r"float32 of shape \(11, 8, 8, 1\)"):
        extractor(IMAGES.astype("float32"))
    with pytest.raises(ValueError, match=shape + r"uint8 of shape \(11, 8, 8, 3\)"):
        extractor(IMAGES.repeat(3, axis=-1))
    with pytest.raises(ValueError, match=r"takes 8-bit images of shape \(n, 8, 8, 3\)"):
        PerChannel(extractor)(IMAGES)
    with pytest.raises(ValueError, match="network must be a built keras.Model. Received: 3"):
        Extractor(3)
    broken = network()
    broken.set_weights([np.full_like(w, np.nan) for w in broken.get_weights()])
    with pytest.raises(ValueError, match="mine gives features that are not finite"):
        Extractor(broken, "mine")(IMAGES)


@pytest.mark.once
def test_pixels():
    np.testing.assert_allclose(Pixels()(IMAGES).features, IMAGES.reshape(11, 64) / 255, rtol=1e-6)
    points = np.ones((5, 2), "float32")
    np.testing.assert_array_equal(Pixels()(points).features, points)


@pytest.mark.once
def test_per_channel_combines_classes():
    single = Extractor(network(logits=True), "mine")
    colour = np.concatenate([IMAGES, IMAGES[::-1], 255 - IMAGES], axis=-1)
    found = PerChannel(single)(colour)
    parts = [single(colour[..., i : i + 1]) for i in range(3)]
    assert found.features.shape == (11, 9)
    np.testing.assert_array_equal(found.features[:, 3:6], parts[1].features)
    assert found.probabilities.shape == (11, 64)
    np.testing.assert_allclose(found.probabilities.sum(axis=1), 1, rtol=1e-5)
    r, g, b = (p.probabilities.argmax(axis=1) for p in parts)
    np.testing.assert_array_equal(found.probabilities.argmax(axis=1), 16 * r + 4 * g + b)


# The FID's network


class Handler(http.server.SimpleHTTPRequestHandler):
    asked = 0

    def do_GET(self):
        type(self).asked += 1
        super().do_GET()

    def log_message(self, *args):
        pass


@pytest.fixture
def server(tmp_path):
    """A folder that is served on the loopback interface, and its address."""
    folder = tmp_path / "served"
    folder.mkdir()
    Handler.asked = 0
    handler = functools.partial(Handler, directory=folder)
    with http.server.ThreadingHTTPServer(("127.0.0.1", 0), handler) as running:
        thread = threading.Thread(target=running.serve_forever)
        thread.start()
        yield folder, f"http://127.0.0.1:{running.server_port}"
        running.shutdown()
        thread.join()


def small_network():
    images = keras.Input((None, None, 3))
    x = keras.layers.GlobalAveragePooling2D()(images)
    return keras.Model(images, [keras.layers.Dense(4, use_bias=False, name="fc")(x)] * 2)


@pytest.fixture
def published(server, monkeypatch, tmp_path):
    """A small network in place of the FID's, its weights on a server, an empty `ZOO_HOME`."""
    torch = pytest.importorskip("torch", reason="PyTorch writes the file")
    folder, address = server
    weights = np.arange(12, dtype="float32").reshape(4, 3)
    torch.save({"fc.weight": torch.tensor(weights)}, folder / features.INCEPTION)
    monkeypatch.setenv("ZOO_HOME", str(tmp_path / "home"))
    monkeypatch.setattr(features, "inception_network", small_network)
    monkeypatch.setattr(features, "INCEPTION_URLS", (f"{address}/{features.INCEPTION}",))
    file = folder / features.INCEPTION
    monkeypatch.setattr(features, "INCEPTION_SHA256", zoo.files.fetch.sha256(file))
    monkeypatch.setattr(features, "INCEPTION_BYTES", file.stat().st_size)
    return file, tmp_path / "home" / "extractors", weights


def test_inception_takes_images_of_several_sizes(published, monkeypatch):
    from zoo.networks.inception import ResizeAsTensorFlow1

    def resizing():
        images = keras.Input((None, None, 3))
        x = keras.layers.GlobalAveragePooling2D()(ResizeAsTensorFlow1()(images))
        return keras.Model(images, [keras.layers.Dense(4, use_bias=False, name="fc")(x)] * 2)

    monkeypatch.setattr(features, "inception_network", resizing)
    extractor = features.inception()
    for size in (32, 48, 32, 64):
        images = np.full((2, size, size + 1, 3), 192, "uint8")
        expected = np.tile(0.5 * published[2].sum(axis=1), (2, 1))
        np.testing.assert_allclose(extractor(images).features, expected, rtol=1e-4)


def test_inception_is_fetched_once_and_kept_as_keras_weights(published, monkeypatch):
    _, home, weights = published
    images = np.full((2, 5, 6, 3), 2, "uint8")
    for _ in range(3):
        extractor = features.inception()
        found = extractor(images)
        np.testing.assert_allclose(found.features, np.tile(2 * weights.sum(axis=1), (2, 1)))
        assert (extractor.name, extractor.sha256) == ("inception", features.INCEPTION_SHA256)
    assert Handler.asked == 1
    assert {p.name for p in home.iterdir()} == {"inception.weights.h5"}
    # What was changed on disk is made anew, whatever a note beside it says.
    (home / "inception.weights.h5").write_bytes(b"other")
    (home / "inception.sha256").write_text(hashlib.sha256(b"other").hexdigest())
    features.inception()
    assert Handler.asked == 2


def test_what_is_not_the_expected_file_is_refused(published, monkeypatch):
    file, home, _ = published
    whole = file.read_bytes()
    for wrong, message in (
        (whole[:-1], "it has .* bytes, expected"),
        (whole[:-1] + b"x", "expected SHA-256"),
        (whole + b"x", "it has .* bytes, expected"),
        (b"<html>", "it has 6 bytes, expected"),
    ):
        file.write_bytes(wrong)
        with pytest.raises(FetchError, match=message + ".*Fetch it by hand"):
            features.inception()
        assert not home.exists()
    file.unlink()
    with pytest.raises(FetchError, match=features.INCEPTION):
        features.inception()
    monkeypatch.setenv("ZOO_OFFLINE", "1")
    with pytest.raises(FetchError, match="ZOO_OFFLINE=1 forbids to fetch"):
        features.inception()


def test_a_mirror_serves_where_the_first_address_does_not(published, monkeypatch):
    (url,) = features.INCEPTION_URLS
    monkeypatch.setattr(features, "INCEPTION_URLS", (url + ".missing", url))
    features.inception()
    assert os.path.exists(published[1] / "inception.weights.h5")


def test_other_tensors_leave_nothing_behind(published, monkeypatch):
    import torch

    file, home, _ = published
    torch.save({"fc.weight": torch.zeros(4, 5)}, file)
    monkeypatch.setattr(features, "INCEPTION_SHA256", zoo.files.fetch.sha256(file))
    monkeypatch.setattr(features, "INCEPTION_BYTES", file.stat().st_size)
    with pytest.raises(IntegrityError, match="fc.weight must have the shape"):
        features.inception()
    assert not (home / "inception.weights.h5").exists()
