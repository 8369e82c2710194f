"""Generative adversarial networks."""

from zoo.models.gans.dcgan import DCGAN
from zoo.models.gans.gan import GAN

__all__ = ["DCGAN", "GAN"]
