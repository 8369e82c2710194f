"""A recipe of a tiny GAN, for programs that are stopped and killed."""

import dataclasses
import time

import keras

import zoo
from zoo.presets import golden, storage


def differences(folder):
    """Compares golden outputs in this process, and takes its time: the processes of other backends,
    which the tests of all recipes start, would take more of it."""
    time.sleep(0.5)
    model = storage.read_model(folder)
    return {keras.backend.backend(): golden.difference(model, folder)}


golden.differences = differences


@dataclasses.dataclass(frozen=True)
class Config(zoo.Config):
    data: str = "ring8"
    epochs: int = 10
    batch_size: int = 32


def build(config):
    return zoo.models.GAN(
        generator=zoo.networks.points.generator(2, hidden_layers=1),
        discriminator=zoo.networks.points.discriminator(hidden_layers=1),
        latent_dim=2,
    )


def compile(model, config, steps):
    model.compile(penalty=zoo.losses.R1(0.1))


RECIPE = zoo.Recipe(
    preset="tiny_ring8",
    family="gan",
    config=Config(),
    build=build,
    compile=compile,
    facts=zoo.Facts(title="A ring.", differs=[], limits=[], data_rights="none"),
    smoke={},
)

if __name__ == "__main__":
    zoo.run_recipe(RECIPE)
