"""Every preset gives its golden images on every backend."""

import keras
import numpy as np
import pytest
from shipped import SHIPPED, tolerance

import zoo
from zoo.presets import golden, locate


@pytest.mark.parametrize("preset", SHIPPED)
def test_golden(preset):
    assert golden.difference(zoo.load(preset), SHIPPED[preset]) < tolerance(preset)


def test_a_seed_stands_for_the_golden_latents():
    """So `sample(64, seed=0)` gives the same images on each backend too."""
    with np.load(locate.WEIGHTS / "dcgan_mnist" / golden.GOLDEN) as arrays:
        images = zoo.load("dcgan_mnist").sample(64, seed=0)
        assert images.shape == arrays["outputs"].shape == (64, 28, 28, 1)
        assert np.abs(images - arrays["outputs"]).max() < 1e-3
        assert np.abs(arrays["outputs"]).max() > 0.9


def test_another_model_does_not_pass():
    model = zoo.load("dcgan_mnist")
    model.set_weights([1.01 * w for w in model.get_weights()])
    assert golden.difference(model, locate.WEIGHTS / "dcgan_mnist") > 1e-3


@pytest.mark.once
def test_a_file_of_the_users_is_not_taken_for_the_package(tmp_path, monkeypatch):
    """In the folder in which he works, from which Python imports first."""
    (tmp_path / "zoo.py").write_text("raise SystemExit('not this one')")
    monkeypatch.chdir(tmp_path)
    here = [keras.backend.backend()]
    monkeypatch.setattr(golden.backends, "installed", lambda: here)
    differences = golden.differences(SHIPPED["gan_ring8"])
    assert max(differences.values()) < 1e-3
