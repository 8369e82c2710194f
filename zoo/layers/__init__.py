"""Layers with an invariant of their own, used by two or more bodies or by none of Keras."""

from zoo.layers.maxout import Maxout
from zoo.layers.spectral import SpectralConv2D, SpectralDense

__all__ = ["Maxout", "SpectralConv2D", "SpectralDense"]
