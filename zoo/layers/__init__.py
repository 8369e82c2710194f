"""Layers that Keras lacks, bijectors, and fast forms of Keras's convolutions and batch
normalization."""

from zoo.engine.priors import Prior, StandardNormal
from zoo.layers.bijectors import (
    ActNorm,
    AdditiveCoupling,
    AffineCoupling,
    Alternate,
    BatchNorm,
    Bijector,
    Chain,
    Checkerboard,
    Diagonal,
    Flatten,
    Halves,
    InvertibleLinear,
    Logit,
    Mask,
    Split,
    Squeeze,
)
from zoo.layers.boltzmann import BoltzmannMachine
from zoo.layers.causal import CausalConv2D, MaskedDense
from zoo.layers.convolution import Conv2D, Conv2DTranspose
from zoo.layers.flow_prior import FlowPrior
from zoo.layers.logistic import Logistic
from zoo.layers.maxout import Maxout
from zoo.layers.mixtures import Mixture, VampPrior
from zoo.layers.normalization import BatchNormalization
from zoo.layers.spectral import SpectralConv2D, SpectralDense
from zoo.layers.tied import TransposedDense

__all__ = [
    "ActNorm",
    "AdditiveCoupling",
    "AffineCoupling",
    "Alternate",
    "BatchNorm",
    "BatchNormalization",
    "Bijector",
    "BoltzmannMachine",
    "CausalConv2D",
    "Chain",
    "Checkerboard",
    "Conv2D",
    "Conv2DTranspose",
    "Diagonal",
    "Flatten",
    "FlowPrior",
    "Halves",
    "InvertibleLinear",
    "Logistic",
    "Logit",
    "Mask",
    "MaskedDense",
    "Maxout",
    "Mixture",
    "Prior",
    "SpectralConv2D",
    "SpectralDense",
    "Split",
    "Squeeze",
    "StandardNormal",
    "TransposedDense",
    "VampPrior",
]
