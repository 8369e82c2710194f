"""What only the Wasserstein GAN with gradient penalty promises."""

import keras
import numpy as np
import parallel_segments as segments
import pytest
from helpers import array

import zoo

TINY = {"image_shape": (8, 8, 1), "latent_dim": 4, "width": 2}


@pytest.fixture
def model():
    return zoo.models.WGANGP(**TINY)


class TestDefaults:
    def test_are_the_papers(self, model):
        model.compile()
        assert model.critic_steps == 5
        assert set(model.optimizers) == {"generator", "discriminator"}
        for optimizer in model.optimizers.values():
            assert isinstance(optimizer, keras.optimizers.Adam)
            assert float(array(optimizer.learning_rate)) == pytest.approx(1e-4)
            assert (optimizer.beta_1, optimizer.beta_2) == (0, 0.9)
        assert isinstance(model.penalty, zoo.losses.GradientPenalty)
        assert (model.penalty.weight, model.penalty.target) == (10, 1)

    def test_the_critic_has_no_batch_normalization_and_no_bias_at_its_output(self, model):
        normalized = [
            any(isinstance(x, keras.layers.BatchNormalization) for x in network._flatten_layers())
            for network in (model.critic, model.generator)
        ]
        assert normalized == [False, True]
        assert len(model.critic.trainable_weights[-1].shape) > 1

    def test_the_critic_is_not_clipped(self, model):
        model.compile()
        images = np.random.default_rng(0).uniform(-1, 1, (10, 8, 8, 1)).astype("float32")
        model.fit(images, batch_size=10, verbose=0)
        assert max(np.abs(array(w)).max() for w in model.critic.trainable_weights) > 0.02
        assert int(array(model.optimizers["discriminator"].iterations)) == 5

    def test_the_penalty_is_logged_beside_the_loss(self, model):
        model.compile()
        images = np.zeros((4, 8, 8, 1), dtype="float32")
        logs = model.evaluate(images, verbose=0, return_dict=True)
        assert logs["penalty"] > 0
        assert logs["discriminator_loss"] == pytest.approx(
            logs["fake_logit"] - logs["real_logit"], abs=1e-6
        )


@pytest.mark.parametrize("theta", segments.THETAS)
def test_the_critic_finds_the_distance_of_parallel_segments(theta):
    """Where the critic has the slope s throughout, its loss is 10 (s - 1)^2 - s theta, which is
    least at s = 1 + theta / 20: the estimate is 1 to 5% too large."""
    model = segments.trained(
        zoo.models.WGANGP,
        theta,
        optimizer=keras.optimizers.Adam(segments.falling(3e-3), beta_1=0.5, beta_2=0.9),
    )
    assert segments.estimate(model) == pytest.approx(theta, rel=0.1)
