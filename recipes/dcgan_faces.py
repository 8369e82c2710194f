"""DCGAN on faces. Run it, with 8-bit images of 64 pixels as x_train and x_test in an .npz file:
python recipes/dcgan_faces.py --data lfw64.npz"""

import dataclasses

import zoo

import dcgan_cifar10

RECIPE = dataclasses.replace(
    dcgan_cifar10.RECIPE,
    preset="dcgan_faces",
    config=dcgan_cifar10.Config(data="lfw64", epochs=50, image_size=64),
    facts=zoo.Facts(
        title="Faces of 64x64 pixels from a deep convolutional GAN.",
        differs=dcgan_cifar10.RECIPE.facts.differs,
        limits=[
            "All 100 pictured are faces; in about a third eyes, mouths or glasses are out of place "
            "or unlike each other, six are smeared, and four are cast in red or orange.",
            "Sharp at the centre, vague at hair and ears; backgrounds are blots of colour.",
            "The photographs are of people in the news, mostly men; so are the samples.",
            "Measured in pixels, which see no likeness of faces; many people are in both the "
            "training and the 1,133 test images.",
            "For research use alone.",
        ],
    ),
)

if __name__ == "__main__":
    zoo.run_recipe(RECIPE)
