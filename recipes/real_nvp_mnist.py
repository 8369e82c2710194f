"""Real NVP on MNIST. Run it: python recipes/real_nvp_mnist.py --help"""

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


def build(config):
    return zoo.models.RealNVP(image_shape=(28, 28, 1), scales=2, width=32, blocks=2)


def compile(model, config, steps):
    rate = zoo.WarmCosine(config.learning_rate, steps)
    model.compile(keras.optimizers.Adam(rate, beta_2=0.99, clipnorm=100.0))


RECIPE = zoo.Recipe(
    preset="real_nvp_mnist",
    family="real_nvp",
    config=Config(),
    build=build,
    compile=compile,
    facts=zoo.Facts(
        title="Digits of 28x28 pixels from Real NVP, a flow of affine couplings at two scales.",
        differs=[
            "Two scales, and networks of two residual blocks, 32 channels wide at the first scale.",
            "Adam with beta_2 0.99, whose rate rises to 4e-3 over the first 2% of 20 passes over "
            "the data, and falls to 0.",
        ],
        limits=["Some samples are no digit: strokes that break off or cross."],
    ),
    smoke={"epochs": 1},
    packaged=False,
    published={"bits_per_dimension": (1.06, "Grathwohl et al. 2019, table 2")},
    metrics=("log_likelihood", zoo.evaluation.BitsPerDimension(draws=5), "fid", "kid", "modes"),
)

if __name__ == "__main__":
    zoo.run_recipe(RECIPE)
