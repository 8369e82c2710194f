"""Keras callbacks for generative models."""

from zoo.callbacks.checkpoints import Checkpoints
from zoo.callbacks.evaluation import Evaluation
from zoo.callbacks.learning_rates import LearningRateScheduler
from zoo.callbacks.samples import SampleGrids

__all__ = ["Checkpoints", "Evaluation", "LearningRateScheduler", "SampleGrids"]
