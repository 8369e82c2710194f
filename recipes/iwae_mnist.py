"""An IWAE of binary MNIST. Run it: python recipes/iwae_mnist.py --help"""

import dataclasses

import keras

import zoo


@dataclasses.dataclass(frozen=True)
class Config(zoo.Config):
    data: str = "mnist"
    epochs: int = 200
    batch_size: int = 100
    learning_rate: float = 1e-3
    binarize: str = "stochastic"
    k: int = 50


def build(config):
    return zoo.models.IWAE(image_shape=(28, 28, 1))


def compile(model, config, steps):
    rate = zoo.LinearDecay(config.learning_rate, start=steps // 2, end=steps)
    model.compile(keras.optimizers.Adam(rate, epsilon=1e-4), k=config.k)


RECIPE = zoo.Recipe(
    preset="iwae_mnist",
    family="iwae",
    config=Config(),
    build=build,
    compile=compile,
    facts=zoo.Facts(
        title="Digits of 28x28 pixels from an importance weighted autoencoder.",
        differs=[
            "Fewer passes over the data, batches of 100; the rate falls to 0 over the second half.",
        ],
        limits=["Not looked at."],
        data_rights="MNIST, CC BY-SA 3.0",
    ),
    smoke={"epochs": 1, "k": 2},
    reported={"iwae": (-84.78, "Burda, Grosse and Salakhutdinov 2016, table 1, k = 50")},
    metrics=(zoo.evaluation.IWAE(k=5000), "elbo", "fid", "kid", "prdc", "modes"),
)

if __name__ == "__main__":
    zoo.run_recipe(RECIPE)
