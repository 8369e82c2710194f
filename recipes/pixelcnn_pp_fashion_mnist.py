"""A PixelCNN++ of Fashion-MNIST. Run it: python recipes/pixelcnn_pp_fashion_mnist.py --help"""

import dataclasses

import zoo

import pixelcnn_mnist


@dataclasses.dataclass(frozen=True)
class Config(zoo.Config):
    data: str = "fashion_mnist"
    epochs: int = 4
    batch_size: int = 16
    filters: int = 24
    resnets: int = 2
    mixtures: int = 5
    learning_rate: float = 4e-3
    precision: str = "bfloat16"


def build(config):
    return zoo.models.PixelCNNPlusPlus(
        image_shape=(28, 28, 1),
        filters=config.filters,
        resnets=config.resnets,
        mixtures=config.mixtures,
    )


RECIPE = zoo.Recipe(
    preset="pixelcnn_pp_fashion_mnist",
    family="pixelcnn_pp",
    config=Config(),
    build=build,
    compile=pixelcnn_mnist.compile,
    facts=zoo.Facts(
        title="Clothes of 28x28 pixels from a PixelCNN++ of logistic mixtures.",
        differs=[
            "3 sizes of 2 blocks with 24 channels, and 5 mixtures; the paper has 3 of 5 blocks "
            "with 160 channels, and 10 mixtures, for CIFAR-10.",
            "Adam with beta_2 0.99, whose rate rises to 4e-3 over the first 2% of 4 passes over "
            "the data, and falls to 0; no dropout.",
            "Layers compute in bfloat16 in training, and in float32 in use.",
        ],
        limits=[
            "About one in six samples is no clear garment: its parts do not belong together.",
            "Each pixel of a sample takes a pass through four rows of the network.",
        ],
    ),
    smoke={"epochs": 1, "filters": 4, "resnets": 1, "mixtures": 2},
    packaged=False,
    metrics=("bits_per_dimension", "prdc", "modes"),
    samples=500,
)

if __name__ == "__main__":
    zoo.run_recipe(RECIPE)
