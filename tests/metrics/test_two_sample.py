"""Two-sample tests: against SciPy, against all ways to deal the rows, and calibrated."""

import itertools
import math

import numpy as np
import pytest
from scipy import stats
from scipy.spatial.distance import cdist

from zoo.metrics import classifier_test, energy_test, mmd_test

pytestmark = pytest.mark.once
RNG = np.random.default_rng(0)


def gaussian(a, b, bandwidth):
    return np.exp(-cdist(a, b, "sqeuclidean") / (2 * bandwidth**2))


def mmd(a, b, bandwidth):
    within = [
        (k.sum() - len(k)) / (len(k) * (len(k) - 1))
        for k in (gaussian(a, a, bandwidth), gaussian(b, b, bandwidth))
    ]
    return sum(within) - 2 * gaussian(a, b, bandwidth).mean()


def energy(a, b):
    return 2 * cdist(a, b).mean() - cdist(a, a).mean() - cdist(b, b).mean()


def test_statistics_are_those_of_their_definitions():
    a, b = RNG.normal(size=(20, 3)), 1 + RNG.normal(size=(30, 3))
    assert mmd_test(a, b, bandwidth=1.5).statistic == pytest.approx(mmd(a, b, 1.5), rel=1e-9)
    both = np.concatenate([a, b])
    median = np.median(cdist(both, both)[np.triu_indices(50, 1)])
    assert mmd_test(a, b).statistic == pytest.approx(mmd(a, b, median), rel=1e-9)
    assert energy_test(a, b).statistic == pytest.approx(energy(a, b), rel=1e-9)


def test_energy_distance_is_scipys():
    a, b = RNG.normal(size=(40, 1)), 0.5 + RNG.normal(size=(25, 1))
    expected = stats.energy_distance(a[:, 0], b[:, 0]) ** 2
    assert energy_test(a, b).statistic == pytest.approx(expected, rel=1e-9)


@pytest.mark.parametrize("shift", [0.0, 1.0, 3.0])
def test_p_values_of_few_rows_are_exact(shift):
    """Against `scipy.stats.permutation_test`, and all ways to deal the rows, by name."""
    a, b = RNG.normal(size=(4, 2)), shift + RNG.normal(size=(5, 2))
    both = np.concatenate([a, b])
    for test, statistic in (
        (lambda: mmd_test(a, b, bandwidth=1.0), lambda x, y: mmd(x, y, 1.0)),
        (lambda: energy_test(a, b), energy),
    ):
        first = statistic(a, b)
        ways = [
            statistic(both[list(way)], np.delete(both, way, axis=0))
            for way in itertools.combinations(range(9), 4)
        ]
        p = np.mean(np.array(ways) >= first - 1e-12)
        assert test().p_value == pytest.approx(p)
        exact = stats.permutation_test(
            (np.arange(4), np.arange(4, 9)),
            lambda i, j, statistic=statistic: statistic(both[i], both[j]),
            n_resamples=np.inf,
            alternative="greater",
            vectorized=False,
        )
        assert p == pytest.approx(exact.pvalue)


def test_random_ways_come_near_to_all():
    a, b = RNG.normal(size=(7, 2)), 0.7 + RNG.normal(size=(7, 2))
    exact = energy_test(a, b, permutations=math.comb(14, 7)).p_value
    drawn = [energy_test(a, b, permutations=3000, seed=s).p_value for s in range(3)]
    error = math.sqrt(exact * (1 - exact) / 3000)
    assert drawn[0] != drawn[1]
    np.testing.assert_allclose(drawn, exact, atol=5 * error + 1e-3)


def test_classifier_test_is_binomial():
    def half_right(x, labels, held_out):
        guess = np.repeat([0, 1], len(held_out) // 2)
        guess[:13] = 1 - guess[:13]
        return guess

    found = classifier_test(np.zeros((80, 1)), np.ones((90, 1)), half_right)
    assert found.accuracy == pytest.approx(67 / 80)
    expected = stats.binomtest(67, 80, alternative="greater").pvalue
    assert found.p_value == pytest.approx(expected, rel=1e-12)


@pytest.mark.parametrize("classifier", ["neighbours", "linear"])
def test_classifiers_find_a_difference(classifier):
    a, b = RNG.normal(size=(300, 5)), 1 + RNG.normal(size=(400, 5))
    found = classifier_test(a, b, classifier)
    # The best rule errs by Phi(-sqrt(5) / 2), which is 0.13.
    assert found.accuracy == pytest.approx(0.868, abs=0.06)
    assert found.p_value < 1e-9


def test_neighbours_find_what_no_line_does():
    ring = RNG.normal(size=(400, 2))
    ring /= np.linalg.norm(ring, axis=1, keepdims=True)
    blob = 0.3 * RNG.normal(size=(400, 2))
    assert classifier_test(ring, blob, "neighbours").accuracy > 0.95
    assert classifier_test(ring, blob, "linear").p_value > 0.01


def rejections(test, repetitions):
    """The share of p-values up to 0.05 where both sets are of one distribution."""
    rng = np.random.default_rng(5)
    p = [
        test(rng.normal(size=(30, 3)), rng.normal(size=(30, 3)), i).p_value
        for i in range(repetitions)
    ]
    return np.mean(np.array(p) <= 0.05)


@pytest.mark.parametrize("test", [mmd_test, energy_test])
def test_permutation_tests_are_calibrated(test):
    """Of 1,000 tests under the null, at level 0.05, within three standard errors of 0.05."""
    rate = rejections(lambda a, b, seed: test(a, b, permutations=199, seed=seed), 1000)
    assert rate == pytest.approx(0.05, abs=3 * math.sqrt(0.05 * 0.95 / 1000))


@pytest.mark.parametrize("classifier", ["neighbours", "linear"])
def test_the_classifier_test_is_calibrated(classifier):
    """Its p-value takes few values: the level that 0.05 stands for is that of the binomial."""
    rng = np.random.default_rng(6)
    p = []
    for seed in range(1000):
        a, b = rng.normal(size=(2, 200, 3))
        p.append(classifier_test(a, b, classifier, seed).p_value)
    levels = stats.binom.sf(np.arange(-1, 200), 200, 0.5)
    level = levels[levels <= 0.05].max()
    assert 0.03 < level <= 0.05
    rate = np.mean(np.array(p) <= 0.05)
    assert rate == pytest.approx(level, abs=3 * math.sqrt(level * (1 - level) / 1000))


def test_a_difference_is_found_and_sizes_may_differ():
    a, b = RNG.normal(size=(60, 4)), 0.8 + RNG.normal(size=(90, 4))
    assert mmd_test(a, b).p_value == pytest.approx(1 / 1000)
    assert energy_test(a, b).p_value == pytest.approx(1 / 1000)


def test_wrong_arguments_are_refused():
    x = np.ones((6, 2))
    with pytest.raises(ValueError, match="bandwidth must be given"):
        mmd_test(x, x)
    with pytest.raises(ValueError, match="bandwidth must be a finite number above 0"):
        mmd_test(x, x, bandwidth=-1.0)
    with pytest.raises(ValueError, match="a and b must have the same dimensions"):
        energy_test(x, x[:, :1])
    with pytest.raises(ValueError, match="Unknown classifier: 'forest'. Allowed: linear, neigh"):
        classifier_test(x, x, "forest")
    with pytest.raises(ValueError, match="classifier must give 6 labels"):
        classifier_test(x, x, lambda *_: [1, 0])
    with pytest.raises(ValueError, match="permutations must be a whole number"):
        energy_test(x, x, permutations=0)
