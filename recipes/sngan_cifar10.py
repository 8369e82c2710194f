"""Spectrally normalized GAN on CIFAR-10, for a GPU. Run it, with 8-bit images as x_train, x_test,
y_train and y_test in an .npz file: python recipes/sngan_cifar10.py --data cifar10.npz"""

import dataclasses

import dcgan_cifar10
import keras

import zoo


@dataclasses.dataclass(frozen=True)
class Config(zoo.Config):
    data: str = "cifar10"
    epochs: int = 130
    batch_size: int = 64
    flip: bool = True
    width: int = 64
    learning_rate: float = 2e-4


def build(config):
    return zoo.models.SNGAN(image_shape=(32, 32, 3), width=config.width)


def compile(model, config, steps):
    rate = zoo.LinearDecay(config.learning_rate, steps)
    model.compile(keras.optimizers.Adam(rate, beta_1=0.5, beta_2=0.999))


RECIPE = dataclasses.replace(
    dcgan_cifar10.RECIPE,
    preset="sngan_cifar10",
    family="sngan",
    config=Config(),
    build=build,
    compile=compile,
    facts=zoo.Facts(
        title="Small photographs of 32x32 pixels from a spectrally normalized GAN.",
        differs=["The rate falls to 0 over the second half of training; images are flipped."],
        limits=["Not looked at."],
    ),
)

if __name__ == "__main__":
    zoo.run_recipe(RECIPE)
