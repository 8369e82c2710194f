"""The project's own collection: the presets in the package, and in the folder `hub` beside it."""

from __future__ import annotations

import shutil
from pathlib import Path

from zoo.errors import RecipeError
from zoo.files.home import atomic_file, atomic_folder, write_text
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
    for key, value in vars(config).items():
        same = Path(value).stem if key == "data" else value  # a file holds the data of its name
        if same != getattr(recipe.config, key):
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
    """
    card = Card.read(folder / hub.CARD)
    if recipe.packaged:
        _publish_in_package(card, folder)
    else:
        _publish_in_hub(card, folder)


def _publish_in_package(card: Card, folder: Path) -> None:
    weights = card.weights.model_copy(update={"components": {}})
    card = card.model_copy(update={"weights": weights})
    with atomic_folder(locate.WEIGHTS / card.name) as partial:
        for name in {*weights.all_files, PAGE_NAME} - {EXAMPLES}:
            shutil.copyfile(folder / name, partial / name)
    if EXAMPLES in weights.extras:
        shared = shared_path(locate.WEIGHTS / card.name, EXAMPLES, weights.extras[EXAMPLES])
        with atomic_file(shared) as partial:
            shutil.copyfile(folder / EXAMPLES, partial)
    card.write(locate.CARDS / f"{card.name}.json")
    locate.forget()


def _publish_in_hub(card: Card, folder: Path) -> None:
    with atomic_folder(locate.HUB / card.name) as partial:
        for name in {*card.weights.all_files, PAGE_NAME, hub.CARD}:
            shutil.copyfile(folder / name, partial / name)
    locate.forget()
    hub.write_index(locate.HUB.as_uri())


def rewrite_card(preset: str | Path, card: Card) -> None:
    """Write the card of a preset anew, and the page and the index that are made of it.

    Args:
        preset: the name of a preset of the project, or the path of a preset's folder.
        card: the new card.
    """
    found = locate.place(preset) if isinstance(preset, str) else None
    path, folder = found or (Path(preset) / hub.CARD, Path(preset))
    write_text(folder / PAGE_NAME, model_card(card))
    card.write(path)
    locate.forget()
    if folder.resolve().parent == locate.HUB.resolve():
        hub.write_index(locate.HUB.as_uri())
