"""The contract that every model of the zoo keeps. Nothing here names a model: each says how to
test it."""

import inspect
import json

import keras
import numpy as np
import pytest
from contract import BATCH, MODELS, data_for, images_for, sampling_only
from helpers import array, python, weights_of

import zoo


def assert_same(a, b, **tolerance):
    assert len(a) == len(b)
    for x, y in zip(a, b, strict=True):
        np.testing.assert_allclose(x, y, **tolerance)


def test_trains_and_every_weight_moves(make):
    model = make()
    model.compile()
    before = [array(v).copy() for v in model.trainable_variables]
    history = model.fit(*data_for(model, 3 * BATCH), batch_size=BATCH, epochs=2, verbose=0).history
    assert set(history) == set(model.loss_names)
    assert np.isfinite(list(history.values())).all()
    for variable, old in zip(model.trainable_variables, before, strict=True):
        assert np.abs(array(variable) - old).max() > 0, variable.path


def test_every_trainable_weight_is_a_players(make):
    model = make()
    owned = [id(v) for variables in model.players.values() for v in variables]
    assert sorted(owned) == sorted(id(v) for v in model.trainable_variables)
    assert set(model.default_optimizers()) == set(model.players)


def test_a_players_step_leaves_the_others_bit_equal(make):
    model = make()
    rates = {player: keras.optimizers.SGD(0.0) for player in model.players}
    model.compile(rates)
    # A constraint on weights holds from here on.
    model.fit(*data_for(model), batch_size=BATCH, verbose=0)
    for moving in model.players:
        model.compile(
            {**{p: keras.optimizers.SGD(0.0) for p in rates}, moving: keras.optimizers.SGD(0.1)}
        )
        before = {
            player: [array(v).copy() for v in variables]
            for player, variables in model.players.items()
        }
        model.fit(*data_for(model), batch_size=BATCH, verbose=0)
        for player, variables in model.players.items():
            moved = [
                not np.array_equal(array(v), old)
                for v, old in zip(variables, before[player], strict=True)
            ]
            assert all(moved) if player == moving else not any(moved)


def test_eager_equals_compiled(make):
    results = []
    for eagerly in (True, False):
        keras.utils.set_random_seed(3)
        model = make()
        model.compile(run_eagerly=eagerly)
        losses = model.fit(
            *data_for(model, 2 * BATCH), batch_size=BATCH, verbose=0, shuffle=False
        ).history
        results.append([np.array([losses[name] for name in model.loss_names]), *weights_of(model)])
    # Adam turns rounding noise where a gradient is near zero into steps of up to the learning rate.
    assert_same(results[0], results[1], rtol=1e-3, atol=1e-3)


def test_evaluate_changes_nothing(make):
    """Neither weights nor the training's random numbers; and it says the same twice."""
    model = make()
    model.compile()
    before = weights_of(model)
    options = {"batch_size": BATCH, "verbose": 0, "return_dict": True}
    logs = model.evaluate(*data_for(model, BATCH + 3), **options)
    assert set(logs) == set(model.loss_names)
    assert np.isfinite(list(logs.values())).all()
    assert_same(before, weights_of(model), rtol=0, atol=0)
    assert logs == pytest.approx(model.evaluate(*data_for(model, BATCH + 3), **options))


def test_validation_data(make):
    model = make()
    model.compile()
    history = model.fit(
        *data_for(model, 2 * BATCH), validation_data=data_for(model), batch_size=BATCH, verbose=0
    ).history
    assert {f"val_{name}" for name in model.loss_names} < set(history)


def test_partial_batch(make):
    model = make()
    model.compile()
    history = model.fit(*data_for(model, BATCH + 3), batch_size=BATCH, verbose=0).history
    assert np.isfinite(list(history.values())).all()


def test_jit_is_what_suits_the_backend(make):
    model = make()
    model.compile()
    # On a CPU: XLA for JAX alone.
    assert model.jit_compile is (keras.backend.backend() == "jax")
    model.compile(run_eagerly=True)
    assert model.jit_compile is False


@pytest.mark.skipif(
    keras.backend.backend() == "torch", reason="PyTorch runs eagerly: there is nothing to recompile"
)
def test_no_recompilation_on_step_two(make, monkeypatch):
    model = make()
    model.compile()
    traces = []
    update = model.update
    vars(model)["update"] = lambda batch: traces.append(1) or update(batch)
    model.fit(*data_for(model, 4 * BATCH), batch_size=BATCH, epochs=3, verbose=0)
    assert len(traces) == 1


def test_configuration_is_the_constructors(make):
    model = make()
    parameters = [
        name for name in inspect.signature(type(model).__init__).parameters if name != "self"
    ]
    assert list(model.get_config()) == [*parameters, "dtype_policy"]
    again = type(model).from_config(model.get_config())
    assert json.dumps(again.get_config()) == json.dumps(model.get_config())
    assert [v.shape for v in again.weights] == [v.shape for v in model.weights]


def test_save_and_load_continue_bit_for_bit(make, tmp_path):
    model = make()
    model.compile()
    data = data_for(model, 2 * BATCH)
    model.fit(*data, batch_size=BATCH, verbose=0)
    model.save(tmp_path / "model.keras")
    loaded = keras.saving.load_model(tmp_path / "model.keras")
    assert loaded.get_compile_config() == model.get_compile_config()
    for each in (model, loaded):
        each.fit(*data, batch_size=BATCH, verbose=0, shuffle=False)
    assert_same(weights_of(model), weights_of(loaded), rtol=0, atol=0)
    slots = [[array(v) for v in each.optimizer.variables] for each in (model, loaded)]
    assert_same(*slots, rtol=0, atol=0)


def test_resumed_equals_uninterrupted(make, tmp_path):
    """Kills a training between epochs with `BackupAndRestore` and continues it in another model."""

    class Stop(keras.callbacks.Callback):
        def on_epoch_begin(self, epoch, logs=None):
            if epoch == 2:
                raise KeyboardInterrupt

    data = data_for(make(), 2 * BATCH)
    initial = make()
    results = []
    for interrupted in (False, True):
        backup = tmp_path / str(interrupted)
        options = {"batch_size": BATCH, "epochs": 4, "verbose": 0, "shuffle": False}
        model = start_from(make(), initial)
        if interrupted:
            with pytest.raises(KeyboardInterrupt):
                model.fit(
                    *data, callbacks=[keras.callbacks.BackupAndRestore(backup), Stop()], **options
                )
            model = make()
            model.compile()
        model.fit(*data, callbacks=[keras.callbacks.BackupAndRestore(backup)], **options)
        results.append(weights_of(model))
    assert_same(*results, rtol=0, atol=0)


def start_from(model, other):
    """`model`, compiled, in the state of `other`."""
    for new, old in zip(model.variables, other.variables, strict=True):
        new.assign(array(old))
    model.compile()
    return model


def test_keras_callbacks(make, tmp_path):
    model = make()
    model.compile()
    data = data_for(model, 2 * BATCH)
    watched = f"val_{model.loss_names[0]}"
    scheduled = []
    model.fit(
        *data,
        validation_data=data,
        batch_size=BATCH,
        epochs=3,
        verbose=0,
        callbacks=[
            keras.callbacks.EarlyStopping(watched, patience=0, min_delta=1e9, mode="min"),
            keras.callbacks.ModelCheckpoint(
                tmp_path / "best.keras", monitor=watched, mode="min", save_best_only=True
            ),
            keras.callbacks.CSVLogger(tmp_path / "log.csv"),
            keras.callbacks.LearningRateScheduler(
                lambda epoch, rate: scheduled.append(rate) or rate / 2
            ),
        ],
    )
    assert (
        len((tmp_path / "log.csv").read_text().splitlines()) == 3
    )  # a header, and two epochs: it stopped early
    assert len(scheduled) == 2 * len(model.players)
    for player, optimizer in model.optimizers.items():
        rate = float(array(model.default_optimizers()[player].learning_rate))
        assert float(array(optimizer.learning_rate)) == pytest.approx(rate / 4)
    assert type(keras.saving.load_model(tmp_path / "best.keras")) is type(model)


TENSORBOARD = """
import importlib.util, pathlib, sys
if not importlib.util.find_spec("tensorflow"):
    sys.exit("no tensorflow")
import keras, numpy, zoo
model = zoo.create(sys.argv[1], **zoo.models.families.family(sys.argv[1]).cls.test_config())
model.compile()
images = numpy.zeros((8, *model.image_shape), "float32")
model.fit(images, numpy.zeros(8, int), batch_size=4, epochs=2, verbose=0,
callbacks=[keras.callbacks.TensorBoard(sys.argv[2])])
print(len(list(pathlib.Path(sys.argv[2]).rglob("events*"))))
"""


@pytest.mark.parametrize("family", sorted(MODELS)[:1])
def test_tensorboard(family, tmp_path):
    # Keras's callback writes through TensorFlow on each backend, so here TensorFlow is present.
    done = python("-c", TENSORBOARD, family, tmp_path, ZOO_TEST_BACKEND="")
    if "no tensorflow" in done.stderr:
        pytest.skip("keras.callbacks.TensorBoard needs TensorFlow, which is not installed")
    assert int(done.stdout.split()[-1]) > 0, done.stderr


def test_weight_regularizers_count(make):
    model = make()
    layer = next(
        layer
        for layer in model._flatten_layers()
        if getattr(layer, "kernel_regularizer", 0) is None
    )
    losses = []
    for regularizer in (None, keras.regularizers.L2(100.0)):
        layer.kernel.regularizer = regularizer
        start = array(layer.kernel).copy()
        model.compile(keras.optimizers.SGD(1e-3))
        model.fit(*data_for(model), batch_size=BATCH, verbose=0)
        losses.append(np.square(array(layer.kernel)).sum() / np.square(start).sum())
    assert losses[1] < 0.75 * losses[0]


def made(model, image):
    """What the model makes, in place of `image` where it does not sample."""
    if hasattr(model, "sample"):
        return model.sample(16, seed=0)
    if not hasattr(model, "reconstruct"):
        pytest.skip(f"{type(model).__name__} makes no images")
    return model.reconstruct(image)


def test_overfits_one_image(make):
    model = make()
    model.compile(keras.optimizers.Adam(5e-3, beta_1=0.5))
    low, high = model.value_range
    image = np.full((1, *model.image_shape), low + 0.9 * (high - low), dtype="float32")
    image[:, ::2] = low + 0.1 * (high - low)
    before = np.abs(made(model, image) - image).mean()
    images = np.repeat(image, 60 * BATCH, axis=0)
    labels = [] if model.num_classes is None else [np.arange(len(images)) % model.num_classes]
    model.fit(images, *labels, batch_size=BATCH, epochs=4, verbose=0)
    assert np.abs(made(model, image) - image).mean() < before / 2


def test_sampling_depends_on_weights_and_latents_only(make):
    model, other = make(), make()
    sampling_only(model)
    other.set_weights(model.get_weights())
    first = model.sample(8, seed=1)
    np.testing.assert_array_equal(first, model.sample(8, seed=1))  # nothing is remembered
    np.testing.assert_array_equal(first, other.sample(8, seed=1))
    np.testing.assert_allclose(first[:3], model.sample(3, seed=1), atol=1e-6)
    assert np.abs(first - model.sample(8, seed=2)).max() > 1e-4
    assert (
        np.abs(first[0] - first[1:]).max(axis=(1, 2, 3)).min() > 1e-5
    )  # each latent has its image
    other.set_weights([0.5 * w for w in model.get_weights()])
    assert np.abs(first - other.sample(8, seed=1)).max() > 1e-4


def test_summary(make):
    model = make()
    lines = []
    model.summary(print_fn=lines.append)
    assert model.name in "\n".join(lines)


def test_unknown_player_is_refused(make):
    with pytest.raises(zoo.errors.UnknownNameError, match="Unknown player in optimizer: 'judge'"):
        make().compile({"judge": "adam"})


def test_unknown_compile_argument_is_refused(make):
    model = make()
    with pytest.raises(ValueError, match=f"{type(model).__name__}.compile: 'critic_stops'.*optim"):
        model.compile(critic_stops=3)


def test_sample_weights_are_refused(make):
    model = make()
    model.compile()
    with pytest.raises(ValueError, match="sample_weight"):
        model.fit(
            images_for(model),
            np.zeros(BATCH, int),
            sample_weight=np.ones(BATCH),
            batch_size=BATCH,
            verbose=0,
        )


def test_images_of_another_shape_or_type_are_refused(make):
    model = make()
    model.compile()
    images, *labels = data_for(model)
    with pytest.raises(ValueError, match="x must hold images of shape"):
        model.fit(images[:, :-1], *labels, batch_size=BATCH, verbose=0)
    with pytest.raises(ValueError, match="floating-point"):
        model.fit((images * 100).astype("uint8"), *labels, batch_size=BATCH, verbose=0)
    with pytest.raises(ValueError, match="x must hold values in .* Received: values from"):
        model.fit(images * 255, *labels, batch_size=BATCH, verbose=0)
    with pytest.raises(ValueError, match="x must hold images of shape .* Received: (list|tuple)"):
        model.fit([images, images], *labels, batch_size=BATCH, verbose=0)


def test_dtype_policy_survives_saving(make, tmp_path):
    keras.config.set_dtype_policy("mixed_bfloat16")
    try:
        make().save(tmp_path / "model.keras")
    finally:
        keras.config.set_dtype_policy("float32")
    loaded = keras.saving.load_model(tmp_path / "model.keras")
    policies = {layer.dtype_policy.name for layer in loaded._flatten_layers(include_self=False)}
    assert "mixed_bfloat16" in policies
    assert keras.config.dtype_policy().name == "float32"


def test_activity_regularizers_are_refused(make):
    model = make()
    *_, layer = model._flatten_layers(include_self=False)
    layer.activity_regularizer = keras.regularizers.L2(1.0)
    with pytest.raises(ValueError, match="activity_regularizer, which is not supported"):
        model.compile()


def test_a_refused_compile_leaves_no_trace(make):
    model = make()
    model.compile()
    before = json.dumps(model.get_compile_config())
    with pytest.raises(ValueError, match="judge"):
        model.compile({"judge": "adam"})
    assert json.dumps(model.get_compile_config()) == before
    with pytest.raises(ValueError, match="metrics"):
        model.compile(metrics=["accuracy"])
    assert json.dumps(model.get_compile_config()) == before
    model.fit(*data_for(model), batch_size=BATCH, verbose=0)


@pytest.mark.parametrize("policy", ["mixed_bfloat16", "mixed_float16"])
def test_trains_in_mixed_precision(make, policy):
    """Losses are float32, and weights stay so. The first steps may be skipped, while a scale falls
    to what suits the loss."""
    keras.config.set_dtype_policy(policy)
    try:
        model = make()
        model.compile()
        before = [array(v) for v in model.trainable_variables]
        history = model.fit(*data_for(model), batch_size=BATCH, epochs=12, verbose=0).history
    except RuntimeError as error:
        if "slow_conv2d" not in str(error):
            raise
        pytest.skip("PyTorch has no gradient of every float16 convolution on CPUs")
    finally:
        keras.config.set_dtype_policy("float32")
    assert np.isfinite(list(history.values())).all()
    for variable, old in zip(model.trainable_variables, before, strict=True):
        assert variable.dtype == "float32"
        assert np.abs(array(variable) - old).max() > 0, variable.path
