"""An RBM of 500 hidden units on binary MNIST. Run it: python recipes/rbm_mnist.py --help"""

import dataclasses

import zoo

import keras


@dataclasses.dataclass(frozen=True)
class Config(zoo.Config):
    data: str = "mnist"
    epochs: int = 200
    batch_size: int = 100
    hidden_units: int = 500
    k: int = 10
    learning_rate: float = 0.01
    binarize: str = "stochastic"


def build(config):
    return zoo.models.RBM((28, 28, 1), config.hidden_units, sampling_steps=200)


def compile(model, config, steps):
    rate = zoo.LinearDecay(config.learning_rate, steps)
    model.compile(keras.optimizers.SGD(rate, momentum=0.5), k=config.k)


RECIPE = zoo.Recipe(
    preset="rbm_mnist",
    family="rbm",
    config=Config(),
    build=build,
    compile=compile,
    facts=zoo.Facts(
        title="Digits of 28x28 pixels from a restricted Boltzmann machine of 500 hidden units.",
        differs=[
            "Centred persistent chains of 10 Gibbs steps, 100 of them; the rate 0.01, with "
            "momentum 0.5, falls to 0 over the second half.",
            "Binary pixels, drawn anew each time.",
        ],
        limits=[
            "The partition function is an estimate, and likelihoods with it.",
            "About one sample in six is no clear digit.",
            "The hidden units tell more of the pixels than of the class: a linear classifier of "
            "them gets 4.2% of the test images wrong.",
        ],
    ),
    smoke={"epochs": 1, "k": 1},
    packaged=False,
    published={"ais": (-86.34, "Salakhutdinov and Murray 2008, trained by CD-25")},
    metrics=(
        *(zoo.evaluation.AIS(pixels="sampled"), "threshold_ais"),
        *("linear_probe", "fid", "kid", "prdc", "modes"),
    ),
)

if __name__ == "__main__":
    zoo.run_recipe(RECIPE)
