"""Losses and penalties on `keras.ops`.

Each returns one value per sample and leaves the mean to the caller.
"""

from zoo.losses import (
    adversarial,
    contraction,
    likelihoods,
    penalties,
    pixels,
    reconstruction,
    sparsity,
)
from zoo.losses.adversarial import (
    AdversarialLoss,
    Hinge,
    LeastSquares,
    Minimax,
    NonSaturating,
    Relativistic,
    RelativisticAverage,
    Wasserstein,
)
from zoo.losses.contraction import ClosedForm, Contraction, Exact, Hutchinson
from zoo.losses.likelihoods import Bernoulli, DiscretizedLogistic, Gaussian, Likelihood
from zoo.losses.penalties import DRAGAN, R1, R1R2, R2, GradientPenalty, Penalty, WeightClipping
from zoo.losses.pixels import (
    BernoulliPixels,
    CategoricalPixels,
    LogisticMixture,
    PixelDistribution,
)
from zoo.losses.reconstruction import CrossEntropy, ReconstructionLoss, SquaredError
from zoo.losses.sparsity import KL, L1, Sparsity

__all__ = [
    "DRAGAN",
    "KL",
    "L1",
    "R1",
    "R1R2",
    "R2",
    "AdversarialLoss",
    "Bernoulli",
    "BernoulliPixels",
    "CategoricalPixels",
    "ClosedForm",
    "Contraction",
    "CrossEntropy",
    "DiscretizedLogistic",
    "Exact",
    "Gaussian",
    "GradientPenalty",
    "Hinge",
    "Hutchinson",
    "LeastSquares",
    "Likelihood",
    "LogisticMixture",
    "Minimax",
    "NonSaturating",
    "Penalty",
    "PixelDistribution",
    "ReconstructionLoss",
    "Relativistic",
    "RelativisticAverage",
    "Sparsity",
    "SquaredError",
    "Wasserstein",
    "WeightClipping",
    "adversarial",
    "contraction",
    "likelihoods",
    "penalties",
    "pixels",
    "reconstruction",
    "sparsity",
]
