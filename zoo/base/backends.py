"""The backends that are installed, and the choice of one where Keras's own choice is not."""

from __future__ import annotations

import importlib.util
import json
import os
import sys
from pathlib import Path

BACKENDS = ("tensorflow", "jax", "torch")


def installed() -> list[str]:
    """The installed backends, without importing them."""
    return [name for name in BACKENDS if importlib.util.find_spec(name)]


def choose_backend() -> None:
    """Makes Keras use an installed backend where nobody chose one and its default is missing.

    Keras reads KERAS_BACKEND, else the file `keras.json`, else it takes TensorFlow. A choice that
    was made, or that works, is left alone.

    Raises:
        ImportError: if no backend is installed, or the one in KERAS_BACKEND is not.
    """
    if "keras" in sys.modules:
        return
    found, chosen = installed(), os.environ.get("KERAS_BACKEND")
    if chosen and chosen not in BACKENDS:
        raise ImportError(
            f"KERAS_BACKEND must be one of {', '.join(BACKENDS)}. Received: {chosen!r}."
        )
    if not found or (chosen in BACKENDS and chosen not in found):
        what = (
            f"The backend {chosen!r}, which KERAS_BACKEND names, is not"
            if chosen
            else "No backend is"
        )
        raise ImportError(
            f"{what} installed. Install one: pip install "
            f"'keras-generative-zoo[{chosen if chosen in BACKENDS else 'jax'}]'; allowed: "
            f"{', '.join(BACKENDS)}."
        )
    if not chosen and _configured() not in found:
        os.environ["KERAS_BACKEND"] = found[0]


def _configured() -> str:
    folder = Path(os.environ.get("KERAS_HOME") or Path.home() / ".keras")
    try:
        return json.loads((folder / "keras.json").read_text())["backend"]
    except (OSError, ValueError, KeyError):
        return "tensorflow"  # no file, or one that Keras ignores too
