"""IWAE: the bound of k samples, in value and in gradient."""

import keras
import numpy as np
import pytest
from helpers import Bank, array
from keras import ops

import zoo
from zoo import engine
from zoo.engine.batch import Batch

pytestmark = pytest.mark.step_by_step

IMAGES = np.random.default_rng(0).random((5, 8, 8, 1), dtype="float32")


def make(k=4, **kwargs):
    model = zoo.create("iwae", image_shape=(8, 8, 1), latent_dim=3, hidden_units=(16,))
    model.compile(k=k, **kwargs)
    return model


def test_the_loss_is_the_bound_that_log_prob_reports():
    model = make(k=6)
    draws = [np.random.default_rng((3, i)).standard_normal((6, 3), "float32") for i in range(5)]
    vars(model)["random"] = Bank(normal=np.stack(draws).ravel())
    loss, _ = model.objective(Batch(ops.convert_to_tensor(IMAGES)), training=True)
    expected = -model.log_prob(IMAGES, k=6, seed=3).mean()
    assert float(array(loss)) == pytest.approx(expected, rel=1e-4)


def test_the_gradient_is_weighed_by_the_normalized_importance_weights():
    """Equation 14: the sum of w_i d log w_i, w_i normalized."""
    model = make(k=4)
    noise = np.random.default_rng(0).standard_normal((4, 5, 3)).astype("float32")
    variables = model.trainable_variables

    def gradients(weighed):
        def loss():
            images = ops.convert_to_tensor(IMAGES)
            mean, log_variance = model.posterior(images)
            found, _ = model.log_weights(images, mean, log_variance, ops.convert_to_tensor(noise))
            if not weighed:
                return -ops.mean(ops.logsumexp(found, axis=0)), {}
            shares = ops.stop_gradient(ops.softmax(found, axis=0))
            return -ops.mean(ops.sum(shares * found, axis=0)), {}

        return [array(g) for g in engine.value_and_grad(loss, variables)[1]]

    vars(model)["random"] = Bank(normal=noise.transpose(1, 0, 2).ravel())
    _, grads = engine.value_and_grad(
        lambda: model.objective(Batch(ops.convert_to_tensor(IMAGES)), training=True), variables
    )
    for found, one, other in zip(grads, gradients(True), gradients(False), strict=True):
        np.testing.assert_allclose(array(found), one, rtol=1e-3, atol=1e-5)
        np.testing.assert_allclose(array(found), other, rtol=1e-3, atol=1e-5)


def test_the_warm_up_weighs_the_ratio_of_prior_and_posterior():
    model = make(k=4, warmup_steps=4)
    noise = np.random.default_rng(0).standard_normal((4, 5, 3)).astype("float32")
    images = ops.convert_to_tensor(IMAGES)
    weights, fits = map(
        array, model.log_weights(images, *model.posterior(images), ops.convert_to_tensor(noise))
    )
    for done, share in enumerate((0.0, 0.25, 0.5, 0.75, 1.0, 1.0)):
        model.optimizer.iterations.assign(done)
        vars(model)["random"] = Bank(normal=noise.transpose(1, 0, 2).ravel())
        loss, _ = model.objective(Batch(images), training=True)
        warm = (fits + share * (weights - fits)).astype("float64")
        expected = -np.log(np.exp(warm).mean(axis=0)).mean()
        assert float(array(loss)) == pytest.approx(expected, rel=1e-4)


def test_with_one_sample_its_bound_is_the_elbo_of_that_sample():
    model = make(k=1)
    logs = model.evaluate(IMAGES, batch_size=5, verbose=0, return_dict=True)
    assert set(logs) == {"loss", "reconstruction", "kl"}
    single = -model.log_prob(IMAGES, k=1, seed=0).mean()
    assert single == pytest.approx(logs["reconstruction"] + logs["kl"], rel=0.2)


def test_defaults():
    model = zoo.create("iwae", image_shape=(28, 28, 1))
    model.compile()
    assert model.k == 50
    assert model.latent_dim == 50
    assert model.encoder.count_params() == 785 * 200 + 201 * 200 + 2 * 201 * 50
    assert model.optimizers["model"].epsilon == 1e-4


def test_k_survives_saving(tmp_path):
    model = make(k=7)
    model.save(tmp_path / "model.keras")
    assert keras.saving.load_model(tmp_path / "model.keras").k == 7


def test_errors():
    with pytest.raises(ValueError, match="k must be a whole number of at least 1. Received: 0"):
        make(k=0)
