"""The first GAN on MNIST. Run it: python recipes/gan_mnist.py --help"""

import dataclasses

import keras

import zoo


@dataclasses.dataclass(frozen=True)
class Config(zoo.Config):
    data: str = "mnist"
    epochs: int = 120
    batch_size: int = 128
    units: int = 600
    learning_rate: float = 1e-3
    r1_gamma: float = 1.0


def build(config):
    return zoo.models.GAN(image_shape=(28, 28, 1), units=config.units)


def compile(model, config, steps):
    rate = zoo.LinearDecay(config.learning_rate, steps)
    adam = keras.optimizers.Adam(rate, beta_1=0.5, beta_2=0.99)
    model.compile(adam, penalty=zoo.losses.R1(config.r1_gamma))


RECIPE = zoo.Recipe(
    preset="gan_mnist",
    family="gan",
    config=Config(),
    build=build,
    compile=compile,
    facts=zoo.Facts(
        title="Handwritten digits of 28x28 pixels from a GAN of dense layers.",
        differs=[
            "Hidden layers of half as many units; an R1 penalty with gamma 1.",
            "Adam with rate 1e-3, falling to 0 over the second half of training, and beta_2 0.99.",
        ],
        limits=["Not looked at."],
    ),
    smoke={"epochs": 1, "units": 20},
    metrics=("parzen", "fid", "kid", "prdc", "modes"),
    reported={"parzen": (225.0, "Goodfellow et al. 2014, table 1")},
)

if __name__ == "__main__":
    zoo.run_recipe(RECIPE)
