"""List, info, load, create: names, hashes, safety, and what is imported."""

import shutil
from pathlib import Path

import keras
import numpy as np
import pytest
from helpers import python
from shipped import HUB

import zoo
from zoo.errors import ArgumentError, CardError, IntegrityError, UnknownNameError
from zoo.presets import locate


class TestList:
    def test_all(self):
        assert "dcgan_mnist" in zoo.list()
        assert zoo.list() == sorted(zoo.list())

    def test_filters(self):
        assert "dcgan_mnist" in zoo.list("*mnist*")
        assert zoo.list("mnist") == zoo.list("*mnist*") == zoo.list("MNIST")
        assert zoo.list("gan_*") == ["gan_mnist", "gan_ring8"]  # the whole name
        assert "dcgan_mnist" in zoo.list(family="dcgan", group="gans", pretrained=True)
        assert zoo.list("*cifar17*") == []
        assert "dcgan_mnist" not in zoo.list(family="gan")
        assert "dcgan_mnist" not in zoo.list(pretrained=False)

    def test_unknown_filters(self):
        with pytest.raises(UnknownNameError, match="Unknown family: 'dcgna'.*dcgan"):
            zoo.list(family="dcgna")
        with pytest.raises(UnknownNameError, match="Unknown group: 'gan'.*gans"):
            zoo.list(group="gan")


class TestInfo:
    def test_is_the_card(self):
        card = zoo.info("dcgan_mnist")
        assert card.name == "dcgan_mnist"
        assert card.identity.family == "dcgan"
        assert card.identity.group == "gans"

    def test_unknown_name(self):
        with pytest.raises(UnknownNameError, match="Unknown preset: 'dcgan_mnits'.*dcgan_mnist"):
            zoo.info("dcgan_mnits")

    def test_a_recipe_without_a_preset(self, tmp_path, monkeypatch):
        monkeypatch.setattr(locate, "RECIPES", tmp_path)
        (tmp_path / "new_gan.py").touch()
        with pytest.raises(UnknownNameError, match="no weights here: zoo train new_gan"):
            zoo.load("new_gan")


@pytest.fixture(scope="module")
def model():
    return zoo.load("dcgan_mnist")


class TestLoad:
    def test_samples(self, model):
        images = model.sample(64, seed=0)
        assert images.shape == (64, 28, 28, 1)
        assert images.dtype == np.float32
        assert images.min() >= -1
        assert images.max() <= 1
        assert images.std() > 0.4  # digits, not grey

    def test_is_uncompiled_and_float32(self, model):
        assert not model.compiled
        assert {v.dtype for v in model.weights} == {"float32"}

    def test_the_discriminator_tells_real_from_generated(self, model, digits):
        real = model.discriminate(digits)
        fake = model.discriminate(model.sample(64, seed=0))
        noise = model.discriminate(np.random.default_rng(0).uniform(-1, 1, digits.shape))
        assert real.mean() > fake.mean()
        # The chance that a real digit has the higher logit; a discriminator at random has 0.5.
        assert np.mean(real[:, None] > fake[None]) > 0.7
        assert np.mean(real > 0) > 0.5 > np.mean(fake > 0)
        assert np.mean(real[:, None] > noise[None]) > 0.99

    def test_raw_and_averaged_weights_are_both_there(self, model):
        raw, averaged = (model.sample(16, seed=0, weights=w) for w in ("raw", "ema"))
        assert np.abs(raw - averaged).max() > 0
        assert np.abs(raw - averaged).mean() < 0.2

    def test_unknown_name(self):
        with pytest.raises(UnknownNameError, match=r"Unknown preset: 'dcgan-mnist'.*dcgan_mnist"):
            zoo.load("dcgan-mnist")

    def test_what_is_no_name(self):
        with pytest.raises(ValueError, match="A preset is a name, a path or a URL. Received: 3"):
            zoo.load(3)
        with pytest.raises(ValueError, match="Unknown scheme 'ftp'.*https://"):
            zoo.load("ftp://example.org/dcgan_mnist")
        with pytest.raises(ValueError, match=r"There is no file 'mine\.keras'"):
            zoo.load("mine.keras")
        with pytest.raises(ValueError, match="There is no folder '/nowhere/at/all'"):
            zoo.load("/nowhere/at/all")

    @pytest.mark.once
    @pytest.mark.parametrize("name", ["model.h5", "./model.h5", "preset/model", "./preset/model"])
    def test_a_file_is_no_missing_folder(self, name, tmp_path, monkeypatch):
        monkeypatch.chdir(tmp_path)
        Path(name).parent.mkdir(exist_ok=True)
        Path(name).touch()
        says = rf"'{Path(name)}' is a file. A preset is a folder .* end in \.keras"
        for call in (zoo.load, zoo.info):
            with pytest.raises(ArgumentError, match=says):
                call(name)

    @pytest.mark.once
    def test_the_folder_of_a_file(self):
        path = HUB / "acgan_mnist" / "model.weights.h5"
        with pytest.raises(ArgumentError, match=r"is a file.*: give '.*hub/acgan_mnist'\."):
            zoo.load(path)

    @pytest.mark.once
    def test_a_folder_named_like_a_keras_file(self, tmp_path, monkeypatch):
        monkeypatch.chdir(tmp_path)
        shutil.copytree(HUB / "vae_frey_faces", "mine.keras")
        for name in ("mine.keras", "./mine.keras", tmp_path / "mine.keras"):
            assert zoo.load(name).built
            assert zoo.info(name).name == "vae_frey_faces"

    def test_fine_tuning(self, digits):
        """Load, compile, fit on other images of the same shape, sample."""
        model = zoo.load("dcgan_mnist")
        before = model.sample(16, seed=0)
        model.compile(keras.optimizers.Adam(1e-3, beta_1=0.5))
        upside_down = digits[:, ::-1]
        history = model.fit(upside_down, batch_size=32, epochs=2, verbose=0).history
        assert np.isfinite(list(history.values())).all()
        after, raw = model.sample(16, seed=0), model.sample(16, seed=0, weights="raw")
        assert after.shape == before.shape
        assert np.abs(raw - before).mean() > 0.01
        # The averaged generator, which `sample` takes by default, has followed.
        assert np.abs(after - before).mean() > 0.5 * np.abs(raw - before).mean()

    def test_keras_reads_the_folder_too(self, model):
        again = keras.saving.load_model(locate.WEIGHTS / "dcgan_mnist")
        np.testing.assert_array_equal(again.sample(3, seed=0), model.sample(3, seed=0))


@pytest.fixture
def copied(tmp_path):
    """The preset as a folder, as a recipe writes it."""
    folder = tmp_path / "preset"
    shutil.copytree(locate.WEIGHTS / "dcgan_mnist", folder)
    shutil.copy(locate.CARDS / "dcgan_mnist.json", folder / "card.json")
    return folder


class TestIntegrity:
    def test_a_folder_loads(self, copied):
        assert zoo.info(copied) == zoo.info("dcgan_mnist")
        assert zoo.load(copied).sample(2, seed=0).shape == (2, 28, 28, 1)
        assert zoo.load(str(copied)).sample(2, seed=0).shape == (2, 28, 28, 1)

    @pytest.mark.parametrize("file", ["model.weights.h5", "config.json", "metadata.json"])
    def test_a_changed_byte(self, copied, file):
        path = copied / file
        content = bytearray(path.read_bytes())
        content[len(content) // 2] ^= 1
        path.write_bytes(content)
        expected = zoo.info("dcgan_mnist").weights.files[file].sha256
        with pytest.raises(IntegrityError) as caught:
            zoo.load(copied)
        assert expected in str(caught.value)
        assert zoo.files.fetch.sha256(path) in str(caught.value)

    def test_a_truncated_file(self, copied):
        path = copied / "model.weights.h5"
        path.write_bytes(path.read_bytes()[:1000])
        with pytest.raises(IntegrityError, match="1000 bytes"):
            zoo.load(copied)

    def test_a_missing_file(self, copied):
        (copied / "model.weights.h5").unlink()
        with pytest.raises(IntegrityError, match=r"model.weights.h5 .*is missing"):
            zoo.load(copied)

    def test_no_model_is_built_from_a_bad_file(self, copied, monkeypatch):
        (copied / "model.weights.h5").write_bytes(b"")
        built = []
        monkeypatch.setattr(zoo.models.DCGAN, "__init__", lambda *a, **k: built.append(1))
        with pytest.raises(IntegrityError):
            zoo.load(copied)
        assert not built

    def test_a_folder_without_a_card(self, tmp_path):
        with pytest.raises(IntegrityError, match=r"holds no card.json"):
            zoo.load(tmp_path)

    def test_a_run_that_has_not_ended(self, tmp_path):
        (tmp_path / "checkpoints").mkdir()
        with pytest.raises(IntegrityError, match=r"training has not ended.*zoo sample --epoch N"):
            zoo.load(tmp_path)

    def test_the_folder_of_a_run(self, copied):
        """It stands for its preset."""
        assert copied.name == "preset"
        assert zoo.info(copied.parent) == zoo.info(copied)
        assert zoo.load(copied.parent).image_shape == (28, 28, 1)

    def test_a_file_outside_of_the_folder(self, copied):
        card = (copied / "card.json").read_text()
        (copied / "card.json").write_text(card.replace('"config.json"', '"../config.json"'))
        with pytest.raises(CardError, match="must lie in its folder"):
            zoo.load(copied)

    def test_an_unknown_key(self, copied):
        card = (copied / "card.json").read_text()
        (copied / "card.json").write_text(card.replace('"limits"', '"limit"'))
        with pytest.raises(CardError, match="limit"):
            zoo.load(copied)


class TestCreate:
    def test_new_models(self):
        model = zoo.create("dcgan", image_shape=(64, 64, 3), width=2)
        assert isinstance(model, zoo.models.DCGAN)
        assert model.sample(2).shape == (2, 64, 64, 3)

    def test_unknown_family(self):
        with pytest.raises(UnknownNameError, match="Unknown family: 'dgcan'"):
            zoo.create("dgcan")

    def test_unknown_argument(self):
        with pytest.raises(UnknownNameError, match="Unknown argument of dcgan: 'widht'.*width"):
            zoo.create("dcgan", image_shape=(8, 8, 1), widht=2)


LOADED_MODEL = """
import sys
import keras, zoo
assert keras.saving.load_model(sys.argv[1]).compiled
"""


def test_a_saved_model_loads_in_a_new_process(tmp_path):
    model = zoo.models.DCGAN(**zoo.models.DCGAN.test_config())
    model.compile()
    model.save(tmp_path / "model.keras")
    done = python("-W", "error::UserWarning", "-c", LOADED_MODEL, tmp_path / "model.keras")
    assert done.returncode == 0, done.stderr


IMPORTED = """
import importlib.util, sys
if not importlib.util.find_spec("tensorflow"):
    sys.exit("no tensorflow")
import zoo
assert "zoo.testing" not in sys.modules  # it imports test runners
after_import = {name for name in ("tensorflow", "jax", "torch") if name in sys.modules}
model = zoo.load("dcgan_mnist")
model.sample(2)
model.compile()
after_load = {name for name in ("tensorflow", "jax", "torch") if name in sys.modules}
print(sorted(after_import), sorted(after_load))
"""


@pytest.mark.skipif(keras.backend.backend() == "tensorflow", reason="TensorFlow imports itself")
def test_tensorflow_is_not_imported_where_it_is_installed():
    backend = keras.backend.backend()
    done = python("-c", IMPORTED, ZOO_TEST_BACKEND="")
    if "no tensorflow" in done.stderr:
        pytest.skip("TensorFlow is not installed: there is nothing to see")
    assert "tensorflow" not in done.stdout, done.stderr
    assert done.stdout.count(backend) == 2


@pytest.mark.once
def test_a_backend_that_is_installed_is_chosen(tmp_path):
    """With no choice made and TensorFlow absent, Keras alone would fail to import."""
    done = python(
        "-c",
        "import zoo, keras; print(keras.backend.backend())",
        KERAS_BACKEND="",
        KERAS_HOME=tmp_path,
    )
    assert done.stdout.strip() == keras.backend.backend(), done.stderr
