"""Metrics, which map arrays to numbers and import no model.

`zoo.evaluate` measures models with them.
"""

from zoo.metrics.codes import (
    Inactivity,
    LinearClassifier,
    fit_linear_classifier,
    inactivity,
    linear_classifier,
)
from zoo.metrics.densities import density_divergence
from zoo.metrics.frechet import Moments, frechet_distance
from zoo.metrics.inception_score import InceptionScore, inception_score
from zoo.metrics.kernel import KernelDistance, kernel_distance
from zoo.metrics.likelihood import (
    ParzenWindow,
    bits_per_dimension,
    elbo,
    importance_weighted_bound,
    parzen_log_likelihood,
)
from zoo.metrics.modes import (
    ClassEntropy,
    ClassModes,
    ModeCoverage,
    class_entropy,
    class_modes,
    label_accuracy,
    mode_coverage,
)
from zoo.metrics.neighbours import (
    DensityCoverage,
    Nearest,
    PrecisionRecall,
    copies,
    density_coverage,
    nearest_neighbours,
    prdc,
    precision_recall,
)
from zoo.metrics.partition import (
    LogPartition,
    annealed_log_partition,
    exact_log_partition,
)
from zoo.metrics.protocol import Measurement, Protocol
from zoo.metrics.two_sample import (
    ClassifierTest,
    TwoSampleTest,
    classifier_test,
    energy_test,
    mmd_test,
)

__all__ = [
    "ClassEntropy",
    "ClassModes",
    "ClassifierTest",
    "DensityCoverage",
    "Inactivity",
    "InceptionScore",
    "KernelDistance",
    "LinearClassifier",
    "LogPartition",
    "Measurement",
    "ModeCoverage",
    "Moments",
    "Nearest",
    "ParzenWindow",
    "PrecisionRecall",
    "Protocol",
    "TwoSampleTest",
    "annealed_log_partition",
    "bits_per_dimension",
    "class_entropy",
    "class_modes",
    "classifier_test",
    "copies",
    "density_coverage",
    "density_divergence",
    "elbo",
    "energy_test",
    "exact_log_partition",
    "fit_linear_classifier",
    "frechet_distance",
    "importance_weighted_bound",
    "inactivity",
    "inception_score",
    "kernel_distance",
    "label_accuracy",
    "linear_classifier",
    "mmd_test",
    "mode_coverage",
    "nearest_neighbours",
    "parzen_log_likelihood",
    "prdc",
    "precision_recall",
]
