"""Boltzmann machines: the restricted Boltzmann machine and the deep belief net."""

from zoo.models.energy.rbm import RBM

__all__ = ["RBM"]
