"""The start of a training: the weights of a preset, of a run or of a checkpoint."""

from __future__ import annotations

import dataclasses
from collections.abc import Callable
from pathlib import Path
from typing import Any

import keras

from zoo import data
from zoo.engine.carrying import carry, networks, weighted
from zoo.errors import ArgumentError
from zoo.files import remote
from zoo.files.home import user_path
from zoo.presets import checkpoint, locate
from zoo.presets.card import Base, Facts
from zoo.runs import cards
from zoo.runs.ownership import Ownership
from zoo.runs.places import CHECKPOINTS, PRESET
from zoo.runs.recipe import ADDED, Recipe


@dataclasses.dataclass
class Start:
    """The model whose weights a training starts from.

    Attributes:
        given: its name, path or URL, as the user gave it.
        base: its record, for the card.
        noun: the noun of its data; `None` if it is known from the model alone.
        read: a function that returns its model; `None` in a training that is continued, whose
            checkpoint has the weights.
        layers: by network, the positions of the layers that got its weights, once they have them.
    """

    given: str
    base: Base
    noun: str | None = None
    read: Callable[[], keras.Model] | None = None
    layers: dict[str, list[int]] | None = None

    @property
    def record(self) -> dict[str, Any]:
        """The record of the start in the checkpoints of the training."""
        return {"given": self.given, "base": self.base.model_dump(), "layers": self.layers}

    def fetch(self) -> None:
        """Read its model now, before its files may go."""
        if self.read is not None:
            model = self.read()
            self.read = lambda: model

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

    def carry_to(self, model: keras.Model, say: Callable[[str], None]) -> None:
        """Give `model` the weights that suit it, and say which do.

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
        self.layers = {each.network: each.layers for each in carried}

    def carried(self, model: keras.Model) -> list[keras.layers.Layer]:
        """Return the layers of `model` that got the weights of the start."""
        of_networks = {name: weighted(network) for name, network in networks(model).items()}
        return [of_networks[name][i] for name, places in self.layers.items() for i in places]


def prepare(model: keras.Model, start: Start | None, few: bool, say: Callable[[str], None]) -> None:
    """Give the compiled `model` the weights of the start, and suit it to few images if `few`.

    The layers of a training that is continued have their weights in its checkpoint.
    """
    if start is not None and start.layers is None:
        start.carry_to(model, say)
    if few:
        trained = [] if start is None else start.carried(model)
        changes = ["images are mirrored", *model.suit_few(trained)]
        model.follow_weights()
        say(f"for few images: {'; '.join(changes)}")


def find_start(
    given: str | None, recipe: Recipe, out: Path, newest: checkpoint.Newest
) -> Start | None:
    """Find what a training in `out` starts from.

    A training that is continued started from what its last checkpoint says, and needs it no more.

    Args:
        given: what `--from` names: the name, path or URL of a preset; the folder of a run, whose
            preset it is or, where it has none yet, its last checkpoint; the folder of a checkpoint;
            or `None`.
        recipe: the recipe that runs.
        out: the folder of the run.
        newest: the checkpoint in `out` that the training goes on from, if there is one.

    Returns:
        The start, or `None` for new weights.

    Raises:
        ZooError: if there is no such thing, or the training in `out` started from another one.
    """
    if newest.place is not None:
        return _continued(given, newest.state["about"].get("from"), out)
    if given is None:
        return None
    if not remote.is_url(given) and not locate.NAME.fullmatch(given):
        folder = user_path(given)
        if checkpoint.is_one(folder):
            return _of_checkpoint(given, folder, checkpoint.check_named(folder), recipe)
        if not (folder / PRESET).is_dir():
            place, state, _ = checkpoint.newest_whole(folder / CHECKPOINTS)
            if place is not None:
                return _of_checkpoint(given, place, state, recipe)
    preset = locate.locate(given)
    card = preset.card
    base = Base(
        preset=card.name,
        repository=_repository(given),
        weights_license=card.rights.weights,
        data_rights=card.rights.data,
        sha256=card.weights.files["model.weights.h5"].sha256,
    )
    return Start(given, base, card.signature.data.noun, preset.read)


def _repository(given: str) -> str | None:
    """Return the repository at Hugging Face that a URL names, such as `"user/repo"`, or `None`."""
    scheme, _, rest = given.partition("://")
    return "/".join(rest.partition("@")[0].split("/")[:2]) if scheme == "hf" else None


def _continued(given: str | None, record: dict[str, Any] | None, out: Path) -> Start | None:
    """Return the start of the training in `out`, whose checkpoint has this `record` of it.

    Raises:
        ArgumentError: if `given` is another one.
    """
    earlier = None if record is None else record["given"]
    if given not in (None, earlier):
        started = "new weights" if earlier is None else repr(earlier)
        raise ArgumentError(
            f"--from must be left out, since the training in {out} goes on from its checkpoint. It "
            f"started from {started}. Received: {given!r}."
        )
    if record is None:
        return None
    return Start(earlier, Base(**record["base"]), layers=record["layers"])


def _of_checkpoint(given: str, place: Path, state: dict[str, Any], recipe: Recipe) -> Start:
    """Return the start from a checkpoint, of which every byte was verified.

    One of `recipe` itself may be of an earlier version, which kept no configuration of its model.
    """
    about, name = {**ADDED, **state["about"]}, place.absolute().parent.parent.name
    of_recipe = about.get("recipe") == recipe.source
    rights = data.rights(about["data"])
    facts = Facts(
        title=name, differs=[], limits=[], data_rights=rights.data, license=rights.weights
    )
    if of_recipe:
        name = recipe.preset
        settings = {key: v for key, v in about.items() if key in vars(recipe.config)}
        config = recipe.config.replace(**settings)
        facts = cards.facts_for(recipe, settings, about["data"], config.seed)
    earlier = Base(**about["from"]["base"]) if "from" in about else None
    facts = Ownership().applied(facts, earlier)  # with the restrictions of its own start

    def read() -> keras.Model:
        if not of_recipe or "config_sha256" in state:
            return checkpoint.read_model(place)
        with config.dtype_policy():
            model = recipe.build(config)
            checkpoint.read_weights(place, model)  # without the optimizers
        return model

    base = Base(
        preset=f"{name}, step {state['step']}",
        weights_license=facts.license,
        data_rights=facts.data_rights,
        sha256=state["weights_sha256"],
    )
    return Start(given, base, read=read)
