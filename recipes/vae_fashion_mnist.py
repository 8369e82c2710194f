"""A VAE of Fashion-MNIST. Run it: python recipes/vae_fashion_mnist.py --help"""

import dataclasses

import zoo

import vae_mnist_2d


def build(config):
    return zoo.models.VAE(image_shape=(28, 28, 1), latent_dim=20, hidden_units=(500, 500))


RECIPE = dataclasses.replace(
    vae_mnist_2d.RECIPE,
    preset="vae_fashion_mnist",
    config=vae_mnist_2d.Config(data="fashion_mnist"),
    build=build,
    facts=zoo.Facts(
        title="Clothes of 28x28 pixels from a variational autoencoder of 20 latents.",
        differs=[
            "Two hidden layers of 500 units; the rate 1e-3 falls to 0 over the second half.",
            "Grey pixels as if they were probabilities.",
        ],
        limits=[
            "Textures, prints and straps are lost: samples are smooth means of pixels.",
            "Of the 100 pictured about ten are no garment with a name; sandals most often.",
        ],
    ),
)

if __name__ == "__main__":
    zoo.run_recipe(RECIPE)
