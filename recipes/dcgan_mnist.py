"""DCGAN on MNIST, with an R1 penalty. Run it: python recipes/dcgan_mnist.py --help"""

import dataclasses

import keras

import zoo


@dataclasses.dataclass(frozen=True)
class Config(zoo.Config):
    data: str = "mnist"
    epochs: int = 50
    batch_size: int = 64
    width: int = 64
    hidden_units: int = 256
    learning_rate: float = 3e-4
    r1_gamma: float = 1.0
    r1_share: float = 0.25
    ema_half_life_images: int = 10_000


def build(config):
    return zoo.models.DCGAN(
        image_shape=(28, 28, 1),
        width=config.width,
        hidden_units=config.hidden_units,
        discriminator_normalization=None,
        ema_half_life_images=config.ema_half_life_images,
    )


def compile(model, config, steps):
    rate = zoo.LinearDecay(config.learning_rate, start=steps // 2, end=steps)
    adam = keras.optimizers.Adam(rate, beta_1=0.5, epsilon=1e-8)
    model.compile(adam, loss="non_saturating", penalty=zoo.losses.R1(config.r1_gamma, config.r1_share))


RECIPE = zoo.Recipe(
    preset="dcgan_mnist",
    family="dcgan",
    config=Config(),
    build=build,
    compile=compile,
    evaluate=zoo.evaluate_gan,
    facts=zoo.Facts(
        title="Handwritten digits of 28x28 pixels from a deep convolutional GAN.",
        paper="Radford, Metz and Chintala 2015, Unsupervised Representation Learning with DCGAN",
        paper_url="https://arxiv.org/abs/1511.06434",
        differs=[
            "R1 penalty, and no batch normalization in the discriminator.",
            "A dense layer between feature maps and vector end of both players, as InfoGAN has for MNIST.",
            "Adam with rate 3e-4 that falls to 0 over the second half; averaged generator; 4x4 kernels.",
        ],
        limits=["Some digits are malformed.", "Unconditional: the digit cannot be chosen."],
        rights=zoo.Rights(code="Apache-2.0", weights="apache-2.0", data="MNIST, CC BY-SA 3.0"),
        data="MNIST",
    ),
    smoke={"epochs": 1, "width": 8, "hidden_units": 16},
)

if __name__ == "__main__":
    zoo.main(RECIPE)
