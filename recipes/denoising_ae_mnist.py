"""A denoising autoencoder of MNIST. Run it: python recipes/denoising_ae_mnist.py --help"""

import dataclasses

import zoo

import ae_mnist
import keras


@dataclasses.dataclass(frozen=True)
class Config(ae_mnist.Config):
    latent_dim: int = 1000
    sigma: float = 0.5


def build(config):
    return zoo.models.DenoisingAutoencoder(
        image_shape=(28, 28, 1),
        latent_dim=config.latent_dim,
    )


def compile(model, config, steps):
    rate = zoo.LinearDecay(config.learning_rate, steps)
    noise = zoo.corruption.GaussianNoise(config.sigma)
    model.compile(keras.optimizers.Adam(rate), corruption=noise)


RECIPE = dataclasses.replace(
    ae_mnist.RECIPE,
    preset="denoising_ae_mnist",
    family="denoising_autoencoder",
    config=Config(),
    build=build,
    compile=compile,
    facts=zoo.Facts(
        title="Digits of 28x28 pixels cleared of Gaussian noise.",
        differs=[
            "Gaussian noise of standard deviation 0.5, not clipped, in place of masking noise.",
            "Adam with rate 1e-3, falling to 0 over the second half of training.",
        ],
        limits=[
            "Thin strokes come out smeared or broken; for noise of standard deviation 0.5 alone.",
        ],
    ),
    metrics=("denoising", *ae_mnist.RECIPE.metrics),
)

if __name__ == "__main__":
    zoo.run_recipe(RECIPE)
