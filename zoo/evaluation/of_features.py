"""Metrics of features: FID, KID, precision and recall, density and coverage, two-sample tests."""

from __future__ import annotations

import numpy as np

from zoo.errors import check_choice, check_count
from zoo.evaluation.metric import Metric
from zoo.metrics import classifier_test, energy_test, kernel, mmd_test, prdc, precision_recall


class FrechetDistance(Metric):
    """The Fréchet distance of features, see `zoo.metrics.frechet_distance`; the FID, where the
    extractor is `"inception"`."""

    name = "fid"
    outputs = {"fid": "lower"}
    needs = frozenset({"moments"})

    def measure(self, samples, task):
        return {"fid": samples.moments.distance(task.real.moments)}

    def notes(self, samples, task):
        fewest, dimensions = min(samples.n, task.real.n), len(task.real.moments.mean)
        if fewest > dimensions:
            return []
        return [
            f"{fewest} images for features of {dimensions} dimensions: the covariance is singular, "
            "and the distance too large."
        ]


class KernelDistance(Metric):
    """The unbiased kernel distance of features, see `zoo.metrics.kernel_distance`, over all rows;
    the KID, where the extractor is `"inception"`."""

    name = "kid"
    outputs = {"kid": "lower"}
    needs = frozenset({"features"})

    def measure(self, samples, task):
        return {"kid": tuple(kernel.estimate(samples.features, task.real.features))}


class PRDC(Metric):
    """Precision and recall, density and coverage with one neighbourhood, see
    `zoo.metrics.precision_recall` and `zoo.metrics.density_coverage`."""

    name = "prdc"
    outputs = dict.fromkeys(("precision", "recall", "density", "coverage"), "higher")
    needs = frozenset({"features"})

    def __init__(self, k: int = 5):
        self.k = check_count("k", k)

    def measure(self, samples, task):
        return prdc(task.real.features, samples.features, self.k)


class PrecisionRecall(Metric):
    """Precision and recall alone, with the neighbourhood of their paper, see
    `zoo.metrics.precision_recall`."""

    name = "precision_recall"
    outputs = dict.fromkeys(("precision", "recall"), "higher")
    needs = frozenset({"features"})

    def __init__(self, k: int = 3):
        self.k = check_count("k", k)

    def measure(self, samples, task):
        return precision_recall(task.real.features, samples.features, self.k)._asdict()


class _TwoSampleTest(Metric):
    """A two-sample test on a random part of the features of both sets."""

    needs = frozenset({"features"})

    def _parts(self, samples, task):
        rng = np.random.default_rng(task.seed)
        sets = (samples.features, task.real.features)
        return [x[rng.permutation(len(x))[: self.size]] for x in sets]


class MMDTest(_TwoSampleTest):
    """The maximum mean discrepancy and its p-value, see `zoo.metrics.mmd_test`.

    Args:
        size: how many of the samples, and of the real images, are compared.
        permutations: see `zoo.metrics.mmd_test`.
    """

    name = "mmd"
    outputs = {"mmd": "lower", "mmd_p_value": "higher"}

    def __init__(self, size: int = 1000, permutations: int = 999):
        self.size = check_count("size", size, minimum=2)
        self.permutations = check_count("permutations", permutations)

    def measure(self, samples, task):
        parts = self._parts(samples, task)
        found = mmd_test(*parts, permutations=self.permutations, seed=task.seed)
        return dict(zip(self.outputs, found, strict=True))


class EnergyTest(_TwoSampleTest):
    """The energy distance and its p-value, see `zoo.metrics.energy_test`; arguments as for
    `MMDTest`."""

    name = "energy"
    outputs = {"energy": "lower", "energy_p_value": "higher"}

    def __init__(self, size: int = 1000, permutations: int = 999):
        self.size = check_count("size", size, minimum=2)
        self.permutations = check_count("permutations", permutations)

    def measure(self, samples, task):
        parts = self._parts(samples, task)
        found = energy_test(*parts, permutations=self.permutations, seed=task.seed)
        return dict(zip(self.outputs, found, strict=True))


class ClassifierTest(_TwoSampleTest):
    """The accuracy of a classifier of samples and real images, 0.5 at best, and its p-value, see
    `zoo.metrics.classifier_test`.

    Args:
        size: how many of the samples, and of the real images, are told apart.
        classifier: `"neighbours"` or `"linear"`.
    """

    name = "c2st"
    outputs = {"c2st": "lower", "c2st_p_value": "higher"}

    def __init__(self, size: int = 2000, classifier: str = "neighbours"):
        self.size = check_count("size", size, minimum=4)
        check_choice("classifier", classifier, ("neighbours", "linear"))
        self.classifier = classifier

    def measure(self, samples, task):
        found = classifier_test(*self._parts(samples, task), self.classifier, task.seed)
        return dict(zip(self.outputs, found, strict=True))
