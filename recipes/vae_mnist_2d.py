"""A VAE of MNIST with two latents. Run it: python recipes/vae_mnist_2d.py --help"""

import dataclasses

import zoo

import keras


@dataclasses.dataclass(frozen=True)
class Config(zoo.Config):
    data: str = "mnist"
    epochs: int = 100
    batch_size: int = 100
    learning_rate: float = 1e-3


def build(config):
    return zoo.models.VAE(image_shape=(28, 28, 1), latent_dim=2, hidden_units=(500,))


def compile(model, config, steps):
    rate = zoo.LinearDecay(config.learning_rate, steps)
    model.compile(keras.optimizers.Adam(rate))


RECIPE = zoo.Recipe(
    preset="vae_mnist_2d",
    family="vae",
    config=Config(),
    build=build,
    compile=compile,
    facts=zoo.Facts(
        title="The plane of digits: a variational autoencoder of two latents.",
        differs=[
            "Adam with rate 1e-3, falling to 0 over the second half of training.",
            "Grey pixels as if they were probabilities.",
        ],
        limits=[
            "Blurred, as means of two latents are: between two digits lie shapes that are neither.",
            "Fives and sevens have little room; samples vary little (recall 0.01).",
        ],
    ),
    smoke={"epochs": 1},
)

if __name__ == "__main__":
    zoo.run_recipe(RECIPE)
