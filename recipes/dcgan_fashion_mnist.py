"""DCGAN on Fashion-MNIST. Run it: python recipes/dcgan_fashion_mnist.py --help"""

import dataclasses

import zoo

import dcgan_mnist

RECIPE = dataclasses.replace(
    dcgan_mnist.RECIPE,
    preset="dcgan_fashion_mnist",
    config=dcgan_mnist.Config(data="fashion_mnist", epochs=16, width=32, hidden_units=64),
    facts=zoo.Facts(
        title="Clothes of 28x28 pixels from a deep convolutional GAN.",
        differs=[
            "Width 32; a dense layer of 64 units in each player.",
            "No batch normalization in the discriminator.",
            dcgan_mnist.PENALTY.format(1),
            dcgan_mnist.RATE,
        ],
        limits=[
            "Of the 100 pictured about fifteen are torn: prints, sandals and bags break up.",
            "Less varied than test images: recall 0.76 against 0.94.",
            "No choice of the class.",
        ],
    ),
)

if __name__ == "__main__":
    zoo.run_recipe(RECIPE)
