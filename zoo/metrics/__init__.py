"""Metrics: arrays in, numbers out; no model is imported."""

from zoo.metrics.frechet import frechet_distance
from zoo.metrics.modes import ModeCoverage, mode_coverage

__all__ = ["ModeCoverage", "frechet_distance", "mode_coverage"]
