"""Golden outputs of a preset, and the differences of each backend from them."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path

import keras
import numpy as np

from zoo import engine
from zoo.base import backends, devices
from zoo.errors import IntegrityError, RecipeError
from zoo.files import arrays

GOLDEN = "golden.npz"
MOST = 2**28  # bytes of its arrays

_FILES = """
import pathlib, runpy, sys
from zoo.presets import golden, storage
folder, *files = map(pathlib.Path, sys.argv[1:])
for file in files:
    sys.path.insert(0, str(file.parent))
    runpy.run_path(str(file))
model = storage.read_model(folder)
"""
_DIFFERENCE = "print(golden.difference(model, folder))"
_WRITE = "golden.write_here(model, folder, {n})"


def write_golden(model, folder: Path, n: int, *files: Path) -> None:
    """Write `n` of the model's golden inputs, and its outputs for them, to `folder`.

    The outputs are those of a CPU: on an accelerator a process of its own reads the model in
    `folder`. A model with a class that only this program knows is computed here.

    Args:
        model: the model in `folder`.
        folder: the folder of the preset.
        n: the number of inputs.
        files: Python files that the process runs first.

    Raises:
        RecipeError: if the preset does not work on the CPU.
    """
    known = files or _is_known(keras.saving.serialize_keras_object(model))
    if engine.device() == "CPU" or not known:
        write_here(model, folder, n)
    else:
        _on_cpu(_WRITE.format(n=n), folder, files, keras.backend.backend())


def _is_known(config) -> bool:
    """Return whether all classes in a model's configuration are of Keras and of this package."""
    if isinstance(config, list | tuple):
        return all(map(_is_known, config))
    if not isinstance(config, dict):
        return True
    registered = config.get("registered_name")
    own = isinstance(registered, str) and ">" in registered and not registered.startswith("zoo>")
    return not own and all(map(_is_known, config.values()))


def write_here(model, folder: Path, n: int) -> None:
    """Write golden inputs and outputs, which this process computes, to `folder`."""
    inputs = model.golden_inputs(n)
    with engine.exact_float32():
        outputs = model.golden_outputs(inputs)
    np.savez_compressed(folder / GOLDEN, **inputs, outputs=outputs)


def difference(model, folder: Path) -> float:
    """Return the largest absolute difference between the model's outputs and the golden outputs in
    `folder`."""
    with arrays.opened(folder / GOLDEN, most=MOST, error=IntegrityError) as golden:
        inputs = {name: golden[name] for name in golden if name != "outputs"}
        with engine.exact_float32():
            outputs = model.golden_outputs(inputs)
        return float(np.abs(outputs - golden["outputs"]).max())


def differences(folder: Path, *files: Path) -> dict[str, float]:
    """Return the largest difference from the golden outputs in the preset's `folder`, by backend.

    Each installed backend runs in a process of its own, on the CPU.

    Args:
        folder: the folder of the preset.
        files: Python files that each process runs first: they register classes from outside of
            this package.

    Raises:
        RecipeError: if the preset does not work on one of the backends.
    """
    by_backend = {}
    for name in backends.installed():
        by_backend[name] = float(_on_cpu(_DIFFERENCE, folder, files, name).split()[-1])
    return by_backend


def _on_cpu(program: str, folder: Path, files: Sequence[Path], backend: str) -> str:
    """Run `program` on the preset in `folder` in a process on the CPU; return what it prints.

    Raises:
        RecipeError: if it fails.
    """
    process = subprocess.run(
        [sys.executable, "-c", _FILES + program, folder, *files],
        env={**devices.environment("cpu"), "KERAS_BACKEND": backend},
        check=False,
        capture_output=True,
        text=True,
    )
    if process.returncode:
        reason = (process.stderr.strip().splitlines() or ["no message"])[-1]
        raise RecipeError(f"The preset does not work on {backend}: {reason}")
    return process.stdout
