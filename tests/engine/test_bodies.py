"""Bodies of the user's own: those that Keras cannot rebuild, losses and metrics of their layers."""

import keras
import numpy as np
import pytest
from keras import layers, ops

import zoo
from zoo.errors import ArgumentError

RNG = np.random.default_rng(0)
FIT = {"batch_size": 8, "verbose": 0, "shuffle": False}


def array(x):
    return ops.convert_to_numpy(x)


def images():
    return RNG.uniform(-1, 1, (16, 4, 4, 1)).astype("float32")


def gan(*body, first=None, **changes):
    generator = [keras.Input((3,)), *(body or [layers.Dense(16)]), layers.Reshape((4, 4, 1))]
    judge = [keras.Input((4, 4, 1)), layers.Flatten(), *([first] if first else []), layers.Dense(1)]
    networks = {"generator": keras.Sequential(generator), "discriminator": keras.Sequential(judge)}
    return zoo.models.GAN(**{**networks, "latent_dim": 3, **changes})


class Unbuildable(keras.Model):
    def __init__(self):
        super().__init__()
        self.dense, self.reshape = layers.Dense(16, "tanh"), layers.Reshape((4, 4, 1))

    def call(self, latents):
        return self.reshape(self.dense(latents))


class Half(layers.Layer):
    def call(self, x):
        return x / 2


BODIES = {
    "no get_config": lambda: gan(generator=Unbuildable()),
    "lambda": lambda: gan(layers.Dense(16), layers.Lambda(lambda x: x / 2, output_shape=(16,))),
    "unregistered": lambda: gan(layers.Dense(16), Half()),
}


@pytest.mark.parametrize("body", BODIES)
def test_a_generator_that_cannot_be_rebuilt_trains_and_is_averaged(body, tmp_path):
    model = BODIES[body]()
    latents = model.sample_latents(3, seed=0)
    before = model.sample(latents=latents)
    np.testing.assert_allclose(before, model.sample(latents=latents, weights="raw"), atol=1e-6)
    model.compile({"generator": keras.optimizers.Adam(0.1)}, run_eagerly=True)
    model.fit(images(), **FIT)
    raw, averaged = (model.sample(latents=latents, weights=w) for w in ("raw", "ema"))
    assert np.abs(averaged - before).max() > 0
    assert np.abs(averaged - raw).max() > 0
    path = tmp_path / "model.keras"
    path.write_text("an earlier file")
    with pytest.raises(ArgumentError, match="GAN cannot be saved.*generator.*register_keras"):
        model.save(path)
    assert path.read_text() == "an earlier file"
    with pytest.raises(ArgumentError, match="GAN cannot be saved.*generator"):
        zoo.save(model, tmp_path / "preset")
    assert not (tmp_path / "preset").exists()
    model.save_weights(tmp_path / "model.weights.h5")
    other = BODIES[body]()
    other.compile(run_eagerly=True)
    other.load_weights(tmp_path / "model.weights.h5")
    np.testing.assert_allclose(other.sample(latents=latents), averaged, atol=1e-6)


@pytest.mark.once
def test_h5_is_refused_before_anything_is_written(tmp_path):
    with pytest.raises(ArgumentError, match=r"must end in .keras. Received: .*model.h5"):
        gan().save(tmp_path / "model.h5")
    assert not list(tmp_path.iterdir())


@pytest.mark.once
def test_a_compiled_body_is_saved_as_a_preset(tmp_path):
    model = gan()
    model.generator.compile("adam", "mse")
    model.generator.optimizer.build(model.generator.trainable_variables)
    again = zoo.load(zoo.save(model, tmp_path / "preset", half_precision=False))
    np.testing.assert_allclose(again.sample(3, seed=0), model.sample(3, seed=0), atol=1e-6)


@keras.saving.register_keras_serializable("test")
class AddsLoss(layers.Layer):
    """A layer that adds a tenth of the mean square of its input to the loss."""

    def call(self, x):
        self.add_loss(0.1 * ops.mean(ops.square(x)))
        return x


def weights_after_a_step(first, penalty=None):
    keras.utils.set_random_seed(0)
    model = gan(first=first)
    model.compile(keras.optimizers.SGD(0.1), penalty=penalty, run_eagerly=True)
    x = np.random.default_rng(1).uniform(-1, 1, (16, 4, 4, 1)).astype("float32")
    model.fit(x, batch_size=16, shuffle=False, verbose=0)
    return [array(v) for v in (*model.discriminator.weights, *model.generator.weights)]


@pytest.mark.parametrize("penalty", [None, "r1"])
def test_losses_of_layers_train_their_own_player(penalty):
    """On both batches that a discriminator sees, and inside of a penalty's gradient."""

    def body(**options):
        return layers.Dense(4, kernel_initializer="ones", **options)

    plain = weights_after_a_step(body(), penalty)
    regularized = weights_after_a_step(
        body(activity_regularizer=keras.regularizers.L2(0.1)), penalty
    )
    assert np.abs(plain[0] - regularized[0]).max() > 1e-4, "the discriminator ignores its layer"


def test_add_loss_trains_the_layers_before_it():
    layer = layers.Dense(4, kernel_initializer="ones")
    network = keras.Sequential([keras.Input((4, 4, 1)), layers.Flatten(), layer, AddsLoss()])
    model = zoo.models.GAN(
        generator=keras.Sequential(
            [keras.Input((3,)), layers.Dense(16), layers.Reshape((4, 4, 1))]
        ),
        discriminator=keras.Sequential([network, layers.Dense(1, kernel_initializer="zeros")]),
        latent_dim=3,
    )
    model.compile(keras.optimizers.SGD(1.0), run_eagerly=True)
    x, before = images(), array(layer.bias)
    model.fit(x, batch_size=16, shuffle=False, verbose=0)
    # The last layer passes no gradient on, so that what moves the bias is the added loss alone.
    moved = array(layer.bias) - before
    assert np.abs(moved).max() > 1e-4


@keras.saving.register_keras_serializable("test")
class Measures(layers.Layer):
    """A layer with a metric of its own."""

    def __init__(self, **kwargs):
        super().__init__(**kwargs)
        self.level = keras.metrics.Mean(name="level")

    def call(self, x):
        self.level.update_state(ops.mean(ops.abs(x)))
        return x


def test_metrics_of_layers_are_logged():
    model = gan(first=Measures())
    model.compile()
    history = model.fit(np.full((16, 4, 4, 1), -0.5, "float32"), epochs=2, **FIT).history
    assert history["level"][0] > 0
    assert "level" in model.evaluate(images(), batch_size=8, verbose=0, return_dict=True)
    assert len(model.evaluate(images(), batch_size=8, verbose=0)) == len(model.metrics_names)


# dtype=


@pytest.mark.once
def test_every_constructor_takes_a_policy(make):
    model = make(dtype="mixed_bfloat16")
    assert keras.config.dtype_policy().name == "float32"
    config = model.get_config()
    assert config["dtype_policy"] == "mixed_bfloat16"
    assert {layer.dtype_policy.name for layer in model._flatten_layers()} >= {"mixed_bfloat16"}
    with pytest.raises(ArgumentError, match="dtype must be a dtype policy.*'no_such'"):
        make(dtype="no_such")


@pytest.mark.once
def test_the_policy_of_a_constructor_is_saved():
    model = zoo.create("vae", image_shape=(4, 4, 1), hidden_units=(4,), dtype="mixed_bfloat16")
    again = zoo.models.VAE.from_config(model.get_config())
    policies = [[x.dtype_policy.name for x in m._flatten_layers()] for m in (model, again)]
    assert policies[0] == policies[1]
