"""A checkpoint on the disk: a folder that is whole, or is known not to be.

`step-00000938` holds `model.weights.h5`, in Keras's format, and `state.json`: `{"sha256": ...,
"state": {...}}`, where the hash is that of the state and the state names that of the weights. It is
written beside its place and renamed once all of it is on the disk.
"""

from __future__ import annotations

import hashlib
import json
from pathlib import Path
from typing import Any

import keras

from zoo.errors import IntegrityError
from zoo.files.fetch import sha256
from zoo.files.home import atomic_folder, unfinished
from zoo.presets import storage

STATE = "state.json"
FORMAT = 1


def place_of(folder: Path, step: int) -> Path:
    """Where the checkpoint of `step` lies in `folder`."""
    return folder / f"step-{step:08}"


def step_of(place: Path) -> int:
    """The step of the checkpoint `place`."""
    return int(place.name[5:])


def saved(folder: Path) -> list[Path]:
    """The checkpoints in `folder`, whole or not, oldest first."""
    return sorted((p for p in folder.glob("step-*") if p.name[5:].isdigit()), key=step_of)


def left(folder: Path) -> list[Path]:
    """What was being written in `folder` when its process was killed."""
    return unfinished(folder / "step-")


def write(place: Path, weights: bytes, state: dict[str, Any]) -> None:
    """Writes a checkpoint to `place`, or leaves what is there as it is.

    Raises:
        OSError: if there is no room.
    """
    state = {"format": FORMAT, "weights_sha256": hashlib.sha256(weights).hexdigest(), **state}
    with atomic_folder(place) as partial:
        (partial / storage.WEIGHTS).write_bytes(weights)
        content = json.dumps({"sha256": _hash(state), "state": state}, indent=1)
        (partial / STATE).write_text(content + "\n", encoding="utf-8")


def read_state(place: Path) -> dict[str, Any]:
    """The state in the checkpoint `place`.

    Raises:
        IntegrityError: with why it cannot be taken, in a few words.
    """
    try:
        found = json.loads((place / STATE).read_bytes())
        state, expected = found["state"], found["sha256"]
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
    """The state in the checkpoint `place`, after a look at every byte of it.

    Raises:
        IntegrityError: with why it is not whole, in a few words.
    """
    state = read_state(place)
    path = place / storage.WEIGHTS
    try:
        if sha256(path) != state["weights_sha256"]:
            raise IntegrityError(f"{storage.WEIGHTS} is damaged")
    except FileNotFoundError:
        raise IntegrityError(f"{storage.WEIGHTS} is missing") from None
    except OSError as error:
        raise IntegrityError(f"{storage.WEIGHTS} cannot be read: {error.strerror}") from error
    return state


def read_weights(place: Path, model: keras.Model) -> None:
    """Puts the networks, optimizers and seeds of the checkpoint `place` into the compiled
    `model`."""
    storage.read_weights(model, place / storage.WEIGHTS)


def _hash(state: dict[str, Any]) -> str:
    """The same for what was written and what was read: JSON gives every number back exactly."""
    return hashlib.sha256(json.dumps(state, sort_keys=True).encode()).hexdigest()
