"""Each way in which Keras saves a model writes what can be loaded, or leaves everything as it
was."""

import copy
import os
import pickle

import keras
import numpy as np
import pytest
from keras import layers

import zoo
from zoo.errors import ArgumentError, StorageError


def gan(*more):
    return zoo.models.GAN(
        generator=keras.Sequential(
            [keras.Input((3,)), layers.Dense(16), *more, layers.Reshape((4, 4, 1))]
        ),
        discriminator=keras.Sequential([keras.Input((4, 4, 1)), layers.Flatten(), layers.Dense(1)]),
        latent_dim=3,
    )


def unbuildable():
    return gan(layers.Lambda(lambda x: x / 2, output_shape=(16,)))


def checkpoint(model, path):
    model.compile(run_eagerly=True)
    x = np.zeros((4, 4, 4, 1), "float32")
    model.fit(x, callbacks=[keras.callbacks.ModelCheckpoint(path)], verbose=0)


WAYS = {
    "method": lambda model, path: model.save(path),
    "keras.saving": lambda model, path: keras.saving.save_model(model, path),
    "keras.models": lambda model, path: keras.models.save_model(model, filepath=str(path)),
    "checkpoint": checkpoint,
    "pickle": lambda model, path: pickle.dumps(model),
    "copy": lambda model, path: copy.copy(model),
    "deepcopy": lambda model, path: copy.deepcopy(model),
}
FILES = ["method", "keras.saving", "keras.models"]
pytestmark = pytest.mark.once


@pytest.mark.parametrize("way", WAYS)
def test_a_model_that_cannot_be_rebuilt_is_refused_in_each_way(way, tmp_path):
    path = tmp_path / "model.keras"
    path.write_text("an earlier file")
    with pytest.raises(ArgumentError, match="GAN cannot be saved.*generator.*register_keras"):
        WAYS[way](unbuildable(), path)
    assert path.read_text() == "an earlier file"
    assert os.listdir(tmp_path) == ["model.keras"]


@pytest.mark.parametrize("way", FILES)
@pytest.mark.parametrize("name", ["model.h5", "model.hdf5", "model", "folder", "folder.keras"])
def test_what_is_no_keras_file_is_refused_in_each_way(way, name, tmp_path):
    (tmp_path / "folder").mkdir()
    (tmp_path / "folder.keras").mkdir()
    before = sorted(tmp_path.iterdir())
    says = "save_weights writes" if "5" in name else r"zoo\.save\(model, folder\) writes"
    with pytest.raises(ArgumentError, match=rf"filepath must .*\.keras.*Received.*{says}"):
        WAYS[way](gan(), tmp_path / name)
    assert sorted(tmp_path.iterdir()) == before
    with pytest.raises(ArgumentError, match="filepath must be a path. Received: None"):
        WAYS["method"](gan(), None)


def test_functions_of_keras_save_other_models_as_ever(tmp_path):
    model = keras.Sequential([keras.Input((3,)), layers.Dense(2)])
    keras.saving.save_model(model, tmp_path / "model.keras")
    keras.saving.save_weights(model, tmp_path / "model.weights.h5")
    again = keras.saving.load_model(tmp_path / "model.keras")
    np.testing.assert_array_equal(again.get_weights()[0], model.get_weights()[0])


def interrupted(*args, **kwargs):
    raise KeyboardInterrupt


def full(*args, **kwargs):
    raise OSError(28, "No space left on device")


@pytest.mark.parametrize(
    ("failure", "error"), [(interrupted, KeyboardInterrupt), (full, StorageError)]
)
@pytest.mark.parametrize("name", ["model.keras", "model.weights.h5"])
def test_a_file_is_replaced_as_a_whole(name, failure, error, tmp_path, monkeypatch):
    model, path = gan(), tmp_path / name
    save = model.save if name == "model.keras" else model.save_weights
    save(path)
    before = path.read_bytes()
    # Where the networks are written, after a part of the file.
    monkeypatch.setattr(keras.layers.Dense, "save_own_variables", failure)
    with pytest.raises(error):
        save(path)
    assert path.read_bytes() == before
    assert os.listdir(tmp_path) == [name]


@pytest.mark.parametrize("name", ["model.keras", "model.weights.h5"])
def test_links_questions_and_folders(name, tmp_path, monkeypatch):
    model, path = gan(), tmp_path / "new" / name
    save = model.save if name == "model.keras" else model.save_weights
    monkeypatch.setenv("HOME", str(tmp_path))
    save(f"~/new/{name}")
    link = tmp_path / name
    link.symlink_to(path)
    before = path.read_bytes()
    for answer in ("n", "y"):
        model.generator.layers[0].bias.assign_add(np.ones(16))
        monkeypatch.setattr("builtins.input", lambda text, answer=answer: answer)
        save(link, overwrite=False)
        assert link.is_symlink()
        assert (path.read_bytes() == before) == (answer == "n")
