"""Spectrally normalized GAN on CIFAR-10, for a GPU. Run it, with 8-bit images as x_train, x_test,
y_train and y_test in an .npz file: python recipes/sngan_cifar10.py --data cifar10.npz"""

import dataclasses

import zoo

import dcgan_cifar10
import keras


@dataclasses.dataclass(frozen=True)
class Config(zoo.Config):
    data: str = "cifar10"
    epochs: int = 320
    batch_size: int = 320  # cut into five of 64 for the discriminator
    flip: bool = True
    width: int = 128
    learning_rate: float = 2e-4


def build(config):
    resnet = zoo.networks.ResNet(width=config.width, generator_width=2 * config.width)
    return zoo.models.SNGAN(image_shape=(32, 32, 3), architecture=resnet)


def compile(model, config, steps):
    def adam(updates):
        rate = zoo.LinearDecay(config.learning_rate, updates, start=0)
        return keras.optimizers.Adam(rate, beta_1=0.0, beta_2=0.9)

    adams = {"generator": adam(steps), "discriminator": adam(5 * steps)}
    model.compile(adams, critic_steps=5)


RECIPE = dataclasses.replace(
    dcgan_cifar10.RECIPE,
    preset="sngan_cifar10",
    family="sngan",
    config=Config(),
    build=build,
    compile=compile,
    facts=zoo.Facts(
        title="Small photographs of 32x32 pixels from a spectrally normalized GAN.",
        differs=[
            "The residual networks of table 4; the generator sees 64 latents a step, not 128.",
            "Images are mirrored with a probability of one half.",
        ],
        limits=["Not looked at."],
    ),
    smoke={"epochs": 1, "width": 8},
)

if __name__ == "__main__":
    zoo.run_recipe(RECIPE)
