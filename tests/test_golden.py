"""Every preset gives its golden images on every backend."""

import numpy as np
import pytest

import zoo
from zoo import registry


@pytest.mark.parametrize("preset", zoo.list(pretrained=True))
def test_golden(preset):
    with np.load(registry.WEIGHTS / preset / "golden.npz") as golden:
        images = zoo.load(preset).sample(latents=golden["latents"])
        assert np.abs(images - golden["images"]).max() < 1e-3
        assert np.abs(golden["images"]).max() > 0.5


@pytest.mark.parametrize("preset", zoo.list(pretrained=True))
def test_a_seed_stands_for_the_golden_latents(preset):
    """So `sample(64, seed=0)` is the same on each backend too."""
    with np.load(registry.WEIGHTS / preset / "golden.npz") as golden:
        images = zoo.load(preset).sample(64, seed=0)
        assert np.abs(images[: len(golden["images"])] - golden["images"]).max() < 1e-3
