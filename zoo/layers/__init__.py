"""Layers with an invariant of their own, used by two or more bodies or by none of Keras."""

from zoo.layers.maxout import Maxout

__all__ = ["Maxout"]
