"""The rehearsal of a run: what would fail at its end fails before its first step."""

from __future__ import annotations

import contextlib
import random
import tempfile
from collections.abc import Iterator
from pathlib import Path

import keras
import numpy as np
import pydantic

from zoo.base.warn import filtered
from zoo.errors import RecipeError
from zoo.evaluation import Metric
from zoo.evaluation.plan import plan
from zoo.presets import golden, save, trust
from zoo.presets.card import Facts, Rights, Signature
from zoo.runs import cards
from zoo.runs.ownership import Ownership
from zoo.runs.recipe import Config, Recipe
from zoo.runs.shipping import quick_numbers
from zoo.runs.training import Splits

FEW = 64  # samples of a metric, and test data


def check(
    recipe: Recipe, model: keras.Model, splits: Splits, samples: int, measure: str = "full"
) -> None:
    """Raise if no preset can be made of `model`, whatever its training gives.

    Args:
        recipe: the recipe.
        model: its model.
        splits: the data.
        samples: how many samples each number of the card is computed from.
        measure: which numbers are measured, `"none"`, `"quick"` or `"full"`.

    Raises:
        ZooError: if the model cannot be saved and loaded, or a metric does not suit the model and
            its data.
    """
    save.check_loadable(model)
    Signature.of(model, {}).with_classes(recipe.facts.classes)
    if measure != "full":
        return
    metrics, extractor = cards.choose_metrics(recipe, model, splits.test)
    counts = cards.counts(samples)
    plan(model, splits.test, metrics, train=splits.train, extractor=extractor, **counts)


def is_needed(recipe: Recipe, model: keras.Model) -> bool:
    """Return whether a preset of `recipe` is made with code from outside of this package."""
    chosen = [Metric.get(metric) for metric in recipe.metrics or ()]
    parts = [recipe.picture, *map(type, chosen)]
    config = keras.saving.serialize_keras_object(model)
    return bool(trust.foreign_classes(config, "model")) or any(
        part.__module__.partition(".")[0] != "zoo" for part in parts
    )


def check_texts(recipe: Recipe, model: keras.Model, facts: Facts, ownership: Ownership) -> None:
    """Raise if a text of the card breaks its rules.

    Args:
        recipe: the recipe.
        model: its model.
        facts: the facts of the card, with the wishes of its owner.
        ownership: the wishes.

    Raises:
        RecipeError: if one does, with the text.
    """
    try:
        cards.identify(recipe, model, facts, ownership.name)
        Rights(code="Apache-2.0", weights=facts.license, data=facts.data_rights)
    except pydantic.ValidationError as error:
        faults = "; ".join(
            f"{'.'.join(map(str, e['loc']))}: {e['msg']} (received {str(e['input'])[:80]!r})"
            for e in error.errors()
        )
        raise RecipeError(f"No card can be made of {recipe.preset!r}: {faults}.") from error


def rehearse(recipe: Recipe, config: Config, splits: Splits, measure: str = "full") -> None:
    """Make a preset of an untrained model in a temporary folder, with few samples.

    The model is written, read by a process on each backend, sampled and measured, and its picture
    and its page are made. No random number of the training changes.

    Args:
        recipe: the recipe.
        config: its settings.
        splits: the data.
        measure: which numbers are measured, `"none"`, `"quick"` or `"full"`.

    Raises:
        Exception: as the code of the recipe or of its classes raises.
    """
    test, silent = splits.test, _ignore
    rows = np.random.default_rng(0).permutation(len(test.images))[:FEW]
    few = splits._replace(test=test.select(np.sort(rows)))
    measured = {
        "none": lambda stored: [],
        "quick": lambda stored: quick_numbers(stored, few, seconds=0.0),
        "full": lambda stored: cards.take_measurements(recipe, stored, few, FEW, silent),
    }
    with (
        _same_random_numbers(),
        filtered("ignore"),  # of few samples
        config.replace(precision="float32").dtype_policy(),
        tempfile.TemporaryDirectory() as place,
    ):
        model = recipe.build(config)
        rights = {"data_rights": "unknown", "license": "unknown"}
        save.write(
            model,
            Path(place),
            cards.identify(recipe, model, recipe.facts),
            recipe.facts.model_copy(update=rights),
            metrics=measured[measure],
            picture=lambda stored: recipe.picture(stored, test),
            backends=golden.differences,
            examples=test.images[: recipe.examples] if recipe.examples else None,
        )


@contextlib.contextmanager
def _same_random_numbers() -> Iterator[None]:
    """Put the random numbers of Python and NumPy back at the end of the block."""
    states = random.getstate(), np.random.get_state()
    try:
        yield
    finally:
        random.setstate(states[0])
        np.random.set_state(states[1])


def _ignore(line: str) -> None:
    del line
