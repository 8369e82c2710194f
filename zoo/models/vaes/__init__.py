"""Variational autoencoders: VAE, beta-VAE, conditional VAE and IWAE."""

from zoo.models.vaes.beta_vae import BetaVAE
from zoo.models.vaes.conditional_vae import ConditionalVAE
from zoo.models.vaes.iwae import IWAE
from zoo.models.vaes.vae import VAE

__all__ = ["IWAE", "VAE", "BetaVAE", "ConditionalVAE"]
