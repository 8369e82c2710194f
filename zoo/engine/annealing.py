"""Chains that are led through a path of temperatures, for annealed importance sampling."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np

NUMBERS = 2**23  # random numbers in memory at once, which take 32 MiB
# The path of Salakhutdinov's program: ever smaller steps. The ends of its parts, and their steps.
PARTS = ((0.5, 500), (0.9, 4000), (1.0, 10_000))
TEMPERATURES = sum(steps for _, steps in PARTS)


def temperatures(n: int) -> np.ndarray:
    """Return `n` + 1 inverse temperatures from 0 to 1, float64, in ever smaller steps."""
    ends, steps = (np.array(x, "float64") for x in zip((0.0, 0), *PARTS, strict=True))
    return np.interp(np.linspace(0.0, 1.0, n + 1), np.cumsum(steps) / TEMPERATURES, ends)


def anneal(
    block: Callable, states: np.ndarray, path: np.ndarray, rng: np.random.Generator, size: int
) -> tuple[np.ndarray, np.ndarray]:
    """Lead chains along a path, and return their last states and the logarithms of their weights.

    Weights are added up in float64. All random numbers of a block of steps are drawn with NumPy
    before it, so that they are the same on each backend.

    Args:
        block: `block(states, temperatures, noise) -> (states, log_weights)`, a compiled function of
            rows, with temperatures `(chains, steps + 1)` and noise `(chains, steps, size)`.
        states: where the chains begin, of shape `(chains, ...)`.
        path: the temperatures.
        rng: the generator of random numbers.
        size: the uniform numbers of one step of one chain.
    """
    chains = len(states)
    steps = min(len(path) - 1, max(1, NUMBERS // (chains * size)))
    total = np.zeros(chains)
    for start in range(0, len(path) - 1, steps):
        part = path[start : start + steps + 1]
        # One shape for all blocks: steps from a temperature to itself change no weight.
        part = np.pad(part, (0, steps + 1 - len(part)), mode="edge").astype("float32")
        noise = rng.random((chains, steps, size), dtype="float32")
        states, weights = block(states, np.tile(part, (chains, 1)), noise)
        total += weights
    return states, total
