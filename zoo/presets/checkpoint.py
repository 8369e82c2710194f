"""Checkpoints on the disk: folders whose damage is detected by hashes.

A folder such as `step-00000938` holds `model.weights.h5` and `config.json`, in Keras's format, and
`state.json`: `{"sha256": ..., "state": {...}}`. The hash is the hash of the state, which holds the
hashes of the other files. Earlier versions wrote no `config.json`, and none is written for a model
without `get_config`. A checkpoint is written to a
temporary folder and renamed once all of it is on the disk.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable
from pathlib import Path
from typing import Any, NamedTuple

import keras

from zoo.errors import ArgumentError, IntegrityError
from zoo.files.fetch import sha256
from zoo.files.home import atomic_folder, unfinished, write_text
from zoo.presets import storage, trust

STATE = "state.json"
FORMAT = 1


class Newest(NamedTuple):
    """The newest whole checkpoint of a folder, if there is one.

    Attributes:
        place: its path, or `None`.
        state: its state, empty without a checkpoint.
        left_out: the damage of each later checkpoint, and of each that was not finished, by name.
    """

    place: Path | None
    state: dict[str, Any]
    left_out: dict[str, str]

    def tell(self, folder: Path, say: Callable[[str], None]) -> None:
        """Say which checkpoints of `folder` are left out, and why."""
        taken = "there is none before it" if self.place is None else f"{self.place.name} is taken"
        for name, why in self.left_out.items():
            say(f"{folder / name} is left out: {why}; {taken}.")


NONE = Newest(None, {}, {})


def place_of(folder: Path, step: int) -> Path:
    """Return the path of the checkpoint of `step` in `folder`."""
    return folder / f"step-{step:08}"


def step_of(place: Path) -> int:
    """Return the step of the checkpoint at `place`."""
    return int(place.name[5:])


def saved(folder: Path) -> list[Path]:
    """Return the checkpoints in `folder`, whole or damaged, oldest first."""
    return sorted((p for p in folder.glob("step-*") if p.name[5:].isdigit()), key=step_of)


def left(folder: Path) -> list[Path]:
    """Return the unfinished checkpoints in `folder`, whose processes were killed."""
    return unfinished(folder / "step-")


def of_epoch(folder: Path, epoch: int) -> Path:
    """Return the checkpoint in `folder` of the end of an epoch.

    Raises:
        ArgumentError: if it was not kept, or is damaged, with the epochs that were.
    """
    kept = {}
    for place in saved(folder):
        try:
            state = read_state(place)
        except IntegrityError:
            continue
        if state["means"] is None:  # else it is within an epoch
            kept[state["epoch"]] = place
    if epoch not in kept:
        listed = ", ".join(map(str, sorted(kept))) or "none"
        raise ArgumentError(
            f"epoch must be one whose checkpoint was kept in {folder}: {listed}. Received: {epoch}."
        )
    return kept[epoch]


def is_one(path: Path) -> bool:
    """Return whether the folder `path` is a checkpoint."""
    return (path / STATE).is_file()


def write(place: Path, weights: bytes, state: dict[str, Any], config: str | None = None) -> None:
    """Write a checkpoint to `place`, which is unchanged if that fails.

    Args:
        place: the path of its folder.
        weights: the content of the file of the weights.
        state: the state of the training.
        config: the configuration of the model, as JSON; `None` for a model without one.

    Raises:
        OSError: if it cannot be written, such as on a full disk.
    """
    contents = {"weights_sha256": weights}
    if config is not None:
        contents["config_sha256"] = config.encode()
    hashes = {key: hashlib.sha256(content).hexdigest() for key, content in contents.items()}
    if config is not None:
        foreign = trust.foreign_classes(json.loads(config), str(place))
        known = {name: module for name, module in foreign.items() if module is not None}
        state = {**state, "modules": known}
    rest = {key: value for key, value in state.items() if not key.endswith("_sha256")}
    state = {"format": FORMAT, **hashes, **rest}
    with atomic_folder(place) as partial:
        (partial / storage.WEIGHTS).write_bytes(weights)
        if config is not None:
            write_text(partial / storage.CONFIG, config)
        content = json.dumps({"sha256": _hash(state), "state": state}, indent=1)
        write_text(partial / STATE, content + "\n")


def read_state(place: Path) -> dict[str, Any]:
    """Return the state in the checkpoint at `place`.

    Raises:
        IntegrityError: with the damage in a few words, if the state is not whole.
    """
    try:
        content = json.loads((place / STATE).read_bytes())
        state, expected = content["state"], content["sha256"]
    except FileNotFoundError:
        raise IntegrityError(f"{STATE} is missing") from None
    except OSError as error:
        raise IntegrityError(f"{STATE} cannot be read: {error.strerror}") from error
    except (ValueError, KeyError, TypeError, RecursionError) as error:
        raise IntegrityError(f"{STATE} is damaged") from error
    if not isinstance(state, dict) or _hash(state) != expected:
        raise IntegrityError(f"{STATE} is damaged")
    if state.get("format") != FORMAT:
        raise IntegrityError(
            f"its format is {state.get('format')}, and this version reads {FORMAT}"
        )
    return state


def check(place: Path) -> dict[str, Any]:
    """Verify every byte of the checkpoint at `place`, and return its state.

    Raises:
        IntegrityError: with the damage in a few words, if the checkpoint is not whole.
    """
    state = read_state(place)
    for name, key in ((storage.WEIGHTS, "weights_sha256"), (storage.CONFIG, "config_sha256")):
        if key not in state:  # an earlier version wrote it
            continue
        try:
            if sha256(place / name) != state[key]:
                raise IntegrityError(f"{name} is damaged")
        except FileNotFoundError:
            raise IntegrityError(f"{name} is missing") from None
        except OSError as error:
            raise IntegrityError(f"{name} cannot be read: {error.strerror}") from error
    return state


def check_named(place: Path) -> dict[str, Any]:
    """Verify the checkpoint at `place`, which the user names, and return its state.

    Raises:
        IntegrityError: with its path and the damage, if it is not whole.
    """
    try:
        return check(place)
    except IntegrityError as error:
        raise IntegrityError(f"The checkpoint {place} is not whole: {error}.") from error


def newest_whole(folder: Path) -> Newest:
    """Find the newest whole checkpoint in `folder`, of which every byte is verified.

    Raises:
        IntegrityError: if there are checkpoints and none is whole.
    """
    torn = {path.name: "it was not finished" for path in left(folder)}
    broken: dict[str, str] = {}
    for place in reversed(saved(folder)):
        try:
            return Newest(place, check(place), {**broken, **torn})
        except IntegrityError as error:
            broken[place.name] = str(error)
    if broken:
        listed = "; ".join(f"{name}: {why}" for name, why in sorted(broken.items()))
        raise IntegrityError(
            f"No checkpoint in {folder} is whole ({listed}). They are left as they are: a copy of "
            "one of them, or another folder for a new training, is needed."
        )
    return Newest(None, {}, torn)


def read_weights(place: Path, model: keras.Model) -> None:
    """Load the networks, optimizers and seeds of the checkpoint at `place` into the compiled
    `model`."""
    storage.read_weights(model, place / storage.WEIGHTS)


def read_model(place: Path) -> keras.Model:
    """Return the model of the checkpoint at `place`, uncompiled.

    Raises:
        IntegrityError: if the checkpoint is damaged, or holds no configuration, as those of earlier
            versions and of models without `get_config`.
    """
    state = check_named(place)
    if "config_sha256" not in state:
        raise IntegrityError(
            f"The checkpoint {place} holds no configuration of its model, since an earlier version "
            "wrote it or the model has no get_config: zoo train --resume goes on from it."
        )
    model = storage.read_model(place, modules=state["modules"], optimizers=True)
    if state.get("classes"):
        model.condition = model.condition.named(state["classes"])
    return model


def _hash(state: dict[str, Any]) -> str:
    """Return the hash of `state`, equal before and after a write: JSON keeps every number
    exactly."""
    return hashlib.sha256(json.dumps(state, sort_keys=True).encode()).hexdigest()
