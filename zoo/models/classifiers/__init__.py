"""Classifiers: what samples are looked at with."""

from zoo.models.classifiers.classifier import Classifier

__all__ = ["Classifier"]
