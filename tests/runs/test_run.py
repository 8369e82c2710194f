"""Recipes through the runner: smoke, resume, refusals, and what is written."""

import dataclasses
import json
import os
import shutil
import sys
import zlib
from pathlib import Path

import keras
import numpy as np
import pytest
from helpers import array, python
from PIL import Image

import zoo
from zoo.callbacks import Checkpoints, checkpoint_folder
from zoo.errors import DataError, RecipeError, UnknownNameError
from zoo.presets import golden, hub, locate
from zoo.presets.card import Card
from zoo.presets.page import model_card
from zoo.runs import run as runner

RECIPES = sorted((Path(zoo.__file__).parent.parent / "recipes").glob("*.py"))
DCGAN = next(path for path in RECIPES if path.stem == "dcgan_mnist")
RING = runner.load_recipe(next(path for path in RECIPES if path.stem == "gan_ring8"))
TINY = {"epochs": 2, "width": 4, "hidden_units": 8, "batch_size": 32}


@pytest.fixture
def recipe(monkeypatch):
    # Sub-processes for the other backends find them absent here.
    return runner.load_recipe(DCGAN)


def run(recipe, slice_path, out, **options):
    config = recipe.config.replace(**TINY, data=str(slice_path), **options.pop("settings", {}))
    return runner.run(recipe, config, out, smoke=True, echo=lambda line: None, **options)


@pytest.fixture(scope="module")
def trained(slice_path, tmp_path_factory):
    """A finished training; tests that change it take a copy."""
    out = tmp_path_factory.mktemp("trained")
    run(runner.load_recipe(DCGAN), slice_path, out)
    return out


@pytest.fixture
def copied(trained, tmp_path):
    shutil.copytree(trained, tmp_path / "out")
    return tmp_path / "out"


def smoke_data(recipe, slice_path, folder):
    """Where the data can be drawn, the recipe's own; else a slice of MNIST, of the model's size."""
    if recipe.config.data in zoo.data.synthetic.NAMED:
        return []
    height, width, _ = recipe.build(recipe.config.replace(**recipe.smoke)).image_shape
    if height == width:
        return ["--data", slice_path]
    with np.load(slice_path) as arrays:
        cut = {k: v[:, :height, :width] if k.startswith("x") else v for k, v in arrays.items()}
    np.savez(folder / "cut.npz", **cut)
    return ["--data", folder / "cut.npz"]


@pytest.mark.parametrize("path", RECIPES, ids=lambda path: path.stem)
def test_smoke(path, slice_path, tmp_path):
    """Each recipe runs as a program, also with nothing to resume, and what it wrote loads: on each
    backend one in three, so that every one runs on one; what they train runs on all in the tests
    of models."""
    backends = ("tensorflow", "jax", "torch")
    if backends[zlib.crc32(path.stem.encode()) % 3] != keras.backend.backend():
        pytest.skip("CI has time for each recipe on one backend: this one's is another")
    data = smoke_data(runner.load_recipe(path), slice_path, tmp_path)
    done = python(path, "--smoke", "--resume", *data, "--out", tmp_path)
    assert done.returncode == 0, done.stderr
    assert "preset:" in done.stdout
    assert golden.difference(zoo.load(tmp_path / "preset"), tmp_path / "preset") < 1e-3


def test_program_help(recipe):
    done = python(DCGAN, "--help")
    assert done.returncode == 0
    for option in ("--smoke", "--epochs", "--seed", "--data", "--out", "--resume", "--keep"):
        assert option in done.stdout
    assert "learning_rate=" in done.stdout


def test_what_is_written(trained):
    folder = trained / "preset"
    assert sorted(p.name for p in folder.iterdir()) == [
        "README.md",
        "card.json",
        "config.json",
        "generator.json",
        "generator.weights.h5",
        "golden.npz",
        "metadata.json",
        "model.weights.h5",
        "samples.png",
    ]
    card = Card.read(folder / "card.json")
    assert set(card.weights.files) == {"config.json", "metadata.json", "model.weights.h5"}
    assert set(card.weights.components) == {"generator"}
    assert card.training.settings["width"] == 4
    assert card.training.steps == 2 * (1024 // 32)
    assert card.training.images_seen == 2 * 1024
    assert card.training.data == "mnist_slice"
    assert os.environ["KERAS_BACKEND"] in card.contract.backends
    assert {"kid", "coverage"} <= {m.name for m in card.metrics}
    for m in card.metrics:
        assert (m.protocol.n_real, m.protocol.n_fake, m.seeds) == (256, 1024, [0, 1, 2])
        assert m.real_baseline is not None
    grids = sorted(p.name for p in (trained / "samples").iterdir())
    assert grids == ["epoch-0001.png", "epoch-0002.png"]
    with Image.open(folder / "samples.png") as picture:
        assert picture.size == (302, 302)


def test_resumed_equals_uninterrupted(recipe, slice_path, trained, copied):
    """Stopped in the second epoch and continued in a new model: the same bit for bit."""
    shutil.rmtree(copied / "preset")
    shutil.rmtree(copied / "checkpoints" / "step-00000064")
    run(recipe, slice_path, copied, resume=True)
    one, other = (zoo.load(out / "preset") for out in (trained, copied))
    for a, b in zip(one.variables, other.variables, strict=True):
        np.testing.assert_array_equal(array(a), array(b), err_msg=a.path)


def test_there_are_checkpoints_within_epochs(recipe, slice_path, trained):
    """Between two lies at most a fifth of the run; the last two stay, and no best: a GAN has no
    loss that falls."""
    saved = Checkpoints(trained / "checkpoints", 32, {}).saved()
    assert [p.name for p in saved] == ["step-00000056", "step-00000064"]
    state = checkpoint_folder.check(saved[0])
    assert (state["epoch"], state["best"], state["restored"]) == (1, None, [])


def test_a_training_is_not_overwritten(recipe, slice_path, trained):
    with pytest.raises(RecipeError, match="holds a training already: continue it with --resume"):
        run(recipe, slice_path, trained)


def test_resume_with_other_settings_is_refused(recipe, slice_path, trained):
    with pytest.raises(ValueError, match=r"other settings: learning_rate 0\.\d+ -> 0\.5"):
        run(recipe, slice_path, trained, resume=True, settings={"learning_rate": 0.5})


def test_resume_with_another_recipe_is_refused(recipe, slice_path, trained):
    """With the difference, line by line."""

    def compile(model, config, steps):
        model.compile(penalty=zoo.losses.R1(2 * config.r1_gamma))

    other = dataclasses.replace(recipe, compile=compile)
    with pytest.raises(ValueError, match="other settings: recipe, see below") as caught:
        run(other, slice_path, trained, resume=True)
    (note,) = caught.value.__notes__
    lines = [line.replace("-    ", "-").replace("+        ", "+") for line in note.splitlines()]
    assert "-model.compile(adam, penalty=zoo.losses.R1(config.r1_gamma, config.r1_share))" in lines
    assert "+model.compile(penalty=zoo.losses.R1(2 * config.r1_gamma))" in lines
    assert not any("class Config" in line for line in lines)


def test_the_program_shows_the_difference(tmp_path):
    """One line, and below it the lines of the recipe's file."""
    path = tmp_path / "gan_ring8.py"
    text = Path(next(path for path in RECIPES if path.stem == "gan_ring8")).read_text()
    path.write_text(text)
    out = tmp_path / "out"
    options = ("--smoke", "--out", out)
    assert python(path, *options).returncode == 0
    path.write_text(text.replace("beta_1=0.5", "beta_1=0.6"))
    done = python(path, *options, "--resume")
    assert done.returncode == 1
    error, *difference = done.stderr.splitlines()[-8:]
    assert error.startswith("gan_ring8.py: error: The checkpoints in ")
    assert difference[:2] == ["--- recipe of the checkpoints", "+++ recipe"]
    old, new = (
        f"    adam = keras.optimizers.Adam(rate, beta_1={value}, beta_2=0.99)"
        for value in (0.5, 0.6)
    )
    assert [line for line in difference[3:] if line[0] in "+-"] == [f"-{old}", f"+{new}"]


def test_a_run_anew_removes_what_was_there(recipe, slice_path, copied):
    before = sorted(copied.rglob("*"))
    with pytest.raises(DataError, match="no folder, .zip or .npz file 'missing'"):
        run(recipe, "./missing", copied, anew=True)
    assert sorted(copied.rglob("*")) == before
    (copied / "of_the_run_before").write_text("")
    run(recipe, slice_path, copied, anew=True)
    assert sorted(copied.rglob("*")) == before


@pytest.mark.filterwarnings("ignore:(kid|prdc)")  # few images
def test_a_folder_of_any_images(recipe, tmp_path):
    """Of another size, in colour, without a test split."""
    pixels = np.random.default_rng(0).integers(0, 256, (100, 20, 24, 3), dtype=np.uint8)
    for i, image in enumerate(pixels):
        (tmp_path / "images").mkdir(exist_ok=True)
        Image.fromarray(image).save(tmp_path / "images" / f"{i:03}.png")
    config = recipe.config.replace(**TINY, data=str(tmp_path / "images"))
    folder = runner.run(recipe, config, tmp_path / "out", smoke=True, echo=lambda line: None)
    card = Card.read(folder / "card.json")
    assert card.training.data_images == 90
    assert "unknown" in card.rights.data
    assert any("width=4" in text for text in card.identity.differs)
    assert card.identity.title == "Trained on images."


def build_conditional(config):
    return zoo.create("conditional_gan", image_shape=(28, 28, 1), num_classes=10, latent_dim=4)


def test_a_conditional_model_gets_the_labels(recipe, slice_path, tmp_path):
    """And its picture has a row for each class."""
    recipe = dataclasses.replace(
        recipe,
        family="conditional_gan",
        build=build_conditional,
        compile=lambda model, config, steps: model.compile(),
    )
    run(recipe, slice_path, tmp_path)
    with Image.open(tmp_path / "preset" / "samples.png") as picture:
        assert picture.size == (302, 302)
    card = Card.read(tmp_path / "preset" / "card.json")
    assert "coverage" in {m.name for m in card.metrics}
    assert card.contract.labels == [str(i) for i in range(10)]
    page = (tmp_path / "preset" / "README.md").read_text()
    assert 'sample(60, seed=0, labels="all")  # (60, 28, 28, 1), float32 in [-1, 1]' in page


def test_data_that_do_not_fit_the_model(recipe, slice_path, tmp_path):
    with pytest.raises(DataError, match="are for images. 'ring8' is points"):
        run(recipe, "ring8", tmp_path)
    with pytest.raises(DataError, match=r"takes points of shape \(2,\). Received: 'mnist_slice'"):
        runner.run(RING, RING.config.replace(data=str(slice_path)), tmp_path)
    conditional = dataclasses.replace(recipe, build=build_conditional)
    np.savez(tmp_path / "bare.npz", x=np.zeros((40, 28, 28, 1), dtype="uint8"))
    with pytest.raises(DataError, match="The model needs labels, and 'bare' has none"):
        run(conditional, tmp_path / "bare.npz", tmp_path)
    np.savez(tmp_path / "many.npz", x=np.zeros((40, 28, 28, 1), dtype="uint8"), y=np.arange(40))
    with pytest.raises(ValueError, match="labels must lie in 0 to 9"):
        run(conditional, tmp_path / "many.npz", tmp_path)


def test_points(tmp_path):
    """No image size is asked of the data, and the picture is the recipe's."""
    seen = []

    def picture(model, test):
        seen.append(test.name)
        return zoo.pictures.samples(model, test)

    recipe = dataclasses.replace(RING, picture=picture)
    lines = []
    config = recipe.config.replace(epochs=2)
    folder = runner.run(recipe, config, tmp_path, smoke=True, echo=lines.append)
    assert seen == ["ring8"] * 3  # after each of two epochs, and of what is stored
    assert "1024 points of ring8 for training" in lines[0]
    card = Card.read(folder / "card.json")
    assert (card.contract.output_shape, card.contract.output_range) == ([2], None)
    page = (folder / "README.md").read_text()
    assert "points = zoo.load(" in page
    assert "# (64, 2), float32\n" in page
    assert "image" not in page.replace(card.identity.class_differs, "")


def test_two_do_not_train_in_one_folder(recipe, slice_path, tmp_path):
    with runner._alone_in(tmp_path / "out", True):
        with pytest.raises(RecipeError, match="Another process trains in .*Choose another --out"):
            run(recipe, slice_path, tmp_path / "out")
        with runner._alone_in(tmp_path / "other", True):
            pass
    assert not (tmp_path / "out").exists()


def test_trained_again(tmp_path):
    """With the seeds that follow: the preset is the first's, its numbers stay beside theirs."""
    config = RING.config.replace(seed=3, epochs=1)
    options = {"smoke": True, "echo": lambda line: None, "resume": True}
    alone = Card.read(runner.run(RING, config, tmp_path, **options) / "card.json")
    folder = runner.run_again(RING, config, tmp_path, 2, **options)
    card = Card.read(folder / "card.json")
    other = Card.read(tmp_path / "seed-4" / "preset" / "card.json")
    assert (card.training.seed, card.training.other_seeds) == (3, [4])
    for metric, first, second in zip(card.metrics, alone.metrics, other.metrics, strict=True):
        assert metric.other_trainings == [second.value]
        assert metric.model_copy(update={"other_trainings": []}) == first
    assert any(m.other_trainings != [m.value] for m in card.metrics)
    page = (folder / "README.md").read_text()
    first = card.metrics[0]
    others = first.other_trainings_text
    assert f"| {first.heading} | {first.value:.4g} ± {first.spread:.2g} | {others} |" in page
    assert "trained with seed 3; beside it, of trainings with seed 4." in page
    runner.measure(dataclasses.replace(RING, samples=1024), config, folder, echo=lambda line: None)
    anew = Card.read(folder / "card.json")
    assert [m.other_trainings for m in anew.metrics] == [m.other_trainings for m in card.metrics]
    assert anew.training == card.training


def test_rights_follow_the_data(recipe):
    """What the recipe says itself goes before; of other data nothing it says is said."""
    training = Card.read(locate.CARDS / "dcgan_mnist.json").training
    settings = {**vars(recipe.config), "data": "mnist"}
    training = training.model_copy(update={"settings": settings})

    def told(recipe, data):
        settings = {**training.settings, "data": data}
        facts = runner._facts(
            recipe, training.model_copy(update={"data": data, "settings": settings})
        )
        return facts.data_rights, facts.license

    assert told(recipe, "mnist") == ("MNIST, CC BY-SA 3.0", "Apache-2.0")
    research = ("Labeled Faces in the Wild, no licence stated: for research use", "other")
    assert told(recipe, "lfw64") == research
    assert told(recipe, "my_photos") == ("unknown", "unknown")
    assert zoo.data.rights("ring8") == ("none: drawn from a formula", "Apache-2.0")
    assert zoo.data.rights("stacked_mnist") == zoo.data.rights("mnist")
    own = recipe.facts.model_copy(update={"data_rights": "mine", "license": "cc0-1.0"})
    own = dataclasses.replace(recipe, facts=own)
    assert told(own, "mnist") == ("mine", "cc0-1.0")
    assert told(own, "my_photos") == ("unknown", "unknown")


def test_a_preset_is_measured_anew(recipe, slice_path, copied):
    """Without training: its numbers are those of the model, and nothing else changes."""
    folder = copied / "preset"
    before = Card.read(folder / "card.json")
    cut = before.model_copy(update={"metrics": before.metrics[:1]})
    cut.write(folder / "card.json")
    config = recipe.config.replace(**TINY, data=str(slice_path))
    few = dataclasses.replace(recipe, samples=1024)
    runner.measure(few, config, folder, echo=lambda line: None)
    after = Card.read(folder / "card.json")
    assert after.model_copy(update={"metrics": []}) == before.model_copy(update={"metrics": []})
    for a, b in zip(after.metrics, before.metrics, strict=True):
        assert a == b
    assert model_card(after) == (folder / "README.md").read_text()
    with pytest.raises(RecipeError, match="must be what dcgan_mnist was trained on, 'mnist_slice'"):
        runner.measure(recipe, recipe.config, folder)
    with pytest.raises(RecipeError, match="is not of this recipe. Received: the preset 'dcgan_mn"):
        runner.measure(RING, RING.config, folder)


def test_a_preset_is_described_anew(recipe, slice_path, copied):
    """What the recipe says of it, and the numbers of others; nothing else changes."""
    folder = copied / "preset"
    before = Card.read(folder / "card.json")
    # It was trained on other data than the recipe's: what is said of those is not said of these.
    runner.describe(recipe, folder)
    assert Card.read(folder / "card.json") == before
    recipe = dataclasses.replace(recipe, config=recipe.config.replace(data="mnist_slice"))
    training = before.training.model_copy(update={"recipe_sha256": recipe.sha256})
    before = before.model_copy(update={"training": training})
    before.write(folder / "card.json")
    said = {"title": "Seen.", "limits": ["Blurred."], "data_rights": "mine", "license": "cc0-1.0"}
    facts = recipe.facts.model_copy(update=said)
    reported = {before.metrics[0].name: (3.25, "a paper, table 1")}
    later = dataclasses.replace(recipe, facts=facts, reported=reported)
    runner.describe(later, folder)
    after = Card.read(folder / "card.json")
    assert (after.identity.title, after.limits) == ("Seen.", ["Blurred."])
    assert before.rights.data == before.rights.weights == "unknown"  # of that file
    assert (after.rights.data, after.rights.weights) == ("mine", "cc0-1.0")
    assert after.identity.differs[: len(facts.differs)] == facts.differs
    assert "Not as in the recipe: width=4." in after.identity.differs
    assert (after.metrics[0].published, after.metrics[0].published_source) == reported[
        before.metrics[0].name
    ]
    assert after.metrics[1:] == before.metrics[1:]
    assert (after.weights, after.training) == (before.weights, before.training)
    assert "Blurred." in (folder / "README.md").read_text()
    assert "a paper, table 1" in (folder / "README.md").read_text()
    with pytest.raises(RecipeError, match="is not of this recipe"):
        runner.describe(RING, folder)
    other = dataclasses.replace(recipe, compile=RING.compile)
    with pytest.raises(RecipeError, match="was made by another version of this recipe"):
        runner.describe(other, folder)


@pytest.mark.parametrize(
    ("changes", "smoke", "message"),
    [
        ({}, True, "does not go with --smoke"),
        ({"width": 4}, False, "for the recipe as it stands. Received: width=4"),
        ({"epochs": 1}, False, "Received: epochs=1"),
        ({"data": "a/folder/others.npz"}, False, "Received: data='a/folder/others.npz'"),
    ],
)
def test_only_what_the_recipe_says_is_published(recipe, changes, smoke, message):
    runner.check_publishable(recipe, recipe.config, smoke=False)
    same = recipe.config.replace(data=f"a/folder/{recipe.config.data}.npz")
    runner.check_publishable(recipe, same, smoke=False)
    with pytest.raises(RecipeError, match=message):
        runner.check_publishable(recipe, recipe.config.replace(**changes), smoke)


def test_publish(recipe, trained, tmp_path, monkeypatch):
    folder = trained / "preset"
    for name in ("CARDS", "WEIGHTS"):
        monkeypatch.setattr(locate, name, tmp_path / name)
        (tmp_path / name).mkdir()
    locate.forget()
    runner.publish(recipe, folder)
    assert runner.published(recipe) == "dcgan_mnist"
    assert zoo.list(pretrained=True) == ["dcgan_mnist"]
    assert zoo.load("dcgan_mnist").sample(2).shape == (2, 28, 28, 1)
    locate.forget()


def test_publish_outside_of_the_package(recipe, trained, tmp_path, monkeypatch):
    monkeypatch.setattr(runner, "HUB", tmp_path / "hub")
    monkeypatch.setattr(locate, "WEIGHTS", tmp_path / "untouched")
    monkeypatch.setenv("ZOO_HUB", f"file://{tmp_path}/hub")
    recipe = dataclasses.replace(recipe, packaged=False)
    runner.publish(recipe, trained / "preset")
    place = runner.published(recipe)
    assert zoo.load(place).sample(2).shape == (2, 28, 28, 1)
    page = Path(place, "README.md").read_text()
    assert 'zoo.load("hub/dcgan_mnist")' in page
    assert str(tmp_path) not in page
    assert hub.index()["dcgan_mnist"].title == zoo.info(place).identity.title
    (tmp_path / "hub" / "index.json").unlink()
    runner.describe(recipe, place)
    assert list(hub.index()) == ["dcgan_mnist"]
    assert Path(place, "README.md").read_text() == page
    assert not (tmp_path / "untouched").exists()


class TestSource:
    """What a card's hash is of: all that a training depends on, whichever file it stands in."""

    def test_settings_that_a_variant_changes(self):
        assert "data = 'grid25'" not in RING.source
        other = dataclasses.replace(RING, config=RING.config.replace(data="grid25"))
        assert other.source == RING.source + "data = 'grid25'\n"
        assert other.sha256 != RING.sha256

    def test_settings_that_are_inherited(self, recipe):
        @dataclasses.dataclass(frozen=True)
        class Config(type(recipe.config)):
            sigma: float = 0.5

        source = dataclasses.replace(recipe, config=Config()).source
        assert source.index("r1_gamma: float = ") < source.index("sigma: float = 0.5")
        assert source.endswith(recipe.source.partition("def build")[2])


def test_a_recipe_imports_its_neighbours(tmp_path):
    (tmp_path / "first_of_two.py").write_text(Path(DCGAN).read_text())
    variant = tmp_path / "second_of_two.py"
    variant.write_text(
        "import dataclasses, first_of_two\n"
        "RECIPE = dataclasses.replace(first_of_two.RECIPE, preset='second_of_two')\n"
    )
    before = list(sys.path)
    assert runner.load_recipe(variant).sha256 == runner.load_recipe(DCGAN).sha256
    assert sys.path == before


class TestConfig:
    def test_values_are_converted(self, recipe):
        config = recipe.config.replace(width="32", learning_rate="1e-3", hidden_units="16")
        assert (config.width, config.learning_rate, config.hidden_units) == (32, 1e-3, 16)
        optional = dataclasses.make_dataclass(
            "Optional",
            [("units", int | None, None)],
            bases=(zoo.Config,),
            frozen=True,
            kw_only=True,
        )(data="a", epochs=1, batch_size=1)
        assert optional.replace(units="8").units == 8
        assert optional.replace(units="8").replace(units="none").units is None

    def test_unknown_setting(self, recipe):
        with pytest.raises(UnknownNameError, match="Unknown setting: 'epoch'.*epochs"):
            recipe.config.replace(epoch=3)

    def test_wrong_type(self, recipe):
        with pytest.raises(RecipeError, match="width must be of type int. Received: 'wide'"):
            recipe.config.replace(width="wide")

    def test_a_recipe_with_an_unknown_smoke_setting_is_refused(self, recipe):
        with pytest.raises(UnknownNameError, match="Unknown setting: 'widht'"):
            dataclasses.replace(recipe, smoke={"widht": 3})


def test_the_smoke_run_is_not_the_card(recipe):
    """The shipped card is of a whole training."""
    training = json.loads((locate.CARDS / "dcgan_mnist.json").read_text())["training"]
    assert (training["data_images"], training["settings"]["epochs"] >= 20) == (60_000, True)
    # It was made before there was a choice of precision, or of binary pixels.
    settings = {"precision": "float32", "binarize": None, **training["settings"]}
    assert settings == {**dataclasses.asdict(recipe.config), "data": "mnist"}
