"""WGAN-GP on eight Gaussians on a ring. Run it: python recipes/wgan_gp_ring8.py --help"""

import dataclasses

import keras

import zoo


@dataclasses.dataclass(frozen=True)
class Config(zoo.Config):
    data: str = "ring8"
    epochs: int = 36
    batch_size: int = 256  # seen whole by each of the critic's five updates
    learning_rate: float = 3e-3
    penalty_weight: float = 0.1


def build(config):
    generator = zoo.networks.points.generator(hidden_layers=6)
    critic = zoo.networks.points.discriminator(output_bias=False)
    return zoo.models.WGANGP(
        generator=generator, discriminator=critic, latent_dim=2, ema_half_life_images=200_000
    )


def compile(model, config, steps):
    def adam(updates):
        rate = zoo.LinearDecay(config.learning_rate, start=updates // 5, end=updates)
        return keras.optimizers.Adam(rate, beta_1=0.0, beta_2=0.9)

    adams = {"generator": adam(steps), "discriminator": adam(5 * steps)}
    model.compile(adams, penalty=zoo.losses.GradientPenalty(config.penalty_weight))


RECIPE = zoo.Recipe(
    preset="wgan_gp_ring8",
    family="wgan_gp",
    config=Config(),
    build=build,
    compile=compile,
    facts=zoo.Facts(
        title="Eight narrow Gaussians on a ring, all found by a Wasserstein GAN.",
        differs=[
            "Penalty weight 0.1; Adam's rate 3e-3, falling to 0 over the last four fifths.",
            "6 layers of 128 units in the generator, 3 in the critic, whose updates share a batch.",
        ],
        limits=[
            "About 1% of the samples lie off the modes, on the lines between neighbours.",
            "Modes are 0.1 to 0.4 of their true width.",
        ],
        data_rights="none: drawn from a formula",
    ),
    smoke={"epochs": 1, "batch_size": 64},
)

if __name__ == "__main__":
    zoo.run_recipe(RECIPE)
