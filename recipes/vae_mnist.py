"""A VAE of binary MNIST. Run it: python recipes/vae_mnist.py --help"""

import dataclasses

import zoo

import keras


@dataclasses.dataclass(frozen=True)
class Config(zoo.Config):
    data: str = "mnist"
    epochs: int = 2000
    batch_size: int = 50
    learning_rate: float = 1e-3
    binarize: str = "stochastic"


def build(config):
    return zoo.models.VAE(image_shape=(28, 28, 1), latent_dim=50, hidden_units=(200, 200))


def compile(model, config, steps):
    rate = zoo.LinearDecay(config.learning_rate, steps)
    model.compile(keras.optimizers.Adam(rate), warmup_steps=steps // 10)


RECIPE = zoo.Recipe(
    preset="vae_mnist",
    family="vae",
    config=Config(),
    build=build,
    compile=compile,
    facts=zoo.Facts(
        title="Digits of 28x28 pixels from a variational autoencoder of 50 latents.",
        differs=[
            "Two hidden layers of 200 units, 50 latents, as Burda, Grosse and Salakhutdinov 2016.",
            "Binary pixels, drawn anew each time; the rate 1e-3 falls to 0 over the second half.",
            "The KL's weight rises from 0 to 1 over the first tenth of training.",
            "Batches of 50, 2,000 passes over the data; theirs: of 20, 3,280. Adam's epsilon is "
            "1e-7, theirs 1e-4.",
        ],
        limits=[
            "Of the 100 pictured about twenty are no digit: strokes that break off or cross.",
            "A classifier is sure of 68 samples in 100, of real ones of 99.",
            "Of the 50 latents 22 are in use: the means of the others vary by less than 0.01.",
        ],
    ),
    smoke={"epochs": 1},
    published={"iwae": (-86.76, "Burda, Grosse and Salakhutdinov 2016, table 1")},
    metrics=(zoo.evaluation.IWAE(k=5000), "elbo", "fid", "kid", "prdc", "modes"),
)

if __name__ == "__main__":
    zoo.run_recipe(RECIPE)
