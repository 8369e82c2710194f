"""Any pair of losses goes with any penalty, by name or as an object."""

import itertools

import keras
import numpy as np
import pytest
from keras import ops

import zoo
from zoo import engine
from zoo.losses import AdversarialLoss, Penalty

pytestmark = pytest.mark.step_by_step

POINTS = np.random.default_rng(0).normal(size=(12, 2)).astype("float32")


LOSSES = sorted(AdversarialLoss.named())
PENALTIES = [None, *sorted(Penalty.named())]
PAIRS = list(itertools.product(LOSSES, PENALTIES))
if keras.backend.backend() != "torch":
    # Each loss and each penalty once: elsewhere every pair is compiled, which takes seconds.
    PAIRS = list(zip(itertools.cycle(LOSSES), PENALTIES, strict=False))


def make():
    bodies = zoo.networks.points
    return zoo.models.GAN(
        generator=bodies.generator(2, units=8, hidden_layers=1),
        discriminator=bodies.discriminator(units=8, hidden_layers=1),
        latent_dim=2,
    )


@pytest.mark.parametrize(("loss", "penalty"), PAIRS)
def test_a_pair_with_a_penalty(loss, penalty):
    model = make()
    model.compile(loss=loss, penalty=penalty, critic_steps=2)
    before = model.get_weights()
    history = model.fit(POINTS, batch_size=6, verbose=0).history
    assert set(history) == set(model.loss_names)
    assert ("penalty" in history) == (penalty is not None)
    assert np.isfinite(list(history.values())).all()
    assert any(np.abs(a - b).max() > 0 for a, b in zip(before, model.get_weights(), strict=True))


def test_a_function_is_a_penalty():
    def slope(discriminator, real, fake, random):
        grad = engine.gradient(discriminator, fake)
        return 0.5 * ops.sum(ops.square(grad), axis=-1)

    logs = []
    for penalty in (slope, zoo.losses.R2(gamma=1.0)):
        keras.utils.set_random_seed(0)
        model = make()
        model.compile(penalty=penalty)
        logs.append(model.evaluate(POINTS, batch_size=12, verbose=0, return_dict=True))
    assert logs[0] == pytest.approx(logs[1], rel=1e-5)


def test_an_object_is_a_loss():
    class Squared:
        def get_config(self):
            return {}

        def discriminator(self, real, fake):
            return ops.square(real - 1) + ops.square(fake)

        def generator(self, fake):
            return ops.square(fake - 1)

    model = make()
    model.compile(loss=Squared())
    assert np.isfinite(model.fit(POINTS, batch_size=6, verbose=0).history["generator_loss"]).all()


def test_the_generator_sees_real_images_if_its_loss_compares():
    """A step of it goes down the loss of the pair of batches, and of no other."""
    seen = []

    class Recorded(zoo.losses.Relativistic):
        def generator(self, fake, real):
            seen.append((ops.shape(fake), ops.shape(real)))
            return super().generator(fake, real)

    model = make()
    model.compile(loss=Recorded(), run_eagerly=True, critic_steps=2)
    model.fit(POINTS, batch_size=12, verbose=0)
    assert [[tuple(shape) for shape in pair] for pair in seen] == [[(6, 1), (6, 1)]]
    logs = model.evaluate(POINTS, batch_size=12, verbose=0, return_dict=True)
    assert [tuple(shape) for shape in seen[-1]] == [(12, 1), (12, 1)]
    assert 0 < logs["generator_loss"] < 2


def test_interpolates_and_latents_are_fresh_for_each_critic_step():
    """Five steps on minibatches of the same points draw different numbers."""
    drawn = {"normal": [], "uniform": []}

    class Recording(engine.random.Random):
        def normal(self, shape):
            drawn["normal"].append(super().normal(shape))
            return drawn["normal"][-1]

        def uniform(self, shape):
            drawn["uniform"].append(super().uniform(shape))
            return drawn["uniform"][-1]

    model = make()
    model.compile(penalty="gradient_penalty", critic_steps=5)
    vars(model)["random"] = Recording(model.seed_generator)
    model.update(engine.batch.Batch(ops.convert_to_tensor(np.repeat(POINTS[:1], 10, axis=0))))
    latents = [np.asarray(ops.convert_to_numpy(x)) for x in drawn["normal"]]
    assert [x.shape for x in latents] == [(2, 2)] * 6  # five critic steps and the generator's
    for one, other in itertools.combinations(latents, 2):
        assert np.abs(one - other).max() > 0
    uniform = [np.asarray(ops.convert_to_numpy(x)) for x in drawn["uniform"]]
    assert [x.shape for x in uniform] == [(2, 1)] * 5  # one for each pair
    for one, other in itertools.combinations(uniform, 2):
        assert np.abs(one - other).max() > 0
