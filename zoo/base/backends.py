"""The installed backends, and the choice of one where Keras would choose a missing one."""

from __future__ import annotations

import contextlib
import importlib.util
import json
import os
import sys
from collections.abc import Iterator
from pathlib import Path

from zoo.errors import BackendError

BACKENDS = ("tensorflow", "jax", "torch")
INSTALL = "pip install 'keras-generative-zoo[{}]'"


def installed() -> list[str]:
    """Return the names of the installed backends, without importing them."""
    specs = {name: importlib.util.find_spec(name) for name in BACKENDS}
    # Without an origin it is an empty folder, which an uninstalled package may leave behind.
    return [name for name, spec in specs.items() if spec is not None and spec.origin is not None]


@contextlib.contextmanager
def one_backend_error() -> Iterator[None]:
    """Choose a backend, and turn any failure of the block, which imports Keras, into one error.

    Raises:
        BackendError: if no backend can be chosen, or Keras cannot be imported with it.
    """
    choose_backend()
    try:
        yield
    except Exception as error:
        raise _broken(error) from None


def choose_backend() -> None:
    """Make Keras use an installed backend if nobody chose one and its default is missing.

    Keras reads KERAS_BACKEND, else the file `keras.json`, else it takes TensorFlow. A choice is
    left alone if a user made it or if it works.

    Raises:
        BackendError: if no backend is installed, or the one in KERAS_BACKEND is not.
    """
    if "keras" in sys.modules:
        return
    available, chosen = installed(), os.environ.get("KERAS_BACKEND")
    if chosen and chosen not in BACKENDS:
        raise BackendError(
            f"KERAS_BACKEND must be one of {', '.join(BACKENDS)}. Received: {chosen!r}."
        )
    if not available or (chosen and chosen not in available):
        subject = (
            f"The backend {chosen!r}, which KERAS_BACKEND names, is not"
            if chosen
            else "No backend is"
        )
        raise BackendError(
            f"{subject} installed. Install one: {INSTALL.format(chosen or 'jax')}; allowed: "
            f"{', '.join(BACKENDS)}.{_others(available)}"
        )
    if not chosen and _configured() not in available:
        os.environ["KERAS_BACKEND"] = available[0]


def _broken(error: Exception) -> BackendError:
    """Return the error for a Keras that cannot be imported because of `error`."""
    chosen = os.environ.get("KERAS_BACKEND") or _configured()
    others = [name for name in installed() if name != chosen]
    text = " ".join(str(error).split())
    return BackendError(
        f"Keras cannot be imported with the backend {chosen!r}, whose installation is perhaps "
        f"broken ({type(error).__name__}: {text}). Install it again: "
        f"{INSTALL.format(chosen).replace('install', 'install --force-reinstall', 1)}."
        f"{_others(others)}"
    )


def _others(names: list[str]) -> str:
    """Return a sentence on the installed backends `names`, empty if there are none."""
    return f" Or set KERAS_BACKEND to one that is installed: {', '.join(names)}." if names else ""


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
