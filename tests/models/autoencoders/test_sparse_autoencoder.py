"""Sparse autoencoders: their penalty in the loss, and what they report."""

import keras
import numpy as np
import pytest

import zoo
from zoo.losses import KL, L1

IMAGES = np.random.default_rng(0).random((6, 8, 8, 1), dtype="float32")


def make(**options):
    return zoo.create("sparse_ae", image_shape=(8, 8, 1), latent_dim=10, **options)


def evaluate(model):
    return model.evaluate(IMAGES, batch_size=6, verbose=0, return_dict=True)


def test_defaults_are_the_textbooks():
    model = make()
    model.compile()
    assert isinstance(model.sparsity, KL)
    assert (model.sparsity.weight, model.sparsity.target) == (3.0, 0.05)
    assert model.reconstruction_loss.name == "squared_error"
    codes = model.encode(IMAGES)
    assert codes.min() > 0
    assert codes.max() < 1


@pytest.mark.parametrize("sparsity", ["kl", "l1"])
def test_the_loss(sparsity):
    model = make()
    model.compile(sparsity=sparsity)
    logs = evaluate(model)
    z = model.encode(IMAGES).astype("float64")
    r = z.mean(axis=0)
    penalty = {
        "l1": 0.1 * np.abs(z).sum(axis=1).mean(),
        "kl": 3 * (0.05 * np.log(0.05 / r) + 0.95 * np.log(0.95 / (1 - r))).sum(),
    }[sparsity]
    assert logs["sparsity"] == pytest.approx(penalty, rel=1e-4)
    assert logs["loss"] == pytest.approx(logs["reconstruction"] + penalty, rel=1e-4)


def test_inactive_units_are_reported():
    model = make(code_activation="relu")
    model.compile(sparsity="l1")
    kernel, bias, *rest = model.get_weights()
    bias[:3] = -100.0  # three units that are never active
    kernel[:, 3:] = np.abs(kernel[:, 3:])  # and seven that always are
    model.set_weights([kernel, bias, *rest])
    assert evaluate(model)["inactive"] == pytest.approx(0.3)
    found = model.inactivity(IMAGES)
    assert found.per_image == pytest.approx(0.3)
    assert found.never == pytest.approx(0.3)


@pytest.mark.parametrize(("sparsity", "activation"), [(L1(1.0), "relu"), (KL(10.0), "sigmoid")])
def test_training_makes_codes_sparser(digits, sparsity, activation):
    images = (digits + 1) / 2
    model = zoo.create(
        "sparse_ae", image_shape=(28, 28, 1), latent_dim=40, code_activation=activation
    )
    model.compile(keras.optimizers.Adam(3e-3), sparsity=sparsity)
    before = model.encode(images).mean()
    model.fit(np.tile(images, (4, 1, 1, 1)), batch_size=32, epochs=8, verbose=0)
    assert model.encode(images).mean() < 0.5 * before


def test_the_penalty_survives_saving(tmp_path):
    model = make()
    model.compile(sparsity=KL(1.0, target=0.1))
    model.save(tmp_path / "model.keras")
    loaded = keras.saving.load_model(tmp_path / "model.keras")
    assert (loaded.sparsity.weight, loaded.sparsity.target) == (1.0, 0.1)


def test_errors():
    with pytest.raises(ValueError, match="Unknown sparsity: 'l0'"):
        make().compile(sparsity="l0")
    with pytest.raises(ValueError, match="'kl' is for codes in .* the activation 'relu'"):
        make(code_activation="relu").compile()
    make(code_activation="relu").compile(sparsity="l1")
