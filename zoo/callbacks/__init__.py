"""Keras callbacks for generative models."""

from zoo.callbacks.checkpoints import Checkpoints
from zoo.callbacks.learning_rates import LearningRateScheduler
from zoo.callbacks.samples import SampleGrids

__all__ = ["Checkpoints", "LearningRateScheduler", "SampleGrids"]
