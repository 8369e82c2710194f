"""A small network of features of natural pictures. Run it, with the file of scripts/natural.py:
python recipes/features_natural.py --data natural.npz"""

import dataclasses

import zoo

import classifier_cifar10

OTHERS = ["face", "facade", "brick", "gravel", "painting"]


def build(config):
    body = zoo.networks.vgg.body((32, 32, 3), config.width)
    return zoo.models.Classifier(body=body, num_classes=15)


RECIPE = dataclasses.replace(
    classifier_cifar10.RECIPE,
    preset="features_natural",
    config=dataclasses.replace(classifier_cifar10.RECIPE.config, data="natural", epochs=10),
    build=build,
    facts=zoo.Facts(
        title="Features of natural pictures, for textures and styles: a small network like VGG.",
        differs=[
            "Eight convolutions as in VGG, with batch normalization and average pooling.",
            "Images are moved by up to an eighth of their size, and mirrored, in training.",
            "AdamW with rate 2e-3, falling to 0 over the last three quarters of training.",
        ],
        limits=[
            "It saw windows of 32x32 pixels alone, and knows little of larger forms.",
            "Two of its classes, brick and gravel, are windows of one picture each, and paintings "
            "of three. Test windows are of other parts of the same pictures, so that the accuracy "
            "of these classes says little.",
            "Its accuracy is of 1,000 test images of CIFAR-10 and 100 windows of each other class.",
            "For research use alone, as the faces are.",
        ],
        classes=[*classifier_cifar10.RECIPE.facts.classes, *OTHERS],
    ),
    packaged=False,
)

if __name__ == "__main__":
    zoo.run_recipe(RECIPE)
