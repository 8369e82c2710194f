"""An encoder for dcgan_mnist. Run it: python recipes/inverter_dcgan_mnist.py --help"""

import dataclasses

import zoo

import keras


@dataclasses.dataclass(frozen=True)
class Config(zoo.Config):
    data: str = "mnist"
    epochs: int = 10
    batch_size: int = 128
    width: int = 32
    hidden_units: int = 256
    learning_rate: float = 1e-3
    latent_weight: float = 0.02


def build(config):
    return zoo.models.LatentEncoder(
        zoo.load("dcgan_mnist", components=["generator"]),
        width=config.width,
        hidden_units=(config.hidden_units,),
    )


def compile(model, config, steps):
    rate = zoo.LinearDecay(config.learning_rate, steps)
    model.compile(keras.optimizers.Adam(rate), latent_weight=config.latent_weight)


RECIPE = zoo.Recipe(
    preset="inverter_dcgan_mnist",
    family="latent_encoder",
    config=Config(),
    build=build,
    compile=compile,
    facts=zoo.Facts(
        title="Handwritten digits to the latents of dcgan_mnist, as starts for inversion.",
        differs=["Adam with rate 1e-3, falling to 0 over the second half of training."],
        limits=["For the generator of dcgan_mnist alone, which it holds."],
    ),
    smoke={"epochs": 1, "width": 2, "hidden_units": 8},
    metrics=("reconstruction",),
    examples=50,
    packaged=False,
)

if __name__ == "__main__":
    zoo.run_recipe(RECIPE)
