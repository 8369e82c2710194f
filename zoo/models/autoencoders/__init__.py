"""Autoencoders: the plain, contractive, denoising and sparse ones."""

from zoo.models.autoencoders.autoencoder import Autoencoder
from zoo.models.autoencoders.contractive_autoencoder import ContractiveAutoencoder
from zoo.models.autoencoders.denoising_autoencoder import DenoisingAutoencoder
from zoo.models.autoencoders.sparse_autoencoder import SparseAutoencoder

__all__ = [
    "Autoencoder",
    "ContractiveAutoencoder",
    "DenoisingAutoencoder",
    "SparseAutoencoder",
]
