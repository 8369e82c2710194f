"""Glow on MNIST. Run it: python recipes/glow_mnist.py --help"""

import dataclasses

import zoo

import keras


@dataclasses.dataclass(frozen=True)
class Config(zoo.Config):
    data: str = "mnist"
    epochs: int = 20
    batch_size: int = 32
    learning_rate: float = 4e-3
    dequantize: bool = True
    logit: float = 0.05


def build(config):
    return zoo.models.Glow(
        image_shape=(28, 28, 1), levels=2, steps=16, width=64, logit=config.logit
    )


def compile(model, config, steps):
    rate = zoo.WarmCosine(config.learning_rate, steps, warm=steps // 20)
    model.compile(keras.optimizers.Adam(rate, clipnorm=100.0))


RECIPE = zoo.Recipe(
    preset="glow_mnist",
    family="glow",
    config=Config(),
    build=build,
    compile=compile,
    facts=zoo.Facts(
        title="Digits of 28x28 pixels from Glow, a flow with invertible 1x1 convolutions.",
        differs=[
            "Two levels of 16 steps, 64 channels wide at the first level and 128 at the second; "
            "the paper has no MNIST, and 512 channels for other images.",
            "Pixels go through a logit, as those of Real NVP.",
            "The rate rises to 4e-3 over the first of 20 passes over the data, and falls to 0.",
        ],
        limits=["Some samples are no digit: strokes that break off or cross."],
    ),
    smoke={"epochs": 1, "learning_rate": 1e-5},
    packaged=False,
    published={"bits_per_dimension": (1.05, "Grathwohl et al. 2019, table 2")},
    metrics=("log_likelihood", zoo.evaluation.BitsPerDimension(draws=5), "fid", "kid", "modes"),
)

if __name__ == "__main__":
    zoo.run_recipe(RECIPE)
