"""Real NVP on two moons. Run it: python recipes/real_nvp_moons.py --help"""

import dataclasses

import zoo

import keras


@dataclasses.dataclass(frozen=True)
class Config(zoo.Config):
    data: str = "two_moons"
    epochs: int = 100
    batch_size: int = 256
    learning_rate: float = 2e-3


def build(config):
    return zoo.models.RealNVP(image_shape=(2,), couplings=4, width=64, blocks=2)


def compile(model, config, steps):
    model.compile(keras.optimizers.Adam(zoo.LinearDecay(config.learning_rate, steps)))


RECIPE = zoo.Recipe(
    preset="real_nvp_moons",
    family="real_nvp",
    config=Config(),
    build=build,
    compile=compile,
    facts=zoo.Facts(
        title="Two half moons in the plane from Real NVP, with its exact density.",
        differs=[
            "Points in the plane: eight couplings with networks of two hidden layers of 64 units.",
            "The rate 2e-3 falls to 0 over the second half of training.",
        ],
        limits=["A thin bridge joins the moons, since a flow cannot tear the plane."],
    ),
    smoke={"epochs": 1},
    metrics=("density_kl", "log_likelihood", "prdc"),
)

if __name__ == "__main__":
    zoo.run_recipe(RECIPE)
