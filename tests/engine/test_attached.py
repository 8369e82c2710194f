"""What users attach to layers of a model stays with it: freezing, adapters, quantization."""

import gc
import warnings

import keras
import numpy as np
import pytest
from keras import layers, ops

import zoo
from zoo.engine.averaging import average
from zoo.errors import ArgumentError
from zoo.layers import Maxout, SpectralDense, TransposedDense

RNG = np.random.default_rng(0)
FIT = {"batch_size": 8, "verbose": 0, "shuffle": False}
pytestmark = pytest.mark.filterwarnings(
    "ignore:.*no trainable weight", "ignore:Layer .* does not have a `quantize"
)


@pytest.fixture(autouse=True)
def _no_garbage_collection(monkeypatch):
    """Keras collects all garbage for each kernel that it quantizes, which takes seconds here."""
    monkeypatch.setattr(gc, "collect", lambda *args: 0)


def array(x):
    return ops.convert_to_numpy(x)


def images(n=16, low=-1.0):
    return RNG.uniform(low, 1.0, (n, 4, 4, 1)).astype("float32")


def gan(**changes):
    return zoo.models.GAN(**{"image_shape": (4, 4, 1), "latent_dim": 3, "units": 20, **changes})


def vae():
    return zoo.models.VAE(image_shape=(4, 4, 1), latent_dim=2, hidden_units=(6,))


def dense(network):
    return [layer for layer in network._flatten_layers() if isinstance(layer, layers.Dense)]


def generator(*extra, units=16):
    body = [keras.Input((3,)), layers.Dense(6), *extra, layers.Dense(units, "tanh")]
    return keras.Sequential([*body, layers.Reshape((4, 4, 1))])


def discriminator(*extra):
    body = [keras.Input((4, 4, 1)), layers.Flatten(), *extra, layers.Dense(1)]
    return keras.Sequential(body)


def own_gan(first=None, second=None):
    networks = {
        "generator": generator() if first is None else first,
        "discriminator": discriminator() if second is None else second,
    }
    return zoo.models.GAN(**networks, latent_dim=3)


def saved(model, tmp_path):
    model.save(tmp_path / "model.keras")
    return keras.saving.load_model(tmp_path / "model.keras")


def steps(model):
    return {player: int(array(o.iterations)) for player, o in model.optimizers.items()}


def values(variables):
    return [array(v).copy() for v in variables]


def moved(variables, before):
    pairs = zip(variables, before, strict=True)
    return max((np.abs(array(v) - old).max() for v, old in pairs), default=0.0)


# Freezing


def test_frozen_layers_stay_frozen_and_optimizers_keep_their_state(tmp_path):
    model = gan()
    dense(model.generator)[0].trainable = False
    dense(model.generator)[1].bias.trainable = False
    model.compile(run_eagerly=True)
    model.fit(images(), **FIT)
    again = saved(model, tmp_path)
    assert dense(again.generator)[0].trainable is False
    flags = [v.trainable for v in again.variables]
    assert flags == [v.trainable for v in model.variables]
    assert steps(again) == steps(model) == {"generator": 2, "discriminator": 2}
    pairs = zip(again.optimizer.variables, model.optimizer.variables, strict=True)
    assert all(np.array_equal(array(a), array(b)) for a, b in pairs)
    before = values(dense(again.generator)[0].weights)
    again.fit(images(), **FIT)
    assert moved(dense(again.generator)[0].weights, before) == 0


def test_a_preset_keeps_frozen_layers(tmp_path):
    model = vae()
    model.decoder.trainable = False
    again = zoo.load(zoo.save(model, tmp_path / "frozen"))
    assert (again.decoder.trainable, again.encoder.trainable) == (False, True)
    assert len(again.trainable_variables) == len(model.trainable_variables)


@pytest.mark.once
def test_a_model_to_which_nothing_is_attached_has_a_configuration_of_its_arguments():
    assert "attached" not in gan().get_config()
    config = gan().get_config() | {"attached": {"99": {"trainable": False}}}
    with pytest.raises(ArgumentError, match="another architecture"):
        zoo.models.GAN.from_config(config)


def test_freezing_and_thawing_take_effect_at_the_next_fit():
    model, x = own_gan(second=discriminator(layers.Dense(5))), images()
    model.compile(keras.optimizers.Adam(1e-2))
    model.fit(x, **FIT)
    first, last = dense(model.discriminator)
    adam = model.optimizers["discriminator"]
    momentum = array(adam._momentums[2])
    first.trainable = False
    frozen, others = values(first.weights), values(last.weights)
    model.make_train_function()
    assert (len(adam._momentums), len(adam.variables)) == (2, 2 + 2 * 2)
    assert momentum.any()
    assert np.array_equal(array(adam._momentums[0]), momentum)
    model.fit(x, **FIT)
    assert moved(first.weights, frozen) == 0
    assert moved(last.weights, others) > 0
    first.trainable = True
    model.fit(x, **FIT)
    assert moved(first.weights, frozen) > 0
    assert steps(model) == {"generator": 6, "discriminator": 6}


@pytest.mark.once
def test_a_layer_to_train_in_a_frozen_network():
    """Keras counts no weight of the network as trainable then; the error says how it can be."""
    model = own_gan()
    model.compile()
    model.discriminator.trainable = False
    model.discriminator.layers[-1].trainable = True
    with pytest.raises(ArgumentError, match=r"frozen as a whole, set network.trainable = True"):
        model.fit(images(), **FIT)
    model.discriminator.trainable = True
    for layer in model.discriminator.layers[:-1]:
        layer.trainable = False
    model.fit(images(), **FIT)


def test_a_player_can_be_frozen_and_thawed():
    model, x = own_gan(), images()
    model.compile(run_eagerly=True)
    model.discriminator.trainable = False
    before = values(model.discriminator.weights)
    with pytest.warns(UserWarning, match="'discriminator' of GAN has no trainable weight"):
        model.fit(x, **FIT)
    with warnings.catch_warnings():
        warnings.simplefilter("error", UserWarning)  # told once
        model.fit(x, **FIT)
    assert moved(model.discriminator.weights, before) == 0
    assert steps(model) == {"generator": 4, "discriminator": 0}
    model.discriminator.trainable = True
    model.fit(x, **FIT)
    assert moved(model.discriminator.weights, before) > 0


def test_what_a_callback_freezes_waits_for_the_next_fit():
    class Freeze(keras.callbacks.Callback):
        def on_epoch_begin(self, epoch, logs=None):
            dense(self.model.discriminator)[0].trainable = epoch == 0

    model, x = own_gan(second=discriminator(layers.Dense(5))), images()
    model.compile()
    first = dense(model.discriminator)[0]
    before = values(first.weights)
    model.fit(x, epochs=1, **FIT)
    once = moved(first.weights, before)
    before = values(first.weights)
    model.fit(x, epochs=2, callbacks=[Freeze()], **FIT)
    assert min(once, moved(first.weights, before)) > 0
    assert steps(model) == {"generator": 6, "discriminator": 6}
    assert all(np.isfinite(array(v)).all() for v in model.variables)
    before = values(first.weights)
    model.fit(x, **FIT)
    assert moved(first.weights, before) == 0


def test_an_averaged_generator_as_a_body_does_not_train_unnoticed():
    model = own_gan(first=gan().ema_generator)
    model.compile(run_eagerly=True)
    with pytest.warns(UserWarning, match="Set trainable = True for the network"):
        model.fit(images(), **FIT)
    model.generator.trainable = True
    before = values(model.generator.weights)
    model.fit(images(), **FIT)
    assert moved(model.generator.weights, before) > 0


@pytest.mark.parametrize("name", ["sgd", "rmsprop", "nadam", "adafactor", "lion", "ftrl"])
@pytest.mark.once
def test_every_optimizer_keeps_its_state_for_the_weights_that_stay(name):
    model, x = own_gan(second=discriminator(layers.Dense(5))), images()
    optimizer = keras.optimizers.get(name)
    if name == "sgd":
        optimizer = keras.optimizers.SGD(0.01, momentum=0.9)
    model.compile(optimizer, run_eagerly=True)
    model.fit(x, **FIT)
    kept = model.optimizers["discriminator"]
    lists = {k: v for k, v in vars(kept).items() if isinstance(v, list) and len(v) == 4}
    before = {k: [None if v is None else array(v) for v in values] for k, values in lists.items()}
    dense(model.discriminator)[0].trainable = False
    model.make_train_function()
    for attribute, slots in before.items():
        now = getattr(kept, attribute)
        assert len(now) == 2
        for old, new in zip(slots[2:], now, strict=True):
            assert old is None or np.array_equal(old, array(new)), attribute
    model.fit(x, **FIT)


# Functions that were compiled before a change


def test_compiled_functions_see_weights_that_were_replaced():
    model = own_gan()
    model.compile()
    latents, x = model.sample_latents(3, seed=0), images()
    before = model.sample(latents=latents), model.predict(latents, verbose=0)
    model.evaluate(x, **{k: v for k, v in FIT.items() if k != "shuffle"})
    other = own_gan()
    model.ema_generator = other.ema_generator
    expected = other.sample(latents=latents)
    assert np.abs(expected - before[0]).max() > 0
    np.testing.assert_allclose(model.sample(latents=latents), expected, atol=1e-6)
    np.testing.assert_allclose(model.predict(latents, verbose=0), expected, atol=1e-6)
    count = len(model.variables)
    assert count == len(other.variables), "the former network is still a part of the model"
    model.fit(x, **FIT)


# Quantization


def test_int8_is_seen_at_once_and_saved(tmp_path):
    model = own_gan()
    model.compile(run_eagerly=True)
    model.fit(images(), epochs=3, **FIT)
    latents = model.sample_latents(3, seed=0)
    before = model.sample(latents=latents)
    model.quantize("int8")
    after = model.sample(latents=latents)
    assert 0 < np.abs(after - before).max() < 0.1
    again = saved(model, tmp_path)
    assert {layer.quantization_mode for layer in dense(again.generator)} == {"int8"}
    np.testing.assert_allclose(again.sample(latents=latents), after, atol=1e-6)
    kernels = values(layer._kernel for layer in dense(model.ema_generator))
    model.fit(images(), **FIT)  # biases are trained
    assert moved([layer._kernel for layer in dense(model.ema_generator)], kernels) == 0
    assert np.abs(model.sample(latents=latents) - after).max() < 0.1


@pytest.mark.once
def test_int4_is_saved_as_a_preset(tmp_path):
    """Two of its integers are one number in the file."""
    wide = {"generator": generator(layers.Dense(64), layers.Dense(64))}
    model = zoo.models.GAN(**wide, discriminator=discriminator(layers.Dense(64)), latent_dim=3)
    model.quantize("int4")
    zoo.save(model, tmp_path / "preset")
    again = zoo.load(tmp_path / "preset")
    assert {layer.quantization_mode for layer in dense(again.generator)} == {"int4"}
    np.testing.assert_allclose(again.sample(3, seed=0), model.sample(3, seed=0), atol=1e-6)


def test_float8_trains_its_scales():
    model = vae()
    model.compile()
    model.quantize("float8")
    model.fit(images(low=0.0), **FIT)
    for layer in dense(model):
        history = array(layer.inputs_amax_history)
        assert np.count_nonzero(history) == 2, "each step notes the largest input"


def test_float8_of_a_network_that_one_loss_calls_twice():
    model = own_gan()
    model.compile()
    model.quantize("float8")
    model.fit(images(), epochs=4, **FIT)
    (layer,) = dense(model.discriminator)
    history = array(layer.inputs_amax_history)
    assert np.count_nonzero(history) == 8
    assert (history <= 1).all(), "the largest input is 1"


def test_float8_trains_and_validates_eagerly():
    model, x = own_gan(), images(8)
    model.quantize("float8")
    model.compile(run_eagerly=True)
    logs = model.fit(x, validation_data=x, **FIT).history
    (layer,) = dense(model.discriminator)
    assert np.count_nonzero(array(layer.inputs_amax_history)) == 1
    assert np.isfinite(list(logs.values())).all()


def test_float8_of_a_network_that_the_loss_differentiates_is_refused():
    model, x = own_gan(), images()
    model.quantize("float8")
    model.compile(run_eagerly=True, penalty="gradient_penalty")
    before = values(model.generator.weights)
    for method in (model.fit, model.evaluate):
        with pytest.raises(ArgumentError, match="is quantized by 'float8'.*depends on its deriv"):
            method(x, batch_size=8, verbose=0)
    assert moved(model.generator.weights, before) == 0
    generator_only = own_gan()
    generator_only.generator.quantize("float8")
    generator_only.compile(run_eagerly=True, penalty="gradient_penalty")
    generator_only.fit(x, **FIT)


@pytest.mark.once
def test_layers_without_a_form_for_integers_refuse_them():
    layer = SpectralDense(3, dtype="int8_from_float32")
    with pytest.raises(ArgumentError, match="cannot be quantized.*int8_from_float32"):
        layer.build((None, 4))
    network = keras.Sequential([keras.Input((4,)), SpectralDense(3)])
    with pytest.warns(UserWarning, match="SpectralDense cannot be quantized"):
        network.quantize("int8")
    assert network.layers[0].quantization_mode is None
    maxout = Maxout(2, 2)
    maxout.build((None, 4))
    maxout.dense.quantize("int8")
    assert np.isfinite(array(maxout(np.ones((1, 4), "float32")))).all()


@pytest.mark.once
def test_tied_weights_follow_a_quantized_layer():
    tied = layers.Dense(3)
    tied.build((None, 5))
    layer = TransposedDense(tied)
    codes = RNG.normal(size=(2, 3)).astype("float32")
    before = array(layer(codes))
    tied.quantize("int8")
    np.testing.assert_allclose(array(layer(codes)), before, atol=0.03)


# Low-rank adapters


def adapt(network, rank=2, alpha=4):
    for layer in dense(network):
        layer.enable_lora(rank, lora_alpha=alpha)


def test_low_rank_adapters_train_are_averaged_and_saved(tmp_path):
    model = gan(architecture="mlp")
    adapt(model.generator)
    model.compile(keras.optimizers.Adam(0.01), run_eagerly=True)
    kernel = values([layer._kernel for layer in dense(model.generator)])
    model.fit(images(), **FIT)
    assert moved([layer._kernel for layer in dense(model.generator)], kernel) == 0
    average = values([layer._kernel for layer in dense(model.ema_generator)])
    assert any(np.abs(a - b).max() > 0 for a, b in zip(average, kernel, strict=True))
    again = saved(model, tmp_path)
    for a, b in zip(dense(again.generator), dense(model.generator), strict=True):
        assert a.lora_alpha == b.lora_alpha == 4
    pairs = zip(again.variables, model.variables, strict=True)
    assert all(np.array_equal(array(a), array(b)) for a, b in pairs)
    x = images()
    histories = [m.fit(x, **FIT).history["generator_loss"] for m in (model, again)]
    np.testing.assert_allclose(*histories, rtol=1e-6)


def test_a_network_of_its_own_with_adapters_is_averaged_with_them_added():
    network = generator()
    adapt(network)
    for layer in dense(network):
        layer.lora_kernel_b.assign(RNG.normal(size=layer.lora_kernel_b.shape))
    model = own_gan(first=network)
    latents = model.sample_latents(3, seed=0)
    raw = model.sample(latents=latents, weights="raw")
    np.testing.assert_allclose(model.sample(latents=latents), raw, atol=1e-5)
    dense(network)[0].lora_kernel_a.assign(RNG.normal(size=(3, 2)))
    average(model.ema_generator, network, 0.5)
    average(model.ema_generator, network, 0.0)
    raw = model.sample(latents=latents, weights="raw")
    np.testing.assert_allclose(model.sample(latents=latents), raw, atol=1e-5)


def test_adapters_of_spectral_layers_are_saved(tmp_path):
    model = own_gan(second=discriminator(SpectralDense(4)))
    adapt(model.discriminator, alpha=None)  # Keras itself forgets another alpha
    model.compile(run_eagerly=True)
    model.fit(images(), **FIT)
    again = saved(model, tmp_path)
    x = images()
    np.testing.assert_allclose(again.discriminate(x), model.discriminate(x), atol=1e-6)
    model.discriminator.save(tmp_path / "alone.keras")
    alone = keras.saving.load_model(tmp_path / "alone.keras")
    np.testing.assert_allclose(array(alone(x))[:, 0], model.discriminate(x), atol=1e-5)


@pytest.mark.once
def test_the_average_of_trained_kernels_cannot_be_quantized():
    model = own_gan()
    model.compile(run_eagerly=True)
    model.ema_generator.quantize("int8")
    with pytest.raises(ArgumentError, match="is trained, and its average is quantized"):
        model.fit(images(), **FIT)
