"""NICE on MNIST. Run it: python recipes/nice_mnist.py --help"""

import dataclasses

import zoo

import keras


@dataclasses.dataclass(frozen=True)
class Config(zoo.Config):
    data: str = "mnist"
    epochs: int = 80
    batch_size: int = 256
    learning_rate: float = 1e-3
    dequantize: bool = True


def build(config):
    return zoo.models.NICE(image_shape=(28, 28, 1), couplings=4, hidden_units=(500,) * 4)


def compile(model, config, steps):
    rate = zoo.LinearDecay(config.learning_rate, steps)
    model.compile(keras.optimizers.Adam(rate, beta_2=0.99, epsilon=1e-4))


RECIPE = zoo.Recipe(
    preset="nice_mnist",
    family="nice",
    config=Config(),
    build=build,
    compile=compile,
    facts=zoo.Facts(
        title="Digits of 28x28 pixels from NICE, a flow of additive couplings.",
        differs=[
            "Four hidden layers of 500 units in each of four couplings, 4.6 million weights; the "
            "paper's five of 1,000 make 19 million.",
            "Batches of 256; the rate 1e-3 falls to 0 over the second half of 80 passes over the "
            "data. The paper takes 1,500.",
        ],
        limits=[
            "Specks lie around strokes, and about four of ten samples are no clear digit.",
            "It has learnt its training images: they had 2,314 nats in the last pass over them.",
        ],
    ),
    smoke={"epochs": 1},
    packaged=False,
    published={"log_likelihood": (1980.5, "Dinh, Krueger and Bengio 2015")},
    metrics=("log_likelihood", zoo.evaluation.BitsPerDimension(draws=5), "fid", "kid", "modes"),
)

if __name__ == "__main__":
    zoo.run_recipe(RECIPE)
