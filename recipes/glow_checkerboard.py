"""Glow on a checkerboard. Run it: python recipes/glow_checkerboard.py --help"""

import dataclasses

import zoo

import keras


@dataclasses.dataclass(frozen=True)
class Config(zoo.Config):
    data: str = "checkerboard"
    epochs: int = 120
    batch_size: int = 256
    learning_rate: float = 2e-3


def build(config):
    return zoo.models.Glow(image_shape=(2,), steps=12, width=64)


def compile(model, config, steps):
    model.compile(keras.optimizers.Adam(zoo.LinearDecay(config.learning_rate, steps)))


RECIPE = zoo.Recipe(
    preset="glow_checkerboard",
    family="glow",
    config=Config(),
    build=build,
    compile=compile,
    facts=zoo.Facts(
        title="The squares of a checkerboard from Glow, with its exact density.",
        differs=[
            "Points in the plane: 12 steps with networks of two hidden layers of 64 units.",
            "The rate 2e-3 falls to 0 over the second half of training.",
        ],
        limits=[
            "The edges of the squares are soft, and a little of the density lies in the two white "
            "squares in the middle.",
        ],
    ),
    smoke={"epochs": 1},
    packaged=False,
    metrics=("density_kl", "log_likelihood", "prdc"),
)

if __name__ == "__main__":
    zoo.run_recipe(RECIPE)
