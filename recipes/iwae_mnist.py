"""An IWAE of binary MNIST. Run it: python recipes/iwae_mnist.py --help"""

import dataclasses

import keras
import vae_mnist

import zoo


@dataclasses.dataclass(frozen=True)
class Config(vae_mnist.Config):
    k: int = 50


def build(config):
    return zoo.models.IWAE(image_shape=(28, 28, 1))


def compile(model, config, steps):
    rate = zoo.LinearDecay(config.learning_rate, steps)
    model.compile(keras.optimizers.Adam(rate, epsilon=1e-4), k=config.k)


RECIPE = dataclasses.replace(
    vae_mnist.RECIPE,
    preset="iwae_mnist",
    family="iwae",
    config=Config(epochs=200),
    build=build,
    compile=compile,
    smoke={"epochs": 1, "k": 2},
    reported={"iwae": (-84.78, "Burda, Grosse and Salakhutdinov 2016, table 1, k = 50")},
    facts=zoo.Facts(
        title="Digits of 28x28 pixels from an importance weighted autoencoder.",
        differs=[
            "Fewer passes over the data, batches of 100; the rate falls to 0 over the second half.",
        ],
        limits=["Not looked at."],
        data_rights="MNIST, CC BY-SA 3.0",
    ),
)

if __name__ == "__main__":
    zoo.run_recipe(RECIPE)
