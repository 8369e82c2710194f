"""Descent on arrays: minima that are known, SciPy's L-BFGS-B, and rows that share nothing."""

import keras
import numpy as np
import pytest
import scipy.optimize
from keras import ops

import zoo
from zoo.engine.descent import LBFGS, Adam, Bounds, Descent, Rule

RULES = {"lbfgs": LBFGS(), "adam": Adam(rate=0.1)}


def nothing():
    """A network without weights."""
    return keras.Sequential([keras.Input((1,))])


def rosenbrock(x):
    """The function of Rosenbrock in any dimension, of each row."""
    return ops.sum(100.0 * (x[:, 1:] - x[:, :-1] ** 2) ** 2 + (1.0 - x[:, :-1]) ** 2, axis=-1)


def quadratic(x, matrix, target):
    """|A x - b|^2 of each row, with its own A and b."""
    return ops.sum(ops.square(ops.einsum("nij,nj->ni", matrix, x) - target), axis=-1)


def problems(n=5, size=6):
    rng = np.random.default_rng(0)
    matrix = rng.normal(size=(n, size, size)) + 2 * np.eye(size)
    solution = rng.normal(size=(n, size))
    target = np.einsum("nij,nj->ni", matrix, solution)
    return matrix.astype("float32"), target.astype("float32"), solution


def test_a_linear_problem_is_solved():
    matrix, target, solution = problems()
    descent = Descent(quadratic, "lbfgs", (nothing(),))
    found = descent.run(np.zeros(target.shape, "float32"), 80, (matrix, target))
    np.testing.assert_allclose(found.values, solution, atol=2e-3)
    assert (found.losses < 1e-5).all()
    assert (np.diff(found.history, axis=1) <= 0).all()
    assert found.history.shape == (5, 81)
    np.testing.assert_allclose(found.history[:, 0], np.square(target).sum(axis=1), rtol=1e-5)
    np.testing.assert_array_equal(found.history[:, -1], found.losses)


def test_it_needs_few_more_evaluations_than_scipy():
    start = np.array([[-1.2, 1.0, -0.5, 0.8]], "float32")

    def value_and_gradient(x):
        return scipy.optimize.rosen(x), scipy.optimize.rosen_der(x)

    oracle = scipy.optimize.minimize(
        value_and_gradient, start[0].astype("float64"), jac=True, method="L-BFGS-B", tol=1e-6
    )
    assert oracle.fun < 1e-5
    found = Descent(rosenbrock, LBFGS(), (nothing(),)).run(start, 2 * oracle.nfev + 10)
    np.testing.assert_allclose(found.values[0], oracle.x, atol=2e-2)


@pytest.mark.parametrize("rule", RULES)
def test_rows_share_nothing(rule):
    matrix, target, _ = problems()
    start = np.random.default_rng(1).normal(size=target.shape).astype("float32")
    descent = Descent(quadratic, RULES[rule], (nothing(),))
    whole = descent.run(start, 12, (matrix, target))
    parts = descent.run(start, 12, (matrix, target), batch_size=2)
    np.testing.assert_allclose(parts.values, whole.values, rtol=1e-3, atol=1e-4)
    rows = [slice(i, i + 1) for i in range(5)]
    alone = [descent.run(start[row], 12, (matrix[row], target[row])) for row in rows]
    values = np.concatenate([each.values for each in alone])
    np.testing.assert_allclose(values, whole.values, rtol=1e-3, atol=1e-4)


def test_adam_takes_the_papers_steps():
    start = np.array([[1.0, -2.0, 0.5]], "float32")
    adam = Adam(rate=0.1, rise=0, fall=0)
    found = Descent(lambda x: ops.sum(ops.square(x), axis=-1), adam, (nothing(),)).run(start, 7)
    x, m, v = start[0].astype("float64"), 0.0, 0.0
    best = np.inf
    for t in range(1, 9):
        loss, best_x = (x**2).sum(), x
        assert loss < best
        best = loss
        gradient = 2 * x
        m, v = 0.9 * m + 0.1 * gradient, 0.999 * v + 0.001 * gradient**2
        x = x - 0.1 * (m / (1 - 0.9**t)) / (np.sqrt(v / (1 - 0.999**t)) + 1e-8)
    np.testing.assert_allclose(found.values[0], best_x, rtol=1e-4)


def test_the_rate_rises_and_falls():
    adam = Adam(rate=1.0, rise=0.2, fall=0.5)
    rates = [float(adam._rate_at(np.float32(t), np.float32(10))) for t in range(11)]
    expected = [0.5, 1, 1, 1, 1, 1] + [0.5 - 0.5 * np.cos(np.pi * k / 5) for k in (4, 3, 2, 1, 0)]
    np.testing.assert_allclose(rates, expected, atol=1e-6)


@pytest.mark.parametrize("rule", RULES)
def test_bounds_are_kept(rule):
    target = np.array([[2.0, -3.0, 0.25]], "float32")
    descent = Descent(
        lambda x, y: ops.sum(ops.square(x - y), axis=-1),
        RULES[rule],
        (nothing(),),
        Bounds(-1.0, 1.0),
    )
    found = descent.run(np.zeros((1, 3), "float32"), 60, (target,))
    np.testing.assert_allclose(found.values, [[1.0, -1.0, 0.25]], atol=0.02)
    assert np.abs(found.values).max() <= 1.0


def test_it_goes_around_points_that_are_not_finite():
    """The logarithm is NaN where a long step leads."""

    def loss(x):
        return ops.sum(x - ops.log(x), axis=-1)

    found = Descent(loss, LBFGS(), (nothing(),)).run(np.full((2, 3), 0.1, "float32"), 60)
    np.testing.assert_allclose(found.values, 1.0, atol=1e-2)


def test_an_end_before_its_time_returns_what_was_met():
    matrix, target, _ = problems()
    seen = []
    descent = Descent(quadratic, "lbfgs", (nothing(),))
    found = descent.run(
        np.zeros(target.shape, "float32"),
        50,
        (matrix, target),
        batch_size=2,
        told=lambda: seen.append(1),
        stops=lambda: len(seen) >= 4,
    )
    assert len(seen) == 4
    assert found.history.shape == (5, 51)
    np.testing.assert_array_equal(found.history[:2, 5:], found.history[:2, 4:5].repeat(46, axis=1))
    assert (found.losses[:2] < found.history[:2, 0]).all()
    # Later batches are where they started.
    np.testing.assert_array_equal(found.values[2:], 0)
    np.testing.assert_array_equal(found.losses[2:], found.history[2:, 0])


def test_no_weight_changes_and_new_weights_count():
    network = keras.Sequential([keras.Input((3,)), keras.layers.Dense(4)])
    network.build((None, 3))
    before = network.get_weights()
    descent = Descent(lambda x: ops.sum(ops.square(network(x) - 1.0), axis=-1), "lbfgs", (network,))
    start = np.ones((2, 3), "float32")
    first = descent.run(start, 5)
    for weight, value in zip(network.get_weights(), before, strict=True):
        np.testing.assert_array_equal(weight, value)
    network.set_weights([2 * w + 1 for w in before])
    expected = np.square(start @ (2 * before[0] + 1)).sum(axis=1)
    np.testing.assert_allclose(descent.run(start, 5).history[:, 0], expected, rtol=1e-4)
    assert (first.history[:, 0] != expected).all()


@pytest.mark.once
@pytest.mark.parametrize(
    ("make", "text"),
    [
        (lambda: Adam(rate=0), "rate must be a finite number above 0. Received: 0"),
        (lambda: Adam(beta_1=1.0), r"beta_1 must be a number in \[0, 1\). Received: 1.0"),
        (lambda: Adam(fall=2), r"fall must be a number in \[0, 1\]. Received: 2"),
        (lambda: LBFGS(history=0), "history must be .* Received: 0"),
        (lambda: Rule.get("lbgfs"), "Unknown rule: 'lbgfs'. Allowed: adam, lbfgs"),
    ],
)
def test_wrong_settings(make, text):
    with pytest.raises(ValueError, match=text):
        make()


@pytest.mark.once
def test_wrong_calls():
    descent = Descent(lambda x: ops.sum(ops.log(x), axis=-1), "adam", (nothing(),))
    with pytest.raises(zoo.errors.ArgumentError, match="finite number at the start.* 1 of 2 rows"):
        descent.run(np.array([[-1.0], [1.0]], "float32"), 3)
    with pytest.raises(zoo.errors.ArgumentError, match="steps must be .* Received: 0"):
        descent.run(np.ones((1, 1), "float32"), 0)
