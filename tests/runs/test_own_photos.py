"""Trainings on a folder of one's own pictures: their crop, and a size that the networks allow."""

import dataclasses
import shutil

import numpy as np
import pytest
from photos import photos
from program import arrays
from small import RECIPES, TINY, run_of

import zoo
from zoo.errors import ArgumentError, SizeError, UnknownNameError
from zoo.presets import checkpoint, storage
from zoo.presets.card import Card
from zoo.runs.cards import facts_of, measure
from zoo.runs.recipe import ADDED, load_recipe
from zoo.runs.training import Keeping, Trainer, read

pytestmark = pytest.mark.once
CIFAR = next(path for path in RECIPES if path.stem == "dcgan_cifar10")


@pytest.fixture(scope="module")
def pictures(tmp_path_factory):
    root = tmp_path_factory.mktemp("pictures") / "photos"
    photos(root, 60, side=32)
    return root


def config_of(recipe, pictures, **settings):
    return recipe.config.replace(**{**TINY, "data": str(pictures), **settings})


def test_random_crops_in_training_and_centres_in_the_test(recipe, pictures, tmp_path):
    config = config_of(recipe, pictures, crop="random")
    model = recipe.build(config)
    train, test = read(config, model)
    centre = zoo.data.read(pictures, "train, one in ten", image_size=28, channels=1)
    assert test.sha256 == centre.sha256
    trainer = Trainer(model, train, config, tmp_path, Keeping(), print)
    batches = trainer._batches(0)
    same = dataclasses.replace(config, crop="centre")
    middle = Trainer(model, train, same, tmp_path, Keeping(), print)._batches(0)
    assert (batches.batch(1, 0)[0].shape, batches.crop) == ((28, 28, 1), "random")
    np.testing.assert_array_equal(batches.order(1), middle.order(1))
    assert (batches.batch(1, 0) != middle.batch(1, 0)).any()


@pytest.mark.filterwarnings("ignore:(kid|prdc)")  # few images
@pytest.mark.parametrize("crop", ["random", "none"])
def test_a_run_and_its_evaluation(recipe, pictures, tmp_path, compared_here, few_samples, crop):
    settings = {"crop": crop, "epochs": 1, "batch_size": 16}
    config = config_of(recipe, pictures, **settings)
    recipe = dataclasses.replace(recipe, samples=few_samples)
    out = tmp_path / "out"
    card = Card.read(run_of(recipe, config, out, measure="full").run() / "card.json")
    assert card.training.crop == card.training.settings["crop"] == crop
    assert f"Not as in the recipe: crop={crop}." in card.identity.differs
    with pytest.raises(ArgumentError, match=f"crop '{crop}' -> 'centre'"):
        run_of(recipe, config.replace(crop="centre"), out, resume=True).run()
    # What is measured later are the images that the card was measured on.
    plan = zoo.evaluation.plan.plan(out / "preset", str(pictures))
    expected = "none" if crop == "none" else "centre"
    real = zoo.data.read(pictures, "train, one in ten", (28, 28), 1, expected)
    assert plan.test.sha256 == real.sha256
    assert plan.other_data is None
    measured = {p.data_sha256 for p in plan.protocols}
    assert measured == {m.protocol.data_sha256 for m in card.metrics}
    measure(recipe, config.replace(crop="centre"), out / "preset", print)
    again = Card.read(out / "preset" / "card.json").metrics
    assert {m.protocol.data_sha256 for m in again} == measured


@pytest.mark.filterwarnings("ignore:(kid|prdc)")
def test_a_resumed_run_sees_the_same_random_crops(recipe, pictures, tmp_path, compared_here):
    config = config_of(recipe, pictures, crop="random", batch_size=16)
    run_of(recipe, config, tmp_path / "whole", keep=9).run()
    shutil.copytree(tmp_path / "whole" / "checkpoints", tmp_path / "resumed" / "checkpoints")
    *_, last = checkpoint.saved(tmp_path / "whole" / "checkpoints")
    for place in checkpoint.saved(tmp_path / "resumed" / "checkpoints")[3:]:
        shutil.rmtree(place)  # of six steps two are done, in the first of two epochs
    run_of(recipe, config, tmp_path / "resumed", resume=True).run()
    again = tmp_path / "resumed" / "checkpoints" / last.name
    before, after = (arrays(place / storage.WEIGHTS) for place in (last, again))
    assert before.keys() == after.keys()
    for name, values in before.items():
        np.testing.assert_array_equal(values, after[name])


def test_checkpoints_of_earlier_versions_are_resumed(copied, recipe, slice_path, compared_here):
    """They know nothing of settings that came later, such as the crop, which was the centre."""
    for place in checkpoint.saved(copied / "checkpoints"):
        state = checkpoint.read_state(place)
        assert {key: state["about"].pop(key) for key in ADDED} == ADDED
        weights = (place / storage.WEIGHTS).read_bytes()
        checkpoint.write(place, weights, state)
    config = recipe.config.replace(**TINY, data=str(slice_path))
    with pytest.raises(ArgumentError, match="other settings: crop 'centre' -> 'none'. Give"):
        run_of(recipe, config.replace(crop="none"), copied, resume=True).run()
    card = Card.read(run_of(recipe, config, copied, resume=True).run() / "card.json")
    assert card.training.crop == card.training.settings["crop"] == "centre"


def test_cards_of_earlier_versions():
    assert "crop" not in zoo.info("dcgan_mnist").training.settings
    assert zoo.info("dcgan_mnist").training.crop == "centre"


def test_hashes_of_recipes_stay():
    """They are of the settings that are not the defaults."""
    recipe = load_recipe(CIFAR)
    assert "crop" not in recipe.source
    random = dataclasses.replace(recipe, config=recipe.config.replace(crop="random"))
    assert random.sha256 != recipe.sha256


def test_a_recipe_with_another_crop(recipe, trained):
    """A training of an earlier version differs from it."""
    random = dataclasses.replace(recipe, config=recipe.config.replace(crop="random"))
    training = Card.read(trained / "preset" / "card.json").training
    del training.settings["crop"]
    facts = facts_of(random, training)
    assert "Not as in the recipe: crop=centre." in facts.differs


def test_an_unknown_crop(recipe):
    with pytest.raises(UnknownNameError, match="Unknown crop: 'middle'. Allowed: centre, none"):
        recipe.config.replace(crop="middle")


@pytest.mark.parametrize(("asked", "taken"), [(30, 28), (31, 32), (100, 128), (12, 8), (5, 8)])
def test_the_nearest_size_is_taken_and_said(asked, taken):
    recipe, lines = load_recipe(CIFAR), []
    model, config = recipe.built(recipe.config.replace(image_size=asked, width=1), lines.append)
    assert (model.image_shape, config.image_size) == ((taken, taken, 3), taken)
    assert lines == [
        f"image_size={asked} becomes {taken}, the nearest size that the networks are made for"
    ]


def test_a_run_keeps_the_size_that_it_took(pictures, tmp_path):
    recipe = load_recipe(CIFAR)
    run = run_of(recipe, config_of(recipe, pictures, image_size=15), tmp_path)
    model = run.build()
    assert run.config.image_size == 16
    assert run.read(model).train.images.shape[1:] == (16, 16, 3)
    assert run._with_seed(1).config.image_size == 16


def test_a_size_that_is_no_setting_is_an_error(recipe):
    def build(config):
        return zoo.create("dcgan", image_shape=(30, 30, 1), width=2)

    with pytest.raises(SizeError, match="Nearest sizes: 28x28, 32x32.$"):
        dataclasses.replace(recipe, build=build).built(recipe.config, print)
