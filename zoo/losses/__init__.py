"""Losses and penalties, on `keras.ops`; each returns one value per sample and leaves the mean to
the caller."""

from zoo.losses import adversarial, penalties
from zoo.losses.adversarial import (
    AdversarialLoss,
    Hinge,
    LeastSquares,
    Minimax,
    NonSaturating,
    Wasserstein,
)
from zoo.losses.penalties import DRAGAN, R1, R2, GradientPenalty, Penalty, WeightClipping

__all__ = [
    "DRAGAN",
    "R1",
    "R2",
    "AdversarialLoss",
    "GradientPenalty",
    "Hinge",
    "LeastSquares",
    "Minimax",
    "NonSaturating",
    "Penalty",
    "Wasserstein",
    "WeightClipping",
    "adversarial",
    "penalties",
]
