"""Recipes by name: of a checkout, and of an installed package."""

import importlib.metadata

import pytest
from small import DCGAN, RECIPES

from zoo.errors import RecipeError, UnknownNameError
from zoo.presets import locate
from zoo.runs.recipe import find_recipe, load_recipe

pytestmark = pytest.mark.once


def test_by_name_and_by_path():
    assert find_recipe("dcgan_mnist") == DCGAN
    assert find_recipe(DCGAN) == DCGAN
    assert load_recipe("dcgan_mnist").preset == "dcgan_mnist"
    assert [*locate.recipes().values()] == RECIPES


def test_a_file_of_the_working_folder_comes_first(tmp_path, monkeypatch):
    (tmp_path / "dcgan_mnist").write_text("")
    monkeypatch.chdir(tmp_path)
    assert find_recipe("dcgan_mnist").name == "dcgan_mnist"
    assert find_recipe("dcgan_mnist").resolve() == tmp_path / "dcgan_mnist"


def test_of_an_installed_package(tmp_path, monkeypatch):
    """`scripts/alone.py` runs one from a wheel."""
    place = tmp_path / "share" / locate.DISTRIBUTION / "recipes" / "a_gan.py"

    class Found(importlib.metadata.PackagePath):
        def locate(self):
            return place

    monkeypatch.setattr(locate, "ROOT", tmp_path / "site-packages" / "zoo")
    found = [Found("zoo/__init__.py"), Found(f"../share/{locate.DISTRIBUTION}/recipes/a_gan.py")]
    monkeypatch.setattr(importlib.metadata, "files", lambda name: found)
    assert locate.recipes() == {}  # it was moved, as by `pip install --target`
    place.parent.mkdir(parents=True)
    place.write_text("")
    assert locate.recipes() == {"a_gan": place}
    monkeypatch.setattr(importlib.metadata, "files", lambda name: None)
    assert locate.recipes() == {}


@pytest.mark.parametrize(
    ("name", "error", "message"),
    [
        ("dcgan_mnits", UnknownNameError, "Unknown recipe: 'dcgan_mnits'. Nearest: dcgan_mnist"),
        ("recipes", RecipeError, "Received: the folder"),
        ("elsewhere/dcgan_mnist.py", RecipeError, "Is 'dcgan_mnist' meant"),
    ],
)
def test_what_is_no_recipe(name, error, message, monkeypatch):
    monkeypatch.chdir(locate.ROOT.parent)
    with pytest.raises(error, match=message):
        find_recipe(name)
