"""A classifier of CIFAR-10. Run it: python recipes/classifier_cifar10.py --help"""

import dataclasses

import zoo

import classifier_mnist


def build(config):
    return zoo.models.Classifier(image_shape=(32, 32, 3), width=config.width)


CLASSES = "airplane, automobile, bird, cat, deer, dog, frog, horse, ship, truck"

RECIPE = dataclasses.replace(
    classifier_mnist.RECIPE,
    preset="classifier_cifar10",
    config=classifier_mnist.Config(data="cifar10", epochs=24, flip=True),
    build=build,
    facts=zoo.Facts(
        title="Ten kinds of things, told apart: what samples of CIFAR-10 are measured with.",
        differs=[
            "Images are moved by up to an eighth of their size, and mirrored, in training.",
            "AdamW with rate 2e-3, falling to 0 over the last three quarters of training.",
        ],
        limits=[
            "Its accuracy is of the first 1,000 test images alone, within about two points.",
            "It was trained on another copy of CIFAR-10 than dcgan_cifar10, as data_sha256 says; "
            "its accuracy on those test images of either copy is the same.",
            "Cats and dogs are taken for each other most often.",
        ],
        classes=CLASSES.split(", "),
    ),
)

if __name__ == "__main__":
    zoo.run_recipe(RECIPE)
