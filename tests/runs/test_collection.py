"""The project's own collection: what may be published, and where it lies then."""

import dataclasses

import numpy as np
import pytest

import zoo
from zoo.errors import IntegrityError, RecipeError
from zoo.presets import hub, locate, save
from zoo.runs import cards, collection
from zoo.runs.recipe import load_recipe

pytestmark = pytest.mark.once


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
    collection.check_publishable(recipe, recipe.config, smoke=False)
    same = recipe.config.replace(data=f"a/folder/{recipe.config.data}.npz")
    collection.check_publishable(recipe, same, smoke=False)
    with pytest.raises(RecipeError, match=message):
        collection.check_publishable(recipe, recipe.config.replace(**changes), smoke)


def test_publish(recipe, trained, tmp_path, monkeypatch):
    folder = trained / "preset"
    for name in ("CARDS", "WEIGHTS", "HUB"):
        monkeypatch.setattr(locate, name, tmp_path / name)
        (tmp_path / name).mkdir()
    locate.forget()
    collection.publish(recipe, folder)
    assert zoo.list(pretrained=True) == ["dcgan_mnist"]
    assert zoo.load("dcgan_mnist").sample(2).shape == (2, 28, 28, 1)
    locate.forget()


def test_publish_outside_of_the_package(recipe, trained, tmp_path, monkeypatch):
    monkeypatch.setattr(locate, "HUB", tmp_path / "hub")
    for name in ("CARDS", "WEIGHTS"):
        monkeypatch.setattr(locate, name, tmp_path / "untouched")
    monkeypatch.setenv("ZOO_HUB", f"file://{tmp_path}/hub")
    recipe = dataclasses.replace(recipe, packaged=False)
    collection.publish(recipe, trained / "preset")
    place = tmp_path / "hub" / "dcgan_mnist"
    assert zoo.list(pretrained=True) == ["dcgan_mnist"]
    assert zoo.load("dcgan_mnist").sample(2).shape == (2, 28, 28, 1)
    page = (place / "README.md").read_text()
    assert 'zoo.load("dcgan_mnist")' in page
    assert str(tmp_path) not in page
    assert hub.index()["dcgan_mnist"].title == zoo.info("dcgan_mnist").identity.title
    for preset in ("dcgan_mnist", place):
        (tmp_path / "hub" / "index.json").unlink()
        (place / "README.md").unlink()
        cards.describe(recipe, preset)
        assert list(hub.index()) == ["dcgan_mnist"]
        assert (place / "README.md").read_text() == page
    assert not (tmp_path / "untouched").exists()


def test_presets_of_the_package_share_their_examples(tmp_path, monkeypatch):
    zoo.push("ae_mnist", (tmp_path / "ae_mnist").as_uri())
    folder, expected = tmp_path / "ae_mnist", save.read_examples(locate.locate("ae_mnist"))
    assert (folder / save.EXAMPLES).is_file()  # a preset outside of the package is complete
    for name in ("CARDS", "WEIGHTS"):
        monkeypatch.setattr(locate, name, tmp_path / name)
        (tmp_path / name).mkdir()
    locate.forget()
    collection.publish(load_recipe(locate.RECIPES / "ae_mnist.py"), folder)
    (shared,) = locate.WEIGHTS.glob("examples-*.npz")
    assert not (locate.WEIGHTS / "ae_mnist" / save.EXAMPLES).exists()
    preset = locate.locate("ae_mnist").ensure(extras=True)
    assert preset.path(save.EXAMPLES) == shared
    np.testing.assert_array_equal(save.read_examples(preset).images, expected.images)
    shared.write_bytes(b"other")
    with pytest.raises(IntegrityError, match=r"examples-\w+\.npz is not what its card names"):
        preset.ensure(extras=True)
    locate.forget()
