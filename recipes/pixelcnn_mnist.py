"""A PixelCNN of binary MNIST. Run it: python recipes/pixelcnn_mnist.py --help"""

import dataclasses

import zoo

import keras


@dataclasses.dataclass(frozen=True)
class Config(zoo.Config):
    data: str = "mnist"
    epochs: int = 14
    batch_size: int = 16
    width: int = 32
    blocks: int = 12
    kernel: int = 15
    learning_rate: float = 3e-3
    precision: str = "bfloat16"
    binarize: str = "stochastic"


def build(config):
    width, sizes = config.width, {"blocks": config.blocks, "kernel": config.kernel}
    return zoo.models.PixelCNN(image_shape=(28, 28, 1), width=width, head=width, **sizes)


def compile(model, config, steps):
    rate = zoo.WarmCosine(config.learning_rate, steps)
    model.compile(keras.optimizers.Adam(rate, beta_2=0.99))


RECIPE = zoo.Recipe(
    preset="pixelcnn_mnist",
    family="pixelcnn",
    config=Config(),
    build=build,
    compile=compile,
    facts=zoo.Facts(
        title="Binary digits of 28x28 pixels from a PixelCNN of 12 masked blocks.",
        differs=[
            "The first kernel is 15 pixels wide, and not 7, which leaves a smaller blind spot.",
            "Binary pixels are drawn anew in each epoch of training; the test set has one draw.",
            "Adam with beta_2 0.99, not RMSProp: its rate rises to 3e-3 over the first 2% of steps "
            "and falls to 0.",
            "Layers compute in bfloat16 in training, and in float32 in use.",
        ],
        limits=["More than a quarter of the samples are no clear digit; each takes 784 steps."],
    ),
    smoke={"epochs": 1, "width": 4, "blocks": 1, "kernel": 7},
    packaged=False,
    published={"log_likelihood": (-81.30, "van den Oord, Kalchbrenner and Kavukcuoglu 2016")},
    metrics=(zoo.evaluation.LogLikelihood(pixels="sampled"), "fid", "prdc", "modes"),
    samples=2000,
)

if __name__ == "__main__":
    zoo.run_recipe(RECIPE)
