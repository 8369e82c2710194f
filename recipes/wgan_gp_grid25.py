"""WGAN-GP on a grid of 25 Gaussians. Run it: python recipes/wgan_gp_grid25.py --help"""

import dataclasses

import zoo

import keras


@dataclasses.dataclass(frozen=True)
class Config(zoo.Config):
    data: str = "grid25"
    epochs: int = 36
    batch_size: int = 256  # seen whole by each of the critic's five updates
    generator_layers: int = 6
    learning_rate: float = 3e-3
    penalty_weight: float = 0.1


def build(config):
    generator = zoo.networks.points.generator(hidden_layers=config.generator_layers)
    critic = zoo.networks.points.discriminator(output_bias=False)
    return zoo.models.WGANGP(
        generator=generator, discriminator=critic, latent_dim=2, ema_half_life_images=200_000
    )


def compile(model, config, steps):
    def adam(updates):
        rate = zoo.LinearDecay(config.learning_rate, updates, start=updates // 5)
        return keras.optimizers.Adam(rate, beta_1=0.0, beta_2=0.9)

    adams = {"generator": adam(steps), "discriminator": adam(5 * steps)}
    model.compile(adams, penalty=zoo.losses.GradientPenalty(config.penalty_weight))


RECIPE = zoo.Recipe(
    preset="wgan_gp_grid25",
    family="wgan_gp",
    config=Config(),
    build=build,
    compile=compile,
    facts=zoo.Facts(
        title="A grid of 25 narrow Gaussians, all found by a Wasserstein GAN.",
        differs=[
            "Penalty weight 0.1; Adam's rate 3e-3, falling to 0 over the last four fifths.",
            "6 layers of 128 units in the generator, 3 in the critic, whose updates share a batch.",
        ],
        limits=[
            "3 to 4% of the samples lie off the modes, five sixths of them on lines between.",
            "Modes are a third of their true width, one an eighth, and up to 1.1 standard "
            "deviations off.",
        ],
    ),
    smoke={"epochs": 1, "batch_size": 64},
)

if __name__ == "__main__":
    zoo.run_recipe(RECIPE)
