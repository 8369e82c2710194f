"""A classifier that begins as dbn_mnist. Run it: python recipes/classifier_mnist_dbn.py --help"""

import dataclasses

import zoo

import keras


@dataclasses.dataclass(frozen=True)
class Config(zoo.Config):
    data: str = "mnist"
    epochs: int = 60
    batch_size: int = 100
    learning_rate: float = 5e-4
    binarize: str = "stochastic"
    net: str | None = "dbn_mnist"


def build(config):
    small = config.net is None
    net = zoo.models.DeepBeliefNet((28, 28, 1), (16, 24)) if small else zoo.load(config.net)
    return net.to_classifier(num_classes=10)


def compile(model, config, steps):
    model.compile(keras.optimizers.Adam(zoo.WarmCosine(config.learning_rate, steps)))


RECIPE = zoo.Recipe(
    preset="classifier_mnist_dbn",
    family="classifier",
    config=Config(),
    build=build,
    compile=compile,
    facts=zoo.Facts(
        title="Handwritten digits, classified by the layers of dbn_mnist, trained on.",
        differs=[
            "Two layers of 500 and 2,000 sigmoid units, which begin as those of dbn_mnist, as "
            "Hinton and Salakhutdinov 2006 begin theirs.",
            "It is trained on binary pixels, drawn anew in each epoch, and measured on grey ones.",
            "Adam, whose rate rises to 5e-4 over the first 2% of steps and falls to 0.",
        ],
        limits=["A convolutional network of the same size makes fewer errors."],
    ),
    smoke={"epochs": 1, "net": None},
    metrics=("accuracy",),
    packaged=False,
)

if __name__ == "__main__":
    zoo.run_recipe(RECIPE)
