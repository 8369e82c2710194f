"""Bijectors: invertible layers with the logarithm of the determinant of their Jacobian."""

from zoo.layers.bijectors.actnorm import ActNorm
from zoo.layers.bijectors.base import Bijector
from zoo.layers.bijectors.batch_norm import BatchNorm
from zoo.layers.bijectors.composition import Chain, Split
from zoo.layers.bijectors.couplings import AdditiveCoupling, AffineCoupling
from zoo.layers.bijectors.diagonal import Diagonal
from zoo.layers.bijectors.invertible_linear import InvertibleLinear
from zoo.layers.bijectors.logit import Logit
from zoo.layers.bijectors.masks import Alternate, Checkerboard, Halves, Mask
from zoo.layers.bijectors.shapes import Flatten, Squeeze

__all__ = [
    "ActNorm",
    "AdditiveCoupling",
    "AffineCoupling",
    "Alternate",
    "BatchNorm",
    "Bijector",
    "Chain",
    "Checkerboard",
    "Diagonal",
    "Flatten",
    "Halves",
    "InvertibleLinear",
    "Logit",
    "Mask",
    "Split",
    "Squeeze",
]
