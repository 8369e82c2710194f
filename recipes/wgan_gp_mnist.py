"""WGAN-GP on MNIST. Run it: python recipes/wgan_gp_mnist.py --help"""

import dataclasses

import zoo

import keras


@dataclasses.dataclass(frozen=True)
class Config(zoo.Config):
    data: str = "mnist"
    epochs: int = 36
    batch_size: int = 64
    width: int = 32
    hidden_units: int = 128
    critic_steps: int = 1
    learning_rate: float = 4e-3


def build(config, image_shape=(28, 28, 1)):
    return zoo.models.WGANGP(
        image_shape=image_shape,
        latent_dim=100,
        width=config.width,
        hidden_units=config.hidden_units,
    )


def compile(model, config, steps):
    def adam(updates):
        rate = zoo.LinearDecay(config.learning_rate, updates)
        return keras.optimizers.Adam(rate, beta_1=0.0, beta_2=0.9)

    n = config.critic_steps
    model.compile({"generator": adam(steps), "discriminator": adam(n * steps)}, critic_steps=n)


RECIPE = zoo.Recipe(
    preset="wgan_gp_mnist",
    family="wgan_gp",
    config=Config(),
    build=build,
    compile=compile,
    facts=zoo.Facts(
        title="Handwritten digits of 28x28 pixels from a Wasserstein GAN with gradient penalty.",
        differs=[
            "The bodies of a DCGAN, with a dense layer of 128 units in each.",
            "One update of the critic for each of the generator, not five.",
            "Adam with rate 4e-3, falling to 0 over the second half of training.",
        ],
        limits=[
            "Of the 100 pictured about twelve are malformed: strokes that break or double.",
        ],
    ),
    smoke={"epochs": 1, "width": 8, "hidden_units": 16},
)

if __name__ == "__main__":
    zoo.run_recipe(RECIPE)
