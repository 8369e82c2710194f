"""Recipes: their settings, their source, and the numbers of others."""

import dataclasses
import sys

import pytest
from small import DCGAN

import zoo
from zoo.errors import RecipeError, UnknownNameError
from zoo.runs.recipe import load_recipe


class TestSource:
    """What a card's hash is of: all that a training depends on, whichever file it stands in."""

    def test_settings_that_a_variant_changes(self, ring):
        assert "data = 'grid25'" not in ring.source
        other = dataclasses.replace(ring, config=ring.config.replace(data="grid25"))
        assert other.source == ring.source + "data = 'grid25'\n"
        assert other.sha256 != ring.sha256

    def test_settings_that_are_inherited(self, recipe):
        @dataclasses.dataclass(frozen=True)
        class Config(type(recipe.config)):
            sigma: float = 0.5

        source = dataclasses.replace(recipe, config=Config()).source
        assert source.index("r1_gamma: float = ") < source.index("sigma: float = 0.5")
        assert source.endswith(recipe.source.partition("def build")[2])


def test_a_recipe_imports_its_neighbours(tmp_path):
    (tmp_path / "first_of_two.py").write_text(DCGAN.read_text())
    variant = tmp_path / "second_of_two.py"
    variant.write_text(
        "import dataclasses, first_of_two\n"
        "RECIPE = dataclasses.replace(first_of_two.RECIPE, preset='second_of_two')\n"
    )
    before = list(sys.path)
    assert load_recipe(variant).sha256 == load_recipe(DCGAN).sha256
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


NUMBERS = {"fid": (3.25, "a paper, table 1")}


class TestPublished:
    """Numbers of others, by the name of the argument and by its former name."""

    def test_former_name(self, ring):
        settings = {f.name: getattr(ring, f.name) for f in dataclasses.fields(ring)}
        del settings["published"]
        recipe = zoo.Recipe(**settings, reported=NUMBERS)
        assert recipe.published == NUMBERS
        assert recipe == dataclasses.replace(ring, reported=NUMBERS)
        assert recipe == dataclasses.replace(ring, published=NUMBERS)

    def test_variants_keep_or_replace_them(self, ring):
        recipe = dataclasses.replace(ring, published=NUMBERS)
        assert dataclasses.replace(recipe, samples=10).published == NUMBERS
        assert dataclasses.replace(recipe, published={}).published == {}

    def test_both(self, ring):
        recipe = dataclasses.replace(ring, published=NUMBERS)
        with pytest.raises(RecipeError, match="former name of published: give published alone"):
            dataclasses.replace(recipe, reported={})
