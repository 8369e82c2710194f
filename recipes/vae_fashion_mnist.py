"""A VAE of Fashion-MNIST. Run it: python recipes/vae_fashion_mnist.py --help"""

import dataclasses

import keras

import zoo


@dataclasses.dataclass(frozen=True)
class Config(zoo.Config):
    data: str = "fashion_mnist"
    epochs: int = 100
    batch_size: int = 100
    learning_rate: float = 1e-3


def build(config):
    return zoo.models.VAE(image_shape=(28, 28, 1), latent_dim=20, hidden_units=(500, 500))


def compile(model, config, steps):
    rate = zoo.LinearDecay(config.learning_rate, start=steps // 2, end=steps)
    model.compile(keras.optimizers.Adam(rate))


RECIPE = zoo.Recipe(
    preset="vae_fashion_mnist",
    family="vae",
    config=Config(),
    build=build,
    compile=compile,
    facts=zoo.Facts(
        title="Clothes of 28x28 pixels from a variational autoencoder of 20 latents.",
        differs=[
            "Two hidden layers of 500 units; the rate 1e-3 falls to 0 over the second half.",
            "Grey pixels as if they were probabilities.",
        ],
        limits=[
            "Textures, prints and straps are lost: samples are smooth means of pixels.",
            "Of the 100 pictured about ten are no garment with a name; sandals most often.",
        ],
        data_rights="Fashion-MNIST, MIT",
    ),
    smoke={"epochs": 1},
)

if __name__ == "__main__":
    zoo.run_recipe(RECIPE)
