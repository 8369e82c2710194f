"""The negative phase of training, and the loss whose gradient is that of contrastive divergence."""

from __future__ import annotations

from collections.abc import Callable

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


def contrast(
    machine: BoltzmannMachine, visible, fantasies, weight_decay: float, centred: bool = False
):
    """Return E_data[F(v)] - E_fantasies[F(v)], and `weight_decay` times |W|²/2.

    Fantasies are taken for constants: the gradient is that of the energies alone.
    """
    data, model = (ops.mean(machine.free_energy(v, centred)) for v in (visible, fantasies))
    if weight_decay:
        data = data + 0.5 * weight_decay * ops.sum(ops.square(machine.kernel))
    return data - model


def descend(machine: BoltzmannMachine, centred: bool, step: Callable[[], dict]) -> dict:
    """Take a step of the optimizer, of plain or of centred gradients, and return its logs."""
    return machine.centred_step(step) if centred else step()
