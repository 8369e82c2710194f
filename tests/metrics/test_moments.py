"""Moments that are seen in parts: sizes, order and number of parts change rounding alone, and
memory does not grow."""

import tracemalloc

import numpy as np
import pytest

from zoo.metrics import Moments, frechet_distance

pytestmark = pytest.mark.once
RNG = np.random.default_rng(0)
# A mean far from zero: the sum of squares minus the square of the sum would lose ten digits.
X = 1e5 + RNG.normal(size=(1000, 12)) @ RNG.normal(size=(12, 12))


def in_parts(x, size):
    moments = Moments()
    for start in range(0, len(x), size):
        moments.update(x[start : start + size])
    return moments


@pytest.mark.parametrize("size", [1, 7, 256, 1000])
@pytest.mark.parametrize("shuffled", [False, True])
def test_parts_and_order_do_not_matter(size, shuffled):
    x = RNG.permutation(X) if shuffled else X
    moments = in_parts(x, size)
    assert moments.n == 1000
    np.testing.assert_allclose(moments.mean, X.mean(axis=0), rtol=1e-14)
    np.testing.assert_allclose(moments.covariance, np.cov(X.T), rtol=1e-9, atol=1e-8)
    other = X[:500] + RNG.normal(size=12)
    expected = frechet_distance(X, other)
    assert moments.distance(in_parts(other, 100)) == pytest.approx(expected, rel=1e-8)


def peak(parts):
    moments = Moments()
    rng = np.random.default_rng(0)
    tracemalloc.start()
    for _ in range(parts):
        moments.update(rng.normal(size=(200, 32)))
    _, most = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    return most


def test_memory_does_not_grow_with_the_number_of_vectors():
    peak(2)
    assert peak(80) < 1.05 * peak(5)


def test_a_distance_of_a_set_to_itself_is_zero():
    for x in (X, X[:5], np.ones((4, 3))):
        assert frechet_distance(x, x) == pytest.approx(0, abs=1e-7 * np.trace(np.cov(X.T)))


def test_wrong_parts_are_refused():
    moments = in_parts(X, 100)
    with pytest.raises(ValueError, match="12 dimensions, as those before. Received: 3"):
        moments.update(np.ones((5, 3)))
    with pytest.raises(ValueError, match="features must be finite"):
        moments.update(np.full((5, 12), np.nan))
    assert moments.n == 1000
