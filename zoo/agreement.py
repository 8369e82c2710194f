"""How far the backends agree on a preset."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

from zoo import installed

_PROGRAM = """
import json, sys
import numpy as np
import zoo
from zoo.storage import read_model
with np.load(sys.argv[1] + "/golden.npz") as golden:
    images = read_model(zoo.storage.Path(sys.argv[1])).sample(latents=golden["latents"])
    print(json.dumps(float(np.abs(images - golden["images"]).max())))
"""


def differences(folder: Path) -> dict[str, float]:
    """For each installed backend, the largest difference of its samples to the golden ones in the
    preset's `folder`.

    Each backend runs in a process of its own, on the CPU.
    """
    found = {}
    for name in installed.backends():
        environment = {
            **os.environ,
            "KERAS_BACKEND": name,
            "CUDA_VISIBLE_DEVICES": "",
            "JAX_PLATFORMS": "cpu",
        }
        done = subprocess.run(
            [sys.executable, "-c", _PROGRAM, str(folder)],
            env=environment,
            check=True,
            capture_output=True,
            text=True,
        )
        found[name] = json.loads(done.stdout.splitlines()[-1])
    return found
