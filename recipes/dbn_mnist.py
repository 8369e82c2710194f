"""A deep belief net of binary MNIST. Run it: python recipes/dbn_mnist.py --help"""

import dataclasses

import zoo

import keras


@dataclasses.dataclass(frozen=True)
class Config(zoo.Config):
    data: str = "mnist"
    epochs: int = 120
    batch_size: int = 100
    units: int = 500
    upper_units: int = 2000
    transposed: bool = True
    k: int = 10
    learning_rate: float = 0.01
    binarize: str = "stochastic"


def build(config):
    units = (config.units, config.upper_units)
    return zoo.models.DeepBeliefNet((28, 28, 1), units, config.transposed, sampling_steps=200)


def compile(model, config, steps):
    half = steps // 2
    rates = {player: zoo.LinearDecay(config.learning_rate, half) for player in model.players}
    optimizers = {player: keras.optimizers.SGD(rate, 0.5) for player, rate in rates.items()}
    model.compile(optimizers, layer_steps=half, k=config.k)


RECIPE = zoo.Recipe(
    preset="dbn_mnist",
    family="deep_belief_net",
    config=Config(),
    build=build,
    compile=compile,
    facts=zoo.Facts(
        title="Digits of 28x28 pixels from a deep belief net of 500 and 2,000 hidden units.",
        differs=[
            "Centred persistent chains of 10 Gibbs steps, 100 of each machine; for each the rate "
            "0.01, with momentum 0.5, falls to 0 over the second half of its training.",
            "Each machine is trained for half of the steps; binary pixels, drawn anew each time.",
            "784 upper units begin with the weights of the lower machine, and 1,216 near 0.",
        ],
        limits=[
            "The bound holds as far as the partition function is known, which is estimated.",
            "About one sample in six is no clear digit.",
        ],
    ),
    smoke={"epochs": 2, "k": 1, "units": 16, "upper_units": 24, "transposed": False},
    metrics=(zoo.evaluation.AIS(pixels="sampled"), "linear_probe", "fid", "kid", "prdc", "modes"),
    packaged=False,
)

if __name__ == "__main__":
    zoo.run_recipe(RECIPE)
