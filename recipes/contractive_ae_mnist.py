"""A contractive autoencoder of MNIST. Run it: python recipes/contractive_ae_mnist.py --help"""

import dataclasses

import zoo

import ae_mnist
import keras


@dataclasses.dataclass(frozen=True)
class Config(ae_mnist.Config):
    penalty: float = 0.22


def build(config):
    return zoo.models.ContractiveAutoencoder(
        image_shape=(28, 28, 1),
        latent_dim=config.latent_dim,
    )


def compile(model, config, steps):
    rate = zoo.LinearDecay(config.learning_rate, steps)
    model.compile(keras.optimizers.Adam(rate), weight=config.penalty)


RECIPE = dataclasses.replace(
    ae_mnist.RECIPE,
    preset="contractive_ae_mnist",
    family="contractive_autoencoder",
    config=Config(),
    build=build,
    compile=compile,
    facts=zoo.Facts(
        title="Digits of 28x28 pixels to 250 units that move little with the image, and back.",
        differs=[
            "250 code units.",
            "Adam with rate 1e-3, falling to 0 over the second half of training.",
        ],
        limits=[
            "Reconstructions are softer than those of ae_mnist, thin strokes faint. New codes "
            "cannot be drawn.",
        ],
    ),
)

if __name__ == "__main__":
    zoo.run_recipe(RECIPE)
