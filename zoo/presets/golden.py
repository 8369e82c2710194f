"""How far the backends agree on a preset."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import numpy as np

from zoo.base import backends
from zoo.errors import RecipeError

GOLDEN = "golden.npz"

_PROGRAM = """
import pathlib, sys
from zoo.presets import golden, storage
folder = pathlib.Path(sys.argv[1])
print(golden.difference(storage.read_model(folder), folder))
"""


def write_golden(model, folder: Path, n: int) -> None:
    """Writes `n` of the model's golden inputs, and its outputs for them, to `folder`."""
    inputs = model.golden_inputs(n)
    np.savez_compressed(folder / GOLDEN, **inputs, outputs=model.golden_outputs(inputs))


def difference(model, folder: Path) -> float:
    """The largest difference of the model's outputs to the golden ones in `folder`."""
    with np.load(folder / GOLDEN, allow_pickle=False) as golden:
        inputs = {name: golden[name] for name in golden.files if name != "outputs"}
        return float(np.abs(model.golden_outputs(inputs) - golden["outputs"]).max())


def differences(folder: Path) -> dict[str, float]:
    """For each installed backend, the largest difference of its samples to the golden ones in the
    preset's `folder`.

    Each backend runs in a process of its own, on the CPU.

    Raises:
        RecipeError: if the preset does not work on one of them.
    """
    found = {}
    for name in backends.installed():
        environment = {
            **os.environ,
            "KERAS_BACKEND": name,
            "CUDA_VISIBLE_DEVICES": "",
            "JAX_PLATFORMS": "cpu",
        }
        done = subprocess.run(
            [sys.executable, "-c", _PROGRAM, str(folder)],
            env=environment,
            check=False,
            capture_output=True,
            text=True,
        )
        if done.returncode:
            reason = (done.stderr.strip().splitlines() or ["no message"])[-1]
            raise RecipeError(f"The preset does not work on {name}: {reason}")
        found[name] = float(done.stdout.split()[-1])
    return found
