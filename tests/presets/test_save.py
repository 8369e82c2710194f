"""`zoo.save` and `zoo.push`: what is written, loaded again, replaced, and refused."""

import keras
import numpy as np
import pytest
from helpers import files_of_at_most, weights_of
from PIL import Image

import zoo
from zoo.engine.unset import unset_weights
from zoo.errors import ArgumentError, IntegrityError, StorageError
from zoo.files.fetch import sha256
from zoo.presets import golden, hub, save
from zoo.presets.card import Card, Signature
from zoo.presets.page import model_card


class Unregistered(keras.layers.Layer):
    def call(self, x):
        return x


def small(**changes):
    return zoo.create("gan", **{"image_shape": (8, 8, 1), "latent_dim": 4, "units": 60, **changes})


@pytest.mark.once
class TestEveryFamily:
    def test_comes_back(self, make, tmp_path):
        model = make()
        folder = zoo.save(model, tmp_path / "mine", half_precision=False)
        again = zoo.load(folder)
        assert type(again) is type(model)
        for a, b in zip(weights_of(model), weights_of(again), strict=True):
            np.testing.assert_array_equal(a, b)
        assert golden.difference(again, folder) < 1e-5
        card = zoo.info(folder)
        assert set(card.signature.backends) == {keras.backend.backend()}
        assert set(card.weights.components) == set(model.components())
        assert (folder / "samples.png").is_file() == hasattr(model, "sample")

    def test_components_make_the_same_samples(self, make, tmp_path):
        model = make()
        parts = model.components()
        if not parts:
            pytest.skip("models that make no samples, such as classifiers, have no such part")
        assert hasattr(model, "sample")
        (name,) = parts
        folder = zoo.save(model, tmp_path / "mine")
        part = zoo.load(folder, components=[name])
        inputs = model.golden_inputs(5)
        inputs.pop("images", None)
        expected = zoo.load(folder).sample(**inputs)
        np.testing.assert_allclose(part.sample(**inputs), expected, atol=1e-5)
        assert part.count_params() < model.count_params()

    def test_is_built_without_drawing(self, make):
        with unset_weights():
            model = make()
        assert all(np.all(w == 0) for w in weights_of(model))
        assert any(np.any(w != 0) for w in weights_of(make()))


@pytest.mark.once
class TestSave:
    def test_what_is_written(self, tmp_path):
        folder = zoo.save(
            small(),
            str(tmp_path / "My GAN"),
            title="Small digits.",
            license="cc-by-4.0",
            data_rights="my own",
            limits=["Eights are bad."],
        )
        assert folder == tmp_path / "My GAN"
        card = Card.read(folder / "card.json")
        assert card.name == "my-gan"
        assert (card.identity.family, card.identity.group) == ("gan", "gans")
        assert card.identity.title == "Small digits."
        assert card.training is None
        assert (card.rights.weights, card.rights.data) == ("cc-by-4.0", "my own")
        assert card.limits == ["Eights are bad."]
        files = {p.name for p in folder.iterdir()} - {"card.json", "README.md"}
        assert set(card.weights.all_files) == files
        for name, file in card.weights.all_files.items():
            path = folder / name
            assert (sha256(path), path.stat().st_size) == (file.sha256, file.bytes)
        page = (folder / "README.md").read_text()
        assert page == model_card(card)
        assert page.startswith(
            "---\nlibrary_name: keras\nlicense: cc-by-4.0\n"
            "pipeline_tag: unconditional-image-generation\ntags:\n"
        )
        with Image.open(folder / "samples.png") as picture:
            assert picture.size[0] > 80
        assert keras.saving.load_model(folder).sample(1).shape == (1, 8, 8, 1)

    def test_half_precision(self, tmp_path):
        model = small()
        sizes = []
        for half in (True, False):
            folder = zoo.save(model, tmp_path / f"half-{half}".lower(), half_precision=half)
            card = zoo.info(folder)
            assert card.weights.dtype == ("float16" if half else "float32")
            sizes.append(card.weights.files["model.weights.h5"].bytes)
        assert sizes[0] < 0.8 * sizes[1]

    def test_replaces_a_preset_and_nothing_else(self, tmp_path):
        folder = zoo.save(small(), tmp_path / "mine")
        zoo.save(small(units=90), folder)
        assert zoo.load(folder).constructor_argument("units") == 90
        assert [p.name for p in tmp_path.iterdir() if p.name.startswith(".")] == []
        (folder / "thesis.tex").write_text("mine")
        with pytest.raises(ArgumentError, match=r"other files than a preset: thesis\.tex"):
            zoo.save(small(), folder)
        assert zoo.load(folder).constructor_argument("units") == 90
        (folder / "thesis.tex").unlink()
        (tmp_path / "link").symlink_to(folder)
        zoo.save(small(units=60), tmp_path / "link")
        assert (tmp_path / "link").is_symlink()
        assert zoo.load(folder).constructor_argument("units") == 60
        other = tmp_path / "photos"
        other.mkdir()
        (other / "cat.jpg").write_bytes(b"x")
        with pytest.raises(ArgumentError, match="holds other files than a preset"):
            zoo.save(small(), other)
        with pytest.raises(ArgumentError, match="There is a file at"):
            zoo.save(small(), other / "cat.jpg")
        assert (other / "cat.jpg").read_bytes() == b"x"

    @pytest.mark.parametrize("what", ["title", "license", "data_rights"])
    @pytest.mark.parametrize("text", ["mit\nextra: injected", "", " ", 3])
    def test_lines_of_the_card(self, tmp_path, what, text):
        with pytest.raises(ArgumentError, match=f"{what} must be one line of text"):
            zoo.save(small(), tmp_path / "mine", **{what: text})
        with pytest.raises(ArgumentError, match="limits must be one line of text"):
            zoo.save(small(), tmp_path / "mine", limits=[text])
        assert list(tmp_path.iterdir()) == []

    def test_refusals(self, tmp_path):
        with pytest.raises(ArgumentError, match="model must be one of this package.*Sequential"):
            zoo.save(keras.Sequential([keras.Input((3,))]), tmp_path / "mine")
        with pytest.raises(ArgumentError, match="name of the folder is the preset's"):
            zoo.save(small(), tmp_path / "***")
        assert list(tmp_path.iterdir()) == []

    @pytest.mark.parametrize(
        ("wrong", "says"),
        [
            ({"picture": "a.png"}, "picture must be an image of Pillow. Received: 'a.png'"),
            ({"metrics": {"fid": 3}}, "metrics must be the measurements of a report"),
            ({"metrics": [3]}, "metrics must be the measurements of a report"),
            ({"limits": "Sevens."}, "limits must be a list of sentences"),
            ({"license": "CC BY 4.0!"}, "license must be an identifier, such as 'cc-by-4.0'"),
            ({"classes": ["a"]}, "classes is for models of classes. Received: .*for GAN"),
        ],
    )
    def test_other_arguments(self, tmp_path, wrong, says):
        with pytest.raises(ArgumentError, match=says):
            zoo.save(small(), tmp_path / "mine", **wrong)
        assert list(tmp_path.iterdir()) == []

    def test_an_address_is_no_folder(self, tmp_path):
        with pytest.raises(ArgumentError, match=r"folder must be one of this.*zoo\.push"):
            zoo.save(small(), "hf://me/my-gan")

    def test_a_layer_that_nobody_could_load(self, tmp_path):
        ends = keras.layers.Flatten(), keras.layers.Dense(1)
        for layer in (keras.layers.Lambda(lambda x: x), Unregistered()):
            body = keras.Sequential([keras.Input((8, 8, 1)), layer, *ends])
            model = small(discriminator=body)
            with pytest.raises(ArgumentError, match="which is refused|cannot be saved, since"):
                zoo.save(model, tmp_path / "mine")
        assert list(tmp_path.iterdir()) == []

    def test_a_picture_of_one_s_own(self, tmp_path):
        model = zoo.create("autoencoder", image_shape=(8, 8, 1), latent_dim=4, width=2)
        folder = zoo.save(model, tmp_path / "mine")
        assert "samples.png" not in (folder / "README.md").read_text()
        zoo.save(model, folder, picture=Image.new("L", (5, 5)))
        assert (
            "![Images and their reconstructions](samples.png)" in (folder / "README.md").read_text()
        )
        assert "samples.png" in zoo.info(folder).weights.extras

    def test_numbers(self, tmp_path, digits):
        model = zoo.create("gan", image_shape=(28, 28, 1), latent_dim=4, units=60)
        report = zoo.evaluate(
            model, zoo.data.to_bytes(digits), ["kid"], n=32, seeds=2, extractor="pixels"
        )
        folder = zoo.save(model, tmp_path / "mine", metrics=report.measurements)
        assert zoo.info(folder).metrics == report.measurements
        assert "| [kid ↓](#kid) |" in (folder / "README.md").read_text()


@pytest.mark.once
def test_full_disk(tmp_path):
    """One clear error, and the preset that was there is as it was."""
    folder = zoo.save(small(), tmp_path / "mine")
    before = zoo.load(folder).sample(2, seed=0)
    model = small()
    with (
        pytest.raises(StorageError, match="mine cannot be written, and is as it was: "),
        files_of_at_most(20_000),
    ):
        zoo.save(model, folder)
    assert [p.name for p in tmp_path.iterdir()] == ["mine"]
    np.testing.assert_array_equal(zoo.load(folder).sample(2, seed=0), before)


OWN = """
import keras, zoo

@keras.saving.register_keras_serializable("mine")
class Own(zoo.models.LatentModel):
    paper = "none"
    paper_url = "none"
    loss_names = ("loss",)

    def __init__(self, generator, latent_dim, name=None):
        super().__init__(name=name)
        self.generator = generator
        self.latent_dim = latent_dim
        self.image_shape = generator.output_shape[1:]
        self.built = True

    def generate(self, latents):
        return self.generator(latents, training=False)
"""


@pytest.mark.once
def test_a_class_of_one_s_own(tmp_path):
    """Loads where it is registered, and is refused by name where it is not."""

    def define():
        names = {"__name__": "builtins"}  # a module of no file, as a notebook is
        exec(OWN, names)
        return names["Own"]

    layers = [keras.Input((4,)), keras.layers.Dense(64), keras.layers.Reshape((8, 8, 1))]
    model = define()(keras.Sequential(layers), 4)
    folder, known = zoo.save(model, tmp_path / "mine"), keras.saving.get_custom_objects()
    assert known.pop("mine>Own") is type(model)
    with pytest.raises(IntegrityError, match="Own', which is refused.*register_keras_serializable"):
        zoo.load(folder)
    try:
        again = define()  # by another program
        assert type(zoo.load(folder)) is again is not type(model)
        assert zoo.load(folder).sample(2, seed=0).shape == (2, 8, 8, 1)
    finally:
        del known["mine>Own"]


@pytest.mark.once
class TestPush:
    @pytest.fixture
    def saved(self, tmp_path):
        return zoo.save(small(), tmp_path / "my-gan")

    def test_to_a_folder(self, saved, tmp_path):
        url = f"file://{tmp_path}/share/hub/my-gan"
        assert zoo.push(saved, url + "/") == url
        place = tmp_path / "share" / "hub" / "my-gan"
        assert {p.name for p in place.iterdir()} == {p.name for p in saved.iterdir()}
        for path in saved.iterdir():
            if path.name != "README.md":
                assert (place / path.name).read_bytes() == path.read_bytes()
        assert f'zoo.load("{url}").sample(64' in (place / "README.md").read_text()
        assert 'zoo.load("path/to/my-gan").sample(64' in (saved / "README.md").read_text()
        assert zoo.load(url).built
        assert zoo.load(place).built

    def test_exactly_that_place(self, saved, tmp_path):
        share = tmp_path / "share"
        (share / "my-gan").mkdir(parents=True)
        (share / "index.json").write_text("not mine")
        (share / "my-gan" / "notes.txt").write_text("stay")
        zoo.push(saved, f"file://{share}/my-gan")
        assert (share / "index.json").read_text() == "not mine"
        assert (share / "my-gan" / "notes.txt").read_text() == "stay"

    def test_a_new_version(self, saved, tmp_path):
        url = f"file://{tmp_path}/share/my-gan"
        zoo.push(saved, url)
        zoo.load(url)
        zoo.save(small(units=90), saved)
        zoo.push(saved, url)
        assert zoo.load(url).constructor_argument("units") == 90  # not the one that is remembered

    def test_another_preset_is_not_replaced(self, saved, tmp_path):
        url = f"file://{tmp_path}/share/my-gan"
        zoo.push(saved, url)
        with pytest.raises(ArgumentError, match="holds the preset 'my-gan', and not 'dcgan_mnist'"):
            zoo.push("dcgan_mnist", url)
        assert zoo.info(url).name == "my-gan"
        zoo.push("gan_ring8", url, overwrite=True)
        assert zoo.load(url).image_shape == (2,)

    def test_refusals(self, saved, tmp_path):
        with pytest.raises(ArgumentError, match="Unknown scheme 'https'.*Allowed: hf://, s3://"):
            zoo.push(saved, "https://example.org/my-gan")
        with pytest.raises(ArgumentError, match=r"A URL is needed, such as file:///mnt/hub"):
            zoo.push(saved, tmp_path / "share")
        with pytest.raises(ArgumentError, match=r"zoo\.save\(model, folder\) makes one"):
            zoo.push(small(), f"file://{tmp_path}/share/my-gan")
        with pytest.raises(ArgumentError, match="There is no folder"):
            zoo.push(tmp_path / "nothing", f"file://{tmp_path}/share/my-gan")
        (saved / "golden.npz").write_bytes(b"changed")
        with pytest.raises(IntegrityError, match=r"golden\.npz is not what its card names"):
            zoo.push(saved, f"file://{tmp_path}/share/my-gan")
        assert not (tmp_path / "share").exists()

    def test_no_room(self, saved, tmp_path):
        """Nothing of the version that was there is changed."""
        url = f"file://{tmp_path}/share/my-gan"
        zoo.push(saved, url)
        before = {p.name: p.read_bytes() for p in (tmp_path / "share" / "my-gan").iterdir()}
        zoo.save(small(units=90), saved)
        with pytest.raises(OSError, match="File too large"), files_of_at_most(30_000):
            zoo.push(saved, url)
        after = {p.name: p.read_bytes() for p in (tmp_path / "share" / "my-gan").iterdir()}
        assert after == before


@pytest.mark.once
def test_the_index_lists_presets_alone(tmp_path):
    zoo.save(small(), tmp_path / "hub" / "my-gan")
    (tmp_path / "hub" / "notes").mkdir()
    (tmp_path / "hub" / "readme.txt").write_text("x")
    assert hub.write_index(f"file://{tmp_path}/hub") == ["my-gan"]
    assert sorted(p.name for p in (tmp_path / "hub").iterdir()) == [
        "index.json",
        "my-gan",
        "notes",
        "readme.txt",
    ]


@pytest.mark.once
class TestWhatCardsSay:
    def test_how_the_class_differs_from_its_paper(self, tmp_path):
        class Plain(zoo.models.GAN):
            """Says nothing of a paper."""

        class Other(zoo.models.GAN):
            """One.

            Differs from the paper: this,
            and that.

            Not this.
            """

        assert save.class_differs(Plain) is None
        assert save.class_differs(Other) == "this, and that."
        folder = zoo.save(small(), tmp_path / "mine")
        said = Card.read(folder / "card.json").identity.class_differs
        assert "samples come from an average of the generator" in said
        assert said in (folder / "README.md").read_text()

    def test_names_of_classes_that_a_user_gives(self, tmp_path):
        model = zoo.create("cgan", image_shape=(8, 8, 1), num_classes=2, latent_dim=2, units=24)
        again = zoo.load(zoo.save(model, tmp_path / "mine", classes=("cat", "dog")))
        np.testing.assert_array_equal(
            again.sample(2, labels="dog", seed=0), again.sample(2, labels=1, seed=0)
        )
        for wrong, says in (
            (["cat"], r"classes must be 2 names. Received: \['cat'\]"),
            ("cd", "classes must be 2 names. Received: 'cd'"),
            (["cat", "Cat"], "classes must differ, also in lower case. Received: cat, Cat"),
            (["cat", 3], "classes must be one line of text. Received: 3"),
        ):
            with pytest.raises(ArgumentError, match=says):
                zoo.save(model, tmp_path / "other", classes=wrong)
        assert not (tmp_path / "other").exists()

    def test_names_of_classes(self):
        model = zoo.create("cgan", image_shape=(8, 8, 1), num_classes=2, latent_dim=2, units=24)
        signature = Signature.of(model, {})
        assert (signature.classes, signature.condition.text) == (["0", "1"], "0, 1")
        named = signature.with_classes(["cat", "1"])
        assert (named.classes, named.condition.text) == (["cat", "1"], "0 cat, 1")
        assert signature.with_classes(None) == signature
        with pytest.raises(ArgumentError, match="classes must name 2 classes. Received: .'a', 'b'"):
            signature.with_classes(["a", "b", "c"])
