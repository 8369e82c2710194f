"""A recipe whose losses are not finite at one step, as its random numbers fall."""

import dataclasses

from keras import ops

import zoo


class Breaks:
    """A penalty that is NaN at one step, counted from 1, for the random numbers that the model
    began with; or for any."""

    def __init__(self, model, step, always):
        self.model, self.step, self.always = model, step, always
        self.seed = int(ops.convert_to_numpy(model.seed_generator.state)[0])

    def __call__(self, discriminator, real, fake, random):
        now = ops.equal(ops.convert_to_tensor(self.model.optimizer.iterations), self.step - 1)
        unlucky = ops.equal(ops.convert_to_tensor(random.seed.state)[0], self.seed)
        broken = now if self.always else ops.logical_and(now, unlucky)
        return ops.where(broken, float("nan"), 0.0) * ops.ones((ops.shape(real)[0],))

    def get_config(self):
        raise NotImplementedError


@dataclasses.dataclass(frozen=True)
class Config(zoo.Config):
    data: str = "ring8"
    epochs: int = 10
    batch_size: int = 32
    step: int = 100
    always: bool = False


def build(config):
    return zoo.models.GAN(
        generator=zoo.networks.points.generator(2),
        discriminator=zoo.networks.points.discriminator(),
        latent_dim=2,
    )


def compile(model, config, steps):
    model.compile(penalty=Breaks(model, config.step, config.always))


RECIPE = zoo.Recipe(
    preset="fragile_ring8",
    family="gan",
    config=Config(),
    build=build,
    compile=compile,
    facts=zoo.Facts(title="A ring.", differs=[], limits=[], data_rights="none"),
    smoke={},
)

if __name__ == "__main__":
    zoo.run_recipe(RECIPE)
