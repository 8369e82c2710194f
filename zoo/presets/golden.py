"""Golden outputs of a preset, and the differences of each backend from them."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import keras
import numpy as np

from zoo import engine
from zoo.base import backends, devices
from zoo.errors import IntegrityError, RecipeError
from zoo.files import arrays
from zoo.presets import storage, trust

GOLDEN = "golden.npz"
MOST = 2**28  # bytes of its arrays
PACKAGES = Path(__file__).parents[2]  # the folder of this package

# A folder or a file of the name `zoo`, where the user works, must not take the package's place.
_READ = """
import json, pathlib, sys
sys.path.insert(0, sys.argv[3])
from zoo.presets import golden, storage, trust
folder, given = pathlib.Path(sys.argv[1]), json.loads(sys.argv[2])
sys.path[:0] = given["folders"]
sys.path += [place for place in given["path"] if place not in sys.path]
with trust.trusting(given["modules"].values()):
    model = storage.read_model(folder, modules=given["modules"])
"""
_DIFFERENCE = "print(golden.difference(model, folder))"
_WRITE = "golden.write_here(model, folder, {n})"


def write_golden(model, folder: Path, n: int) -> None:
    """Write `n` of the model's golden inputs, and its outputs for them, to `folder`.

    The outputs are those of a CPU: on an accelerator a process of its own reads the model in
    `folder`. A model with a class that no other program can import is computed here.

    Args:
        model: the model in `folder`.
        folder: the folder of the preset.
        n: the number of inputs.

    Raises:
        RecipeError: if the preset does not work on the CPU.
    """
    if engine.device() == "CPU" or None in storage.foreign_classes(folder).values():
        write_here(model, folder, n)
    else:
        _on_cpu(_WRITE.format(n=n), folder, keras.backend.backend())


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


def differences(folder: Path) -> dict[str, float]:
    """Return the largest difference from the golden outputs in the preset's `folder`, by backend.

    Each installed backend runs in a process of its own, on the CPU. It imports the modules of
    classes of other packages by the names that a card gives them.

    Raises:
        RecipeError: if the preset does not work on one of the backends, or it has a class that no
            other program can import.
    """
    by_backend = {}
    for name in backends.installed():
        by_backend[name] = float(_on_cpu(_DIFFERENCE, folder, name).split()[-1])
    return by_backend


def _on_cpu(program: str, folder: Path, backend: str) -> str:
    """Run `program` on the preset in `folder` in a process on the CPU; return what it prints.

    Raises:
        RecipeError: if it fails.
    """
    modules = storage.foreign_classes(folder)
    for name, module in modules.items():
        if module is None:
            raise RecipeError(
                f"{name!r} must be defined in a module that another program can import, a file "
                "whose name has letters, digits, hyphens and underscores. Received: a class of no "
                "such file."
            )
    folders = trust.folders_of(modules.values())
    given = json.dumps({"modules": modules, "folders": folders, "path": sys.path})
    process = subprocess.run(
        [sys.executable, "-c", _READ + program, folder, given, PACKAGES],
        env={**devices.environment("cpu"), "KERAS_BACKEND": backend},
        check=False,
        capture_output=True,
        text=True,
    )
    if process.returncode:
        reason = (process.stderr.strip().splitlines() or ["no message"])[-1]
        raise RecipeError(f"The preset does not work on {backend}: {reason}")
    return process.stdout
