"""Penalties against NumPy in float64, in value and in gradient."""

import keras
import numpy as np
import pytest
from helpers import Bank, array, numeric_gradient
from keras import ops

from zoo import engine
from zoo.losses import DRAGAN, R1, R1R2, R2, GradientPenalty, Penalty, WeightClipping

RNG = np.random.default_rng(0)
W = RNG.normal(size=(12, 3))
REAL = RNG.normal(size=(4, 2, 2, 3))
FAKE = RNG.normal(size=(4, 2, 2, 3))
UNIFORM = RNG.random(100)  # what `random.uniform` gives, in order


def discriminator(w):
    return lambda x: ops.sum(
        ops.tanh(ops.matmul(ops.reshape(x, (-1, 12)), w)), axis=-1, keepdims=True
    )


def tensor(x):
    return ops.convert_to_tensor(x, dtype="float32")


def squared_norms(x, w):
    """|d D / dx|^2 of each sample, by hand."""
    slope = 1 - np.tanh(x.reshape(-1, 12) @ w) ** 2
    return ((slope @ w.T) ** 2).sum(axis=1)


def interpolated(real, fake):
    u = UNIFORM[:4].reshape(4, 1, 1, 1)  # one for each pair
    return u * real + (1 - u) * fake


def perturbed(real):
    noise = 0.5 * real.std() * UNIFORM[:48].reshape(4, 2, 2, 3)
    return real + UNIFORM[48:52].reshape(4, 1, 1, 1) * noise


ORACLES = {
    "r1": (R1(gamma=3.0), lambda w: 1.5 * squared_norms(REAL, w)),
    "r2": (R2(gamma=3.0), lambda w: 1.5 * squared_norms(FAKE, w)),
    "r1_r2": (
        R1R2(gamma=3.0),
        lambda w: 1.5 * (squared_norms(REAL, w) + squared_norms(FAKE, w)),
    ),
    "gradient_penalty": (
        GradientPenalty(),
        lambda w: 10 * (np.sqrt(squared_norms(interpolated(REAL, FAKE), w)) - 1) ** 2,
    ),
    "gradient_penalty_of_another_target": (
        GradientPenalty(weight=2.0, target=0.0),
        lambda w: 2 * squared_norms(interpolated(REAL, FAKE), w),
    ),
    "dragan": (DRAGAN(), lambda w: 10 * (np.sqrt(squared_norms(perturbed(REAL), w)) - 1) ** 2),
    "weight_clipping": (WeightClipping(), lambda w: np.zeros(4)),
}


def bank():
    return Bank(uniform=UNIFORM)


@pytest.mark.parametrize("name", ORACLES)
def test_value(name):
    penalty, oracle = ORACLES[name]
    found = array(penalty(discriminator(tensor(W)), tensor(REAL), tensor(FAKE), bank()))
    assert found.shape == (4,)
    np.testing.assert_allclose(found, oracle(W), rtol=2e-5, atol=1e-7)


@pytest.mark.parametrize("name", ORACLES)
def test_gradient(name):
    penalty, oracle = ORACLES[name]
    w = keras.Variable(W.astype("float32"))
    _, (grad,) = engine.value_and_grad(
        lambda: (ops.mean(penalty(discriminator(w), tensor(REAL), tensor(FAKE), bank())), {}), [w]
    )
    expected = numeric_gradient(lambda w: oracle(w).mean(), W)
    np.testing.assert_allclose(array(grad), expected, rtol=1e-3, atol=1e-4)


def first_column(outputs):
    return outputs[:, :1]


@pytest.mark.parametrize("name", ORACLES)
def test_a_shared_pass_changes_nothing(name):
    """The outputs, their gradients and the penalty are those of separate passes."""
    penalty, _ = ORACLES[name]
    results = []
    for method in (penalty.with_outputs, lambda *args: Penalty.with_outputs(penalty, *args)):
        w = keras.Variable(W.astype("float32"))

        def outputs(x, w=w):
            logits = discriminator(w)(x)
            return ops.concatenate([logits, 2 * logits**2], axis=-1)

        def loss(method=method, outputs=outputs):
            real, fake, value = method(outputs, first_column, tensor(REAL), tensor(FAKE), bank())
            return ops.sum(real**2) + ops.sum(fake) + ops.mean(value), (real, fake, value)

        (_, aux), grads = engine.value_and_grad(loss, [w])
        results.append([array(x) for x in (*aux, *grads)])
    assert results[0][0].shape == (4, 2)
    for one, other in zip(*results, strict=True):
        np.testing.assert_allclose(one, other, rtol=1e-5, atol=1e-5)


@pytest.mark.parametrize(
    ("penalty", "passes"), [(R1(), 2), (R2(), 2), (R1R2(), 2), (R1(share=0.5), 3)]
)
def test_a_shared_pass_is_one(penalty, passes):
    calls = []

    def outputs(x):
        calls.append(1)
        return discriminator(tensor(W))(x)

    penalty.with_outputs(outputs, first_column, tensor(REAL), tensor(FAKE), bank())
    assert len(calls) == passes


@pytest.mark.parametrize("name", ORACLES)
def test_outputs_of_any_structure(name):
    """The logit may be a function of a dict of outputs, such as the mean of a map of logits."""
    penalty, oracle = ORACLES[name]

    def outputs(x):
        logits = discriminator(tensor(W))(x)
        return {"map": ops.concatenate([0.5 * logits, 1.5 * logits], axis=-1), "features": x}

    def logits(outputs):
        return ops.mean(outputs["map"], axis=-1, keepdims=True)

    real, fake, value = penalty.with_outputs(outputs, logits, tensor(REAL), tensor(FAKE), bank())
    np.testing.assert_allclose(array(real["features"]), REAL, rtol=1e-6)
    np.testing.assert_allclose(array(fake["features"]), FAKE, rtol=1e-6)
    np.testing.assert_allclose(array(value), oracle(W), rtol=1e-4, atol=1e-6)


@pytest.mark.parametrize("penalty", [R1(), R2(), R1R2()])
def test_the_mean_does_not_grow_with_the_batch(penalty):
    def mean(*images):
        return array(penalty(discriminator(tensor(W)), *map(tensor, images), None)).mean()

    twice = [np.tile(x, (2, 1, 1, 1)) for x in (REAL, FAKE)]
    np.testing.assert_allclose(mean(REAL, FAKE), mean(*twice), rtol=1e-5)


def test_a_flat_critic_has_a_penalty_and_no_slope():
    """Where the gradient is zero its norm has no derivative; that must not become NaN."""
    w = keras.Variable(np.zeros((12, 3), "float32"))
    (loss, _), (grad,) = engine.value_and_grad(
        lambda: (
            ops.mean(GradientPenalty()(discriminator(w), tensor(REAL), tensor(FAKE), bank())),
            {},
        ),
        [w],
    )
    assert float(array(loss)) == pytest.approx(10.0, rel=1e-4)
    np.testing.assert_array_equal(array(grad), np.zeros((12, 3)))


@pytest.mark.parametrize(("share", "rows"), [(1.0, 4), (0.5, 2), (0.3, 2), (0.25, 1), (0.001, 1)])
def test_a_share_of_the_batch(share, rows):
    found = array(R1(share=share)(discriminator(tensor(W)), tensor(REAL), None, None))
    np.testing.assert_allclose(found, 5.0 * squared_norms(REAL[:rows], W), rtol=1e-4)


def test_clipping():
    variables = [keras.Variable(W.astype("float32")), keras.Variable(np.float32([0.005, -0.02]))]
    WeightClipping(0.01).constrain(variables)
    np.testing.assert_allclose(array(variables[0]), np.clip(W, -0.01, 0.01), rtol=1e-6)
    np.testing.assert_allclose(array(variables[1]), [0.005, -0.01], rtol=1e-6)


@pytest.mark.parametrize(
    ("cls", "arguments"),
    [
        (R1, {"gamma": -1.0}),
        (R1, {"gamma": float("nan")}),
        (R2, {"gamma": "big"}),
        (R1, {"share": 0.0}),
        (R2, {"share": 1.5}),
        (GradientPenalty, {"weight": -1.0}),
        (GradientPenalty, {"target": -1.0}),
        (DRAGAN, {"spread": -0.5}),
        (WeightClipping, {"limit": 0.0}),
    ],
)
def test_values_out_of_range(cls, arguments):
    (name,) = arguments
    with pytest.raises(ValueError, match=f"{name} must .* Received: {arguments[name]!r}"):
        cls(**arguments)


@pytest.mark.parametrize(
    "penalty", [R1(2.0, share=0.5), R2(3.0), R1R2(2.0), GradientPenalty(5.0), DRAGAN(spread=0.1)]
)
def test_configuration_round_trip(penalty):
    again = keras.saving.deserialize_keras_object(keras.saving.serialize_keras_object(penalty))
    assert type(again) is type(penalty)
    assert again.get_config() == penalty.get_config()


@pytest.mark.parametrize(
    ("name", "cls"),
    [
        ("r1", R1),
        ("r2", R2),
        ("gradient_penalty", GradientPenalty),
        ("dragan", DRAGAN),
        ("weight_clipping", WeightClipping),
    ],
)
def test_by_name(name, cls):
    assert type(Penalty.get(name)) is cls
