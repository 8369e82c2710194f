"""Neighbours against all pairs, one by one; manifolds whose overlap is known."""

import numpy as np
import pytest

from zoo.metrics import (
    arrays,
    copies,
    density_coverage,
    nearest_neighbours,
    prdc,
    precision_recall,
)

pytestmark = pytest.mark.once
RNG = np.random.default_rng(0)


def test_one_distribution():
    real, fake = RNG.normal(size=(2, 2000, 3))
    found = prdc(real, fake, k=5)
    assert found["density"] == pytest.approx(1, abs=0.05)
    assert found["coverage"] == pytest.approx(1 - 0.5**5, abs=0.02)
    assert found["precision"] == pytest.approx(found["recall"], abs=0.02)


def test_half_of_the_modes():
    """Samples of one of two far clusters are all real, and show half of what is real."""
    real = np.concatenate([RNG.normal(size=(200, 2)), 100 + RNG.normal(size=(200, 2))])
    fake = real[:200] + 1e-6
    assert precision_recall(real, fake) == (1.0, 0.5)
    assert density_coverage(real, fake).coverage == 0.5


def test_copies_of_real_images_lie_among_them():
    real = RNG.normal(size=(50, 4))
    assert precision_recall(real, real) == (1.0, 1.0)
    assert density_coverage(real, real).coverage == 1.0
    assert density_coverage(real, real, k=5).density == pytest.approx(6 / 5, abs=0.2)


def test_order_does_not_matter():
    real, fake = RNG.normal(size=(80, 4)), 1.2 * RNG.normal(size=(70, 4))
    assert prdc(real, fake) == pytest.approx(prdc(RNG.permutation(real), RNG.permutation(fake)))


def test_nearest_neighbours(monkeypatch):
    a, b = 1e4 + RNG.normal(size=(40, 6)), 1e4 + RNG.normal(size=(30, 6))
    b[3] = a[7]
    apart = np.linalg.norm(a[:, None] - b[None], axis=-1)
    order = apart.argsort(axis=1)[:, :4]
    for block in (arrays.BLOCK, 64):
        monkeypatch.setattr(arrays, "BLOCK", block)
        found = nearest_neighbours(a, b, k=4)
        np.testing.assert_array_equal(found.rows, order)
        np.testing.assert_allclose(found.distances, np.take_along_axis(apart, order, axis=1))
    assert nearest_neighbours(a, b).distances[7, 0] == 0


def test_distances_of_many_rows_are_precise():
    """Far from the origin too, where |x|^2 + |y|^2 - 2 x·y loses what the mean does not take."""
    x = 1e3 + RNG.normal(size=(60, 5))
    found = np.concatenate([part for _, part in arrays.squared_distances(x, x)])
    expected = np.square(x[:, None] - x[None]).sum(axis=-1)
    np.testing.assert_allclose(found, expected, rtol=1e-9, atol=1e-9)
    assert not np.diagonal(found).any()


def test_copies():
    train, test = RNG.normal(size=(300, 8)), RNG.normal(size=(400, 8))
    of_test = nearest_neighbours(test, train).distances[:, 0]
    fresh = nearest_neighbours(RNG.normal(size=(4000, 8)), train).distances[:, 0]
    assert copies(fresh, of_test, 0.05) == pytest.approx(0.05, abs=0.03)
    stolen = nearest_neighbours(train[:100] + 1e-3, train).distances[:, 0]
    assert copies(stolen, of_test) == 1.0
    # Of images that test and training set share, no copy is hidden.
    assert copies(stolen * 0, np.append(np.zeros(5), of_test)) == 1.0
    assert copies(np.concatenate([stolen, fresh[:300]]), of_test, 0.05) == pytest.approx(
        0.29, abs=0.03
    )


def test_wrong_arguments_are_refused():
    x = np.ones((5, 3))
    with pytest.raises(ValueError, match="k must be below the number of rows, 5. Received: 5"):
        precision_recall(x, x, k=5)
    with pytest.raises(ValueError, match="real and fake must have the same dimensions"):
        density_coverage(x, x[:, :2])
    with pytest.raises(ValueError, match="k must be at most 5"):
        nearest_neighbours(x, x, k=6)
    with pytest.raises(ValueError, match="quantile must lie above 0 and below 1. Received: 1"):
        copies([1.0], [1.0], 1)
    with pytest.raises(ValueError, match="test_distances must have the shape"):
        copies([1.0], [])
