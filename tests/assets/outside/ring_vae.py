"""A VAE with a prior of one's own, a ring of Gaussians. Run it: python ring_vae.py"""

import dataclasses
import math
from pathlib import Path

import keras
from keras import ops

import zoo


@keras.saving.register_keras_serializable("outside")
class Ring(zoo.layers.Prior):
    """The prior p(z) = 1/K sum_k N(mu_k, sigma^2 I) of two latents, with the K means on a circle.

    Base noise has a third number, which chooses the component.

    Args:
        components: the number K of components.
        radius: the radius of the circle.
        sigma: the standard deviation of each component.
    """

    name = "ring"

    def __init__(self, components=5, radius=2.0, sigma=0.5, name=None, **kwargs):
        super().__init__(name=name, **kwargs)
        self.components, self.radius, self.sigma = components, radius, sigma

    def get_config(self):
        own = {"components": self.components, "radius": self.radius, "sigma": self.sigma}
        return {**super().get_config(), **own}

    @property
    def noise(self):
        return zoo.engine.spaces.Normal((3,))

    @property
    def means(self):
        angles = 2.0 * math.pi * ops.arange(self.components, dtype="float32") / self.components
        return self.radius * ops.stack([ops.cos(angles), ops.sin(angles)], axis=-1)

    def sample(self, noise, condition=None):
        share = 0.5 * (1.0 + ops.erf(noise[:, 2] / math.sqrt(2.0)))  # uniform in (0, 1)
        k = ops.clip(ops.cast(self.components * share, "int32"), 0, self.components - 1)
        return ops.take(self.means, k, axis=0) + self.sigma * noise[:, :2]

    def log_prob(self, latents, condition=None):
        squares = ops.sum(ops.square(ops.expand_dims(latents, -2) - self.means), axis=-1)
        constant = math.log(2.0 * math.pi * self.sigma**2 * self.components)
        return ops.logsumexp(-squares / (2.0 * self.sigma**2), axis=-1) - constant


@dataclasses.dataclass(frozen=True)
class Config(zoo.Config):
    data: str = str(Path(__file__).parent.parent / "mnist_slice.npz")
    epochs: int = 20
    batch_size: int = 64
    units: int = 200
    components: int = 5


def build(config):
    return zoo.models.VAE(
        image_shape=(28, 28, 1),
        latent_dim=2,
        hidden_units=(config.units,),
        prior=Ring(components=config.components),
    )


def compile(model, config, steps):
    model.compile(keras.optimizers.Adam(zoo.LinearDecay(1e-3, steps)))


RECIPE = zoo.Recipe(
    preset="ring_vae",
    family="vae",
    config=Config(),
    build=build,
    compile=compile,
    facts=zoo.Facts(title="A few digits on a ring of latents.", differs=[], limits=[]),
    smoke={"epochs": 1, "units": 16},
    metrics=("elbo",),
)

if __name__ == "__main__":
    zoo.run_recipe(RECIPE)
