"""Golden inputs and outputs of models, by which backends are compared."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

from zoo.engine.spaces import Noise

INNER = "/"  # separates "noise" from the name of a part of the noise


def inputs_for(model, n: int) -> dict[str, np.ndarray]:
    """Return `n` examples of each space of `model`, by the name of the space in its signature."""
    arrays = {"data": model.data.example(n)}
    if model.condition is not None:
        arrays["condition"] = model.condition.example(n)
    if model.noise is not None:
        noise = model.sample_noise(n, seed=0)
        parts = {"": noise} if isinstance(model.noise, Noise) else noise
        arrays |= {f"noise{INNER * bool(key)}{key}": value for key, value in parts.items()}
    return arrays


def outputs_for(model, inputs: dict[str, np.ndarray]) -> np.ndarray:
    """Return the outputs of the model's first task for the inputs of `inputs_for`."""
    condition = inputs.get("condition")
    conditions = () if condition is None else (condition,)
    return OUTPUTS[model.tasks[0]](model, inputs, conditions)


def _samples(model, inputs, conditions) -> np.ndarray:
    """Return the samples of `model` for the noise and the conditions in `inputs`."""
    noise: Any = inputs.get("noise")
    if noise is None:
        noise = {k.partition(INNER)[2]: v for k, v in inputs.items() if k.startswith("noise")}
    return model.sample(noise=noise, condition=conditions[0] if conditions else None)


# The function that computes the outputs of each task.
OUTPUTS: dict[str, Callable[..., np.ndarray]] = {
    "samples": _samples,
    "encodes": lambda model, inputs, conditions: model.reconstruct(inputs["data"], *conditions),
    "scores": lambda model, inputs, conditions: model.log_prob(inputs["data"], *conditions),
    "classifies": lambda model, inputs, _: model.probabilities(inputs["data"]),
    "denoises": lambda model, inputs, _: model.denoise(inputs["data"]),
    "translates": lambda model, _, conditions: model.translate(*conditions),
    "inverts": lambda model, inputs, conditions: model.invert(
        inputs["data"], *conditions
    ).images,
}
