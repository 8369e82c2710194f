"""Conditional GAN on MNIST. Run it: python recipes/cgan_mnist.py --help"""

import dataclasses

import zoo

import dcgan_mnist


def build(config):
    return zoo.models.ConditionalGAN(
        image_shape=(28, 28, 1),
        num_classes=10,
        architecture="convolutional",
        width=config.width,
        hidden_units=config.hidden_units,
        discriminator_normalization=None,
    )


RECIPE = dataclasses.replace(
    dcgan_mnist.RECIPE,
    preset="cgan_mnist",
    family="conditional_gan",
    config=dcgan_mnist.Config(epochs=16, width=32, r1_gamma=0.02),
    build=build,
    facts=zoo.Facts(
        title="Handwritten digits of 28x28 pixels, of a chosen class, from a conditional GAN.",
        differs=[
            "The bodies of a DCGAN, width 32, with a dense layer of 256 units; no dropout.",
            dcgan_mnist.PENALTY.format(0.02),
            dcgan_mnist.RATE,
        ],
        limits=[
            "Of the 100 pictured about five are broken or could be read as another digit.",
            "Less varied than test images: recall 0.90 against 0.95.",
        ],
    ),
    metrics=("parzen", "fid", "kid", "prdc", "modes", "label_accuracy"),
    published={"parzen": (132.0, "Mirza and Osindero 2014, table 1")},
)

if __name__ == "__main__":
    zoo.run_recipe(RECIPE)
