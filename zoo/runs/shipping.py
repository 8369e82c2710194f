"""The end of a run: the preset is written, and then measured."""

from __future__ import annotations

import dataclasses
from collections.abc import Callable
from pathlib import Path

import keras
import numpy as np

from zoo import pictures
from zoo.data import Source
from zoo.evaluation import Overfitting, evaluate
from zoo.files.home import atomic_folder, clear_unfinished, storage_errors, write_picture
from zoo.presets import golden, hub, save, storage
from zoo.presets.card import Base, Card, Training
from zoo.runs import cards
from zoo.runs.collection import rewrite_card
from zoo.runs.folder import PRESET
from zoo.runs.ownership import Ownership
from zoo.runs.recipe import Config, Recipe
from zoo.runs.training import Splits

MEASURES = ("none", "quick", "full")
FEW_HELD_OUT = 1_000  # below this number of held-out data, distances of distributions say little
SCORED = 500  # the most training and held-out data that a quick measurement looks at
SHOWN = 8  # the samples beside their nearest training images
NEIGHBOURS = "neighbours.png"


@dataclasses.dataclass(frozen=True)
class Shipping:
    """The end of a run.

    Args:
        recipe: the recipe.
        config: its settings.
        splits: the images of its training and of the test.
        samples: how many samples each number is computed from.
        out: the folder of the run.
        ownership: the name and the licence of the preset.
        base: what the training started from, or `None`.
        measure: `"none"`, `"quick"` or `"full"`; `None` for quick below 1,000 held-out data, and
            full from there.
        say: is given a line at each stage.
    """

    recipe: Recipe
    config: Config
    splits: Splits
    samples: int
    out: Path
    ownership: Ownership
    base: Base | None
    measure: str | None
    say: Callable[[str], None]

    def ship(self, model: keras.Model, training: Training) -> Path:
        """Write the preset to `out/preset`, and then its numbers.

        Whatever ends the measurement leaves a preset without numbers.

        Args:
            model: the trained model.
            training: the record of its training.

        Returns:
            The folder of the preset.

        Raises:
            StorageError: where there is no room; a preset that was there stays whole.
            ArgumentError: if the folder holds other files than a preset.
        """
        folder = self._write(self._rebuild(model), training)
        measure = chosen_measure(self.measure, self.splits)
        if measure != "none":
            stored = storage.read_model(folder)  # in half precision, as users load it
            numbers = {"quick": self._quick, "full": self._full}[measure](stored)
            card = Card.read(folder / hub.CARD)
            rewrite_card(folder, card.model_copy(update={"metrics": numbers}))
        return folder

    def _write(self, model: keras.Model, training: Training) -> Path:
        """Write weights, golden outputs, picture, card and model card.

        The picture is that of the stored model. The card holds the largest difference to the golden
        outputs on each installed backend.
        """
        recipe, test, folder = self.recipe, self.splits.test, self.out / PRESET
        with storage_errors(folder):
            clear_unfinished(folder)
        save.check_replaceable(folder)
        facts = self.ownership.applied(cards.facts_of(recipe, training), self.base)
        examples = recipe.examples if training.data == recipe.config.data_name else 0
        with storage_errors(folder), atomic_folder(folder) as partial:
            save.write(
                model,
                partial,
                cards.identify(recipe, model, facts, self.ownership.name),
                facts,
                metrics=lambda stored: [],
                picture=lambda stored: recipe.picture(stored, test),
                backends=golden.differences,
                training=training,
                examples=test.images[:examples] if examples else None,
            )
        return folder

    def _rebuild(self, trained: keras.Model) -> keras.Model:
        """Build a model with the weights of `trained` on one device and in float32.

        Presets compute so, whatever the device and the precision of their training.
        """
        model = self.recipe.build(self.config)
        for variable, value in zip(model.variables, trained.variables, strict=True):
            variable.assign(keras.ops.convert_to_numpy(value))
        return model

    def _full(self, model: keras.Model) -> list:
        """Return the numbers of the recipe, or those that suit the model."""
        return cards.take_measurements(self.recipe, model, self.splits, self.samples, self.say)

    def _quick(self, model: keras.Model) -> list:
        """Return what tells overfitting, and draw samples beside their nearest training images."""
        self.say("evaluating in short; --remeasure takes all numbers")
        train, test = (source.select(slice(SCORED)) for source in self.splits)
        numbers = []
        if Overfitting.suits(model):
            report = evaluate(model, test, Overfitting(SCORED), train=train, seeds=1)
            numbers = report.measurements
        for number in numbers:
            self.say(f"  {number.name} {number}")
        if "samples" in model.tasks and model.data.name == "images":
            self._draw_neighbours(model)
        return numbers

    def _draw_neighbours(self, model: keras.Model) -> None:
        """Draw samples beside their nearest training images."""
        conditions = {}
        if model.condition is not None:
            stored = np.asarray(self.splits.test.labels[:SHOWN])
            conditions = {"condition": model.condition.from_stored(stored)}
        samples = model.sample(None if conditions else SHOWN, seed=0, **conditions)
        picture = pictures.neighbours(samples, _held(self.splits.train), model.data.range)
        write_picture(self.out / NEIGHBOURS, picture)
        self.say(f"  samples beside their nearest training images: {self.out / NEIGHBOURS}")


def chosen_measure(measure: str | None, splits: Splits) -> str:
    """Return `measure`, or for `None` the one that suits the number of held-out data."""
    if measure is not None:
        return measure
    return "quick" if len(splits.test.images) < FEW_HELD_OUT else "full"


def _held(train: Source) -> Source:
    """Return the training images as an array, or the first of a set that is read from its files."""
    return train.select(slice(10_000))
