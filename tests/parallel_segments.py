"""Two parallel segments at the distance theta, the example of the Wasserstein GAN's paper.

The data are uniform on {0} x [0, 1], the generated points on {theta} x [0, 1]. The Wasserstein-1
distance of the two is |theta|; their Jensen-Shannon divergence is log 2 unless theta is 0.
"""

import math
import warnings

import keras
import numpy as np
from keras import ops

import zoo

THETAS = (0.25, 0.5, 1.0)
STEPS = 300
BATCH = 128


@keras.saving.register_keras_serializable("tests")
class AtDistance(keras.layers.Layer):
    """From latents z to (theta, Phi(z)), which nothing trains."""

    def __init__(self, theta, **kwargs):
        super().__init__(**kwargs)
        self.theta = theta

    def call(self, latents):
        height = 0.5 * (1 + ops.erf(latents / math.sqrt(2)))
        return ops.concatenate([ops.full_like(latents, self.theta), height], axis=-1)

    def get_config(self):
        return {**super().get_config(), "theta": self.theta}


def real(n, seed):
    heights = np.random.default_rng(seed).random((n, 1), dtype="float32")
    return np.concatenate([np.zeros_like(heights), heights], axis=1)


def falling(rate):
    """A learning rate that lets the critic settle."""
    return zoo.LinearDecay(rate, start=STEPS // 3, end=STEPS)


def trained(rule, theta, **compile_arguments):
    """A model of the class `rule` whose critic has seen both segments."""
    model = rule(
        generator=keras.Sequential([keras.Input((1,)), AtDistance(theta)]),
        discriminator=zoo.networks.points.discriminator(
            units=32, hidden_layers=2, output_bias=False
        ),
        latent_dim=1,
    )
    # One at a time: there is no generator to train in between, and less to compile.
    model.compile(critic_steps=1, **compile_arguments)
    with warnings.catch_warnings():
        warnings.filterwarnings("ignore", "'generator' of .* has no trainable weight")
        model.fit(real(STEPS * BATCH, seed=0), batch_size=BATCH, verbose=0)
    return model


def estimate(model):
    return model.critic_distance(real(2000, seed=1), model.sample(2000, seed=2))


def largest_slope(model, theta):
    """Of the critic, over a grid of places between the segments."""
    across, along = np.meshgrid(np.linspace(0, theta, 41), np.linspace(0, 1, 41))
    places = np.stack([across.ravel(), along.ravel()], axis=1).astype("float32")
    gradient = zoo.engine.gradient(model.critic, ops.convert_to_tensor(places))
    return float(np.linalg.norm(ops.convert_to_numpy(gradient), axis=1).max())


def jensen_shannon(a, b):
    """Of the histograms of two sets of points, in nats. Cells are 0.025 wide, and the segments lie
    in the middle of theirs."""
    bins = [np.linspace(-1.0125, 1.0125, 82), np.linspace(0, 1, 41)]
    p, q = (np.histogram2d(*points.T, bins=bins)[0] / len(points) for points in (a, b))
    middle = (p + q) / 2

    def divergence(x):
        inside = x > 0
        return np.sum(x[inside] * np.log(x[inside] / middle[inside]))

    return (divergence(p) + divergence(q)) / 2
