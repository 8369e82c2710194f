"""Golden outputs of a preset, and the differences of each backend from them."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import numpy as np

from zoo.base import backends
from zoo.errors import IntegrityError, RecipeError
from zoo.files import arrays

GOLDEN = "golden.npz"
MOST = 2**28  # bytes of its arrays

_PROGRAM = """
import pathlib, runpy, sys
from zoo.presets import golden, storage
folder, *files = map(pathlib.Path, sys.argv[1:])
for file in files:
    sys.path.insert(0, str(file.parent))
    runpy.run_path(str(file))
print(golden.difference(storage.read_model(folder), folder))
"""


def write_golden(model, folder: Path, n: int) -> None:
    """Write `n` of the model's golden inputs, and its outputs for them, to `folder`."""
    inputs = model.golden_inputs(n)
    np.savez_compressed(folder / GOLDEN, **inputs, outputs=model.golden_outputs(inputs))


def difference(model, folder: Path) -> float:
    """Return the largest absolute difference between the model's outputs and the golden outputs in
    `folder`."""
    with arrays.opened(folder / GOLDEN, most=MOST, error=IntegrityError) as golden:
        inputs = {name: golden[name] for name in golden if name != "outputs"}
        return float(np.abs(model.golden_outputs(inputs) - golden["outputs"]).max())


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
        environment = {
            **os.environ,
            "KERAS_BACKEND": name,
            "CUDA_VISIBLE_DEVICES": "",
            "JAX_PLATFORMS": "cpu",
        }
        process = subprocess.run(
            [sys.executable, "-c", _PROGRAM, folder, *files],
            env=environment,
            check=False,
            capture_output=True,
            text=True,
        )
        if process.returncode:
            reason = (process.stderr.strip().splitlines() or ["no message"])[-1]
            raise RecipeError(f"The preset does not work on {name}: {reason}")
        by_backend[name] = float(process.stdout.split()[-1])
    return by_backend
