"""WGAN-GP on CIFAR-10, for a GPU. Run it, with 8-bit images as x_train, x_test, y_train and
y_test in an .npz file: python recipes/wgan_gp_cifar10.py --data cifar10.npz"""

import dataclasses

import wgan_gp_mnist

import zoo


def build(config):
    return wgan_gp_mnist.build(config, (32, 32, 3))


RECIPE = dataclasses.replace(
    wgan_gp_mnist.RECIPE,
    preset="wgan_gp_cifar10",
    config=wgan_gp_mnist.Config(
        data="cifar10",
        epochs=130,
        width=64,
        critic_steps=5,
        learning_rate=5e-4,
        flip=True,
    ),
    build=build,
    facts=zoo.Facts(
        title="Small photographs of 32x32 pixels from a Wasserstein GAN with gradient penalty.",
        differs=[
            "The bodies of a DCGAN, with a dense layer of 128 units in each.",
            "The critic's five updates of one step share a batch.",
            "Adam with rate 5e-4, falling to 0 over the second half of training.",
        ],
        limits=["Not looked at."],
    ),
)

if __name__ == "__main__":
    zoo.run_recipe(RECIPE)
