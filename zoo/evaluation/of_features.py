"""Metrics of features: FID, KID, precision and recall, density and coverage, two-sample tests."""

from __future__ import annotations

import numpy as np

from zoo.errors import ArgumentError, check_choice, check_count
from zoo.evaluation.metric import SEVERAL, Metric
from zoo.metrics import classifier_test, energy_test, kernel, mmd_test, prdc, precision_recall
from zoo.metrics.arrays import squared_distances


class FrechetDistance(Metric):
    """The Fréchet distance of features, see `zoo.metrics.frechet_distance`.

    With the extractor `"inception"` it is the FID.
    """

    name = "fid"
    outputs = {"fid": "lower"}
    needs = frozenset({"moments"})
    fewest = SEVERAL

    def measure(self, samples, subject):
        return {"fid": samples.moments.distance(subject.real.moments)}

    def notes(self, samples, subject):
        fewest, dimensions = min(samples.n, subject.real.n), len(subject.real.moments.mean)
        if fewest > dimensions:
            return []
        return [
            f"{fewest} images for features of {dimensions} dimensions: the covariance is singular, "
            "and the distance too large."
        ]


class KernelDistance(Metric):
    """The unbiased kernel distance of features over all rows, see `zoo.metrics.kernel_distance`.

    With the extractor `"inception"` it is the KID.
    """

    name = "kid"
    outputs = {"kid": "lower"}
    needs = frozenset({"features"})

    def measure(self, samples, subject):
        return {"kid": tuple(kernel.estimate(samples.features, subject.real.features))}


class PRDC(Metric):
    """Precision, recall, density and coverage of features, with the same number of neighbours.

    See `zoo.metrics.precision_recall` and `zoo.metrics.density_coverage`.

    Args:
        k: the number of neighbours.
    """

    name = "prdc"
    outputs = dict.fromkeys(("precision", "recall", "density", "coverage"), "higher")
    needs = frozenset({"features"})
    fewest = SEVERAL

    def __init__(self, k: int = 5):
        self.k = check_count("k", k)

    def measure(self, samples, subject):
        return prdc(subject.real.features, samples.features, self.k)


class PrecisionRecall(Metric):
    """Precision and recall alone, see `zoo.metrics.precision_recall`.

    Args:
        k: the number of neighbours; by default the paper's.
    """

    name = "precision_recall"
    outputs = dict.fromkeys(("precision", "recall"), "higher")
    needs = frozenset({"features"})
    fewest = SEVERAL

    def __init__(self, k: int = 3):
        self.k = check_count("k", k)

    def measure(self, samples, subject):
        return precision_recall(subject.real.features, samples.features, self.k)._asdict()


class _TwoSampleTest(Metric):
    """A two-sample test on `size` random rows of the features of samples and of real images.

    The real rows are the same for each seed. Rows are sorted before they are drawn, so that the
    order of the images does not matter.
    """

    needs = frozenset({"features"})

    def check(self, model, test):
        if self.size >= len(test.images):
            raise ArgumentError(
                f"size of the metric {self.name!r} must be below the number of real images, "
                f"{len(test.images)}. Received: {self.size}. zoo.evaluation."
                f"{type(self).__name__}(size=...) takes another."
            )

    def rows(self, samples, subject) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
        """Return the rows of samples and of real images to compare, and the other real rows."""
        fake, real = (x[np.lexsort(x.T[:8])] for x in (samples.features, subject.real.features))
        of_fake = np.random.default_rng((subject.seed, 2)).permutation(len(fake))[: self.size]
        of_real = np.random.default_rng(2).permutation(len(real))
        return fake[of_fake], real[of_real[: self.size]], real[of_real[self.size :]]


class _PermutationTest(_TwoSampleTest):
    """A test whose p-value comes from random permutations of the rows.

    Args:
        size: the number of samples, and of real images, that are compared.
        permutations: the number of permutations.
    """

    def __init__(self, size: int = 1000, permutations: int = 999):
        self.size = check_count("size", size, minimum=2)
        self.permutations = check_count("permutations", permutations)

    def measure(self, samples, subject):
        values = self.test(*self.rows(samples, subject), subject.seed)
        return dict(zip(self.outputs, values, strict=True))


class MMDTest(_PermutationTest):
    """The maximum mean discrepancy and its p-value, see `zoo.metrics.mmd_test`.

    The bandwidth is the median distance between real images that are not compared: it is the same
    for each model, and the test stays exact.

    Args:
        size: the number of samples, and of real images, that are compared.
        permutations: the number of permutations for the p-value.
    """

    name = "mmd"
    outputs = {"mmd": "lower", "mmd_p_value": "higher"}

    def test(self, fake, real, others, seed):
        others = others[:1000].astype("float64")
        distances = np.concatenate([part for _, part in squared_distances(others, others)])
        bandwidth = np.sqrt(np.median(distances[np.triu_indices(len(distances), 1)]))
        return mmd_test(fake, real, float(bandwidth), self.permutations, seed)

    def check(self, model, test):
        super().check(model, test)
        if self.size + 10 > len(test.images):
            raise ArgumentError(
                f"size of the metric {self.name!r} must leave ten real images to choose the "
                f"bandwidth by. Received: {self.size}, of {len(test.images)} real images."
            )


class EnergyTest(_PermutationTest):
    """The energy distance and its p-value, see `zoo.metrics.energy_test`.

    Args:
        size: the number of samples, and of real images, that are compared.
        permutations: the number of permutations for the p-value.
    """

    name = "energy"
    outputs = {"energy": "lower", "energy_p_value": "higher"}

    def test(self, fake, real, others, seed):
        return energy_test(fake, real, self.permutations, seed)


class ClassifierTest(_TwoSampleTest):
    """The accuracy of a classifier that tells samples from real images, and its p-value.

    An accuracy of 0.5 is best; see `zoo.metrics.classifier_test`.

    Args:
        size: the number of samples, and of real images, that are classified.
        classifier: `"neighbours"` or `"linear"`.
    """

    name = "c2st"
    outputs = {"c2st": "lower", "c2st_p_value": "higher"}

    def __init__(self, size: int = 2000, classifier: str = "neighbours"):
        self.size = check_count("size", size, minimum=4)
        check_choice("classifier", classifier, ("neighbours", "linear"))
        self.classifier = classifier

    def measure(self, samples, subject):
        fake, real, _ = self.rows(samples, subject)
        values = classifier_test(fake, real, self.classifier, subject.seed)
        return dict(zip(self.outputs, values, strict=True))
