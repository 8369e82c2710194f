"""Recipes through runs: smoke, resume, refusals, and what is written."""

import dataclasses
import os
import shutil
import zlib

import keras
import numpy as np
import pytest
from helpers import array, python
from PIL import Image
from small import DCGAN, RECIPES, RING, TINY, run, run_of, smoke_data

import zoo
from zoo.callbacks import Checkpoints
from zoo.errors import DataError, RecipeError
from zoo.presets import checkpoint, golden
from zoo.presets.card import Card
from zoo.runs import cards
from zoo.runs.folder import alone_in
from zoo.runs.recipe import load_recipe


def build_conditional(config):
    return zoo.create(
        "conditional_gan",
        image_shape=(28, 28, 1),
        num_classes=10,
        latent_dim=4,
        architecture="convolutional",
        width=4,
    )


def of_this_backend(path):
    backends = ("tensorflow", "jax", "torch")
    return backends[zlib.crc32(path.stem.encode()) % 3] == keras.backend.backend()


def programs():
    """One recipe on all backends; among the heavy tests each of the others on one backend."""
    yield DCGAN
    for path in RECIPES:
        if path != DCGAN and of_this_backend(path):
            yield pytest.param(path, marks=pytest.mark.heavy)


@pytest.mark.parametrize("path", [*programs()], ids=lambda path: path.stem)
def test_smoke(path, slice_path, tmp_path):
    """It runs as a program, also with nothing to resume, and what it wrote loads."""
    data = smoke_data(load_recipe(path), slice_path, tmp_path)
    done = python(path, "--smoke", "--resume", "--data", data, "--out", tmp_path)
    assert done.returncode == 0, done.stderr
    assert "preset:" in done.stdout
    assert golden.difference(zoo.load(tmp_path / "preset"), tmp_path / "preset") < 1e-3


@pytest.mark.once
@pytest.mark.parametrize("path", RECIPES, ids=lambda path: path.stem)
def test_every_recipe_makes_its_model(path):
    """In its smoke settings, compiled; and the class is that of its family."""
    recipe = load_recipe(path)
    config = recipe.config.replace(**recipe.smoke)
    model = recipe.build(config)
    recipe.compile(model, config, 100)
    assert model.compiled
    assert type(model) is zoo.models.families.family(recipe.family).cls


def program(recipe, *args):
    """Calls the program of `recipe` in this process; returns its exit code."""
    with pytest.raises(SystemExit) as caught:
        zoo.run_recipe(recipe, [str(arg) for arg in args])
    return caught.value.code


@pytest.mark.once
def test_program_help(recipe, capsys):
    assert program(recipe, "--help") == 0
    said = capsys.readouterr().out
    for option in ("--smoke", "--epochs", "--seed", "--data", "--out", "--resume", "--keep"):
        assert option in said
    assert "learning_rate=" in said


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
    assert os.environ["KERAS_BACKEND"] in card.signature.backends
    assert {"kid", "coverage"} <= {m.name for m in card.metrics}
    for m in card.metrics:
        assert (m.protocol.n_real, m.protocol.n_fake, m.seeds) == (256, 1024, [0, 1, 2])
        assert m.real_baseline is not None
    grids = sorted(p.name for p in (trained / "samples").iterdir())
    assert grids == ["epoch-0001.png", "epoch-0002.png"]
    with Image.open(folder / "samples.png") as picture:
        assert picture.size == (582, 582)


def test_resumed_equals_uninterrupted(recipe, slice_path, trained, copied, compared_here):
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
    state = checkpoint.check(saved[0])
    assert (state["epoch"], state["best"], state["restored"]) == (1, None, [])


@pytest.mark.once
def test_a_training_is_not_overwritten(recipe, slice_path, trained):
    with pytest.raises(RecipeError, match="holds a training already: continue it with --resume"):
        run(recipe, slice_path, trained)


@pytest.mark.once
def test_resume_with_other_settings_is_refused(recipe, slice_path, trained):
    with pytest.raises(ValueError, match=r"other settings: learning_rate 0\.\d+ -> 0\.5"):
        run(recipe, slice_path, trained, resume=True, settings={"learning_rate": 0.5})


@pytest.mark.once
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


@pytest.mark.once
def test_the_program_shows_the_difference(tmp_path, compared_here, capsys):
    """One line, and below it the lines of the recipe's file."""
    path, out = tmp_path / "gan_ring8.py", tmp_path / "out"
    text = RING.read_text()
    path.write_text(text)
    recipe = load_recipe(path)
    run_of(recipe, recipe.config.replace(**recipe.smoke), out).run()
    path.write_text(text.replace("beta_1=0.5", "beta_1=0.6"))
    assert program(load_recipe(path), "--smoke", "--out", out, "--resume") == 1
    error, *difference = capsys.readouterr().err.splitlines()[-8:]
    assert error.startswith("gan_ring8.py: error: The checkpoints in ")
    assert difference[:2] == ["--- recipe of the checkpoints", "+++ recipe"]
    old, new = (
        f"    adam = keras.optimizers.Adam(rate, beta_1={value}, beta_2=0.99)"
        for value in (0.5, 0.6)
    )
    assert [line for line in difference[3:] if line[0] in "+-"] == [f"-{old}", f"+{new}"]


MINE = (
    "notes.txt",
    "data/images.npz",
    "checkpoints/step-00000064-copy/model.weights.h5",
    "samples/mine.png",
    "samples/epoch-best.png",
)


@pytest.mark.once
def test_a_run_anew_removes_what_a_run_wrote(recipe, slice_path, copied, compared_here):
    """And nothing else, and nothing before there is something to train on."""
    written = {path for path in copied.rglob("*") if path.is_file()}
    mine, old = [copied / name for name in MINE], copied / "samples" / "epoch-0099.png"
    for path in (*mine, old):
        path.parent.mkdir(exist_ok=True)
        path.write_text("mine")
    with pytest.raises(DataError, match="no folder, .zip or .npz file 'missing'"):
        run(recipe, "./missing", copied, anew=True)
    assert {path for path in copied.rglob("*") if path.is_file()} == {*written, *mine, old}
    run(recipe, slice_path, copied, anew=True)
    assert {path for path in copied.rglob("*") if path.is_file()} == {*written, *mine}
    assert {path.read_text() for path in mine} == {"mine"}


@pytest.mark.filterwarnings("ignore:(kid|prdc)")  # few images
@pytest.mark.once
def test_a_folder_of_any_images(recipe, tmp_path, compared_here):
    """Of another size, in colour, without a test split."""
    pixels = np.random.default_rng(0).integers(0, 256, (100, 20, 24, 3), dtype=np.uint8)
    for i, image in enumerate(pixels):
        (tmp_path / "images").mkdir(exist_ok=True)
        Image.fromarray(image).save(tmp_path / "images" / f"{i:03}.png")
    config = recipe.config.replace(**TINY, data=str(tmp_path / "images"))
    folder = run_of(recipe, config, tmp_path / "out").run()
    card = Card.read(folder / "card.json")
    assert card.training.data_images == 90
    assert "unknown" in card.rights.data
    assert any("width=4" in text for text in card.identity.differs)
    assert card.identity.title == "Trained on images."


@pytest.mark.filterwarnings("ignore:(kid|prdc)")
@pytest.mark.once
def test_a_conditional_model_gets_the_labels(
    recipe, slice_path, tmp_path, compared_here, few_samples
):
    """And its picture has a row for each class."""
    recipe = dataclasses.replace(
        recipe,
        family="conditional_gan",
        build=build_conditional,
        compile=lambda model, config, steps: model.compile(),
    )
    run(recipe, slice_path, tmp_path, measure="full")
    with Image.open(tmp_path / "preset" / "samples.png") as picture:
        assert picture.height == 582
        assert picture.width > 582  # the classes stand on the left
    card = Card.read(tmp_path / "preset" / "card.json")
    assert "coverage" in {m.name for m in card.metrics}
    assert card.signature.classes == [str(i) for i in range(10)]
    page = (tmp_path / "preset" / "README.md").read_text()
    assert 'sample(60, seed=0, labels="all")  # (60, 28, 28, 1), float32 in [-1, 1]' in page


@pytest.mark.once
def test_data_that_do_not_fit_the_model(recipe, ring, slice_path, tmp_path):
    with pytest.raises(DataError, match="are for images. 'ring8' is points"):
        run(recipe, "ring8", tmp_path)
    with pytest.raises(DataError, match=r"takes points of shape \(2,\). Received: 'mnist_slice'"):
        run_of(ring, ring.config.replace(data=str(slice_path)), tmp_path).run()
    conditional = dataclasses.replace(recipe, family="cgan", build=build_conditional)
    np.savez(tmp_path / "bare.npz", x=np.zeros((40, 28, 28, 1), dtype="uint8"))
    with pytest.raises(DataError, match="The model needs labels, and 'bare' has none"):
        run(conditional, tmp_path / "bare.npz", tmp_path)
    np.savez(tmp_path / "many.npz", x=np.zeros((40, 28, 28, 1), dtype="uint8"), y=np.arange(40))
    with pytest.raises(ValueError, match="labels must lie in 0 to 9"):
        run(conditional, tmp_path / "many.npz", tmp_path)


@pytest.mark.once
def test_a_model_of_another_class_than_the_family(recipe, slice_path, tmp_path):
    """It is seen before anything is read or written."""

    class Unregistered(zoo.models.GAN):
        pass

    def check(cls, received):
        def build(config):
            points = zoo.networks.points
            return cls(
                generator=points.generator(2),
                discriminator=points.discriminator(),
                latent_dim=2,
            )

        other = dataclasses.replace(recipe, build=build)
        expected = f"RECIPE.family is 'dcgan', whose class is DCGAN. Received: {received}"
        with pytest.raises(RecipeError, match=expected):
            run(other, slice_path, tmp_path / "out")
        assert not (tmp_path / "out").exists()

    check(zoo.models.GAN, "build returned a GAN. The family of that class is 'gan'.")
    check(Unregistered, "build returned a Unregistered. zoo.register_family makes a family of")


@pytest.mark.once
def test_points(ring, tmp_path, compared_here):
    """No image size is asked of the data, and the picture is the recipe's."""
    seen = []

    def picture(model, test):
        seen.append(test.name)
        return zoo.pictures.samples(model, test)

    recipe = dataclasses.replace(ring, picture=picture)
    lines = []
    config = recipe.config.replace(epochs=2)
    folder = run_of(recipe, config, tmp_path, say=lines.append).run()
    # In the rehearsal, after each of two epochs, and of what is stored.
    assert seen == ["ring8"] * 4
    assert "1024 points of ring8 for training" in lines[0]
    card = Card.read(folder / "card.json")
    assert (card.signature.data.shape, card.signature.data.range) == ([2], None)
    page = (folder / "README.md").read_text()
    assert "points = zoo.load(" in page
    assert "# (64, 2), float32\n" in page
    assert "image" not in page.replace(card.identity.class_differs, "")


@pytest.mark.once
def test_two_do_not_train_in_one_folder(recipe, slice_path, tmp_path):
    with alone_in(tmp_path / "out"):
        with pytest.raises(RecipeError, match="Another process trains in .*Choose another --out"):
            run(recipe, slice_path, tmp_path / "out")
        with alone_in(tmp_path / "other"):
            pass
    assert not (tmp_path / "out").exists()


@pytest.mark.once
def test_trained_again(ring, tmp_path, compared_here, few_samples):
    """With the seeds that follow: the preset is the first's, its numbers stay beside theirs."""
    config = ring.config.replace(seed=3, epochs=1, batch_size=32)
    alone = Card.read(run_of(ring, config, tmp_path, measure="full").run() / "card.json")
    folder = run_of(ring, config, tmp_path, resume=True, measure="full").run_seeds(2)
    card = Card.read(folder / "card.json")
    other = Card.read(tmp_path / "seed-4" / "preset" / "card.json")
    assert (card.training.seed, card.training.other_seeds) == (3, [4])
    for metric, first, second in zip(card.metrics, alone.metrics, other.metrics, strict=True):
        assert metric.other_trainings == [second.value]
        assert metric.model_copy(update={"other_trainings": []}) == first
    assert any(m.other_trainings != [m.value] for m in card.metrics)
    page = (folder / "README.md").read_text()
    first = card.metrics[0]
    numbers = f"{first.value:.4g} ± {first.margin:.2g} | {first.other_trainings_text}"
    assert f"| [{first.heading}](#{first.name}) | {numbers} |" in page
    assert "trained with seed 3; beside it, of trainings with seed 4." in page
    few = dataclasses.replace(ring, samples=few_samples)
    cards.measure(few, config, folder, lambda line: None)
    anew = Card.read(folder / "card.json")
    assert [m.other_trainings for m in anew.metrics] == [m.other_trainings for m in card.metrics]
    assert anew.training == card.training
