"""Half precision: what stays in float32, and a loss scale for each player."""

import keras
import numpy as np
import pytest
from helpers import array
from keras import ops
from keras.optimizers import LossScaleOptimizer

import zoo

IMAGES = np.random.default_rng(0).uniform(-1, 1, (16, 8, 8, 1)).astype("float32")
PLAYERS = ("generator", "discriminator")


@pytest.fixture
def policy():
    """A function that sets Keras's dtype policy, which is put back after the test."""
    yield keras.config.set_dtype_policy
    keras.config.set_dtype_policy("float32")


def make(**options):
    model = zoo.create("gan", image_shape=(8, 8, 1), latent_dim=4, units=20)
    model.compile(**options)
    return model


def fit(model, steps=1):
    model.fit(IMAGES, batch_size=16, epochs=steps, shuffle=False, verbose=0)


def state_of(model, player):
    """The weights of a player and the state of its optimizer, but for the scale."""
    inner = model.optimizers[player].inner_optimizer
    return [array(v).copy() for v in (*model.players[player], *inner.variables)]


def scale_of(model, player):
    return float(array(model.optimizers[player].dynamic_scale))


@pytest.mark.parametrize("overflowing", PLAYERS)
def test_an_overflow_skips_the_step_of_its_player_alone(policy, overflowing):
    policy("mixed_float16")
    model = make()
    fit(model)
    model.optimizers[overflowing].dynamic_scale.assign(2.0**126)
    before = {player: state_of(model, player) for player in PLAYERS}
    fit(model)
    for player in PLAYERS:
        after = state_of(model, player)
        same = [np.array_equal(a, b) for a, b in zip(after, before[player], strict=True)]
        if player == overflowing:
            assert all(same)
            assert scale_of(model, player) == 2.0**125
        else:
            # All but the learning rate.
            assert same.count(True) == 1
            assert scale_of(model, player) == 2.0**15
    fit(model)  # goes on, also in the next compiled step
    assert scale_of(model, overflowing) == 2.0**124


def test_the_scale_doubles_after_enough_steps():
    sgd = keras.optimizers.SGD(0.01)
    model = make(optimizer=LossScaleOptimizer(sgd, initial_scale=8.0, dynamic_growth_steps=3))
    scales = []
    for _ in range(7):
        fit(model)
        scales.append(scale_of(model, "generator"))
    assert scales == [8, 8, 16, 16, 16, 32, 32]


def test_the_scale_cancels():
    """In float32, powers of two change nothing but what is very small."""
    weights = []
    for scaled in (False, True):
        keras.utils.set_random_seed(1)
        optimizer = keras.optimizers.SGD(0.1, momentum=0.9)
        model = make(optimizer=LossScaleOptimizer(optimizer) if scaled else optimizer)
        fit(model, 3)
        weights.append([array(v) for v in model.trainable_variables])
    for plain, scaled in zip(*weights, strict=True):
        np.testing.assert_allclose(scaled, plain, rtol=1e-6, atol=1e-7)


def test_float32_has_no_scale():
    model = make()
    assert not any(isinstance(o, LossScaleOptimizer) for o in model.optimizers.values())


def test_saved_with_its_scales(policy, tmp_path):
    policy("mixed_float16")
    adam = keras.optimizers.Adam(1e-3)
    model = make(optimizer={"generator": LossScaleOptimizer(adam, dynamic_growth_steps=5)})
    fit(model, 2)
    model.optimizers["discriminator"].dynamic_scale.assign(64.0)
    model.save(tmp_path / "model.keras")
    model.save_weights(tmp_path / "model.weights.h5")
    policy("float32")
    loaded = keras.saving.load_model(tmp_path / "model.keras")
    assert loaded.get_compile_config() == model.get_compile_config()
    assert loaded.optimizers["generator"].dynamic_growth_steps == 5
    assert scale_of(loaded, "discriminator") == 64.0
    for each in (model, loaded):
        fit(each, 3)
    assert scale_of(loaded, "generator") == 2.0**16
    for a, b in zip(model.variables, loaded.variables, strict=True):
        np.testing.assert_array_equal(array(a), array(b), err_msg=a.path)
    for a, b in zip(model.optimizer.variables, loaded.optimizer.variables, strict=True):
        np.testing.assert_array_equal(array(a), array(b), err_msg=a.path)
    loaded.load_weights(tmp_path / "model.weights.h5")
    assert scale_of(loaded, "discriminator") == 64.0
    values = [array(v) for v in model.optimizer.variables]
    loaded.optimizer.set_weights(values)
    for variable, value in zip(loaded.optimizer.variables, values, strict=True):
        np.testing.assert_array_equal(array(variable), value)


@pytest.mark.parametrize("name", ["gradient_penalty", "r1", "r2", "dragan"])
@pytest.mark.parametrize("half", ["mixed_bfloat16", "mixed_float16"])
def test_penalties_are_float32(policy, name, half):
    """Through layers of half precision they are near those of float32: each is a float32 sum of
    float32 squares."""
    keras.utils.set_random_seed(0)
    exact = make(penalty=name)
    policy(half)
    model = make(penalty=name)
    for new, old in zip(model.weights, exact.weights, strict=True):
        new.assign(array(old))
    latents = ops.convert_to_tensor(np.random.default_rng(1).standard_normal((16, 4), "float32"))
    values = []
    for each in (exact, model):
        real, fake = ops.convert_to_tensor(IMAGES), each.generator(latents)
        each.seed_generator.state.assign([1, 0])
        found = each.penalty(lambda x, m=each: m.judge(x), real, fake, each.random)
        assert keras.backend.standardize_dtype(found.dtype) == "float32"
        values.append(array(found))
    assert np.abs(values[0]).max() > 0
    np.testing.assert_allclose(values[1], values[0], rtol=0.1, atol=0.02 * values[0].max())


@pytest.mark.parametrize("half", ["mixed_bfloat16", "mixed_float16"])
def test_what_is_reported_and_averaged_is_float32(policy, half):
    policy(half)
    model = make(penalty="r1")
    logs = {}

    def kept(batch):
        found = type(model).update(model, batch)
        logs.update({k: keras.backend.standardize_dtype(v.dtype) for k, v in found.items()})
        return found

    vars(model)["update"] = kept
    fit(model)
    assert set(logs.values()) == {"float32"}
    assert {v.dtype for v in model.ema_generator.weights} == {"float32"}
    assert {v.dtype for tracker in model.metrics for v in tracker.variables} == {"float32"}
    assert model.sample(3, seed=0).dtype == np.float32
