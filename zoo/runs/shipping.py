"""The end of a run: the preset is written, and then measured."""

from __future__ import annotations

import dataclasses
import time
from collections.abc import Callable
from pathlib import Path

import keras
import numpy as np
from PIL import Image

from zoo import pictures
from zoo.evaluation import Overfitting, evaluate
from zoo.evaluation.plan import FEW
from zoo.evaluation.real import drawn
from zoo.files.home import atomic_folder, clear_unfinished, storage_errors, write_picture
from zoo.metrics import Measurement
from zoo.presets import golden, hub, save, storage
from zoo.presets.card import Base, Card, Training
from zoo.runs import cards
from zoo.runs.collection import rewrite_card
from zoo.runs.ownership import Ownership
from zoo.runs.places import NEIGHBOURS, PRESET
from zoo.runs.recipe import Config, Recipe
from zoo.runs.training import Splits

MEASURES = ("none", "quick", "full")
SCORED, PROBED = 500, 32  # the most data of each kind that are scored, and those that are timed
SHARE, SECONDS = 0.1, 10.0  # a quick measurement takes this part of the training's time, or seconds
SHOWN = 8  # the samples beside their nearest training images
SEARCHED, SEARCHED_BYTES = 5_000, 2**28  # the most training images that are searched


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
        on_written: is given the folder of the preset once it is whole.
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
    on_written: Callable[[Path], None] = lambda folder: None

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
        self.on_written(folder)
        measure = chosen_measure(self.measure, self.splits)
        if measure == "none":
            return folder
        stored = storage.read_model(folder)  # in half precision, as users load it
        if measure == "quick":
            self.say("evaluating in short; --remeasure takes all numbers")
            seconds = max(SECONDS, SHARE * training.seconds)
            numbers = quick_numbers(stored, self.splits, seconds)
            for number in numbers:
                self.say(f"  {number.name} {number}")
        else:
            numbers = cards.take_measurements(
                self.recipe, stored, self.splits, self.samples, self.say
            )
        card = Card.read(folder / hub.CARD)
        rewrite_card(folder, card.model_copy(update={"metrics": numbers}))
        if measure == "quick" and "samples" in stored.tasks and stored.data.name == "images":
            write_picture(self.out / NEIGHBOURS, neighbours(stored, self.splits))
            self.say(f"  samples beside their nearest training images: {self.out / NEIGHBOURS}")
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


def chosen_measure(measure: str | None, splits: Splits) -> str:
    """Return `measure`, or for `None` the one that suits the number of held-out data."""
    if measure is not None:
        return measure
    return "quick" if len(splits.test.images) < FEW else "full"


def quick_numbers(model: keras.Model, splits: Splits, seconds: float) -> list[Measurement]:
    """Return the numbers that tell overfitting, which take about `seconds` at most.

    There are none for a model without a score, see `zoo.evaluation.Overfitting`.
    """
    if not Overfitting.suits(model):
        return []

    def measured(n: int) -> list[Measurement]:
        train, test = (drawn(source, n) for source in splits)
        return evaluate(model, test, Overfitting(n), train=train, seeds=1).measurements

    began = time.perf_counter()
    numbers = measured(PROBED)  # whose time holds what compiles
    taken = time.perf_counter() - began
    affordable = min(SCORED, int(PROBED * (seconds - taken) / taken))
    return measured(affordable) if affordable > PROBED else numbers


def neighbours(model: keras.Model, splits: Splits) -> Image.Image:
    """Draw samples beside their nearest training images, among some that are drawn of many."""
    conditions = {}
    if model.condition is not None:
        stored = np.asarray(drawn(splits.test, SHOWN).labels)
        conditions = {"condition": model.condition.from_stored(stored)}
    samples = model.sample(None if conditions else SHOWN, seed=0, **conditions)
    size = int(np.prod(model.data.shape)) * 4
    train = drawn(splits.train, max(SHOWN, min(SEARCHED, SEARCHED_BYTES // size)))
    return pictures.neighbours(samples, train, model.data.range, k=min(9, len(train.images)))
