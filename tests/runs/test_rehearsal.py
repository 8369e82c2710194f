"""What would fail at the end of a run fails before its first step."""

import dataclasses
import sys

import keras
import numpy as np
import pytest
import small

import zoo
from zoo.errors import ArgumentError, RecipeError
from zoo.presets import golden
from zoo.runs.recipe import load_recipe


@pytest.fixture
def ring():
    return load_recipe(small.RING)


def fails(recipe, tmp_path, error, message, measure="none"):
    """Checks that a run of `recipe` fails before a step, and writes nothing."""
    config = recipe.config.replace(epochs=1, batch_size=512)
    with pytest.raises(error, match=message):
        small.run_of(recipe, config, tmp_path / "out", measure=measure).run()
    assert not (tmp_path / "out").exists()


class WrongOutput(zoo.evaluation.Metric):
    """A metric whose number has another name than it says."""

    needs = frozenset({"images"})
    outputs = {"promised": "lower"}  # noqa: RUF012 (metrics are written so)

    def measure(self, samples, subject):
        return {"given": 1.0}


class BrokenAtTheEnd(WrongOutput):
    def measure(self, samples, subject):
        return {}["promised"]


def called(cls):
    """Returns a metric with a name of its own, which no other test finds."""
    metric = cls()
    metric.name = "of_tests"
    return metric


@pytest.mark.once
@pytest.mark.parametrize(
    ("changes", "error", "message"),
    [
        ({"metrics": ("fidd",)}, zoo.errors.UnknownNameError, "fidd.*Nearest: fid"),
        ({"metrics": ("elbo",)}, ArgumentError, "elbo"),
        ({"metrics": (WrongOutput(),)}, ArgumentError, "WrongOutput needs a name"),
        ({"metrics": (called(WrongOutput),)}, zoo.errors.UnknownNameError, "output.*'given'"),
        ({"metrics": (called(BrokenAtTheEnd),)}, KeyError, "promised"),
    ],
)
def test_metrics(ring, tmp_path, compared_here, changes, error, message):
    fails(dataclasses.replace(ring, **changes), tmp_path, error, message, measure="full")


@pytest.mark.once
def test_a_picture_of_ones_own(ring, tmp_path, compared_here):
    def picture(model, test):
        raise LookupError("no picture")

    fails(dataclasses.replace(ring, picture=picture), tmp_path, LookupError, "no picture")


@pytest.mark.once
def test_names_of_presets(ring):
    with pytest.raises(RecipeError, match=r"preset must be of small letters.*'My GAN'"):
        dataclasses.replace(ring, preset="My GAN")


@pytest.mark.once
def test_a_model_that_cannot_be_loaded(ring, tmp_path):
    def build(config):
        generator = keras.Sequential(
            [keras.Input((2,)), keras.layers.Lambda(lambda x: x, output_shape=(2,))]
        )
        points = zoo.networks.points
        return zoo.models.GAN(
            generator=generator, discriminator=points.discriminator(units=4), latent_dim=2
        )

    fails(dataclasses.replace(ring, build=build), tmp_path, ArgumentError, "Lambda|lambda")


def test_a_class_of_no_file(ring, tmp_path, monkeypatch):
    """As in a notebook: no process of another backend could import it."""
    names = {"__name__": "builtins", "zoo": zoo, "keras": keras}
    text = """
@keras.saving.register_keras_serializable("nowhere")
class Nowhere(zoo.networks.Points):
    pass
"""
    exec(text, names)

    def build(config):
        return zoo.create(
            "gan", image_shape=(2,), latent_dim=2, architecture=names["Nowhere"](units=4)
        )

    recipe = dataclasses.replace(ring, build=build)
    fails(recipe, tmp_path, RecipeError, r"'nowhere>Nowhere' must be defined in a module")


@pytest.mark.once
def test_a_model_that_fails_on_a_backend(ring, tmp_path, monkeypatch):
    """The process that checks it finds it before the training."""
    folder = tmp_path / "modules"
    folder.mkdir()
    (folder / "only_here.py").write_text(
        "import keras, zoo\n"
        '@keras.saving.register_keras_serializable("only_here")\n'
        "class OnlyHere(zoo.networks.Points):\n"
        "    allowed = False\n"
        "    def hidden(self, x, dense):\n"
        "        if not self.allowed: raise ZeroDivisionError('not here')\n"
        "        return super().hidden(x, dense)\n"
    )
    monkeypatch.syspath_prepend(folder)
    import only_here

    only_here.OnlyHere.allowed = True

    def build(config):
        return zoo.create(
            "gan", image_shape=(2,), latent_dim=2, architecture=only_here.OnlyHere(units=4)
        )

    recipe = dataclasses.replace(ring, build=build)
    try:
        fails(recipe, tmp_path, RecipeError, "does not work on .*not here")
    finally:
        del sys.modules["only_here"]


@pytest.mark.once
def test_the_training_is_the_same_with_and_without(
    ring, tmp_path, compared_here, few_samples, monkeypatch
):
    """The rehearsal draws no random number of the training."""
    config = ring.config.replace(epochs=1, batch_size=32)
    weights = []
    for name, needed in (("with", True), ("without", False)):
        monkeypatch.setattr("zoo.runs.rehearsal.is_needed", lambda *_, needed=needed: needed)
        folder = small.run_of(ring, config, tmp_path / name, measure="full").run()
        weights.append(zoo.load(folder).get_weights())
    for array, other in zip(*weights, strict=True):
        np.testing.assert_array_equal(array, other)


@pytest.mark.once
def test_a_repeated_training_rehearses_once(ring, tmp_path, monkeypatch, compared_here):
    counted = []
    monkeypatch.setattr("zoo.runs.rehearsal.rehearse", lambda *_: counted.append(1))
    monkeypatch.setattr("zoo.runs.rehearsal.is_needed", lambda *_: True)
    config = ring.config.replace(epochs=1, batch_size=512)
    small.run_of(ring, config, tmp_path / "out").run_seeds(2)
    assert counted == [1]
    assert golden.GOLDEN in {path.name for path in (tmp_path / "out" / "preset").iterdir()}
