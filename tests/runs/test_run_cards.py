"""The cards of runs: facts and rights, measuring and describing anew."""

import dataclasses
import json

import pytest
from small import TINY

import zoo
from zoo.errors import RecipeError
from zoo.presets import locate
from zoo.presets.card import Card
from zoo.presets.page import model_card
from zoo.runs import cards
from zoo.runs.recipe import ADDED


def test_rights_follow_the_data(recipe):
    """What the recipe says itself goes before; of other data nothing it says is said."""
    training = Card.read(locate.CARDS / "dcgan_mnist.json").training
    settings = {**vars(recipe.config), "data": "mnist"}
    training = training.model_copy(update={"settings": settings})

    def told(recipe, data):
        settings = {**training.settings, "data": data}
        facts = cards.facts_of(
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


def test_a_preset_is_measured_anew(recipe, ring, slice_path, copied):
    """Without training: its numbers are those of the model, and nothing else changes."""
    folder = copied / "preset"
    before = Card.read(folder / "card.json")
    cut = before.model_copy(update={"metrics": before.metrics[:1]})
    cut.write(folder / "card.json")
    config = recipe.config.replace(**TINY, data=str(slice_path))
    few = dataclasses.replace(recipe, samples=1024)
    cards.measure(few, config, folder, echo=lambda line: None)
    after = Card.read(folder / "card.json")
    assert after.model_copy(update={"metrics": []}) == before.model_copy(update={"metrics": []})
    for a, b in zip(after.metrics, before.metrics, strict=True):
        assert a == b
    assert model_card(after) == (folder / "README.md").read_text()
    with pytest.raises(RecipeError, match="must be what dcgan_mnist was trained on, 'mnist_slice'"):
        cards.measure(recipe, recipe.config, folder)
    with pytest.raises(RecipeError, match="is not of this recipe. Received: the preset 'dcgan_mn"):
        cards.measure(ring, ring.config, folder)


def test_a_preset_is_described_anew(recipe, ring, slice_path, copied):
    """What the recipe says of it, and the numbers of others; nothing else changes."""
    folder = copied / "preset"
    before = Card.read(folder / "card.json")
    # It was trained on other data than the recipe's: what is said of those is not said of these.
    cards.describe(recipe, folder)
    assert Card.read(folder / "card.json") == before
    recipe = dataclasses.replace(recipe, config=recipe.config.replace(data="mnist_slice"))
    training = before.training.model_copy(update={"recipe_sha256": recipe.sha256})
    before = before.model_copy(update={"training": training})
    before.write(folder / "card.json")
    said = {"title": "Seen.", "limits": ["Blurred."], "data_rights": "mine", "license": "cc0-1.0"}
    facts = recipe.facts.model_copy(update=said)
    published = {before.metrics[0].name: (3.25, "a paper, table 1")}
    later = dataclasses.replace(recipe, facts=facts, published=published)
    cards.describe(later, folder)
    after = Card.read(folder / "card.json")
    assert (after.identity.title, after.limits) == ("Seen.", ["Blurred."])
    assert before.rights.data == before.rights.weights == "unknown"  # of that file
    assert (after.rights.data, after.rights.weights) == ("mine", "cc0-1.0")
    assert after.identity.differs[: len(facts.differs)] == facts.differs
    assert "Not as in the recipe: width=4." in after.identity.differs
    assert (after.metrics[0].published, after.metrics[0].published_source) == published[
        before.metrics[0].name
    ]
    assert after.metrics[1:] == before.metrics[1:]
    assert (after.weights, after.training) == (before.weights, before.training)
    assert "Blurred." in (folder / "README.md").read_text()
    assert "a paper, table 1" in (folder / "README.md").read_text()
    with pytest.raises(RecipeError, match="is not of this recipe"):
        cards.describe(ring, folder)
    other = dataclasses.replace(recipe, compile=ring.compile)
    with pytest.raises(RecipeError, match="was made by another version of this recipe"):
        cards.describe(other, folder)


def test_the_smoke_run_is_not_the_card(recipe):
    """The shipped card is of a whole training."""
    training = json.loads((locate.CARDS / "dcgan_mnist.json").read_text())["training"]
    assert (training["data_images"], training["settings"]["epochs"] >= 20) == (60_000, True)
    # It was made before there was a choice of these.
    settings = {**ADDED, **training["settings"]}
    assert settings == {**dataclasses.asdict(recipe.config), "data": "mnist"}
