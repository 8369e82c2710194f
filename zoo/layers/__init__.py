"""Layers with an invariant of their own, used by two or more bodies or by none of Keras."""

from zoo.layers.maxout import Maxout
from zoo.layers.spectral import SpectralConv2D, SpectralDense
from zoo.layers.tied import TransposedDense

__all__ = ["Maxout", "SpectralConv2D", "SpectralDense", "TransposedDense"]
