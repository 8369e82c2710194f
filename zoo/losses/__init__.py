"""Losses and penalties, on `keras.ops`; each returns one value per sample and leaves the mean to
the caller."""

from zoo.losses import adversarial, penalties
from zoo.losses.adversarial import AdversarialLoss, Minimax, NonSaturating
from zoo.losses.penalties import R1, Penalty

__all__ = [
    "R1",
    "AdversarialLoss",
    "Minimax",
    "NonSaturating",
    "Penalty",
    "adversarial",
    "penalties",
]
