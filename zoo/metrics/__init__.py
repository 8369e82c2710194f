"""Metrics: arrays in, numbers out; no model is imported."""

from zoo.metrics.frechet import frechet_distance

__all__ = ["frechet_distance"]
