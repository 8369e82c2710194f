"""A GAN of points with a loss of one's own. Run it: python relativistic_ring8.py"""

import dataclasses

import keras
from keras import ops

import zoo


@keras.saving.register_keras_serializable("outside")
class RelativisticLeastSquares(zoo.losses.AdversarialLoss):
    """The relativistic average least squares loss of Jolicoeur-Martineau 2018, arXiv:1807.00734."""

    name = "relativistic_least_squares"

    def discriminator(self, real, fake):
        real, fake = real - mean(fake), fake - mean(real)
        return ops.square(real - 1.0) + ops.square(fake + 1.0)

    def generator(self, fake, real):
        return self.discriminator(fake, real)


def mean(logits):
    return zoo.engine.all_reduce_mean(ops.mean(logits))


@dataclasses.dataclass(frozen=True)
class Config(zoo.Config):
    data: str = "ring8"
    epochs: int = 80
    batch_size: int = 512
    units: int = 128


def build(config):
    demands = {"output_bias": False}  # a constant added to all logits changes nothing
    return zoo.models.GAN(
        generator=zoo.networks.points.generator(2, units=config.units),
        discriminator=zoo.networks.points.discriminator(units=config.units, **demands),
        latent_dim=2,
    )


def compile(model, config, steps):
    adam = keras.optimizers.Adam(zoo.LinearDecay(1e-3, steps), beta_1=0.5)
    model.compile(adam, loss="relativistic_least_squares", penalty=zoo.losses.R1(0.1))


RECIPE = zoo.Recipe(
    preset="relativistic_ring8",
    family="gan",
    config=Config(),
    build=build,
    compile=compile,
    facts=zoo.Facts(title="Eight Gaussians on a ring.", differs=[], limits=[]),
    smoke={"epochs": 1, "units": 16},
)

if __name__ == "__main__":
    zoo.run_recipe(RECIPE)
