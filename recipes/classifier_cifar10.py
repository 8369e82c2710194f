"""A classifier of CIFAR-10. Run it: python recipes/classifier_cifar10.py --help"""

import dataclasses

import keras

import zoo


@dataclasses.dataclass(frozen=True)
class Config(zoo.Config):
    data: str = "cifar10"
    epochs: int = 24
    batch_size: int = 128
    flip: bool = True
    width: int = 32
    learning_rate: float = 2e-3
    weight_decay: float = 1e-2


def build(config):
    return zoo.models.Classifier(image_shape=(32, 32, 3), width=config.width)


def compile(model, config, steps):
    rate = zoo.LinearDecay(config.learning_rate, start=steps // 4, end=steps)
    adam = keras.optimizers.AdamW(rate, weight_decay=config.weight_decay)
    model.compile(adam, augmentation=zoo.augmentation.DiffAugment(("translation",)))


RECIPE = zoo.Recipe(
    preset="classifier_cifar10",
    family="classifier",
    config=Config(),
    build=build,
    compile=compile,
    facts=zoo.Facts(
        title="Ten kinds of things, told apart: what samples of CIFAR-10 are measured with.",
        differs=[
            "Images are moved by up to an eighth of their size, and mirrored, in training.",
            "AdamW with rate 2e-3, falling to 0 over the last three quarters of training.",
        ],
        limits=[
            "Its accuracy is of the first 1,000 test images alone, within about two points.",
            "Cats and dogs are taken for each other most often.",
        ],
        data_rights="CIFAR-10, no licence stated",
    ),
    smoke={"epochs": 1, "width": 4},
    picture=zoo.pictures.mistakes,
)

if __name__ == "__main__":
    zoo.run_recipe(RECIPE)
