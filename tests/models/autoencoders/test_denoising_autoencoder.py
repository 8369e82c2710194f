"""Denoising autoencoders: corrupted input, clean target."""

import keras
import numpy as np
import pytest
from helpers import array
from keras import ops

import zoo
from zoo.corruption import GaussianNoise, Masking
from zoo.engine.batch import Batch

IMAGES = np.random.default_rng(0).random((6, 8, 8, 1), dtype="float32")


def make(**options):
    model = zoo.create("denoising_ae", image_shape=(8, 8, 1), latent_dim=5, **options)
    model.compile()
    return model


def test_the_input_is_corrupted_and_the_target_is_not():
    model = make()

    class Black:
        def __call__(self, images, random):
            return 0.0 * images

        def get_config(self):
            return {}

    model.compile(corruption=Black())
    loss, _ = model.objective(Batch(ops.convert_to_tensor(IMAGES)), training=True)
    r = model.reconstruct(np.zeros_like(IMAGES)).astype("float64")
    expected = -(IMAGES * np.log(r) + (1 - IMAGES) * np.log(1 - r)).sum(axis=(1, 2, 3)).mean()
    assert float(array(loss)) == pytest.approx(expected, rel=1e-4)


def test_defaults_are_the_papers():
    model = make()
    assert isinstance(model.corruption, Masking)
    assert model.reconstruction_loss.name == "cross_entropy"
    assert len(model.trainable_variables) == 3  # tied weights
    other = make(architecture="convolutional", width=2)
    assert len([w for w in other.trainable_variables if w.path.endswith("kernel")]) > 3


@pytest.mark.parametrize("name", ["gaussian", "masking", "salt_and_pepper"])
def test_every_corruption_trains(name):
    model = make()
    model.compile(corruption=name)
    assert np.isfinite(model.fit(IMAGES, batch_size=3, verbose=0).history["loss"]).all()


def test_every_step_draws_anew():
    model = make()
    first, second = (array(model.corrupted(ops.convert_to_tensor(IMAGES))) for _ in range(2))
    assert np.abs(first - second).max() > 0


def test_it_learns_to_denoise(digits):
    images = (digits + 1) / 2
    noisy = images + 0.5 * np.random.default_rng(0).normal(size=images.shape).astype("float32")
    model = zoo.create("denoising_ae", image_shape=(28, 28, 1), latent_dim=100)
    model.compile(keras.optimizers.Adam(3e-3), corruption="gaussian")
    model.fit(np.tile(images, (10, 1, 1, 1)), batch_size=32, epochs=15, verbose=0)
    cleaned = model.denoise(noisy)
    with pytest.raises(ValueError, match="images must hold values in"):
        model.reconstruct(noisy)
    assert np.square(cleaned - images).mean() < 0.2 * np.square(noisy - images).mean()


def test_the_corruption_survives_saving(tmp_path):
    model = make()
    model.compile(corruption=GaussianNoise(0.3))
    model.save(tmp_path / "model.keras")
    assert keras.saving.load_model(tmp_path / "model.keras").corruption.sigma == 0.3


def test_errors():
    with pytest.raises(ValueError, match="Unknown corruption: 'blur'"):
        make().compile(corruption="blur")
