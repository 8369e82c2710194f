"""WGAN with weight clipping on MNIST. Run it: python recipes/wgan_mnist.py --help"""

import dataclasses

import zoo

import keras


@dataclasses.dataclass(frozen=True)
class Config(zoo.Config):
    data: str = "mnist"
    epochs: int = 60
    batch_size: int = 320  # cut into five of 64 for the critic
    width: int = 32
    learning_rate: float = 2e-4


def build(config):
    return zoo.models.WGAN(image_shape=(28, 28, 1), width=config.width)


def compile(model, config, steps):
    def rmsprop(updates):
        rate = zoo.LinearDecay(config.learning_rate, updates)
        return keras.optimizers.RMSprop(rate, rho=0.99)

    model.compile({"generator": rmsprop(steps), "discriminator": rmsprop(5 * steps)})


RECIPE = zoo.Recipe(
    preset="wgan_mnist",
    family="wgan",
    config=Config(),
    build=build,
    compile=compile,
    facts=zoo.Facts(
        title="Handwritten digits of 28x28 pixels from a Wasserstein GAN with clipped weights.",
        differs=[
            "The bodies of a DCGAN, width 32.",
            "RMSprop with rate 2e-4, falling to 0 over the second half of training.",
        ],
        limits=[
            "Of the 100 pictured about half are no digit, and strokes are swollen.",
            "No choice of the digit.",
        ],
    ),
    smoke={"epochs": 1, "width": 8},
)

if __name__ == "__main__":
    zoo.run_recipe(RECIPE)
