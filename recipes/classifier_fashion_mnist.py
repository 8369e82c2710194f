"""A classifier of Fashion-MNIST. Run it: python recipes/classifier_fashion_mnist.py --help"""

import dataclasses

import keras

import zoo


@dataclasses.dataclass(frozen=True)
class Config(zoo.Config):
    data: str = "fashion_mnist"
    epochs: int = 12
    batch_size: int = 128
    flip: bool = True
    width: int = 32
    learning_rate: float = 2e-3
    weight_decay: float = 1e-2


def build(config):
    return zoo.models.Classifier(image_shape=(28, 28, 1), width=config.width)


def compile(model, config, steps):
    rate = zoo.LinearDecay(config.learning_rate, start=steps // 4, end=steps)
    adam = keras.optimizers.AdamW(rate, weight_decay=config.weight_decay)
    model.compile(adam, augmentation=zoo.augmentation.DiffAugment(("translation",)))


RECIPE = zoo.Recipe(
    preset="classifier_fashion_mnist",
    family="classifier",
    config=Config(),
    build=build,
    compile=compile,
    facts=zoo.Facts(
        title="Ten kinds of clothes, told apart: what samples of Fashion-MNIST are measured with.",
        differs=[
            "Images are moved by up to an eighth of their size, and mirrored, in training.",
            "AdamW with rate 2e-3, falling to 0 over the last three quarters of training.",
        ],
        limits=[
            "Of the shirts about a fifth are given another label, most often that of a T-shirt.",
            "It gives most noise a label too, with a probability above 0.9.",
        ],
        data_rights="Fashion-MNIST, MIT",
    ),
    smoke={"epochs": 1, "width": 4},
    picture=zoo.pictures.mistakes,
)

if __name__ == "__main__":
    zoo.run_recipe(RECIPE)
