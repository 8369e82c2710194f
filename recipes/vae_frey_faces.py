"""A VAE of the Frey faces with two latents. Run it, with their 8-bit images as x in an .npz file:
python recipes/vae_frey_faces.py --data frey_faces.npz"""

import dataclasses

import zoo

import vae_mnist_2d


def build(config):
    gaussian = zoo.losses.Gaussian()
    return zoo.models.VAE(
        image_shape=(28, 20, 1), latent_dim=2, hidden_units=(200,), likelihood=gaussian
    )


RECIPE = dataclasses.replace(
    vae_mnist_2d.RECIPE,
    preset="vae_frey_faces",
    config=vae_mnist_2d.Config(data="frey_faces", epochs=2000),
    build=build,
    packaged=False,
    facts=zoo.Facts(
        title="The plane of one face: a variational autoencoder of two latents.",
        differs=[
            "Adam with rate 1e-3, falling to 0 over the second half of training.",
        ],
        limits=[
            "One face, blurred, distorted at the plane's left edge. For research use alone.",
            "Numbers are of pixels. Recall is 0: points of a plane are too near to each other to "
            "be near to test images.",
            "Test images are every tenth: frames beside them in the film were trained on.",
        ],
    ),
)

if __name__ == "__main__":
    zoo.run_recipe(RECIPE)
