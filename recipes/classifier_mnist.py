"""A classifier of MNIST. Run it: python recipes/classifier_mnist.py --help"""

import dataclasses

import zoo

import keras


@dataclasses.dataclass(frozen=True)
class Config(zoo.Config):
    data: str = "mnist"
    epochs: int = 8
    batch_size: int = 128
    width: int = 32
    learning_rate: float = 2e-3
    weight_decay: float = 1e-2


def build(config):
    return zoo.models.Classifier(image_shape=(28, 28, 1), width=config.width)


def compile(model, config, steps):
    rate = zoo.LinearDecay(config.learning_rate, steps, start=steps // 4)
    adam = keras.optimizers.AdamW(rate, weight_decay=config.weight_decay)
    model.compile(adam, augmentation=zoo.augmentation.DiffAugment(("translation",)))


RECIPE = zoo.Recipe(
    preset="classifier_mnist",
    family="classifier",
    config=Config(),
    build=build,
    compile=compile,
    facts=zoo.Facts(
        title="Handwritten digits, told apart: what samples of MNIST are measured with.",
        differs=[
            "Images are moved by up to an eighth of their size in training.",
            "AdamW with rate 2e-3, falling to 0 over the last three quarters of training.",
        ],
        limits=[
            "It gives noise a digit too, with a probability above 0.9: it tells digits apart, and "
            "not whether an image is one."
        ],
    ),
    smoke={"epochs": 1, "width": 4},
    picture=zoo.pictures.confusion,
)

if __name__ == "__main__":
    zoo.run_recipe(RECIPE)
