"""LSGAN: the least squares loss in training, against NumPy."""

import keras
import numpy as np
import pytest
from helpers import array

import zoo
from zoo.losses import LeastSquares


def test_defaults():
    model = zoo.create("lsgan", image_shape=(8, 8, 1), latent_dim=4, width=2)
    model.compile()
    assert isinstance(model.adversarial_loss, LeastSquares)
    assert (model.adversarial_loss.fake_target, model.adversarial_loss.real_target) == (0.0, 1.0)
    assert model.penalty is None
    assert model.critic_steps == 1
    assert all(isinstance(o, keras.optimizers.Adam) for o in model.optimizers.values())


def test_losses_are_those_of_the_logits():
    model = zoo.create(
        "lsgan", image_shape=(8, 8, 1), latent_dim=4, width=2, discriminator_normalization=None
    )
    model.compile()
    rng = np.random.default_rng(0)
    real, fake = (rng.uniform(-1, 1, (6, 8, 8, 1)).astype("float32") for _ in range(2))
    loss, logs = model.discriminator_loss(
        *map(keras.ops.convert_to_tensor, (real, fake)), training=False
    )
    of_real, of_fake = model.discriminate(real), model.discriminate(fake)
    expected = (0.5 * (of_real - 1) ** 2 + 0.5 * of_fake**2).mean()
    assert float(array(loss)) == pytest.approx(expected, rel=1e-4)
    assert float(array(logs["real_logit"])) == pytest.approx(of_real.mean(), abs=1e-5)


def test_other_targets_survive_saving(tmp_path):
    model = zoo.create("lsgan", image_shape=(8, 8, 1), latent_dim=4, width=2)
    model.compile(loss=LeastSquares(-1.0, 1.0, 0.0))
    model.save(tmp_path / "model.keras")
    loaded = keras.saving.load_model(tmp_path / "model.keras")
    assert loaded.adversarial_loss.get_config() == model.adversarial_loss.get_config()
