"""Labels of every form in `zoo.evaluate`: as in `fit`, or refused before anything is computed."""

import keras
import numpy as np
import pytest

import zoo
from zoo.data import Source

pytestmark = pytest.mark.once
CLASSES = np.arange(80) % 2
PATTERNS = np.random.default_rng(1).integers(0, 180, (2, 8, 8, 1))
NOISE = np.random.default_rng(0).integers(0, 70, (80, 8, 8, 1))
IMAGES = (PATTERNS[CLASSES] + NOISE).astype("uint8")
TEST, TRAIN = slice(0, 40), slice(40, 80)


@pytest.fixture(scope="module")
def model():
    keras.utils.set_random_seed(3)
    return zoo.create("autoencoder", image_shape=(8, 8, 1), latent_dim=5, architecture="one_layer")


def probe(model, test, train, wrap=tuple):
    data, others = wrap((IMAGES[TEST], test)), wrap((IMAGES[TRAIN], train))
    return zoo.evaluate(model, data, "linear_probe", train=others)["probe_error"]


FORMS = {
    "column": lambda y: y[:, None],
    "list": lambda y: y.tolist(),
    "uint64": lambda y: y.astype("uint64"),
}


@pytest.mark.parametrize("form", FORMS.values(), ids=FORMS)
def test_forms_of_labels_give_one_number(model, form):
    test, train = CLASSES[TEST], CLASSES[TRAIN]
    expected = probe(model, test, train)
    assert expected.value < 0.5
    for one, other in ((form(test), train), (test, form(train)), (form(test), form(train))):
        assert probe(model, one, other) == expected
    source = probe(model, form(test), form(train), lambda pair: Source("arrays", *pair))
    assert source.value == expected.value


WRONG = {
    "one_hot": lambda y: np.eye(2)[y],
    "names": lambda y: y.astype(str),
    "short": lambda y: y[:30],
    "float": lambda y: y.astype("float32"),
}


@pytest.mark.parametrize("wrong", WRONG.values(), ids=WRONG)
def test_other_labels_are_refused_before_anything_is_computed(model, wrong, monkeypatch):
    monkeypatch.setattr(type(model), "encode", lambda *_: pytest.fail("computed"))
    test, train = CLASSES[TEST], CLASSES[TRAIN]
    with pytest.raises(ValueError, match="the labels of data must be "):
        probe(model, wrong(test), train)
    with pytest.raises(ValueError, match="the labels of train must be "):
        probe(model, test, wrong(train))
    with pytest.raises(ValueError, match="the labels of data must be "):
        probe(model, wrong(test), train, lambda pair: Source("arrays", *pair))


def test_training_data_without_labels_are_refused_before_anything_is_computed(model, monkeypatch):
    monkeypatch.setattr(type(model), "encode", lambda *_: pytest.fail("computed"))
    with pytest.raises(ValueError, match="'linear_probe' needs train with labels"):
        zoo.evaluate(model, (IMAGES[TEST], CLASSES[TEST]), "linear_probe", train=IMAGES[TRAIN])
    with pytest.raises(ValueError, match="the labels of 'arrays' must lie in 0 to"):
        probe(model, CLASSES[TEST] - 1, CLASSES[TRAIN])


def test_images_of_unequal_shapes_are_one_error(model):
    ragged = [np.zeros((8, 8, 1), "uint8"), np.zeros((7, 8, 1), "uint8")]
    for data in (ragged, (ragged, [0, 1]), "a", ["a"]):
        with pytest.raises(ValueError, match="data must be an array of images|Unknown data set"):
            zoo.evaluate(model, data, "reconstruction")


def test_labels_of_arrays_and_npz_files(tmp_path):
    for y in (CLASSES[:, None], CLASSES.tolist(), CLASSES.astype("uint64")):
        np.testing.assert_array_equal(zoo.data.read((IMAGES, y)).labels, CLASSES)
        np.testing.assert_array_equal(zoo.data.Batches(IMAGES, y).labels, CLASSES)
        np.savez(tmp_path / "a.npz", x=IMAGES, y=y)
        np.testing.assert_array_equal(zoo.data.read(tmp_path / "a.npz").labels, CLASSES)
    for y in (CLASSES[:3], np.eye(2)[CLASSES], CLASSES.astype(str)):
        np.savez(tmp_path / "a.npz", x=IMAGES, y=y)
        for data in ((IMAGES, y), tmp_path / "a.npz"):
            with pytest.raises(zoo.errors.DataError, match="labels"):
                zoo.data.read(data)
        with pytest.raises(zoo.errors.DataError, match="labels must be "):
            zoo.data.Batches(IMAGES, y)


def test_labels_in_metrics():
    column = CLASSES[:, None]
    assert zoo.metrics.label_accuracy(column, CLASSES) == 1
    assert zoo.metrics.class_modes(column, 2).counts.tolist() == [40, 40]
    codes = IMAGES.reshape(80, -1)[:, :4] / 255
    np.testing.assert_array_equal(
        zoo.metrics.linear_classifier(codes, column, codes),
        zoo.metrics.linear_classifier(codes, CLASSES.tolist(), codes),
    )
    with pytest.raises(ValueError, match="labels must be integer labels"):
        zoo.metrics.linear_classifier(codes, np.eye(2)[CLASSES], codes)
    with pytest.raises(ValueError, match="labels must lie in 0 to"):
        zoo.metrics.linear_classifier(codes, CLASSES - 1, codes)
