"""Generative adversarial networks: GAN and its variants, each in the file of its paper."""

from zoo.models.gans.acgan import ACGAN
from zoo.models.gans.conditional_gan import ConditionalGAN
from zoo.models.gans.dcgan import DCGAN
from zoo.models.gans.gan import GAN
from zoo.models.gans.lsgan import LSGAN
from zoo.models.gans.sngan import SNGAN
from zoo.models.gans.wgan import WGAN
from zoo.models.gans.wgan_gp import WGANGP

__all__ = [
    "ACGAN",
    "DCGAN",
    "GAN",
    "LSGAN",
    "SNGAN",
    "WGAN",
    "WGANGP",
    "ConditionalGAN",
]
