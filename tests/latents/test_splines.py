"""Cubic splines against SciPy's."""

import numpy as np
import pytest
from scipy import interpolate

from zoo.latents.splines import CubicSpline

pytestmark = pytest.mark.once


def points(m):
    rng = np.random.default_rng(m)
    return np.cumsum(rng.uniform(0.2, 2.0, m)) - 1.0, rng.normal(size=(m, 3))


@pytest.mark.parametrize("m", [2, 3, 4, 9])
def test_natural(m):
    knots, values = points(m)
    at = np.linspace(knots[0], knots[-1], 57)
    expected = interpolate.CubicSpline(knots, values, bc_type="natural")(at)
    np.testing.assert_allclose(CubicSpline(knots, values)(at), expected, atol=1e-12)


@pytest.mark.parametrize("m", [2, 3, 4, 9])
def test_periodic(m):
    knots, values = points(m + 1)
    at = np.linspace(knots[0], knots[-1], 57)
    closed = np.concatenate([values[:-1], values[:1]])
    expected = interpolate.CubicSpline(knots, closed, bc_type="periodic")(at)
    found = CubicSpline(knots, values[:-1], closed=True)
    np.testing.assert_allclose(found(at), expected, atol=1e-12)
    np.testing.assert_allclose(found(knots[[0, -1]]), values[[0, 0]], atol=1e-12)
