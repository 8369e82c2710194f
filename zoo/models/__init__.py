"""The models of the zoo, with one file for each paper."""

from zoo.engine.latent import LatentModel
from zoo.engine.model import GenerativeModel, Model
from zoo.engine.sampler import Sampler
from zoo.models.autoencoders import (
    Autoencoder,
    ContractiveAutoencoder,
    DenoisingAutoencoder,
    SparseAutoencoder,
)
from zoo.models.classifiers import Classifier
from zoo.models.gans import ACGAN, DCGAN, GAN, LSGAN, SNGAN, WGAN, WGANGP, ConditionalGAN
from zoo.models.vaes import IWAE, VAE, BetaVAE, ConditionalVAE

__all__ = [
    "ACGAN",
    "DCGAN",
    "GAN",
    "IWAE",
    "LSGAN",
    "SNGAN",
    "VAE",
    "WGAN",
    "WGANGP",
    "Autoencoder",
    "BetaVAE",
    "Classifier",
    "ConditionalGAN",
    "ConditionalVAE",
    "ContractiveAutoencoder",
    "DenoisingAutoencoder",
    "GenerativeModel",
    "LatentModel",
    "Model",
    "Sampler",
    "SparseAutoencoder",
]
