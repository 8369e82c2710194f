"""MADE of binary MNIST. Run it: python recipes/made_mnist.py --help"""

import dataclasses

import zoo

import pixelcnn_mnist


@dataclasses.dataclass(frozen=True)
class Config(zoo.Config):
    data: str = "mnist"
    epochs: int = 60
    batch_size: int = 100
    hidden_units: int = 4000
    masks: int = 8
    order: str = "random"
    learning_rate: float = 5e-3
    binarize: str = "stochastic"


def build(config):
    return zoo.models.MADE(
        image_shape=(28, 28, 1),
        hidden_units=(config.hidden_units,),
        masks=config.masks,
        order=config.order,
    )


RECIPE = zoo.Recipe(
    preset="made_mnist",
    family="made",
    config=Config(),
    build=build,
    compile=pixelcnn_mnist.compile,
    facts=zoo.Facts(
        title="Binary digits of 28x28 pixels from a masked autoencoder with several orders.",
        differs=[
            "One hidden layer of 4,000 units and 8 masks with orders of their own; the paper's "
            "best has two of 8,000 and 32 masks.",
            "Binary pixels are drawn anew in each epoch of training; the test set has one draw.",
            "Adam with beta_2 0.99, not Adagrad: its rate rises to 5e-3 over the first 2% of steps "
            "and falls to 0.",
        ],
        limits=["Pixels are drawn in a random order, far from each other: strokes have holes."],
    ),
    smoke={"epochs": 1, "hidden_units": 16, "masks": 2},
    packaged=False,
    published={"log_likelihood": (-86.64, "Germain et al. 2015, two layers of 8,000 units")},
    metrics=(zoo.evaluation.LogLikelihood(pixels="sampled"), "fid", "prdc", "modes"),
    samples=2000,
)

if __name__ == "__main__":
    zoo.run_recipe(RECIPE)
