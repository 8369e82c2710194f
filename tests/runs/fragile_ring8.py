"""A recipe whose losses are not finite at one step, as its random numbers fall."""

import dataclasses

import tiny_ring8
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
class Config(tiny_ring8.Config):
    step: int = 50
    always: bool = False


def compile(model, config, steps):
    model.compile(penalty=Breaks(model, config.step, config.always))


RECIPE = dataclasses.replace(
    tiny_ring8.RECIPE, preset="fragile_ring8", config=Config(), compile=compile
)

if __name__ == "__main__":
    zoo.run_recipe(RECIPE)
