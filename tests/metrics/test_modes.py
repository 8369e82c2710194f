"""Modes covered and samples at a mode, counted by hand."""

import numpy as np
import pytest

from zoo.data import synthetic
from zoo.metrics import (
    class_entropy,
    class_modes,
    inception_score,
    label_accuracy,
    mode_coverage,
)

pytestmark = pytest.mark.once
RING = synthetic.named("ring8")
GRID = synthetic.named("grid25")


@pytest.mark.parametrize("mixture", [RING, GRID])
def test_a_perfect_sampler(mixture):
    found = mode_coverage(mixture.sample(10_000, seed=0), mixture.means, mixture.sigma)
    assert found.covered == len(mixture.means)
    assert found.high_quality == pytest.approx(1 - np.exp(-4.5), abs=0.004)
    assert found.counts.sum() == round(10_000 * found.high_quality)
    # Within 3 standard deviations r^2 has the mean (2 - 11 exp(-9/2)) / (1 - exp(-9/2)).
    inside = np.sqrt((1 - 5.5 * np.exp(-4.5)) / (1 - np.exp(-4.5)))
    assert found.width == pytest.approx(inside, abs=0.01)
    assert 0.85 < found.narrowest < found.width
    assert 0 < found.offset < 0.25


def test_narrow_modes_off_their_place():
    along = np.linspace(-1, 1, 1001)[:, None] * [1.0, 0.0]  # uniform: its deviation is 1 / sqrt(3)
    modes = [[0.0, 0.0], [100.0, 0.0]]
    points = np.concatenate([2 * along, [100.0, 0.0] + along @ [[0, 1], [1, 0]] + [0.5, 0.0]])
    found = mode_coverage(points, modes, sigma=1)
    assert found.width == pytest.approx(np.mean([2, 1]) / np.sqrt(6), rel=1e-2)
    assert found.narrowest == pytest.approx(0, abs=1e-6)
    assert found.offset == pytest.approx(0.5, abs=1e-6)
    none = mode_coverage(np.full((10, 2), 50.0), modes, sigma=1)
    assert (none.covered, none.width, none.narrowest, none.offset) == (0, 0, 0, 3)


def test_collapse_to_one_mode():
    points = np.tile(RING.means[3], (1000, 1))
    found = mode_coverage(points, RING.means, RING.sigma)
    assert (found.covered, found.high_quality) == (1, 1.0)
    np.testing.assert_array_equal(found.counts, 1000 * (np.arange(8) == 3))
    assert found.width == pytest.approx(0, abs=1e-6)


def test_a_missing_mode():
    points, labels = GRID.draw(10_000, seed=0)
    found = mode_coverage(points[labels != 7], GRID.means, GRID.sigma)
    assert found.covered == 24
    assert found.counts[7] == 0


@pytest.mark.parametrize(("at_first", "covered"), [(250, 4), (249, 3)])
def test_a_quarter_of_a_fair_share_covers(at_first, covered):
    """Of 4,000 samples each of four modes should have 1,000."""
    means = np.array([[0.0, 0.0], [1, 0], [0, 1], [1, 1]])
    rows = np.repeat([0, 1, 2, 3], [at_first, 1000, 1000, 2000 - at_first])
    assert mode_coverage(means[rows], means, 0.1).covered == covered


def test_what_lies_between_modes_counts_for_none():
    points = np.concatenate([RING.means, np.zeros((8, 2)), RING.means + np.array([0.061, 0])])
    found = mode_coverage(points, RING.means, RING.sigma)
    assert found.high_quality == pytest.approx(1 / 3)
    np.testing.assert_array_equal(found.counts, np.ones(8))
    assert (
        mode_coverage(RING.means + np.array([0.059, 0]), RING.means, RING.sigma).high_quality == 1
    )


def test_a_sample_counts_once_where_modes_overlap():
    found = mode_coverage(np.full((10, 2), 0.4), [[0, 0], [1, 1]], sigma=1)
    np.testing.assert_array_equal(found.counts, [10, 0])
    assert found.high_quality == 1


@pytest.mark.parametrize(
    ("points", "means", "sigma", "message"),
    [
        (np.zeros(2), np.zeros((1, 2)), 1, r"points must have the shape .* shape \(2,\)"),
        (np.zeros((0, 2)), np.zeros((1, 2)), 1, "points must have the shape"),
        (np.zeros((1, 2)), np.zeros(2), 1, "means must have the shape"),
        (np.zeros((1, 2)), np.zeros((1, 3)), 1, "same dimensions. Received: 2 and 3"),
        (np.full((1, 2), np.inf), np.zeros((1, 2)), 1, "points must be finite"),
        (np.zeros((1, 2)), np.zeros((1, 2)), 0, "sigma must be a finite number above 0"),
    ],
)
def test_errors(points, means, sigma, message):
    with pytest.raises(ValueError, match=message):
        mode_coverage(points, means, sigma)


def test_class_modes():
    even = class_modes(np.arange(1000).repeat(3), 1000)
    assert (even.covered, even.kl) == (1000, pytest.approx(0, abs=1e-12))
    one = class_modes(np.full(50, 7), 1000)
    assert (one.covered, one.kl) == (1, pytest.approx(np.log(1000)))
    half = class_modes(np.array([0, 0, 1, 1, 2, 2]), 6)
    assert (half.covered, half.kl) == (3, pytest.approx(np.log(2)))
    assert half.counts.tolist() == [2, 2, 2, 0, 0, 0]
    with pytest.raises(ValueError, match="labels must lie in 0 to 5. Received: values from 0 to 6"):
        class_modes(np.arange(7), 6)
    with pytest.raises(ValueError, match="labels must be integer labels"):
        class_modes(np.arange(7.0), 10)


def test_label_accuracy():
    assert label_accuracy([1, 2, 3, 4], [1, 2, 0, 4]) == 0.75
    with pytest.raises(ValueError, match="equally many. Received: 2 and 3"):
        label_accuracy([1, 2], [1, 2, 3])


def test_class_entropy_and_inception_score():
    sure = np.eye(4)[np.arange(40) % 4]
    assert class_entropy(sure) == (pytest.approx(np.log(4)), 0)
    assert inception_score(sure) == pytest.approx(4)
    unsure = np.full((40, 4), 0.25)
    assert class_entropy(unsure) == (pytest.approx(np.log(4)), pytest.approx(np.log(4)))
    assert inception_score(unsure) == pytest.approx(1)
    assert inception_score(np.eye(4)[np.zeros(40, int)]) == pytest.approx(1)
    # Each of ten parts in order is of one class alone.
    assert inception_score(np.eye(4)[np.arange(40) // 10], splits=4) == (1, 0)
    with pytest.raises(ValueError, match="splits must be at most the number of rows, 40"):
        inception_score(sure, splits=50)
    with pytest.raises(ValueError, match="probabilities must hold probabilities, in rows that sum"):
        inception_score(2 * sure)
