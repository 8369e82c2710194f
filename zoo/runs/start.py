"""The start of a training: the weights of a preset, of a run or of a checkpoint."""

from __future__ import annotations

import dataclasses
from collections.abc import Callable
from pathlib import Path

import keras

from zoo.callbacks import checkpoint_folder
from zoo.engine.carrying import carry
from zoo.errors import ArgumentError
from zoo.files import remote
from zoo.files.home import user_path
from zoo.presets import locate
from zoo.presets.card import Base
from zoo.runs import cards
from zoo.runs.ownership import Ownership
from zoo.runs.recipe import Recipe
from zoo.runs.training import last_checkpoint


@dataclasses.dataclass(frozen=True)
class Start:
    """A model whose weights a training starts from.

    Attributes:
        base: its record, for the card.
        noun: the noun of its data; `None` if it is known from the model alone.
        read: a function that returns its model.
    """

    base: Base
    noun: str | None
    read: Callable[[], keras.Model]

    def check(self, model: keras.Model) -> None:
        """Raise unless the start is a model of data like those of `model`.

        Raises:
            ArgumentError: if it is not.
        """
        if self.noun not in (None, model.data.noun):
            raise ArgumentError(
                f"--from must be a model of {model.data.noun}. Received: {self.base.preset!r}, a "
                f"model of {self.noun}."
            )

    def carry_to(self, model: keras.Model, say: Callable[[str], None]) -> list[keras.layers.Layer]:
        """Give `model` the weights that suit it, say which do, and return the layers that have
        them.

        Raises:
            ArgumentError: if none does.
        """
        source = self.read()
        carried = carry(source, model)
        if not any(each.layers for each in carried):
            raise ArgumentError(
                f"--from must be a model with a layer like one of this {type(model).__name__}. "
                f"Received: {self.base.preset!r}, a {type(source).__name__} without any."
            )
        parts = [
            f"{each.network} {len(each.layers)} of {each.of} layers"
            if len(each.layers) < each.of
            else f"the whole {each.network}"
            for each in carried
        ]
        say(f"started from {self.base.preset}: {', '.join(parts)}")
        return [layer for each in carried for layer in each.layers]


def find_start(source: str, recipe: Recipe) -> Start:
    """Find what `--from` names.

    Args:
        source: the name, path or URL of a preset; the folder of a run, whose preset it is or, where
            it has none yet, its last checkpoint; or the folder of a checkpoint.
        recipe: the recipe that runs, which made a checkpoint.

    Raises:
        ZooError: if there is no such thing.
    """
    if not remote.is_url(source) and not locate.NAME.fullmatch(source):
        folder = user_path(source)
        place = folder if (folder / checkpoint_folder.STATE).is_file() else None
        if place is None and not (folder / "preset").is_dir():
            place = last_checkpoint(folder)
        if place is not None:
            return _of_checkpoint(place, recipe)
    preset = locate.locate(source)
    card = preset.card
    base = Base(
        preset=card.name,
        weights_license=card.rights.weights,
        data_rights=card.rights.data,
        sha256=card.weights.files["model.weights.h5"].sha256,
    )
    return Start(base, card.signature.data.noun, preset.read)


def _of_checkpoint(place: Path, recipe: Recipe) -> Start:
    """Return the start from a checkpoint of `recipe`.

    Raises:
        ArgumentError: if it is of another recipe.
        IntegrityError: if it is damaged.
    """
    state = checkpoint_folder.check(place)
    about = state["about"]
    if about.get("recipe") != recipe.source:
        raise ArgumentError(
            f"--from must be a checkpoint of the same recipe, or a preset. Received: {place}, a "
            "checkpoint of another one."
        )
    settings = {key: about[key] for key in vars(recipe.config) if key in about}
    config = recipe.config.replace(**settings)
    facts = cards.facts_for(recipe, settings, about["data"], config.seed)
    earlier = Base(**about["from"]) if "from" in about else None
    facts = Ownership().applied(facts, earlier)  # with the restrictions of its own start

    def read() -> keras.Model:
        with config.dtype_policy():
            model = recipe.build(config)
            recipe.compile(model, config, state["step"] or 1)
            checkpoint_folder.read_weights(place, model)
        return model

    base = Base(
        preset=f"{recipe.preset}, step {state['step']}",
        weights_license=facts.license,
        data_rights=facts.data_rights,
        sha256=state["weights_sha256"],
    )
    return Start(base, None, read)
