"""How sparse codes are, and a linear classifier of them."""

import numpy as np
import pytest
from sklearn.linear_model import LogisticRegression

from zoo.metrics import fit_linear_classifier, inactivity, linear_classifier

pytestmark = pytest.mark.once


def test_inactivity_is_relative_to_each_unit():
    codes = np.array([[1.0, -200.0, 0.0], [0.0, 1.0, 0.0], [0.02, 3.0, 1e-7]])
    found = inactivity(codes)
    assert found.per_image == pytest.approx(4 / 9)  # one of unit 0, one of unit 1, two of unit 2
    assert found.never == pytest.approx(1 / 3)
    assert inactivity(codes[:, :2] * 100) == inactivity(codes[:, :2])


class TestLinearClassifier:
    def clouds(self, n, seed):
        """Three classes that overlap, in units of very different scales that hang together."""
        rng = np.random.default_rng(seed)
        labels = rng.integers(0, 3, n)
        centres = np.random.default_rng(9).normal(size=(3, 12)) * 1.2
        mixing = np.random.default_rng(8).normal(size=(12, 12)) * np.logspace(-2, 2, 12)
        return ((centres[labels] + rng.normal(size=(n, 12))) @ mixing).astype("float32"), labels

    def test_is_as_good_as_a_library_s(self):
        (x, labels), (held_out, truth) = self.clouds(3000, 0), self.clouds(3000, 1)
        found = np.mean(linear_classifier(x, labels, held_out) == truth)
        scaled = x / x.std(axis=0), held_out / x.std(axis=0)
        other = LogisticRegression(max_iter=2000).fit(scaled[0], labels).predict(scaled[1])
        assert found == pytest.approx(np.mean(other == truth), abs=0.01)
        assert found > 0.6

    def test_sees_a_shift_and_ignores_a_unit_that_never_changes(self):
        x = np.stack([np.linspace(99, 101, 50), np.full(50, 7.0)], axis=1).astype("float32")
        labels = (x[:, 0] > 99.6).astype(int)
        assert np.mean(linear_classifier(x, labels, x) == labels) > 0.95

    def test_of_one_unit(self):
        x = np.linspace(-1, 1, 40, dtype="float32")[:, None]
        assert (
            np.mean(linear_classifier(x, (x[:, 0] > 0.1).astype(int), x) == (x[:, 0] > 0.1)) > 0.9
        )

    def test_learns_nothing_from_noise(self):
        x = np.random.default_rng(0).normal(size=(2000, 5)).astype("float32")
        labels = np.random.default_rng(1).integers(0, 2, 2000)
        right = np.mean(linear_classifier(x[:1000], labels[:1000], x[1000:]) == labels[1000:])
        assert abs(right - 0.5) < 0.06

    def test_the_normal_is_where_logits_grow_fastest(self):
        rng = np.random.default_rng(0)
        x, vector = rng.normal(size=(3000, 4)), np.array([1.0, -2.0, 0.0, 2.0]) / 3
        p = 1 / (1 + np.exp(-2 * x @ vector - 0.5))
        fitted = fit_linear_classifier(x, np.stack([1 - p, p], axis=1))
        normal = fitted.normal(0, 1)
        np.testing.assert_allclose(normal, vector, atol=0.01)
        np.testing.assert_allclose(fitted.normal(1, 0), -normal)
        logits = fitted.logits(np.stack([np.zeros(4), normal]))
        np.testing.assert_allclose(np.diff(logits, axis=1).ravel(), [0.5, 2.5], atol=0.05)

    def test_probabilities_of_one_class_are_its_label(self):
        x, labels = self.clouds(300, 0)
        hard = fit_linear_classifier(x, labels)
        soft = fit_linear_classifier(x, np.eye(3)[labels])
        np.testing.assert_array_equal(hard.weights, soft.weights)
        for targets, message in (
            (np.ones((300, 2)), "targets must hold probabilities"),
            (labels[:-1], "as many rows"),
            (labels - 1, "targets must lie in 0 to"),
        ):
            with pytest.raises(ValueError, match=message):
                fit_linear_classifier(x, targets)

    def test_wrong_shapes_are_refused(self):
        x, labels = self.clouds(10, 0)
        for wrong in ((x, labels, x[:, :3]), (x, labels[:4], x), (x[:, 0], labels, x)):
            with pytest.raises(ValueError, match="codes and held_out must have the shapes"):
                linear_classifier(*wrong)
