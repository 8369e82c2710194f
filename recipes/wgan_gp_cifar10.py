"""WGAN-GP on CIFAR-10, for a GPU. Run it, with 8-bit images as x_train, x_test, y_train and
y_test in an .npz file: python recipes/wgan_gp_cifar10.py --data cifar10.npz"""

import dataclasses

import zoo

import dcgan_cifar10
import sngan_cifar10


@dataclasses.dataclass(frozen=True)
class Config(sngan_cifar10.Config):
    epochs: int = 640


def build(config):
    resnet = zoo.networks.ResNet(width=config.width, pooling="mean")
    return zoo.models.WGANGP(image_shape=(32, 32, 3), architecture=resnet)


RECIPE = dataclasses.replace(
    dcgan_cifar10.RECIPE,
    preset="wgan_gp_cifar10",
    family="wgan_gp",
    config=Config(),
    build=build,
    compile=sngan_cifar10.compile,
    facts=zoo.Facts(
        title="Small photographs of 32x32 pixels from a Wasserstein GAN with gradient penalty.",
        differs=[
            "The residual networks for CIFAR-10, without labels.",
            "The generator sees 64 latents a step, not 128. Images are mirrored with a probability "
            "of one half.",
        ],
        limits=["Not looked at."],
    ),
    smoke={"epochs": 1, "width": 8},
)

if __name__ == "__main__":
    zoo.run_recipe(RECIPE)
