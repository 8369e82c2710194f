"""The presets of the project: those of the package, and the larger ones in the folder `hub`."""

from pathlib import Path

import numpy as np

from zoo.presets import golden, locate

HUB = locate.HUB
# The folder of each, by the name that `zoo.load` takes.
SHIPPED: dict[str, Path] = {name: locate.place(name)[1] for name in sorted(locate.shelf())}


def tolerance(preset: str) -> float:
    """How far a backend may be from the golden outputs of a preset.

    Images and probabilities are of order 1. Log-likelihoods may be many thousand nats, of which
    float32 keeps seven digits.
    """
    with np.load(SHIPPED[preset] / golden.GOLDEN) as arrays:
        return max(1e-3, 1e-6 * float(np.abs(arrays["outputs"]).max()))
