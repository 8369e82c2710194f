"""The Fréchet distance against closed forms."""

import numpy as np
import pytest

from zoo.metrics import frechet_distance

pytestmark = pytest.mark.once
RNG = np.random.default_rng(0)


def test_of_a_set_with_itself_is_zero():
    x = RNG.standard_normal((50, 8))
    assert frechet_distance(x, x) == pytest.approx(0, abs=1e-9)


def test_of_a_shift_is_its_squared_length():
    x = RNG.standard_normal((50, 8))
    shift = np.arange(8) / 4
    assert frechet_distance(x, x + shift) == pytest.approx(np.sum(shift**2))


def test_of_a_scaling():
    x = RNG.standard_normal((50, 8))
    x -= x.mean(axis=0)
    trace = np.trace(np.cov(x, rowvar=False))
    assert frechet_distance(x, 3 * x) == pytest.approx(4 * trace)


def test_of_general_covariances():
    """Against the root by the eigenvalues of the product, which is not symmetric."""
    a = RNG.standard_normal((200, 5)) @ RNG.standard_normal((5, 5))
    b = RNG.standard_normal((300, 5)) @ RNG.standard_normal((5, 5)) + 1
    cov_a, cov_b = np.cov(a, rowvar=False), np.cov(b, rowvar=False)
    root = np.sqrt(np.linalg.eigvals(cov_a @ cov_b).real).sum()
    expected = np.sum((a.mean(0) - b.mean(0)) ** 2) + np.trace(cov_a) + np.trace(cov_b) - 2 * root
    assert frechet_distance(a, b) == pytest.approx(expected)
    assert frechet_distance(b, a) == pytest.approx(expected)


def test_fewer_vectors_than_dimensions():
    x = RNG.standard_normal((10, 40))
    assert frechet_distance(x, x) == pytest.approx(0, abs=1e-4)
    assert frechet_distance(x, x + 1) == pytest.approx(40)


def test_is_finite_in_float32_far_from_zero():
    x = (RNG.standard_normal((50, 4)) + 1000).astype("float32")
    assert frechet_distance(x, x) == pytest.approx(0, abs=1e-6)


@pytest.mark.parametrize(
    ("a", "b", "message"),
    [
        (np.zeros((5, 2)), np.zeros((5, 3)), "same dimensions. Received: 2 and 3"),
        (np.zeros((1, 2)), np.zeros((5, 2)), "a must have the shape"),
        (np.zeros((5, 2)), np.zeros(5), "b must have the shape"),
        (np.full((5, 2), np.nan), np.zeros((5, 2)), "a must be finite"),
    ],
)
def test_errors(a, b, message):
    with pytest.raises(ValueError, match=message):
        frechet_distance(a, b)
