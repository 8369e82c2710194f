"""The first GAN on MNIST. Run it: python recipes/gan_mnist.py --help"""

import dataclasses

import zoo

import keras
from keras import layers


@dataclasses.dataclass(frozen=True)
class Config(zoo.Config):
    data: str = "mnist"
    epochs: int = 130
    batch_size: int = 128
    units: int = 600
    learning_rate: float = 1e-3


def build(config):
    generator = keras.Sequential([keras.Input((100,), name="latents")], name="generator")
    for _ in range(2):
        generator.add(layers.Dense(config.units, use_bias=False))
        generator.add(zoo.layers.BatchNormalization(momentum=0.9))
        generator.add(layers.ReLU())
    generator.add(layers.Dense(64))  # neighbours among the pixels have to share what they follow
    generator.add(layers.Dense(784, activation="tanh"))
    generator.add(layers.Reshape((28, 28, 1)))
    model = zoo.models.GAN((28, 28, 1), units=config.units, generator=generator)
    for kernel in (model.discriminator.trainable_variables[0], generator.trainable_variables[-2]):
        kernel.assign(0.1 * kernel)  # what is random there stays in the images, as speckle
    return model


def compile(model, config, steps):
    rate = zoo.LinearDecay(config.learning_rate, steps)
    model.compile(keras.optimizers.Adam(rate, beta_1=0.5, beta_2=0.99), penalty=zoo.losses.R1(1.0))


RECIPE = zoo.Recipe(
    preset="gan_mnist",
    family="gan",
    config=Config(),
    build=build,
    compile=compile,
    facts=zoo.Facts(
        title="Handwritten digits of 28x28 pixels from a GAN of dense layers.",
        differs=[
            "Half the units; G: batch norm, 64 linear units before pixels; G, D: at pixels weights "
            "begin at a tenth; R1, gamma 1; beta_2 0.99; rate 1e-3, to 0 over the second half.",
        ],
        limits=["Of the 100 pictured ten are malformed, six speckled; edges are ragged."],
    ),
    smoke={"epochs": 1, "units": 20},
    metrics=("parzen", "fid", "kid", "prdc", "modes"),
    published={"parzen": (225.0, "Goodfellow et al. 2014, table 1")},
)

if __name__ == "__main__":
    zoo.run_recipe(RECIPE)
