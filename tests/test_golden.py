"""Every preset gives its golden images on every backend."""

import numpy as np
import pytest
from shipped import SHIPPED

import zoo
from zoo import agreement, registry


@pytest.mark.parametrize("preset", SHIPPED, ids=[folder.name for folder in SHIPPED.values()])
def test_golden(preset):
    assert agreement.difference(zoo.load(preset), SHIPPED[preset]) < 1e-3


def test_a_seed_stands_for_the_golden_latents():
    """So `sample(64, seed=0)` gives the same images on each backend too."""
    with np.load(registry.WEIGHTS / "dcgan_mnist" / agreement.GOLDEN) as golden:
        images = zoo.load("dcgan_mnist").sample(64, seed=0)
        assert images.shape == golden["outputs"].shape == (64, 28, 28, 1)
        assert np.abs(images - golden["outputs"]).max() < 1e-3
        assert np.abs(golden["outputs"]).max() > 0.9


def test_another_model_does_not_pass():
    model = zoo.load("dcgan_mnist")
    model.set_weights([1.01 * w for w in model.get_weights()])
    assert agreement.difference(model, registry.WEIGHTS / "dcgan_mnist") > 1e-3
