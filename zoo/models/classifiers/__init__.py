"""Classifiers, which measure the samples of generative models."""

from zoo.models.classifiers.classifier import Classifier

__all__ = ["Classifier"]
