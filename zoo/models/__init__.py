"""The training rules, one file a paper."""

from zoo.engine.model import GenerativeModel
from zoo.models.gans import ACGAN, DCGAN, GAN, LSGAN, SNGAN, WGAN, WGANGP, ConditionalGAN

__all__ = [
    "ACGAN",
    "DCGAN",
    "GAN",
    "LSGAN",
    "SNGAN",
    "WGAN",
    "WGANGP",
    "ConditionalGAN",
    "GenerativeModel",
]
