"""What only the Wasserstein GAN promises: its defaults, and an estimate of a distance."""

import math

import keras
import numpy as np
import parallel_segments as segments
import pytest
from helpers import array

import zoo

TINY = {"image_shape": (8, 8, 1), "latent_dim": 4, "width": 2}


@pytest.fixture
def model():
    return zoo.models.WGAN(**TINY)


def images(n):
    return np.random.default_rng(0).uniform(-1, 1, (n, 8, 8, 1)).astype("float32")


@pytest.mark.step_by_step
class TestDefaults:
    def test_are_the_papers(self, model):
        model.compile()
        assert model.critic_steps == 5
        assert set(model.optimizers) == {"generator", "discriminator"}
        for optimizer in model.optimizers.values():
            assert isinstance(optimizer, keras.optimizers.RMSprop)
            assert float(array(optimizer.learning_rate)) == pytest.approx(5e-5)
        assert model.penalty.limit == 0.01

    def test_one_step_is_five_of_the_critic(self, model):
        model.compile()
        model.fit(images(10), batch_size=10, verbose=0)
        assert int(array(model.optimizers["discriminator"].iterations)) == 5
        assert int(array(model.optimizers["generator"].iterations)) == 1

    def test_every_weight_of_the_critic_is_clipped(self, model):
        model.compile()
        before = max(np.abs(array(w)).max() for w in model.critic.trainable_weights)
        model.fit(images(10), batch_size=10, verbose=0)
        assert before > 0.02
        for weight in model.critic.trainable_weights:
            assert np.abs(array(weight)).max() <= np.float32(0.01)
        assert max(np.abs(array(w)).max() for w in model.generator.trainable_weights) > 0.02

    def test_the_critic_has_no_bias_at_its_output(self, model):
        assert model.critic is model.discriminator
        assert model.critic.trainable_weights[-1].shape[-1] == 1
        assert len(model.critic.trainable_weights[-1].shape) > 1

    def test_loss_is_the_difference_of_the_means(self, model):
        model.compile()
        logs = model.evaluate(images(10), batch_size=10, verbose=0, return_dict=True)
        expected = logs["fake_logit"] - logs["real_logit"]
        assert logs["discriminator_loss"] == pytest.approx(expected, abs=1e-6)
        assert logs["penalty"] == 0

    def test_distance_is_in_the_critics_own_units(self, model):
        real, fake = images(6), -images(4)
        expected = model.discriminate(real).mean() - model.discriminate(fake).mean()
        assert model.critic_distance(real, fake) == pytest.approx(expected, abs=1e-7)
        assert model.critic_distance(real, fake, batch_size=2) == pytest.approx(expected, abs=1e-6)


class TestParallelSegments:
    """Example 1 of the paper."""

    @pytest.mark.parametrize("theta", segments.THETAS)
    def test_a_clipped_critic_finds_the_distance_up_to_its_slope(self, theta):
        model = segments.trained(
            zoo.models.WGAN,
            theta,
            optimizer=keras.optimizers.RMSprop(segments.falling(2e-3)),
            penalty=zoo.losses.WeightClipping(0.1),
        )
        found = segments.estimate(model) / segments.largest_slope(model, theta)
        assert found == pytest.approx(theta, rel=0.1)

    @pytest.mark.once
    def test_the_jensen_shannon_divergence_does_not(self):
        """It is log 2 however near the segments are, and says nothing of how far they are."""
        data = segments.real(100_000, seed=0)
        for theta in (*segments.THETAS, -0.5, 0.05):
            moved = segments.real(100_000, seed=1) + np.array([theta, 0])
            found = segments.jensen_shannon(data, moved)
            assert found == pytest.approx(math.log(2), rel=1e-3)
        same = segments.jensen_shannon(data, segments.real(100_000, seed=1))
        assert same == pytest.approx(0, abs=1e-3)
