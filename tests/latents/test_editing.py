"""Editing: constraints against the closed form of a linear generator, and errors."""

import keras
import numpy as np
import pytest

import zoo
from zoo.latents import Constraint, edit

KERNEL = 0.1 * np.random.default_rng(0).normal(size=(3, 16)).astype("float32")


def linear():
    layers = [keras.Input((3,)), keras.layers.Dense(16), keras.layers.Reshape((4, 4, 1))]
    network = keras.Sequential(layers)
    network.layers[0].set_weights([KERNEL, np.full(16, 0.5, "float32")])
    return zoo.models.Sampler(network, 3, (4, 4, 1), (0.0, 1.0))


def test_an_edit_is_the_weighted_least_squares_solution():
    model = linear()
    latents = 0.5 * model.sample_latents(2, seed=0)
    top = np.zeros((4, 4))
    top[:1] = 1
    constraints = [Constraint(top, 0.8, weight=2.0), Constraint(1 - top, None, weight=0.5)]
    found = edit(model, latents, constraints, hold=0.1, steps=60, rule="lbfgs")
    weights = np.where(top.reshape(-1) > 0, 2.0, 0.5)
    weights /= 2.0
    images = model.sample(latents=latents).reshape(2, 16)
    target = np.where(top.reshape(-1) > 0, 0.8, images)
    left = KERNEL @ (weights[:, None] * KERNEL.T) / weights.sum() + 0.1 * np.eye(3) / 3
    right = KERNEL @ (weights * (target - 0.5)).T / weights.sum() + 0.1 * latents.T / 3
    np.testing.assert_allclose(found.latents, np.linalg.solve(left, right).T, atol=2e-3)
    np.testing.assert_allclose(found.images, model.sample(latents=found.latents), atol=1e-6)


def test_several_wanted_values_act_as_their_mean():
    model = linear()
    latents = np.zeros((1, 3), "float32")
    ones = np.ones((4, 4))
    both = [Constraint(ones, 0.4, 1.0), Constraint(ones, 0.8, 3.0)]
    several = edit(model, latents, both, hold=0, steps=40, rule="lbfgs")
    one = edit(model, latents, [Constraint(ones, 0.7)], hold=0, steps=40, rule="lbfgs")
    np.testing.assert_allclose(several.images, one.images, atol=1e-3)


@pytest.mark.once
@pytest.mark.parametrize(
    ("constraints", "text"),
    [
        ([], "constraints must hold at least one"),
        ([Constraint(np.ones((4, 4)), 1.0, -1.0)], r"constraints\[0\].weight .* Received: -1"),
        ([Constraint(np.ones((4, 4)), 1.0, 0.0)], "constraints must have a weight above 0"),
        ([Constraint(np.ones((3, 4)), 1.0)], "mask must have one of the shapes"),
        ([Constraint(np.zeros((4, 4)), 1.0)], "mask must be 1"),
        ([Constraint(np.ones((4, 4)), [0, 1])], r"constraints\[0\].value must be .*\(2,\)"),
    ],
)
def test_wrong_constraints(constraints, text):
    with pytest.raises(ValueError, match=text):
        edit(linear(), np.zeros((1, 3)), constraints)


@pytest.mark.once
def test_a_model_without_latents():
    model = zoo.create("ae", image_shape=(8, 8, 1), latent_dim=2, width=2)
    with pytest.raises(ValueError, match="model must be one that makes data from latents"):
        edit(model, np.zeros((1, 2)), [Constraint(np.ones((8, 8)), 1.0)])
