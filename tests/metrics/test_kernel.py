"""The kernel distance against its definition, pair by pair, and its error against repetition."""

import numpy as np
import pytest

from zoo.metrics import arrays, kernel, kernel_distance

pytestmark = pytest.mark.once
RNG = np.random.default_rng(0)
A, B = RNG.normal(size=(30, 5)), 0.4 + RNG.normal(size=(20, 5))


def by_definition(a, b):
    def k(x, y):
        return (x @ y / len(x) + 1) ** 3

    def within(z):
        n = len(z)
        pairs = [k(z[i], z[j]) for i in range(n) for j in range(n) if i != j]
        return sum(pairs) / (n * (n - 1))

    between = sum(k(x, y) for x in a for y in b) / (len(a) * len(b))
    return within(a) + within(b) - 2 * between


def test_is_the_unbiased_estimate_over_all_rows():
    found = kernel_distance(A, B)
    assert isinstance(found, float)
    assert found == pytest.approx(by_definition(A, B), rel=1e-10)
    assert found == pytest.approx(kernel_distance(B, A), rel=1e-10)


def test_blocks_do_not_matter(monkeypatch):
    found = kernel.estimate(A, B)
    monkeypatch.setattr(arrays, "BLOCK", 64)
    np.testing.assert_allclose(kernel.estimate(A, B), found, rtol=1e-12)


def test_subsets():
    found = kernel_distance(A, B, subsets=200, subset_size=10, seed=1)
    assert found == kernel_distance(A, B, subsets=200, subset_size=10, seed=1)
    assert found != kernel_distance(A, B, subsets=200, subset_size=10, seed=2)
    assert found.mean == pytest.approx(kernel_distance(A, B), abs=4 * found.standard_error)


def test_is_unbiased_and_its_error_is_right():
    """Over repetitions: the mean does not depend on the size, the error is that of the mean."""
    rng = np.random.default_rng(1)

    def repeat(n):
        draws = [
            kernel.estimate(rng.normal(size=(n, 3)), 0.5 + rng.normal(size=(n, 3)))
            for _ in range(400)
        ]
        return np.array(draws).T

    small, large = repeat(10), repeat(80)
    error = np.hypot(small[0].std(), large[0].std()) / 20
    assert abs(small[0].mean() - large[0].mean()) < 4 * error
    assert np.sqrt(np.mean(large[1] ** 2)) == pytest.approx(large[0].std(), rel=0.2)


def test_wrong_arguments_are_refused():
    with pytest.raises(ValueError, match="subset_size must be at most .* 20. Received: 1000"):
        kernel_distance(A, B, subsets=10)
    with pytest.raises(ValueError, match="a and b must have the same dimensions. Received: 5 and"):
        kernel_distance(A, B[:, :3])
    with pytest.raises(ValueError, match="b must have the shape"):
        kernel_distance(A, B[:1])
    with pytest.raises(ValueError, match="a must be finite"):
        kernel_distance(np.full((4, 5), np.inf), B)
    with pytest.raises(ValueError, match="subsets must be a whole number of at least 2"):
        kernel_distance(A, B, subsets=0)
