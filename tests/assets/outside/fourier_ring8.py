"""A WGAN-GP of points with networks of one's own. Run it: python fourier_ring8.py"""

import dataclasses
import math

import keras
from keras import layers, ops

import zoo


@keras.saving.register_keras_serializable("outside")
class Waves(layers.Layer):
    """Sines and cosines of the inputs, of growing frequency, beside the inputs themselves."""

    def __init__(self, frequencies=3, **kwargs):
        super().__init__(**kwargs)
        self.frequencies = frequencies

    def get_config(self):
        return {**super().get_config(), "frequencies": self.frequencies}

    def call(self, x):
        angles = [0.5 * math.pi * 2.0**k * x for k in range(self.frequencies)]
        return ops.concatenate([x, *map(ops.sin, angles), *map(ops.cos, angles)], axis=-1)


@keras.saving.register_keras_serializable("outside")
class Fourier(zoo.networks.Points):
    """Networks for points whose critic sees their Fourier features."""

    name = "fourier"

    def __init__(self, units=128, hidden_layers=2, frequencies=3, **kwargs):
        super().__init__(units, hidden_layers, **kwargs)
        self.frequencies = frequencies

    def features(self, x, data, demands):
        return super().features(Waves(self.frequencies)(x), data, demands)


@dataclasses.dataclass(frozen=True)
class Config(zoo.Config):
    data: str = "ring8"
    epochs: int = 40
    batch_size: int = 512
    units: int = 128


def build(config):
    return zoo.create(
        "wgan_gp", image_shape=(2,), latent_dim=2, architecture=Fourier(units=config.units)
    )


def compile(model, config, steps):
    model.compile(critic_steps=2)


RECIPE = zoo.Recipe(
    preset="fourier_ring8",
    family="wgan_gp",
    config=Config(),
    build=build,
    compile=compile,
    facts=zoo.Facts(title="Eight Gaussians on a ring.", differs=[], limits=[]),
    smoke={"epochs": 1, "units": 16},
)

if __name__ == "__main__":
    zoo.run_recipe(RECIPE)
