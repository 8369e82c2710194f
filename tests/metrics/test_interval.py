"""Confidence intervals of means over few seeds."""

import numpy as np
import pytest

from zoo.metrics.interval import half_width, student_t

pytestmark = pytest.mark.once


@pytest.mark.parametrize("degrees", [1, 1.5, 2, 3, 7, 30, 1000])
def test_student_t_is_that_of_scipy(degrees):
    stats = pytest.importorskip("scipy.stats")
    assert student_t(degrees) == pytest.approx(stats.t.ppf(0.975, degrees), rel=1e-5)


def test_three_values_give_their_interval():
    values = [1.0, 2.0, 4.0]
    # t of 2 degrees of freedom is 4.3027, from tables.
    expected = 4.3027 * np.std(values, ddof=1) / np.sqrt(3)
    assert half_width([(np.std(values, ddof=1), 3)]) == pytest.approx(expected, rel=1e-4)
    assert half_width([(0.0, 3)]) == 0


def test_the_difference_of_two_means_is_that_of_welch():
    stats = pytest.importorskip("scipy.stats")
    rng = np.random.default_rng(0)
    first, second = rng.normal(0, 1, 3), rng.normal(1, 3, 5)
    low, high = stats.ttest_ind(first, second, equal_var=False).confidence_interval(0.95)
    ours = half_width([(x.std(ddof=1), len(x)) for x in (first, second)])
    assert ours == pytest.approx((high - low) / 2, rel=1e-5)


def test_nineteen_of_twenty_intervals_hold_the_mean():
    values = np.random.default_rng(0).normal(5, 2, (2_000, 3))
    widths = np.array([half_width([(row.std(ddof=1), 3)]) for row in values])
    held = np.abs(values.mean(axis=1) - 5) < widths
    assert held.mean() == pytest.approx(0.95, abs=0.015)
