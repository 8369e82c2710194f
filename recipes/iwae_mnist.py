"""An IWAE of binary MNIST. Run it: python recipes/iwae_mnist.py --help"""

import dataclasses

import zoo

import keras
import vae_mnist


@dataclasses.dataclass(frozen=True)
class Config(vae_mnist.Config):
    k: int = 50


def build(config):
    model = zoo.models.IWAE(image_shape=(28, 28, 1), latent_dim=50, hidden_units=(200, 200))
    model.set_weights(zoo.load("vae_mnist").get_weights())
    return model


def compile(model, config, steps):
    rate = zoo.LinearDecay(config.learning_rate, steps)
    model.compile(keras.optimizers.Adam(rate), k=config.k)


RECIPE = dataclasses.replace(
    vae_mnist.RECIPE,
    preset="iwae_mnist",
    family="iwae",
    config=Config(epochs=40, learning_rate=5e-4),
    build=build,
    compile=compile,
    smoke={"epochs": 1, "k": 2},
    published={"iwae": (-84.78, "Burda, Grosse and Salakhutdinov 2016, table 1, k = 50")},
    facts=zoo.Facts(
        title="Digits of 28x28 pixels from an importance weighted autoencoder.",
        differs=[
            "Begins with the weights of vae_mnist, and goes on for 40 passes over the data; the "
            "paper's begins anew, and takes 3,280.",
            "Batches of 50; the rate 5e-4 falls to 0 over the second half. Adam's epsilon is 1e-7, "
            "theirs 1e-4.",
        ],
        limits=[
            "Of the 100 pictured about twenty are no digit: strokes that break off or cross.",
            "Softer than digits: a classifier is sure of 71 samples in 100, of real ones of 99.",
            "122.4 million images seen, of which 120 million are of vae_mnist.",
        ],
    ),
)

if __name__ == "__main__":
    zoo.run_recipe(RECIPE)
