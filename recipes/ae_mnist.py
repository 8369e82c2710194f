"""An autoencoder of MNIST. Run it: python recipes/ae_mnist.py --help"""

import dataclasses

import zoo

import keras


@dataclasses.dataclass(frozen=True)
class Config(zoo.Config):
    data: str = "mnist"
    epochs: int = 50
    batch_size: int = 128
    latent_dim: int = 250
    learning_rate: float = 1e-3


def build(config):
    return zoo.models.Autoencoder(
        image_shape=(28, 28, 1),
        latent_dim=config.latent_dim,
        architecture="one_layer",
        tied=True,
    )


def compile(model, config, steps):
    rate = zoo.LinearDecay(config.learning_rate, steps)
    model.compile(keras.optimizers.Adam(rate))


RECIPE = zoo.Recipe(
    preset="ae_mnist",
    family="autoencoder",
    config=Config(),
    build=build,
    compile=compile,
    facts=zoo.Facts(
        title="Digits of 28x28 pixels to 250 code units and back, by one layer each way.",
        differs=[
            "One layer of 250 sigmoid units each way, with tied weights.",
            "Adam with rate 1e-3, falling to 0 over the second half of training.",
        ],
        limits=[
            "Thin gaps and grey edges are lost in the reconstructions.",
            "A linear classifier of its codes errs on 6.5%. New codes cannot be drawn.",
        ],
    ),
    smoke={"epochs": 1, "latent_dim": 16},
    metrics=("reconstruction", "linear_probe", "inactive_units", "contraction"),
    examples=50,
)

if __name__ == "__main__":
    zoo.run_recipe(RECIPE)
