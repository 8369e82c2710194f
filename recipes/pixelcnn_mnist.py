"""A PixelCNN of binary MNIST. Run it: python recipes/pixelcnn_mnist.py --help"""

import dataclasses

import zoo

import keras


@dataclasses.dataclass(frozen=True)
class Config(zoo.Config):
    data: str = "mnist"
    epochs: int = 16
    batch_size: int = 32
    width: int = 32
    blocks: int = 12
    learning_rate: float = 1e-3
    precision: str = "bfloat16"
    binarize: str = "stochastic"


def build(config):
    return zoo.models.PixelCNN(
        image_shape=(28, 28, 1), width=config.width, blocks=config.blocks, head=config.width
    )


def compile(model, config, steps):
    model.compile(keras.optimizers.Adam(zoo.LinearDecay(config.learning_rate, steps)))


RECIPE = zoo.Recipe(
    preset="pixelcnn_mnist",
    family="pixelcnn",
    config=Config(),
    build=build,
    compile=compile,
    facts=zoo.Facts(
        title="Binary digits of 28x28 pixels from a PixelCNN of 12 masked blocks.",
        differs=[
            "Binary pixels are drawn anew in each epoch of training; the test set has one draw.",
            "Adam with rate 1e-3, falling to 0 over the second half of training, and not RMSProp.",
            "Layers compute in bfloat16 in training, and in float32 in use.",
        ],
        limits=["Each pixel of a sample takes a pass through one row of the network."],
    ),
    smoke={"epochs": 1, "width": 4, "blocks": 1},
    published={"log_likelihood": (-81.30, "van den Oord, Kalchbrenner and Kavukcuoglu 2016")},
    metrics=(zoo.evaluation.LogLikelihood(pixels="sampled"), "fid", "prdc", "modes"),
    samples=2000,
)

if __name__ == "__main__":
    zoo.run_recipe(RECIPE)
