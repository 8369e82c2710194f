"""DCGAN on MNIST, with an R1 penalty. Run it: python recipes/dcgan_mnist.py --help"""

import dataclasses

import zoo

import keras


@dataclasses.dataclass(frozen=True)
class Config(zoo.Config):
    data: str = "mnist"
    epochs: int = 24
    batch_size: int = 64
    width: int = 64
    hidden_units: int = 256
    learning_rate: float = 1e-3
    r1_gamma: float = 1.0
    r1_share: float = 0.25


def build(config):
    return zoo.models.DCGAN(
        image_shape=(28, 28, 1),
        width=config.width,
        hidden_units=config.hidden_units,
        discriminator_normalization=None,
    )


def compile(model, config, steps):
    rate = zoo.LinearDecay(config.learning_rate, steps)
    adam = keras.optimizers.Adam(rate, beta_1=0.5, beta_2=0.99)
    model.compile(adam, penalty=zoo.losses.R1(config.r1_gamma, config.r1_share))


PENALTY = "R1 penalty, gamma {}, on a quarter of each batch."
RATE = "Adam with rate 1e-3, falling to 0 over the second half of training, and beta_2 0.99."

RECIPE = zoo.Recipe(
    preset="dcgan_mnist",
    family="dcgan",
    config=Config(),
    build=build,
    compile=compile,
    facts=zoo.Facts(
        title="Handwritten digits of 28x28 pixels from a deep convolutional GAN.",
        differs=[
            "A dense layer of 256 units in each player, no batch normalization in the second.",
            PENALTY.format(1),
            RATE,
        ],
        limits=["Of the 100 pictured about fifteen are malformed.", "No choice of the digit."],
    ),
    smoke={"epochs": 1, "width": 8, "hidden_units": 16},
)

if __name__ == "__main__":
    zoo.run_recipe(RECIPE)
