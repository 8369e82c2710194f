"""The training rules, one file a paper."""

from zoo.engine.model import GenerativeModel
from zoo.models.gans import DCGAN, GAN

__all__ = ["DCGAN", "GAN", "GenerativeModel"]
