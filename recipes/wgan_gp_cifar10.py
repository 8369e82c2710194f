"""WGAN-GP on CIFAR-10, for a GPU. Run it, with 8-bit images as x_train, x_test, y_train and
y_test in an .npz file: python recipes/wgan_gp_cifar10.py --data cifar10.npz"""

import dataclasses

import wgan_gp_mnist

import zoo


def build(config):
    return zoo.models.WGANGP(image_shape=(32, 32, 3), width=config.width)


RECIPE = dataclasses.replace(
    wgan_gp_mnist.RECIPE,
    preset="wgan_gp_cifar10",
    config=wgan_gp_mnist.Config(data="cifar10", epochs=130, width=64, flip=True),
    build=build,
    facts=zoo.Facts(
        title="Small photographs of 32x32 pixels from a Wasserstein GAN with gradient penalty.",
        differs=[
            "The bodies of a DCGAN; the critic's updates of one step share a batch.",
            "Adam with rate 5e-4, falling to 0 over the second half of training.",
        ],
        limits=["Not looked at."],
    ),
)

if __name__ == "__main__":
    zoo.run_recipe(RECIPE)
