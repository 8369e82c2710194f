"""The project's own collection: the presets in the package, and in the folder `hub` beside it."""

from __future__ import annotations

import shutil
from pathlib import Path

from zoo.errors import RecipeError
from zoo.files.home import atomic_folder, storage_errors, write_text
from zoo.files.together import atomic_together
from zoo.presets import hub, locate
from zoo.presets.card import Card
from zoo.presets.page import PAGE_NAME, model_card
from zoo.presets.preset import shared_path
from zoo.presets.save import EXAMPLES
from zoo.runs.recipe import Config, Recipe


def check_publishable(recipe: Recipe, config: Config, smoke: bool) -> None:
    """Raise unless a run with `config` is the training that `recipe` describes.

    Raises:
        RecipeError: if it is a smoke run, or a setting differs from the recipe's.
    """
    if smoke:
        raise RecipeError("--publish does not go with --smoke.")
    if not recipe.place.startswith("recipes/"):
        raise RecipeError(
            f"--publish is for the recipes of this package. Received: {recipe.place}. zoo.push "
            "copies a preset of your own to a place of yours."
        )
    for key, value in vars(config).items():
        same = key == "data" and config.data_name == recipe.config.data_name
        if not same and value != getattr(recipe.config, key):
            raise RecipeError(
                f"--publish is for the recipe as it stands. Received: {key}={value!r} in place of "
                f"{getattr(recipe.config, key)!r}."
            )


def publish(recipe: Recipe, folder: Path) -> None:
    """Copy the preset in `folder`, which `recipe` made, into the collection.

    In the package its card lies in `zoo/cards` and the rest in `zoo/weights`, where presets with
    equal examples share one file of them. Parts that can be loaded alone are left out there: the
    package needs no small downloads. A recipe with `packaged=False` publishes all files to the
    folder `hub` of the project, which is a hub for `ZOO_HUB`, and its index is written anew.

    Raises:
        StorageError: if it cannot be written. An earlier preset is then as it was.
    """
    card = Card.read(folder / hub.CARD)
    if recipe.packaged:
        _publish_in_package(card, folder)
    else:
        _publish_in_hub(card, folder)


def _publish_in_package(card: Card, folder: Path) -> None:
    weights = card.weights.model_copy(update={"components": {}})
    card = card.model_copy(update={"weights": weights})
    place, place_of_card = locate.WEIGHTS / card.name, locate.CARDS / f"{card.name}.json"
    of_examples = [file for name, file in weights.extras.items() if name == EXAMPLES]
    shared = [shared_path(place, EXAMPLES, file) for file in of_examples]
    with storage_errors(place), atomic_together(*shared, place, place_of_card) as partials:
        *examples, partial, partial_card = partials
        partial.mkdir()
        for name in {*weights.all_files, PAGE_NAME} - {EXAMPLES}:
            shutil.copyfile(folder / name, partial / name)
        for path in examples:
            shutil.copyfile(folder / EXAMPLES, path)
        card.write(partial_card)
    locate.forget()


def _publish_in_hub(card: Card, folder: Path) -> None:
    place = locate.HUB / card.name
    with storage_errors(place), atomic_folder(place) as partial:
        for name in {*card.weights.all_files, PAGE_NAME, hub.CARD}:
            shutil.copyfile(folder / name, partial / name)
    locate.forget()
    hub.write_index(locate.HUB.as_uri())


def rewrite_card(preset: str | Path, card: Card) -> None:
    """Write the card of a preset anew, and the page and the index that are made of it.

    Args:
        preset: the name of a preset of the project, or the path of a preset's folder.
        card: the new card.

    Raises:
        StorageError: if they cannot be written. Card and page are then as they were.
    """
    found = locate.place(preset) if isinstance(preset, str) else None
    path, folder = found or (Path(preset) / hub.CARD, Path(preset))
    with storage_errors(folder), atomic_together(folder / PAGE_NAME, path) as (page, partial):
        write_text(page, model_card(card))
        card.write(partial)
    locate.forget()
    if folder.resolve().parent == locate.HUB.resolve():
        hub.write_index(locate.HUB.as_uri())
