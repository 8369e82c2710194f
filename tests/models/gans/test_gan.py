"""What only GANs promise: sampling, players, minibatches, the averaged generator, errors."""

import keras
import numpy as np
import pytest
from helpers import array, numeric_gradient
from keras import layers, ops

import zoo
from zoo.engine.batch import minibatch
from zoo.errors import UnknownNameError


def bodies(latent_dim=3):
    generator = keras.Sequential(
        [
            keras.Input((latent_dim,)),
            layers.Dense(4, "tanh", name="only"),
            layers.Reshape((2, 2, 1)),
        ]
    )
    discriminator = keras.Sequential([keras.Input((2, 2, 1)), layers.Flatten(), layers.Dense(1)])
    return {"generator": generator, "discriminator": discriminator, "latent_dim": latent_dim}


@pytest.fixture
def model():
    return zoo.models.GAN(**bodies())


IMAGES = np.tanh(np.random.default_rng(0).standard_normal((12, 2, 2, 1))).astype("float32")


class TestSample:
    def test_shape_type_and_range(self, model):
        images = model.sample(5, seed=0)
        assert isinstance(images, np.ndarray)
        assert images.shape == (5, 2, 2, 1)
        assert images.dtype == np.float32
        assert np.abs(images).max() <= 1

    def test_is_one_image_by_default(self, model):
        assert model.sample().shape == (1, 2, 2, 1)

    def test_without_seed_differs_each_time(self, model):
        assert np.abs(model.sample(4) - model.sample(4)).max() > 0

    @pytest.mark.parametrize("batch_size", [1, 2, 3, 7, 64, 1000])
    def test_does_not_depend_on_the_batch_size(self, model, batch_size):
        np.testing.assert_allclose(
            model.sample(20, seed=0, batch_size=batch_size),
            model.sample(20, seed=0),
            rtol=1e-6,
            atol=1e-6,
        )

    def test_latents_are_numpys(self, model):
        latents = np.random.default_rng(5).standard_normal((4, 3), dtype="float32")
        np.testing.assert_array_equal(model.sample_latents(4, seed=5), latents)
        np.testing.assert_array_equal(model.sample(latents=latents), model.sample(4, seed=5))
        kernel, bias = (array(v) for v in model.ema_generator.weights)
        np.testing.assert_allclose(
            model.sample(latents=latents).reshape(4, 4),
            np.tanh(latents @ kernel + bias),
            rtol=1e-5,
            atol=1e-6,
        )

    def test_weights(self, model):
        model.generator.set_weights([w + 1 for w in model.generator.get_weights()])
        assert np.abs(model.sample(4, seed=0, weights="raw") - model.sample(4, seed=0)).max() > 0.1

    def test_sees_weights_set_after_the_first_call(self, model):
        before = model.sample(4, seed=0)
        model.ema_generator.set_weights([0 * w for w in model.ema_generator.get_weights()])
        assert np.abs(before).max() > 0
        np.testing.assert_array_equal(model.sample(4, seed=0), np.zeros((4, 2, 2, 1)))

    @pytest.mark.skipif(
        keras.backend.backend() == "torch", reason="PyTorch runs eagerly: there is nothing to trace"
    )
    def test_few_numbers_of_images_are_traced(self, model):
        traces = []
        call = model.ema_generator.call
        model.ema_generator.call = lambda *args, **kwargs: traces.append(1) or call(*args, **kwargs)
        for n in range(1, 70):
            model.sample(n, batch_size=32)
        assert len(traces) <= 7

    @pytest.mark.parametrize(
        ("arguments", "message"),
        [
            ({"n": 0}, "n must be a whole number of at least 1. Received: 0"),
            ({"n": -3}, "n must be a whole number of at least 1. Received: -3"),
            ({"n": 2.5}, "n must be a whole number of at least 1. Received: 2.5"),
            ({"n": 2, "seed": -1}, "seed must be a whole number of at least 0. Received: -1"),
            ({"n": 2, "seed": 1.5}, "seed must be a whole number of at least 0. Received: 1.5"),
            ({"n": 2, "batch_size": 0}, "batch_size must be a whole number of at least 1"),
            ({"n": 2, "weights": "average"}, "Unknown weights: 'average'. Allowed: ema, raw."),
            ({"latents": np.zeros((2, 4))}, r"latents must have the shape \(n, 3\).*\(2, 4\)"),
            ({"latents": np.zeros((0, 3))}, r"latents must have the shape \(n, 3\)"),
            ({"latents": np.full((1, 3), np.nan)}, "latents must be finite"),
            ({"n": 2, "latents": np.zeros((2, 3))}, "either latents=, or n= and seed="),
        ],
    )
    def test_errors(self, model, arguments, message):
        with pytest.raises(ValueError, match=message):
            model.sample(**arguments)


class TestBodies:
    def test_own_models(self, model):
        assert model.image_shape == (2, 2, 1)
        model.compile()
        model.fit(IMAGES, batch_size=4, verbose=0)

    def test_unbuilt_models_are_built(self):
        model = zoo.models.GAN(
            generator=keras.Sequential([layers.Dense(4), layers.Reshape((2, 2, 1))]),
            discriminator=keras.Sequential([layers.Flatten(), layers.Dense(1)]),
            latent_dim=3,
        )
        assert model.sample(2).shape == (2, 2, 2, 1)
        model.compile()
        model.fit(IMAGES, batch_size=4, verbose=0)

    def test_one_own_model_beside_the_papers(self):
        model = zoo.models.GAN(image_shape=(2, 2, 1), latent_dim=3, generator=bodies()["generator"])
        assert (
            model.discriminator.count_params() == (4 * 1200 + 1200) + (240 * 1200 + 1200) + 240 + 1
        )

    def test_the_papers_bodies(self):
        model = zoo.create("gan", image_shape=(28, 28, 1))
        assert model.generator.count_params() == 101 * 1200 + 1201 * 1200 + 1201 * 784
        assert model.discriminator.count_params() == 785 * 1200 + 241 * 1200 + 241

    def test_saved_with_its_bodies(self, model, tmp_path):
        model.save(tmp_path / "own.keras")
        loaded = keras.saving.load_model(tmp_path / "own.keras")
        np.testing.assert_array_equal(loaded.sample(3, seed=0), model.sample(3, seed=0))

    def test_frozen_layers_do_not_move(self):
        own = bodies()
        own["generator"].get_layer("only").trainable = False
        own["generator"].add(layers.Conv2D(1, 1))
        model = zoo.models.GAN(**own)
        before = model.generator.get_layer("only").get_weights()
        model.compile()
        model.fit(IMAGES, batch_size=4, verbose=0)
        for old, new in zip(before, model.generator.get_layer("only").get_weights(), strict=True):
            np.testing.assert_array_equal(old, new)

    @pytest.mark.parametrize("frozen", ["generator", "discriminator"])
    def test_a_frozen_player_does_not_move(self, frozen):
        own = bodies()
        own[frozen].trainable = False
        model = zoo.models.GAN(**own)
        before = own[frozen].get_weights()
        model.compile()
        with pytest.warns(UserWarning, match=f"{frozen!r} of GAN has no trainable weight"):
            model.fit(IMAGES, batch_size=4, verbose=0)
        for old, new in zip(before, own[frozen].get_weights(), strict=True):
            np.testing.assert_array_equal(old, new)

    @pytest.mark.parametrize(
        ("changes", "message"),
        [
            (
                {"latent_dim": 5},
                r"generator does not take inputs of shape \(None, 5\). It says: Input 0 .*, found "
                r"shape=\(None, 5\)$",
            ),
            ({"latent_dim": 0}, "latent_dim must be a whole number of at least 1. Received: 0"),
            ({"discriminator": None}, "GAN needs image_shape"),
            (
                {"generator": "mine"},
                "generator must be a keras.Model. Received: 'mine' of type str",
            ),
            ({"generator": keras.Sequential}, "generator must be a keras.Model"),
            ({"image_shape": (3, 3, 1)}, r"generator must give images of image_shape=\(3, 3, 1\)"),
            (
                {"image_shape": (3, 3)},
                r"image_shape must be \(height, width, channels\).*Received: \(3, 3\)",
            ),
            ({"image_shape": 28}, "image_shape must be .* Received: 28"),
            ({"ema_half_life_images": 0}, "ema_half_life_images must be .* above 0. Received: 0"),
            ({"ema_half_life_images": "x"}, "ema_half_life_images must be .* Received: 'x'"),
            (
                {"discriminator": "mine"},
                "discriminator must be a keras.Model. Received: 'mine' of type str",
            ),
        ],
    )
    def test_errors(self, changes, message):
        with pytest.raises(ValueError, match=message):
            zoo.models.GAN(**{**bodies(), **changes})

    def test_discriminator_of_two_logits(self):
        discriminator = keras.Sequential(
            [keras.Input((2, 2, 1)), layers.Flatten(), layers.Dense(2)]
        )
        with pytest.raises(ValueError, match="one logit per image"):
            zoo.models.GAN(**{**bodies(), "discriminator": discriminator})


class TestCompile:
    def test_the_papers_defaults(self, model):
        model.compile()
        assert model.adversarial_loss.name == "non_saturating"
        assert model.penalty is None
        assert model.critic_steps == 1
        for optimizer in model.optimizers.values():
            assert isinstance(optimizer, keras.optimizers.Adam)
            assert float(array(optimizer.learning_rate)) == pytest.approx(2e-4)
            assert optimizer.beta_1 == 0.5

    def test_one_optimizer_is_copied_for_each_player(self, model):
        given = keras.optimizers.SGD(0.1, momentum=0.9)
        model.compile(given)
        first, second = model.optimizers.values()
        assert first is not second
        assert {first.momentum, second.momentum} == {0.9}

    def test_a_player_left_out_keeps_the_papers(self, model):
        mine = keras.optimizers.SGD(0.1)
        model.compile({"discriminator": mine})
        assert model.optimizers["discriminator"] is mine
        assert isinstance(model.optimizers["generator"], keras.optimizers.Adam)

    def test_one_instance_for_two_players_is_refused(self, model):
        mine = keras.optimizers.SGD(0.1)
        with pytest.raises(ValueError, match="one instance for two players"):
            model.compile({"generator": mine, "discriminator": mine})

    @pytest.mark.parametrize(
        ("arguments", "message"),
        [
            ({"optimizer": {"critic": "adam"}}, "Unknown player in optimizer: 'critic'"),
            ({"loss": "hinges"}, "Unknown loss: 'hinges'"),
            ({"penalty": "r11"}, "Unknown penalty: 'r11'. Allowed: dragan, gradient_penalty, r1,"),
            ({"penalty": 10.0}, "penalty must be one of .*'r1'.*, or an object with __call__"),
            ({"critic_steps": 0}, "critic_steps must be a whole number of at least 1. Received: 0"),
        ],
    )
    def test_errors(self, model, arguments, message):
        with pytest.raises(ValueError, match=message):
            model.compile(**arguments)

    def test_a_schedule_for_one_player(self, model):
        model.compile()
        rates = zoo.callbacks.LearningRateScheduler(
            lambda epoch, rate: rate / 10, player="generator"
        )
        history = model.fit(IMAGES, batch_size=4, epochs=2, verbose=0, callbacks=[rates]).history
        assert history["learning_rate_generator"] == pytest.approx([2e-5, 2e-6])
        assert float(array(model.optimizers["discriminator"].learning_rate)) == pytest.approx(2e-4)
        with pytest.raises(UnknownNameError, match="Unknown player: 'critic'"):
            model.fit(
                IMAGES,
                verbose=0,
                callbacks=[zoo.callbacks.LearningRateScheduler(lambda e, r: r, player="critic")],
            )

    def test_objective_survives_saving(self, model, tmp_path):
        model.compile(loss="minimax", penalty=zoo.losses.R1(2.0, share=0.5), critic_steps=3)
        model.save(tmp_path / "model.keras")
        loaded = keras.saving.load_model(tmp_path / "model.keras")
        assert loaded.adversarial_loss.name == "minimax"
        assert (loaded.penalty.gamma, loaded.penalty.share, loaded.critic_steps) == (2.0, 0.5, 3)


class Recording(zoo.models.GAN):
    """Keeps what each player's update was given."""

    def discriminator_loss(self, real, fake, labels=None, training=True):
        vars(self).setdefault("seen", []).append((array(real), array(fake)))
        return super().discriminator_loss(real, fake, labels, training)

    def generator_loss(self, latents, labels=None, training=True):
        vars(self).setdefault("asked", []).append(len(latents))
        return super().generator_loss(latents, labels, training)


@pytest.mark.step_by_step
class TestUpdate:
    def record(self, images, critic_steps):
        model = Recording(**bodies())
        model.compile(critic_steps=critic_steps, run_eagerly=True)
        if keras.backend.backend() == "jax":
            model.update(zoo.engine.batch.Batch(ops.convert_to_tensor(images)))
        else:
            model.fit(images, batch_size=len(images), verbose=0, shuffle=False)
        return model

    def test_a_batch_is_cut_into_minibatches(self):
        model = self.record(IMAGES, critic_steps=3)
        for step, (real, _) in enumerate(model.seen):
            np.testing.assert_array_equal(real, IMAGES[step::3])
        assert model.asked == [4]

    def test_a_batch_that_cannot_be_cut_is_used_whole(self):
        model = self.record(IMAGES[:11], critic_steps=3)
        for real, _ in model.seen:
            np.testing.assert_array_equal(real, IMAGES[:11])
        assert model.asked == [11]

    def test_latents_are_fresh_for_each_update(self):
        model = self.record(IMAGES, critic_steps=3)
        (_, first), (_, second), (_, third) = model.seen
        assert np.abs(first - second).max() > 0
        assert np.abs(second - third).max() > 0

    @pytest.mark.parametrize("rows", [12, 11, 2])
    def test_minibatches_of_an_unknown_number_of_rows(self, rows):
        """In a compiled function, where TensorFlow may not know the number of rows."""
        parts = [
            array(
                zoo.engine.compiled(lambda x, i=i: minibatch(x, i, 3), keras.layers.Layer())(
                    np.arange(rows, dtype="float32")
                )
            )
            for i in range(3)
        ]
        whole = np.arange(rows, dtype="float32")
        for part, expected in zip(
            parts, [whole[i::3] if rows % 3 == 0 else whole for i in range(3)], strict=True
        ):
            np.testing.assert_array_equal(part, expected)

    def test_critic_steps_count(self, model):
        model.compile(critic_steps=3)
        model.fit(IMAGES, batch_size=6, verbose=0)
        assert int(array(model.optimizers["discriminator"].iterations)) == 6
        assert int(array(model.optimizers["generator"].iterations)) == 2
        assert int(array(model.optimizer.iterations)) == 2

    def test_penalty_is_logged(self, model):
        model.compile(penalty=zoo.losses.R1(gamma=1.0))
        history = model.fit(IMAGES, batch_size=6, verbose=0).history
        kernel = array(model.discriminator.weights[0])
        # The discriminator is linear, so that the penalty is |w|^2 / 2; w has moved since by at
        # most two Adam steps.
        assert history["penalty"][0] == pytest.approx(0.5 * np.square(kernel).sum(), rel=0.01)

    def test_penalty_in_evaluate(self, model):
        model.compile(penalty=zoo.losses.R1(gamma=2.0))
        logs = model.evaluate(IMAGES, batch_size=5, verbose=0, return_dict=True)
        kernel = array(model.discriminator.weights[0])
        assert logs["penalty"] == pytest.approx(np.square(kernel).sum(), rel=1e-4)

    def test_evaluate_reports_the_losses_of_the_networks(self, model):
        model.compile()
        logs = model.evaluate(IMAGES, batch_size=12, verbose=0, return_dict=True)
        assert logs["real_logit"] == pytest.approx(model.discriminate(IMAGES).mean(), abs=1e-5)

    @pytest.mark.parametrize("loss", ["non_saturating", "minimax"])
    def test_one_step_against_numpy(self, loss):
        """Both players linear: the discriminator's step and then the generator's, by hand."""
        generator = keras.Sequential(
            [keras.Input((3,)), layers.Dense(4, use_bias=False), layers.Reshape((2, 2, 1))]
        )
        discriminator = keras.Sequential(
            [keras.Input((2, 2, 1)), layers.Flatten(), layers.Dense(1, use_bias=False)]
        )
        latents = np.random.default_rng(0).standard_normal((2, 12, 3)).astype("float32")

        class Fixed(zoo.models.GAN):
            def draw_latents(self, n):
                vars(self)["draws"] = vars(self).get("draws", -1) + 1
                return ops.convert_to_tensor(latents[vars(self)["draws"]])

        model = Fixed(generator=generator, discriminator=discriminator, latent_dim=3)
        (a,), (w,) = generator.get_weights(), discriminator.get_weights()
        model.compile(keras.optimizers.SGD(0.5), loss=loss)
        history = model.fit(IMAGES, batch_size=12, verbose=0, shuffle=False).history

        def softplus(x):
            return np.logaddexp(0, x)

        real = IMAGES.reshape(12, 4).astype("float64")

        def discriminator_loss(w):
            return (softplus(-real @ w) + softplus(latents[0] @ a @ w)).mean()

        new_w = w - 0.5 * numeric_gradient(discriminator_loss, w)

        def generator_loss(a):
            logits = latents[1] @ a @ new_w  # the generator sees the discriminator's new weights
            return (softplus(-logits) if loss == "non_saturating" else -softplus(logits)).mean()

        new_a = a - 0.5 * numeric_gradient(generator_loss, a)
        np.testing.assert_allclose(discriminator.get_weights()[0], new_w, rtol=1e-4, atol=1e-5)
        np.testing.assert_allclose(generator.get_weights()[0], new_a, rtol=1e-4, atol=1e-5)
        assert history["discriminator_loss"][0] == pytest.approx(discriminator_loss(w), rel=1e-4)
        assert history["generator_loss"][0] == pytest.approx(generator_loss(a), rel=1e-4)


class TestAverage:
    def test_half_life(self):
        model = zoo.models.GAN(**bodies(), ema_half_life_images=60)
        model.compile({player: keras.optimizers.SGD(0.0) for player in model.players})
        start = [w.copy() for w in model.ema_generator.get_weights()]
        model.generator.set_weights([w + 1 for w in start])
        model.images_seen.assign(1e6)
        model.fit(np.repeat(IMAGES, 5, axis=0), batch_size=12, verbose=0)
        for old, new in zip(start, model.ema_generator.get_weights(), strict=True):
            np.testing.assert_allclose(new, old + 0.5, rtol=1e-5, atol=1e-5)
        assert float(array(model.images_seen)) == 1e6 + 60

    def test_a_short_training_is_averaged_over_a_short_time(self):
        model = zoo.models.GAN(**bodies(), ema_half_life_images=10_000)
        model.compile({player: keras.optimizers.SGD(0.0) for player in model.players})
        model.generator.set_weights([w + 1 for w in model.generator.get_weights()])
        model.fit(np.repeat(IMAGES, 20, axis=0), batch_size=12, verbose=0)
        for raw, averaged in zip(
            model.generator.get_weights(), model.ema_generator.get_weights(), strict=True
        ):
            np.testing.assert_allclose(averaged, raw, atol=1e-3)

    def test_begins_anew_with_compile(self):
        """So that samples follow a short fine-tuning of a model that was trained for long."""
        model = zoo.models.GAN(**bodies())
        model.images_seen.assign(1e6)
        model.compile()
        assert float(array(model.images_seen)) == 0

    def test_is_not_trained(self, model):
        assert not model.ema_generator.trainable_variables

    def test_predict_is_the_averaged_generator(self, model):
        latents = model.sample_latents(5, seed=0)
        np.testing.assert_allclose(
            model.predict(latents, verbose=0), model.sample(latents=latents), atol=1e-6
        )


@pytest.mark.skipif(
    keras.backend.backend() != "tensorflow", reason="a SavedModel is written through TensorFlow"
)
def test_export(model, tmp_path):
    import tensorflow as tf

    model.export(tmp_path / "exported", verbose=False)
    latents = model.sample_latents(5, seed=0)
    exported = tf.saved_model.load(str(tmp_path / "exported"))
    np.testing.assert_allclose(exported.serve(latents), model.sample(latents=latents), atol=1e-6)


def test_discriminate(model):
    logits = model.discriminate(IMAGES)
    kernel, bias = (array(v) for v in model.discriminator.weights)
    np.testing.assert_allclose(
        logits, (IMAGES.reshape(12, 4) @ kernel + bias)[:, 0], rtol=1e-5, atol=1e-5
    )
    for images, message in (
        (IMAGES[:, :1], "images must hold images of shape"),
        (IMAGES[:0], "images holds no image"),
        (IMAGES.astype("uint8"), "floating-point"),
    ):
        with pytest.raises(ValueError, match=message):
            model.discriminate(images)
    with pytest.raises(ValueError, match="batch_size must be"):
        model.discriminate(IMAGES, batch_size=0)


def test_images_in_another_range_are_noticed(model):
    model.compile()
    with pytest.warns(UserWarning, match="x holds no negative value"):
        model.fit((IMAGES + 1) / 2, batch_size=4, verbose=0)
    with pytest.raises(ValueError, match="x must be finite"):
        model.fit(np.full_like(IMAGES, np.nan), batch_size=4, verbose=0)


def test_a_failed_first_step_loses_nothing(model):
    model.compile()
    before = model.get_weights()
    with pytest.raises(ValueError, match="x must hold images"):
        model.fit(IMAGES[:, :1], verbose=0)
    for old, new in zip(before, model.get_weights(), strict=True):
        np.testing.assert_array_equal(old, new)
    model.fit(IMAGES, batch_size=4, verbose=0)
