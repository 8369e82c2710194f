"""Encoders of the latents of models that have none."""

from zoo.models.encoders.latent_encoder import LatentEncoder

__all__ = ["LatentEncoder"]
