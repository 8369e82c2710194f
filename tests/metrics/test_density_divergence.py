"""The divergence of densities on a grid."""

import numpy as np
import pytest
from scipy import stats

from zoo.metrics import density_divergence

pytestmark = pytest.mark.once
GRID = np.linspace(-12, 12, 4001)


def test_two_normal_distributions():
    """KL(N(0, 1) || N(m, s^2)) = log s + (1 + m^2) / (2 s^2) - 1/2."""
    p = stats.norm.logpdf(GRID)
    q = stats.norm.logpdf(GRID, 0.5, 2.0)
    expected = np.log(2) + 1.25 / 8 - 0.5
    assert density_divergence(p, q) == pytest.approx(expected, rel=1e-6)
    assert density_divergence(p, p) == 0


def test_densities_that_are_zero_somewhere():
    p = np.where(np.abs(GRID) <= 1, -np.log(2), -np.inf)
    q = np.where(np.abs(GRID) <= 3, -np.log(6), -np.inf)
    assert density_divergence(p, q) == pytest.approx(np.log(3))
    assert density_divergence(q, p) == np.inf


@pytest.mark.parametrize(
    ("p", "q", "message"),
    [
        (np.zeros(3), np.zeros(4), r"of one shape \(n,\). Received: shapes \(3,\) and \(4,\)"),
        (np.zeros((3, 1)), np.zeros((3, 1)), "of one shape"),
        (np.array([0, np.nan]), np.zeros(2), "must not be NaN"),
        (np.full(2, -np.inf), np.zeros(2), "above -inf at some point"),
    ],
)
def test_errors(p, q, message):
    with pytest.raises(ValueError, match=message):
        density_divergence(p, q)
