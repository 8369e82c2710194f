"""The negative phase of training, and the loss whose gradient is that of contrastive divergence."""

from __future__ import annotations

from keras import ops

from zoo.layers.boltzmann import BoltzmannMachine
from zoo.models.energy.chains import PersistentChains


def fantasies_of(
    machine: BoltzmannMachine, chains: PersistentChains | None, visible, random, k: int
):
    """Return visible units after `k` steps of Gibbs sampling, from the persistent chains, which
    move, or from the data `visible` if there are none."""
    if chains is not None:
        return chains.moved(machine, random, k)
    noise = random.uniform((ops.shape(visible)[0], k, machine.noise_size))
    return machine.gibbs(visible, noise)[0]


def contrast(machine: BoltzmannMachine, visible, fantasies, weight_decay: float):
    """Return E_data[F(v)] - E_fantasies[F(v)], and `weight_decay` times |W|²/2.

    Fantasies are taken for constants: the gradient is that of the energies alone.
    """
    loss = ops.mean(machine.free_energy(visible)) - ops.mean(machine.free_energy(fantasies))
    if weight_decay:
        loss = loss + 0.5 * weight_decay * ops.sum(ops.square(machine.kernel))
    return loss
