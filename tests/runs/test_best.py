"""The best checkpoint of a recipe's run: by which number, where it is kept, what is shipped."""

import dataclasses

import keras
import numpy as np
import pytest
from PIL import Image
from program import arrays
from small import RING as RING_PATH
from small import run_of

import zoo
from zoo.callbacks.checkpoints import Monitor
from zoo.errors import RecipeError
from zoo.presets import checkpoint, storage
from zoo.presets.card import Card
from zoo.runs import run as run_module
from zoo.runs.recipe import load_recipe
from zoo.runs.training import choose_monitor

pytestmark = pytest.mark.once


def build(config):
    return zoo.models.GAN(
        generator=zoo.networks.points.generator(2, hidden_layers=1),
        discriminator=zoo.networks.points.discriminator(hidden_layers=1),
        latent_dim=2,
    )


def picture(model, test):
    return Image.new("L", (8, 8))


RING = dataclasses.replace(load_recipe(RING_PATH), build=build, picture=picture)
EPOCHS = 3


def run(recipe, out, **more):
    config = recipe.config.replace(batch_size=64, epochs=EPOCHS)
    folder = run_of(recipe, config, out, **more).run()
    return Card.read(folder / "card.json"), checkpoint.saved(out / "checkpoints")


def build_vae(config):
    return zoo.create("vae", image_shape=(28, 28, 1), latent_dim=2, hidden_units=(16,))


def monitored(recipe, model):
    return choose_monitor(recipe, model, zoo.data.read("ring8", "test"), 100)


class TestWhich:
    """What a recipe's `monitor` means."""

    def test_default(self):
        gan, vae = RING.build(RING.config), build_vae(None)
        for model in (gan, vae):
            model.compile()
        assert monitored(RING, gan) == (None, [])
        assert monitored(RING, vae) == (Monitor("loss"), [])

    def test_logs(self):
        gan = RING.build(RING.config)
        gan.compile()
        recipe = dataclasses.replace(RING, monitor="generator_loss")
        assert monitored(recipe, gan) == (Monitor("generator_loss"), [])
        classifier = zoo.models.Classifier(image_shape=(28, 28, 1), width=4)
        classifier.compile()
        recipe = dataclasses.replace(RING, monitor="accuracy")
        assert monitored(recipe, classifier) == (Monitor("accuracy", lower=False), [])

    def test_numbers_of_metrics(self):
        gan = RING.build(RING.config)
        gan.compile()
        monitor, (measured,) = monitored(dataclasses.replace(RING, monitor="high_quality"), gan)
        assert monitor == Monitor("high_quality", lower=False)
        assert [metric.name for metric in measured.metrics] == ["mixture_modes"]
        assert measured.n == 100
        own = zoo.evaluation.PRDC(k=3)
        recipe = dataclasses.replace(RING, monitor="coverage", metrics=[own])
        monitor, (measured,) = monitored(recipe, gan)
        assert measured.metrics == [own]

    def test_refused(self):
        gan = RING.build(RING.config)
        gan.compile()
        with pytest.raises(RecipeError, match=r"monitor must be a log \(discriminator_loss.*'fdi'"):
            monitored(dataclasses.replace(RING, monitor="fdi"), gan)
        with pytest.raises(RecipeError, match="ship='best' needs monitor="):
            monitored(dataclasses.replace(RING, ship="best"), gan)
        with pytest.raises(ValueError, match="Unknown ship: 'first'. Allowed: best, last"):
            dataclasses.replace(RING, ship="first")


class Falling(keras.callbacks.Callback):
    """In the place of a measurement: worst at the end."""

    def on_epoch_end(self, epoch, logs=None):
        logs["high_quality"] = [0.5, 0.9, 0.1][epoch]


@pytest.mark.parametrize("ship", ["last", "best"])
def test_what_is_shipped(tmp_path, monkeypatch, compared_here, ship):
    """Of the weights of three epochs those of the second, if the recipe says so; and the card
    says it."""
    monitor = Monitor("high_quality", lower=False)
    monkeypatch.setattr(run_module, "choose_monitor", lambda *args: (monitor, [Falling()]))
    recipe = dataclasses.replace(RING, monitor="high_quality", ship=ship)
    card, found = run(recipe, tmp_path, keep=1)
    assert [checkpoint.step_of(place) for place in found] == [32, 48]
    best = {"name": "high_quality", "value": 0.9, "step": 32}
    assert checkpoint.check(found[-1])["best"] == best
    shipped = zoo.load(tmp_path / "preset")
    of = {place.name: arrays(place / storage.WEIGHTS) for place in found}

    def come_from(place):
        """Half precision rounds each weight to one of this checkpoint's."""
        kept = [x for x in of[place.name].values() if x.dtype == "float32"]
        rounded = [x.astype("float16").astype("float32") for x in kept]
        weights = [np.asarray(keras.ops.convert_to_numpy(w)) for w in shipped.generator.weights]
        return all(any(np.array_equal(w, x) for x in rounded) for w in weights if w.size > 1)

    assert [come_from(place) for place in found] == [ship == "best", ship == "last"]
    if ship == "last":
        assert card.training.selected is None
    else:
        assert card.training.selected.model_dump() == {
            "step": 32,
            "monitor": "high_quality",
            "value": 0.9,
        }
    assert card.training.steps == 48
    page = (tmp_path / "preset" / "README.md").read_text()
    said = "the weights of step 32 of 48, the best by `high_quality`, 0.9."
    assert (said in page) == (ship == "best")


def test_a_measured_number(tmp_path, compared_here):
    """It is in the history, and each epoch's is compared."""
    recipe = dataclasses.replace(RING, monitor="high_quality", ship="best")
    card, found = run(recipe, tmp_path)
    state = checkpoint.check(found[-1])
    values = [logs["high_quality"] for logs in state["history"]]
    assert len(values) == EPOCHS
    assert state["best"]["value"] == max(values) == card.training.selected.value
    assert state["best"]["step"] == 16 * (1 + values.index(max(values)))
    assert checkpoint.place_of(tmp_path / "checkpoints", state["best"]["step"]) in found
