"""The training rules, one file a paper."""

from zoo.models.gans import DCGAN, GAN

__all__ = ["DCGAN", "GAN"]
