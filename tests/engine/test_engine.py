"""The engine against NumPy in float64, uncompiled and inside a compiled `fit`."""

import keras
import numpy as np
import pytest
from helpers import array, numeric_gradient
from keras import ops

from zoo import engine
from zoo.engine import spaces
from zoo.engine.batch import Batch
from zoo.engine.model import GenerativeModel
from zoo.engine.tasks import Denoises

W = np.array([[0.3, -0.7], [1.1, 0.2], [-0.4, 0.9]])
X = np.array([[0.5, -1.0, 0.8], [1.5, 0.3, -0.2]])


def variable(value, **kwargs):
    return keras.Variable(np.asarray(value, dtype="float32"), **kwargs)


def test_gradients_are_of_the_given_variables_only():
    a, b = variable([1.0, 2.0]), variable([3.0, 5.0])
    (loss, aux), grads = engine.value_and_grad(
        lambda: (ops.sum(a * a * b), {"twice": 2 * ops.sum(b)}), [a]
    )
    assert float(array(loss)) == 23.0
    assert float(array(aux["twice"])) == 16.0
    assert len(grads) == 1
    np.testing.assert_allclose(array(grads[0]), [6.0, 20.0], rtol=1e-6)


def test_a_variable_that_the_loss_ignores_gets_zeros():
    a, b = variable([1.0, 2.0]), variable([3.0, 5.0])
    _, grads = engine.value_and_grad(lambda: (ops.sum(a), {}), [a, b])
    np.testing.assert_array_equal(array(grads[1]), [0.0, 0.0])


def test_a_loss_of_no_variable_at_all():
    a = variable([1.0, 2.0])
    (loss, _), (grad,) = engine.value_and_grad(lambda: (ops.convert_to_tensor(3.0), {}), [a])
    assert float(array(loss)) == 3.0
    np.testing.assert_array_equal(array(grad), [0.0, 0.0])
    assert engine.value_and_grad(lambda: (ops.sum(a * a), {}), [])[1] == []
    x = ops.convert_to_tensor(X, dtype="float32")
    constant = engine.gradient(lambda x: ops.zeros((2,)), x)
    np.testing.assert_array_equal(array(constant), np.zeros_like(X))


def test_what_the_loss_assigns_persists():
    a, count = variable([1.0, 2.0]), variable(0.0, trainable=False)
    seeds = keras.random.SeedGenerator(1)

    def loss():
        count.assign_add(2.0)
        noise = keras.random.normal((2,), seed=seeds)
        return ops.sum(a * count), {"noise": noise}

    (_, first), grads = engine.value_and_grad(loss, [a])
    (_, second), _ = engine.value_and_grad(loss, [a])
    assert float(array(count)) == 4.0
    np.testing.assert_allclose(
        array(grads[0]), [2.0, 2.0]
    )  # the value just assigned, not the one before
    assert np.abs(array(first["noise"]) - array(second["noise"])).max() > 0


def tanh_sum(x, w):
    return np.tanh(x @ w).sum()


def test_gradient_with_respect_to_an_input():
    w = variable(W)
    grad = engine.gradient(
        lambda x: ops.sum(ops.tanh(x @ w), axis=-1), ops.convert_to_tensor(X, dtype="float32")
    )
    assert array(grad).shape == X.shape
    np.testing.assert_allclose(
        array(grad), numeric_gradient(lambda x: tanh_sum(x, W), X), rtol=1e-5, atol=1e-6
    )


def test_gradient_of_what_does_not_depend_on_the_input_is_zero():
    w = variable(W)
    grad = engine.gradient(lambda x: ops.sum(w, axis=-1), ops.convert_to_tensor(X, dtype="float32"))
    np.testing.assert_array_equal(array(grad), np.zeros_like(X))


def penalty(w):
    """sum_i |d sum(tanh(x_i w)) / dx_i|^2, by hand."""
    slope = 1 - np.tanh(X @ w) ** 2
    return ((slope @ w.T) ** 2).sum()


def penalty_loss(w):
    grad = engine.gradient(
        lambda x: ops.sum(ops.tanh(x @ w), axis=-1), ops.convert_to_tensor(X, dtype="float32")
    )
    return ops.sum(ops.square(grad))


def test_gradient_is_differentiable_with_respect_to_variables():
    w = variable(W)
    (value, _), (grad,) = engine.value_and_grad(lambda: (penalty_loss(w), {}), [w])
    np.testing.assert_allclose(float(array(value)), penalty(W), rtol=1e-5)
    np.testing.assert_allclose(array(grad), numeric_gradient(penalty, W), rtol=1e-4, atol=1e-5)


def test_gradient_is_differentiable_with_respect_to_its_input():
    cube = ops.convert_to_tensor(X, dtype="float32")
    first = engine.gradient(lambda x: ops.power(x, 4), cube)
    second = engine.gradient(lambda y: engine.gradient(lambda x: ops.power(x, 4), y), cube)
    third = engine.gradient(
        lambda z: engine.gradient(lambda y: engine.gradient(lambda x: ops.power(x, 4), y), z), cube
    )
    np.testing.assert_allclose(array(first), 4 * X**3, rtol=1e-5)
    np.testing.assert_allclose(array(second), 12 * X**2, rtol=1e-5)
    np.testing.assert_allclose(array(third), 24 * X, rtol=1e-5)


def test_side_effects_inside_gradient_persist():
    norm = keras.layers.BatchNormalization(momentum=0.5)
    norm.build((None, 3))
    x = ops.convert_to_tensor(X, dtype="float32")
    engine.value_and_grad(
        lambda: (ops.sum(engine.gradient(lambda v: norm(v, training=True), x)), {}),
        norm.trainable_variables,
    )
    np.testing.assert_allclose(array(norm.moving_mean), 0.5 * X.mean(axis=0), rtol=1e-5)


def test_all_reduce_mean_is_the_identity_on_one_device():
    np.testing.assert_array_equal(
        array(engine.all_reduce_mean(ops.convert_to_tensor([1.0, 2.0]))), [1.0, 2.0]
    )


def holding(*parts):
    """A layer with these variables and seeds."""
    layer = keras.layers.Layer()
    layer.parts = list(parts)
    return layer


@pytest.mark.filterwarnings("ignore:The inference function of Layer is not captured")
def test_compiled_reads_and_writes_the_newest_state():
    count, seeds = variable(0.0, trainable=False), keras.random.SeedGenerator(1)

    def fn(x):
        count.assign_add(1.0)
        return x * count + keras.random.normal((), seed=seeds)

    call = engine.compiled(fn, holding(count, seeds))
    x = np.ones(3, dtype="float32")
    first, second = array(call(x)), array(call(x))
    assert float(array(count)) == 2.0
    assert (
        abs((second - first).mean() - 1.0) > 1e-6
    )  # another random number, not only another count
    count.assign(10.0)
    assert np.abs(array(call(x)) - 11.0).max() < 6


@pytest.mark.skipif(
    keras.backend.backend() == "torch", reason="PyTorch runs eagerly: there is nothing to trace"
)
def test_compiled_traces_once_for_a_shape():
    traces = []
    call = engine.compiled(lambda x: traces.append(1) or x + 1, holding())
    for _ in range(3):
        call(np.ones((4, 2), dtype="float32"))
    assert len(traces) == 1


@keras.saving.register_keras_serializable("zoo_tests")
class Probe(Denoises, GenerativeModel):
    """Minimises mean(tanh(x w)) plus the squared norm of its gradient with respect to x."""

    data = spaces.of_shape((3,))
    loss_names = ("loss", "weight")

    def __init__(self, name=None):
        super().__init__(name=name)
        self.critic = keras.Sequential(
            [keras.Input((3,)), keras.layers.Dense(2, "tanh", use_bias=False)]
        )
        self.built = True
        self.traces = 0

    def denoise(self, x):
        return x

    @property
    def players(self):
        return {"critic": self.critic.trainable_variables}

    def default_optimizers(self):
        return {"critic": keras.optimizers.SGD(0.1)}

    def update(self, batch: Batch):
        vars(self)["traces"] += 1

        def loss():
            grad = engine.gradient(lambda x: ops.sum(self.critic(x), axis=-1), batch.images)
            value = ops.mean(self.critic(batch.images)) + ops.sum(ops.square(grad))
            return value, {"loss": value}

        logs = self.minimize(loss, "critic")
        return {**logs, "weight": ops.sum(ops.abs(self.critic.weights[0]))}


def test_gradient_with_what_the_same_pass_computed():
    calls = []

    def fn(x):
        calls.append(1)
        return ops.sum(x**3, axis=-1), {"square": x**2}

    x = ops.convert_to_tensor([[1.0, 2.0]])
    grad, aux = engine.gradient(fn, x, has_aux=True)
    np.testing.assert_allclose(array(grad), [[3.0, 12.0]], rtol=1e-6)
    np.testing.assert_allclose(array(aux["square"]), [[1.0, 4.0]], rtol=1e-6)
    assert len(calls) == 1


def probe_loss(w):
    return np.tanh(X @ w).mean() + penalty(w)


@pytest.mark.parametrize("eagerly", [False, True], ids=["compiled", "eager"])
def test_second_derivatives_inside_fit(eagerly):
    model = Probe()
    model.critic.set_weights([W])
    model.compile(run_eagerly=eagerly)
    history = model.fit(X.astype("float32"), batch_size=2, epochs=4, shuffle=False, verbose=0)
    w, losses, sizes = W.copy(), [], []
    for _ in range(4):
        losses.append(probe_loss(w))
        w = w - 0.1 * numeric_gradient(probe_loss, w)
        sizes.append(np.abs(w).sum())
    np.testing.assert_allclose(history.history["loss"], losses, rtol=1e-4)
    np.testing.assert_allclose(history.history["weight"], sizes, rtol=1e-4)
    np.testing.assert_allclose(model.critic.get_weights()[0], w, rtol=1e-4, atol=1e-5)


@pytest.mark.skipif(
    keras.backend.backend() == "torch", reason="PyTorch runs eagerly: there is nothing to trace"
)
def test_fit_traces_the_step_once():
    model = Probe()
    model.compile()
    model.fit(np.repeat(X, 4, axis=0).astype("float32"), batch_size=2, epochs=3, verbose=0)
    assert model.traces == 1


@pytest.mark.skipif(keras.backend.backend() != "tensorflow", reason="about TensorFlow's graphs")
def test_an_update_waits_for_every_pass_that_reads_the_weight():
    """Graph rewriting drops this order along paths through an `IdentityN` over all gradients."""
    import tensorflow as tf

    a, b = variable([1.0, 2.0]), variable([3.0, 5.0])
    optimizer = keras.optimizers.SGD(0.1)
    optimizer.build([a, b])

    @tf.function
    def step():
        _, grads = engine.value_and_grad(lambda: (ops.sum(a * b), {}), [a, b])
        engine.apply_gradients(optimizer, grads, [a, b])

    operations = {op.type for op in step.get_concrete_function().graph.get_operations()}
    assert "AssignSubVariableOp" in operations
    assert "IdentityN" not in operations
    step()
    np.testing.assert_allclose(array(a), [0.7, 1.5], rtol=1e-6)
    np.testing.assert_allclose(array(b), [2.9, 4.8], rtol=1e-6)


@keras.saving.register_keras_serializable("zoo_tests")
class Seen(Denoises, GenerativeModel):
    """Learns nothing and tells what it is shown."""

    data = spaces.of_shape((1,))
    loss_names = ("mean", "rows")

    def __init__(self, name=None):
        super().__init__(name=name)
        self.first = self.add_weight(shape=(), trainable=False, name="first")
        self.body = keras.Sequential([keras.Input((1,)), keras.layers.Dense(1)])
        self.built = True

    def denoise(self, x):
        return x

    def default_optimizers(self):
        return {"model": keras.optimizers.SGD(0.0)}

    def update(self, batch: Batch):
        self.first.assign(batch.images[0, 0])
        mean, rows = ops.mean(batch.images), ops.shape(batch.images)[0]
        logs = {"mean": mean, "rows": ops.cast(rows, "float32")}
        return self.minimize(lambda: (ops.sum(self.body.weights[0]), logs), "model")

    def validate(self, batch: Batch):
        rows = ops.cast(ops.shape(batch.images)[0], "float32")
        return {"mean": ops.mean(batch.images), "rows": rows}


@pytest.mark.filterwarnings("ignore:.*it ignores y")
@pytest.mark.parametrize("labels", [False, True])
def test_fit_on_arrays_sees_each_image_once(labels):
    """And what is logged is the mean over images, not over batches of unequal size."""
    model = Seen()
    model.compile()
    x = np.arange(10, dtype="float32")[:, None] ** 2
    y = np.zeros(10) if labels else None
    logs = model.fit(x, y, batch_size=4, shuffle=False, verbose=0).history
    assert logs["mean"] == [pytest.approx(x.mean())]
    assert logs["rows"] == [pytest.approx((4 * 4 + 4 * 4 + 2 * 2) / 10)]
    assert float(array(model.first)) == 64.0  # the ninth: the last batch begins with it
    keras.utils.set_random_seed(0)
    firsts = []
    for _ in range(6):
        logs = model.fit(x, y, batch_size=4, epochs=2, verbose=0).history
        assert logs["mean"] == [pytest.approx(x.mean())] * 2
        firsts.append(float(array(model.first)))
    assert len(set(firsts)) > 2  # another order each time
    options = {"batch_size": 4, "shuffle": False, "verbose": 0}
    logs = model.fit(x, y, validation_data=(x, y), **options).history
    assert logs["val_rows"] == logs["rows"]
    # In the order of `loss_names`, as everywhere.
    values = model.evaluate(x, y, batch_size=4, verbose=0)
    assert model.metrics_names == ["mean", "rows"]
    assert values == pytest.approx([logs["mean"][0], logs["rows"][0]])
    logs = model.fit(x, batch_size=2, validation_split=0.2, shuffle=False, verbose=0).history
    assert logs["mean"] == [pytest.approx(x[:8].mean())]


def test_what_is_logged_must_be_what_the_model_says():
    model = Seen()
    model.compile()
    model.update = lambda batch: {"mean": ops.mean(batch.images)}
    with pytest.raises(ValueError, match="must be loss_names, mean, rows. Received: mean"):
        model.fit(np.zeros((4, 1), "float32"), verbose=0)
