"""Boltzmann machines: the restricted Boltzmann machine and the deep belief net."""

from zoo.models.energy.deep_belief_net import DeepBeliefNet
from zoo.models.energy.rbm import RBM

__all__ = ["RBM", "DeepBeliefNet"]
