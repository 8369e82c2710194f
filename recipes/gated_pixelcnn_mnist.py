"""A gated PixelCNN of binary MNIST. Run it: python recipes/gated_pixelcnn_mnist.py --help"""

import dataclasses

import zoo

import pixelcnn_mnist


@dataclasses.dataclass(frozen=True)
class Config(zoo.Config):
    data: str = "mnist"
    epochs: int = 12
    batch_size: int = 16
    width: int = 32
    layers: int = 8
    first_kernel: int = 15
    kernel: int = 3
    learning_rate: float = 3e-3
    precision: str = "bfloat16"
    binarize: str = "stochastic"


def build(config):
    sizes = {"width": config.width, "head": config.width, "layers": config.layers}
    kernels = {"first_kernel": config.first_kernel, "kernel": config.kernel}
    return zoo.models.GatedPixelCNN((28, 28, 1), 10, **sizes, **kernels)


RECIPE = dataclasses.replace(
    pixelcnn_mnist.RECIPE,
    preset="gated_pixelcnn_mnist",
    family="gated_pixelcnn",
    config=Config(),
    build=build,
    facts=zoo.Facts(
        title="Binary digits of a chosen class from a gated PixelCNN of 8 layers.",
        differs=[
            "8 layers of 32 channels; kernels of 3 after a first one of 15.",
            "Binary pixels are drawn anew in each epoch of training; the test set has one draw.",
            "Adam with beta_2 0.99, not RMSProp: its rate rises to 3e-3 over the first 2% of steps "
            "and falls to 0.",
            "Layers compute in bfloat16 in training, and in float32 in use.",
        ],
        limits=[
            "Each pixel of a sample takes a pass through one row of the network.",
            "About one in eight samples is no clear digit of its class.",
        ],
    ),
    smoke={"epochs": 1, "width": 4, "layers": 2},
    published={},
    metrics=(
        *pixelcnn_mnist.RECIPE.metrics,
        zoo.evaluation.MarginalLogLikelihood(pixels="sampled"),
        "label_accuracy",
    ),
)

if __name__ == "__main__":
    zoo.run_recipe(RECIPE)
