"""Normalizing flows: NICE, Real NVP and Glow."""

from zoo.models.flows.glow import Glow
from zoo.models.flows.nice import NICE
from zoo.models.flows.real_nvp import RealNVP

__all__ = ["NICE", "Glow", "RealNVP"]
