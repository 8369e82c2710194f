"""A sparse autoencoder of MNIST. Run it: python recipes/sparse_ae_mnist.py --help"""

import dataclasses

import zoo

import ae_mnist
import keras


@dataclasses.dataclass(frozen=True)
class Config(ae_mnist.Config):
    epochs: int = 25
    latent_dim: int = 1000
    learning_rate: float = 3e-4  # with 1e-3 more units are never active
    penalty: float = 0.1


def build(config):
    return zoo.models.SparseAutoencoder(
        image_shape=(28, 28, 1),
        latent_dim=config.latent_dim,
        code_activation="relu",
    )


def compile(model, config, steps):
    rate = zoo.LinearDecay(config.learning_rate, steps)
    sparsity = zoo.losses.L1(config.penalty)
    model.compile(keras.optimizers.Adam(rate), loss="cross_entropy", sparsity=sparsity)


RECIPE = dataclasses.replace(
    ae_mnist.RECIPE,
    preset="sparse_ae_mnist",
    family="sparse_autoencoder",
    config=Config(),
    build=build,
    compile=compile,
    facts=zoo.Facts(
        title="Digits of 28x28 pixels to 1,000 code units, of which few are active in each.",
        differs=[
            "The L1 norm of rectified linear codes in place of the KL divergence.",
            "The cross-entropy in place of half the squared error.",
            "Adam with rate 3e-4, falling to 0 over the second half of training.",
        ],
        limits=[
            "Of the 1,000 units 89 are active for no test image.",
        ],
    ),
)

if __name__ == "__main__":
    zoo.run_recipe(RECIPE)
