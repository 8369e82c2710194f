"""A captured step on PyTorch is the plain step, bit for bit, whatever changes between two steps."""

import random
import threading
import warnings

import keras
import numpy as np
import pytest
from helpers import weights_of
from keras import layers, ops

import zoo
from zoo.errors import ArgumentError
from zoo.testing.examples import arrays

pytestmark = pytest.mark.skipif(
    keras.backend.backend() != "torch", reason="TensorFlow and JAX compile steps themselves"
)
X = np.random.default_rng(0).uniform(-1, 1, (16, 4, 4, 1)).astype("float32")


def equal(one, other):
    one, other = weights_of(one), weights_of(other)
    return len(one) == len(other) and all(map(np.array_equal, one, other))


def replays(model):
    return model.train_function.captured.replays


def trained(make, jit):
    """A model after twelve steps of two shapes and validation, and what they logged."""
    keras.utils.set_random_seed(0)
    model = make()
    model.compile(**{**model.test_compile(), "jit_compile": jit})
    data = arrays(model, 10)
    options = {"batch_size": 4, "shuffle": False, "verbose": 0, "validation_data": data}
    return model, model.fit(*data, epochs=6, **options).history


def test_captured_steps_are_the_plain_ones(make):
    plain, plain_logs = trained(make, False)
    captured, logs = trained(make, True)
    assert logs == plain_logs
    assert equal(captured, plain)
    assert len(replays(captured)) == 2


# What changes between two steps


def network(*own, out):
    shape = (3,) if out == 16 else (4, 4, 1)
    body = [keras.Input(shape), layers.Flatten(), layers.Dense(6), *own, layers.Dense(out, "tanh")]
    return keras.Sequential([*body, layers.Reshape((4, 4, 1))] if out == 16 else body)


def gan(jit=True, own=(), **options):
    keras.utils.set_random_seed(0)
    own = [make() for make in own]  # after the seed is set
    bodies = {"generator": network(out=16), "discriminator": network(*own, out=1)}
    model = zoo.models.GAN(**bodies, latent_dim=3, ema_half_life_images=100)
    penalty = zoo.losses.GradientPenalty(10.0)
    model.compile(**{"penalty": penalty, "jit_compile": jit, **options})
    return model


def fit(model, *callbacks, epochs=5):
    """Take steps with batches of eight, two an epoch."""
    keras.utils.set_random_seed(1)  # of the dropout
    return model.fit(X, batch_size=8, epochs=epochs, verbose=0, shuffle=False, callbacks=callbacks)


@pytest.mark.parametrize("schedule", [zoo.LinearDecay, zoo.WarmCosine])
def test_steps_with_a_schedule_are_captured(schedule):
    models = {}
    for jit in (False, True):
        rates = {player: schedule(0.1, 8, 2) for player in ("generator", "discriminator")}
        adam = {player: keras.optimizers.Adam(rate) for player, rate in rates.items()}
        models[jit] = gan(jit, optimizer=adam)
        fit(models[jit])
    assert equal(*models.values())
    assert replays(models[True])


def dropout():
    return layers.Dropout(0.5)


def first(model):
    return model.discriminator.layers[1]


class OwnPenalty:
    """A penalty that is no object of the package."""

    def __init__(self):
        self.weight = 1.0

    def get_config(self):
        return {}

    def __call__(self, discriminator, real, fake, random):
        return self.weight * ops.square(discriminator(real))


def other_average(model):
    model.ema_generator = keras.models.clone_model(model.generator)
    model.ema_generator.trainable = False


CHANGES = {
    "rate": lambda model: model.optimizers["generator"].learning_rate.assign(0.05),
    "frozen": lambda model: setattr(first(model), "trainable", False),
    "thawed": lambda model: setattr(first(model), "trainable", True),
    "penalty": lambda model: setattr(model.penalty, "weight", 0.1),
    "other penalty": lambda model: setattr(model, "penalty", "r1"),
    "average": other_average,
    "weights": lambda model: model.generator.set_weights(
        [0.5 * w for w in model.generator.get_weights()]
    ),
    "dropout": lambda model: setattr(model.discriminator.layers[2], "rate", 0.9),
    "seed": lambda model: model.seed_generator.state.assign([5, 7]),
    "policy": lambda model: setattr(first(model), "dtype_policy", keras.DTypePolicy("bfloat16")),
    "adapter": lambda model: first(model).enable_lora(2),
    "quantized": lambda model: model.discriminator.layers[-1].quantize("int8"),
}
LATER = ("dropout", "frozen", "thawed", "policy", "adapter", "quantized")  # at the next fit


@pytest.mark.parametrize("change", CHANGES)
def test_a_change_between_two_fits(change):
    models = {jit: gan(jit, [dropout]) for jit in (False, True)}
    for model in models.values():
        if change == "thawed":
            first(model).trainable = False
        fit(model)
        assert not model._compile_arguments["jit_compile"] or replays(model)
        CHANGES[change](model)
        fit(model)
    assert equal(*models.values())
    unchanged = gan(True, [dropout])
    fit(unchanged)
    fit(unchanged)
    assert not equal(models[True], unchanged)


@pytest.mark.parametrize("change", sorted(set(CHANGES) - set(LATER)))
def test_a_change_within_fit(change):
    class Change(keras.callbacks.Callback):
        def on_train_batch_end(self, batch, logs=None):
            if epochs[0] == 4 and batch == 0:
                CHANGES[change](self.model)

        def on_epoch_begin(self, epoch, logs=None):
            epochs[0] = epoch

    models = {jit: gan(jit, [dropout]) for jit in (False, True)}
    for model in models.values():
        epochs = [0]
        fit(model, Change(), epochs=8)
    assert equal(*models.values())


def test_a_setting_of_an_object_of_one_s_own():
    class Raise(keras.callbacks.Callback):
        def on_epoch_begin(self, epoch, logs=None):
            self.model.penalty.weight = 1.0 if epoch < 4 else 9.0

    models = [gan(jit, penalty=OwnPenalty()) for jit in (False, True)]
    for model in models:
        fit(model, Raise(), epochs=8)
    assert equal(*models)
    assert replays(models[1])


def test_a_resumed_training_is_the_undisturbed_one(tmp_path):
    whole, half = gan(), gan()
    fit(whole, epochs=8)
    fit(half, epochs=4)
    half.save(tmp_path / "model.keras")
    fit(loaded := keras.saving.load_model(tmp_path / "model.keras"), epochs=4)
    assert equal(loaded, whole)
    assert replays(loaded)


def test_samples_are_replayed_too():
    plain, model = gan(False), gan()
    for seed in range(6):
        np.testing.assert_array_equal(model.sample(5, seed=seed), plain.sample(5, seed=seed))
    assert model._inference_functions["sample"].captured.replays
    fit(plain), fit(model)
    np.testing.assert_array_equal(model.sample(5, seed=0), plain.sample(5, seed=0))


def test_what_is_watched_while_another_thread_trains_is_replayed():
    """`fit` changes attributes of the model, such as `training`, from stage to stage."""
    model, told, seen = gan(), [], []
    at_stage, go_on = threading.Semaphore(0), threading.Semaphore(0)

    class Stages(keras.callbacks.Callback):
        def stop(self, *_, **logs):
            at_stage.release()
            assert go_on.acquire(timeout=60)

        on_train_batch_end = on_epoch_end = stop

    def function(x):
        """Return `2 x`, and let the other thread get to its next stage meanwhile."""
        seen.append(model.training)
        go_on.release()
        assert at_stage.acquire(timeout=60)
        return 2.0 * x

    captured = zoo.engine.torch.capture.Captured(function, model, tuple, told.append)
    options = {"batch_size": 16, "epochs": 9, "verbose": 0, "validation_data": (X,)}
    options["callbacks"] = [Stages()]
    fitting = threading.Thread(target=model.fit, args=(X,), kwargs=options)
    fitting.start()
    assert at_stage.acquire(timeout=60)
    for _ in range(12):
        captured(ops.ones(1))
    go_on.release(99)  # no more stops
    fitting.join()
    assert set(seen) == {False, True}
    assert told == []
    assert captured.replays


# What cannot be captured


@keras.saving.register_keras_serializable("test_capture")
class Own(layers.Layer):
    """A layer that does with its inputs, or beside them, what `action` does."""

    def __init__(self, action):
        super().__init__()
        self.action, self.calls = action, 0

    def call(self, x):
        return self.action(self, x)


def branches(layer, x):
    return x if float(ops.mean(x)) > 0 else 2.0 * x


def counts(layer, x):
    layer.calls += 1
    return x * (1.0 if layer.calls % 7 else 2.0)


def draws(layer, x):
    return x + keras.random.normal(ops.shape(x), seed=keras.random.SeedGenerator(3))


def draws_with_numpy(layer, x):
    return x * float(np.random.uniform())


def draws_with_python(layer, x):
    return x * random.random()


def reads_an_array(layer, x):
    return x + ops.convert_to_tensor(ops.convert_to_numpy(x[0]))


@pytest.mark.parametrize(
    ("action", "reason"),
    [
        (branches, "it reads the numbers of a tensor"),
        (counts, "it changes the attribute calls of own"),
        (draws, "it reads the numbers of a tensor|a seed of its own"),
        (draws_with_numpy, "it changes the random numbers of NumPy"),
        (draws_with_python, "it changes the random numbers of Python"),
        (reads_an_array, "it reads the numbers of a tensor"),
    ],
)
def test_a_layer_with_python_of_its_own(action, reason):
    """It trains as without captures, and one line says why."""
    models = []
    for jit in (False, "auto"):
        model = gan(jit, [lambda: Own(action)])
        with warnings.catch_warnings(record=True) as caught:
            warnings.simplefilter("always")
            fit(model), fit(model)
        models.append(model)
    assert equal(*models)
    messages = [str(each.message) for each in caught if "captured" in str(each.message)]
    assert len(messages) == 1
    assert messages[0].startswith("The training step of GAN is not captured, since ")
    with pytest.raises(ArgumentError, match=f"jit_compile must be False or 'auto'.*({reason})"):
        fit(gan(True, [lambda: Own(action)]))


def test_constants_may_be_nan():
    """They are equal to those of the next call."""
    model = gan(True, [lambda: Own(lambda layer, x: ops.where(x > 9.0, float("nan"), x))])
    fit(model)
    assert replays(model)


def test_hooks_are_called():
    """A layer with a hook is not captured, also if it got the hook after a capture."""
    model, calls = gan("auto"), []
    fit(model)
    assert replays(model)
    handle = first(model).register_forward_hook(lambda *args: calls.append(1))
    with pytest.warns(UserWarning, match="has a hook"):
        fit(model)
    assert len(calls) >= 20
    handle.remove()
    fit(model)
    assert replays(model)


def test_a_hook_of_a_weight_is_called():
    model, calls = gan("auto"), []
    fit(model)
    first(model).kernel.value.register_hook(lambda grad: calls.append(1))
    with pytest.warns(UserWarning, match=r"the weight .*kernel has a hook"):
        fit(model)
    assert len(calls) >= 10


def test_the_settings_of_compile():
    for options in ({"jit_compile": False}, {"run_eagerly": True}):
        model = gan(**options)
        fit(model)
        assert not isinstance(model.train_function.captured, zoo.engine.torch.capture.Captured)


def test_few_shapes_are_kept():
    model = gan()
    for rows in range(1, 16):
        model.train_on_batch(X[:rows])
    assert len(model.train_function.captured._tapes) == zoo.engine.torch.capture.KEPT
    for rows in range(1, 12):
        for _ in range(4):
            model.train_on_batch(X[:rows])
    assert len(replays(model)) == zoo.engine.torch.capture.KEPT
