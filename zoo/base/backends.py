"""The installed backends, and the choice of one where Keras would choose a missing one."""

from __future__ import annotations

import importlib.util
import json
import os
import sys
from pathlib import Path

BACKENDS = ("tensorflow", "jax", "torch")


def installed() -> list[str]:
    """Return the names of the installed backends, without importing them."""
    return [name for name in BACKENDS if importlib.util.find_spec(name)]


def choose_backend() -> None:
    """Make Keras use an installed backend if nobody chose one and its default is missing.

    Keras reads KERAS_BACKEND, else the file `keras.json`, else it takes TensorFlow. A choice is
    left alone if a user made it or if it works.

    Raises:
        ImportError: if no backend is installed, or the one in KERAS_BACKEND is not.
    """
    if "keras" in sys.modules:
        return
    available, chosen = installed(), os.environ.get("KERAS_BACKEND")
    if chosen and chosen not in BACKENDS:
        raise ImportError(
            f"KERAS_BACKEND must be one of {', '.join(BACKENDS)}. Received: {chosen!r}."
        )
    if not available or (chosen in BACKENDS and chosen not in available):
        subject = (
            f"The backend {chosen!r}, which KERAS_BACKEND names, is not"
            if chosen
            else "No backend is"
        )
        raise ImportError(
            f"{subject} installed. Install one: pip install "
            f"'keras-generative-zoo[{chosen if chosen in BACKENDS else 'jax'}]'; allowed: "
            f"{', '.join(BACKENDS)}."
        )
    if not chosen and _configured() not in available:
        os.environ["KERAS_BACKEND"] = available[0]


def _configured() -> str:
    """Return the backend that Keras uses where KERAS_BACKEND is not set."""
    folder = os.environ.get("KERAS_HOME")
    if folder is None:
        base = os.path.expanduser("~")  # "~" where the system knows no user of this id
        folder = os.path.join(base if os.access(base, os.W_OK) else "/tmp", ".keras")
    try:
        return json.loads(Path(folder, "keras.json").read_text("utf-8"))["backend"]
    except (OSError, ValueError, KeyError):
        return "tensorflow"  # Keras, too, ignores a file that is missing or cannot be read
