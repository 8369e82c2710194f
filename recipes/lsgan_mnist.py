"""Least squares GAN on MNIST. Run it: python recipes/lsgan_mnist.py --help"""

import dataclasses

import zoo

import dcgan_mnist


def build(config):
    return zoo.models.LSGAN(
        image_shape=(28, 28, 1),
        width=config.width,
        hidden_units=config.hidden_units,
        discriminator_normalization=None,
    )


RECIPE = dataclasses.replace(
    dcgan_mnist.RECIPE,
    preset="lsgan_mnist",
    family="lsgan",
    config=dcgan_mnist.Config(epochs=16, width=32),
    build=build,
    packaged=False,
    facts=zoo.Facts(
        title="Handwritten digits of 28x28 pixels from a least squares GAN.",
        differs=[
            "Width 32; a dense layer of 256 units in each player.",
            "No batch normalization in the discriminator.",
            dcgan_mnist.PENALTY.format(1),
            dcgan_mnist.RATE,
        ],
        limits=["Of the 100 pictured about fifteen are malformed.", "No choice of the digit."],
    ),
)

if __name__ == "__main__":
    zoo.run_recipe(RECIPE)
