"""Measurements of models: metrics by name, extractors, and reports that can be compared."""

from zoo.evaluation.comparison import Comparison, compare
from zoo.evaluation.evaluate import evaluate, metrics
from zoo.evaluation.extractors import extractor
from zoo.evaluation.metric import Metric, PerDatum, Subject
from zoo.evaluation.of_classes import (
    ClassEntropy,
    ClassModes,
    InceptionScore,
    LabelAccuracy,
    MixtureModes,
)
from zoo.evaluation.of_codes import Contraction, Denoising, InactiveUnits, LinearProbe
from zoo.evaluation.of_densities import DensityKL
from zoo.evaluation.of_energies import AIS, ThresholdAIS
from zoo.evaluation.of_features import (
    PRDC,
    ClassifierTest,
    EnergyTest,
    FrechetDistance,
    KernelDistance,
    MMDTest,
    PrecisionRecall,
)
from zoo.evaluation.of_images import (
    ELBO,
    IWAE,
    Accuracy,
    BitsPerDimension,
    LogLikelihood,
    MarginalLogLikelihood,
    Memorisation,
    Parzen,
    Reconstruction,
    ThresholdLogLikelihood,
    Translation,
)
from zoo.evaluation.of_training import Overfitting
from zoo.evaluation.report import Report

Task = Subject  # the name in earlier versions

__all__ = [
    "AIS",
    "ELBO",
    "IWAE",
    "PRDC",
    "Accuracy",
    "BitsPerDimension",
    "ClassEntropy",
    "ClassModes",
    "ClassifierTest",
    "Comparison",
    "Contraction",
    "Denoising",
    "DensityKL",
    "EnergyTest",
    "FrechetDistance",
    "InactiveUnits",
    "InceptionScore",
    "KernelDistance",
    "LabelAccuracy",
    "LinearProbe",
    "LogLikelihood",
    "MMDTest",
    "MarginalLogLikelihood",
    "Memorisation",
    "Metric",
    "MixtureModes",
    "Overfitting",
    "Parzen",
    "PerDatum",
    "PrecisionRecall",
    "Reconstruction",
    "Report",
    "Subject",
    "Task",
    "ThresholdAIS",
    "ThresholdLogLikelihood",
    "Translation",
    "compare",
    "evaluate",
    "extractor",
    "metrics",
]
