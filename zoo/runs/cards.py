"""The facts, records and measurements of cards, and the renewal of cards."""

from __future__ import annotations

import importlib.metadata
import os
import platform
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import keras

from zoo import data
from zoo.engine import device, devices
from zoo.errors import RecipeError
from zoo.evaluation import Metric, evaluate
from zoo.evaluation.defaults import default_metrics
from zoo.evaluation.plan import SAMPLES
from zoo.metrics import Measurement
from zoo.models import families
from zoo.presets import save
from zoo.presets.card import (
    Base,
    Card,
    Earlier,
    Facts,
    Identity,
    Restored,
    Selected,
    Training,
    Wishes,
)
from zoo.presets.load import info, load
from zoo.runs.collection import rewrite_card
from zoo.runs.ownership import Ownership
from zoo.runs.recipe import ADDED, Config, Recipe, source_sha256
from zoo.runs.training import Splits, Trainer, choose_extractor, read


def identify(recipe: Recipe, model: keras.Model, facts: Facts, name: str | None = None) -> Identity:
    """Return the identity of the preset that is made of `model`; `name` replaces the recipe's."""
    family = families.family(recipe.family)
    return Identity(
        preset=name or recipe.preset,
        family=recipe.family,
        group=family.group,
        model=save.class_name(family.cls),
        title=facts.title,
        paper=model.paper,
        paper_url=model.paper_url,
        differs=facts.differs,
        idea=save.class_idea(family.cls),
        class_differs=save.class_differs(type(model)),
    )


def facts_of(recipe: Recipe, training: Training) -> Facts:
    """Return the facts of a preset of `recipe`, by the settings of its `training`."""
    facts = facts_for(recipe, training.settings, training.data, training.seed)
    changes = [
        f"Up to step {change.step}: {', '.join(f'{k}={v}' for k, v in change.settings.items())}."
        for change in training.earlier
    ]
    return facts.model_copy(update={"differs": [*facts.differs, *changes]})


def facts_for(recipe: Recipe, settings: dict[str, Any], data_name: str, seed: int) -> Facts:
    """Return the facts of a preset of `recipe` that is trained with `settings` on `data_name`.

    Settings that are not the recipe's are named. For other data the recipe's title, limits, classes
    and rights do not hold, and are left out.
    """
    facts = recipe.facts
    config = {**vars(recipe.config), "seed": seed, "data": recipe.config.data_name}
    settings = {**ADDED, **settings}
    changed = {k: v for k, v in settings.items() if v != config[k]}
    differs = [*facts.differs, *(f"Not as in the recipe: {k}={v}." for k, v in changed.items())]
    rights = data.rights(data_name)
    if "data" in changed:
        return Facts(
            title=f"Trained on {data_name}.",
            limits=["Not looked at."],
            differs=differs,
            data_rights=rights.data,
            license=rights.weights,
        )
    return facts.model_copy(
        update={
            "differs": differs,
            "data_rights": facts.data_rights or rights.data,
            "license": facts.license or rights.weights,
        }
    )


def record_training(
    recipe: Recipe,
    code: str,
    trainer: Trainer,
    selected: Selected | None,
    base: Base | None = None,
    wishes: Wishes | None = None,
) -> Training:
    """Return the card's record of a training that has ended.

    Args:
        recipe: the recipe.
        code: its source when the training began.
        trainer: the training.
        selected: the best checkpoint, where it is the one that is shipped; else `None`.
        base: what it started from, or `None`.
        wishes: what the owner of the preset asked for, or `None`.
    """
    history = trainer.checkpoints.history
    return Training(
        recipe=recipe.place,
        recipe_sha256=source_sha256(code),
        settings=trainer.settings,
        seed=trainer.config.seed,
        steps=trainer.total_steps,
        images_seen=trainer.total_steps * trainer.config.batch_size,
        seconds=round(sum(logs["seconds"] for logs in history), 1),
        device=describe_device(),
        versions=_versions(),
        data=trainer.source.name,
        data_sha256=trainer.data_sha256,
        data_images=len(trainer.source.images),
        restored=[Restored(**which) for which in trainer.checkpoints.restored],
        selected=selected,
        earlier=[Earlier(**change) for change in trainer.plan.earlier],
        base=base,
        wishes=wishes,
    )


def describe_device() -> str:
    """Return the device that computes, the processor and the backend, in words."""
    cores = len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count()
    several = f"{devices()} x " if devices() > 1 else ""
    return f"{several}{device()} ({cores} {platform.machine()} cores), {keras.backend.backend()}"


def _versions() -> dict[str, str]:
    """Return the versions of Python and of the packages that the weights depend on."""
    backend = {"tensorflow": ("tensorflow", "tensorflow-cpu")}.get(
        keras.backend.backend(), (keras.backend.backend(),)
    )
    versions = {"python": platform.python_version()}
    for package in ("keras-generative-zoo", "keras", "numpy", *backend):
        try:
            versions[package] = importlib.metadata.version(package)
        except importlib.metadata.PackageNotFoundError:
            continue  # TensorFlow goes by two names.
    return versions


def choose_metrics(recipe: Recipe, model: keras.Model, test: data.Source) -> tuple[Any, str | None]:
    """Return the metrics of the card, as `zoo.evaluate` takes them, and the extractor, or `None`
    for the default of each."""
    extractor = choose_extractor(model, test)
    if extractor is None:
        return recipe.metrics, None
    candidates = [Metric.get(m) for m in recipe.metrics or default_metrics(model, test)]
    return [m for m in candidates if m.needs <= {"features", "images"}], extractor


def counts(samples: int) -> dict[str, int]:
    """Return the arguments of `zoo.evaluate` for this many samples, beside as many real images as
    is usual or more."""
    return {"n": max(samples, SAMPLES), "samples": samples}


def take_measurements(
    recipe: Recipe, model: keras.Model, splits: Splits, samples: int, say: Callable[[str], None]
) -> list[Measurement]:
    """Measure `model` for its card.

    For images that no classifier of this package was trained on, only metrics that need images or
    features are taken, with neighbourhoods of pixels for features.

    Args:
        recipe: the recipe, which may choose the metrics.
        model: the model.
        splits: the images of its training and of the test.
        samples: how many samples each number is computed from.
        say: is given a line for each number.
    """
    say("evaluating")
    train, test = splits
    metrics, extractor = choose_metrics(recipe, model, test)
    report = evaluate(model, test, metrics, train=train, extractor=extractor, **counts(samples))
    for measurement in report.measurements:
        say(f"  {measurement.name} {measurement}")
    for sentence in report.left_out:
        say(f"  {sentence}")
    return [with_published(recipe, measurement) for measurement in report.measurements]


def with_published(recipe: Recipe, measurement: Measurement) -> Measurement:
    """Return `measurement` with the value of others for the same number, if the recipe has one."""
    value, source = recipe.published.get(measurement.name, (None, None))
    return measurement.model_copy(update={"published": value, "published_source": source})


def with_other_trainings(card: Card, others: Sequence[Card]) -> Card:
    """Return `card` with the numbers of `others`, the cards of trainings with other seeds.

    A number that one of them lacks stands alone.
    """
    values = [{m.name: m.value for m in other.metrics} for other in others]
    metrics = [
        m.model_copy(update={"other_trainings": [by_name[m.name] for by_name in values]})
        if all(m.name in by_name for by_name in values)
        else m
        for m in card.metrics
    ]
    seeds = {"other_seeds": [other.training.seed for other in others]}
    training = card.training.model_copy(update=seeds)
    return card.model_copy(update={"metrics": metrics, "training": training})


def measure(
    recipe: Recipe, config: Config, preset: str | Path, echo: Callable[[str], None] = print
) -> None:
    """Evaluate a preset anew, and write the numbers to its card and its model card.

    Args:
        recipe: the recipe that made the preset.
        config: its settings, of which `data` names the data; their crop is that of the card.
        preset: the name of a preset of the project, or the path of a preset's folder.
        echo: is given a line for each number.

    Raises:
        ZooError: if there is no such preset, it is not of this recipe, or its data cannot be read.
    """
    card = _card_of(recipe, preset)
    if config.data_name != card.training.data:
        raise RecipeError(
            f"--data must be what {card.name} was trained on, {card.training.data!r}. Received: "
            f"{config.data!r}."
        )
    model, config = load(preset), config.replace(crop=card.training.crop)
    metrics = take_measurements(recipe, model, read(config, model), recipe.samples, echo)
    others = {(m.name, m.protocol.hash): m.other_trainings for m in card.metrics}
    metrics = [
        m.model_copy(update={"other_trainings": others.get((m.name, m.protocol.hash), [])})
        for m in metrics
    ]
    rewrite_card(preset, card.model_copy(update={"metrics": metrics}))


def describe(recipe: Recipe, preset: str | Path) -> None:
    """Write the facts of a recipe to the card and the model card of a preset that it made.

    Its limits, for example, are known only once its samples were looked at.

    Args:
        recipe: the recipe.
        preset: the name of a preset of the project, or the path of a preset's folder.

    Raises:
        ZooError: if there is no such preset, or it is not of this recipe.
    """
    card = _card_of(recipe, preset)
    training = card.training
    owned = Ownership(**({} if training.wishes is None else training.wishes.model_dump()))
    facts = owned.applied(facts_of(recipe, training), training.base)
    identity = {
        "title": facts.title,
        "differs": facts.differs,
        "idea": save.class_idea(families.family(recipe.family).cls),
        "class_differs": save.class_differs(families.family(recipe.family).cls),
    }
    rights = {"data": facts.data_rights, "weights": facts.license}
    changes = {
        "identity": card.identity.model_copy(update=identity),
        "signature": card.signature.with_classes(facts.classes),
        "rights": card.rights.model_copy(update=rights),
        "limits": facts.limits,
        "metrics": [with_published(recipe, m) for m in card.metrics],
    }
    rewrite_card(preset, card.model_copy(update=changes))


def _card_of(recipe: Recipe, preset: str | Path) -> Card:
    """Return the card of a preset.

    Raises:
        RecipeError: if the preset is not of this recipe.
    """
    card = info(preset)
    if card.training is None:
        raise RecipeError(f"{preset} was made by no recipe.")
    if Path(card.training.recipe).stem != recipe.preset:
        raise RecipeError(f"{preset} is not of this recipe. Received: the preset {card.name!r}.")
    if recipe.sha256 not in (card.training.recipe_sha256, card.training.equal_recipe_sha256):
        raise RecipeError(
            f"{preset} was made by another version of this recipe: its settings or functions "
            "differ."
        )
    return card
