"""Layers that Keras lacks, and fast forms of Keras's convolutions and batch normalization."""

from zoo.engine.priors import Prior, StandardNormal
from zoo.layers.boltzmann import BoltzmannMachine
from zoo.layers.causal import CausalConv2D, MaskedDense
from zoo.layers.convolution import Conv2D, Conv2DTranspose
from zoo.layers.maxout import Maxout
from zoo.layers.mixtures import Mixture, VampPrior
from zoo.layers.normalization import BatchNormalization
from zoo.layers.spectral import SpectralConv2D, SpectralDense
from zoo.layers.tied import TransposedDense

__all__ = [
    "BatchNormalization",
    "BoltzmannMachine",
    "CausalConv2D",
    "Conv2D",
    "Conv2DTranspose",
    "MaskedDense",
    "Maxout",
    "Mixture",
    "Prior",
    "SpectralConv2D",
    "SpectralDense",
    "StandardNormal",
    "TransposedDense",
    "VampPrior",
]
