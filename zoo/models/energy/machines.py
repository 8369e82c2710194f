"""`OfMachine`, the mixin for what models of a restricted Boltzmann machine share: Gibbs sampling
from its persistent chains, and its partition function."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping

import numpy as np
from keras import ops

from zoo.base.arrays import as_array
from zoo.base.memory import check_memory
from zoo.engine import annealing
from zoo.engine.annealing import TEMPERATURES, anneal
from zoo.engine.spaces import Draws, Uniform
from zoo.engine.tasks import Samples
from zoo.errors import ArgumentError, check_choice, check_count
from zoo.layers.boltzmann import BoltzmannMachine
from zoo.metrics.partition import (
    LogPartition,
    annealed_log_partition,
    can_enumerate,
    exact_log_partition,
    exact_states,
)
from zoo.models.energy.chains import PersistentChains

METHODS = ("exact", "ais", "reverse_ais")
BURN_IN = 1000  # Gibbs steps from the persistent chains to the states at which reverse AIS begins
NUMBERS = 2**25  # uniform numbers for samples in memory at once, which take 128 MiB


class OfMachine(Samples):
    """A mixin of models whose samples and likelihood rest on a restricted Boltzmann machine.

    A subclass calls `hold` in its constructor, and defines `shown`.
    """

    has_partition = True

    def hold(self, machine: BoltzmannMachine, chains: int, sampling_steps: int) -> None:
        """Keep the machine, make its persistent chains, and state the noise of samples."""
        self.machine = machine
        self.chains = PersistentChains(chains, machine.visible, name="chains")
        self.sampling_steps = check_count("sampling_steps", sampling_steps)
        self.noise = self._noise(sampling_steps)

    def _noise(self, steps: int) -> dict[str, Uniform]:
        """Return the space of the noise of a sample after this number of Gibbs steps."""
        return {"chain": Uniform((1,)), "steps": Uniform((steps, self.machine.noise_size))}

    def noise_for(self, options):
        steps = options.pop("steps", None)
        if steps is None:
            return self.noise
        rows = options.get("batch_size", 256)
        check_memory("steps", check_count("steps", steps), rows * self.machine.noise_size)
        return self._noise(steps)

    def space_of(self, noise):
        """Return the space of noise for as many Gibbs steps as `noise` has."""
        if not isinstance(noise, Mapping) or "steps" not in noise:
            return self.noise
        steps = as_array("noise['steps']", noise["steps"])
        return self._noise(steps.shape[1]) if steps.ndim == 3 and steps.size else self.noise

    def shown(self, states, mean):
        """Return data for states of the visible units of the machine and for their mean."""
        raise NotImplementedError

    def flat(self, images):
        """Return data as rows of visible units."""
        return ops.reshape(images, (-1, self.data.size))

    # Samples

    def generate(self, noise, condition=None):
        states = self.chains.copies(noise["chain"][:, 0])
        return self._advance(states, noise["steps"])[1]

    def _advance(self, states, noise):
        """Return the states after Gibbs sampling, and the data that are shown of them."""
        states, mean = self.machine.gibbs(states, noise)
        return states, self.shown(states, mean)

    def sample(
        self,
        n: int | None = None,
        seed: int | None = None,
        *,
        steps: int | None = None,
        chains: int | None = None,
        noise=None,
        condition=None,
        labels=None,
        batch_size: int = 256,
    ) -> np.ndarray:
        """Generate samples by Gibbs sampling from copies of the persistent chains, which stay.

        A sample is the mean of binary visible units given the last hidden ones, as papers show it:
        `numpy.random.default_rng(0).random(samples.shape) < samples` draws zeros and ones. Gaussian
        units are drawn, with their variance of 1. Noise is drawn with NumPy, so that one seed gives
        the same samples on each backend and for any `batch_size`, but for those in which rounding
        flips a unit.

        Args:
            n: the number of samples; 1 by default.
            seed: the seed of the noise; `None` draws other noise at each call.
            steps: the Gibbs steps before a sample; by default the model's `sampling_steps`.
            chains: `None` for a chain for each sample, which starts at a copy of one of the
                persistent chains, drawn at random; or the number of chains that run on, each with
                `steps` steps between its samples.
            noise: the noise itself, a dict as `sample_noise` returns it, whose `steps` may have
                any number of Gibbs steps; in place of `n`, `seed`, `steps` and `chains`.
            condition: not taken, as the model has no condition.
            labels: not taken.
            batch_size: the number of samples that are computed at once.

        Returns:
            A float32 NumPy array of shape `(n, *data.shape)`, in the range of the data.

        Raises:
            ValueError: if an argument has a wrong value.
        """
        if noise is not None:
            if steps is not None or chains is not None:
                raise ArgumentError("sample takes either noise=, or steps= and chains=.")
            options = {"noise": noise, "condition": condition, "labels": labels}
            return super().sample(n, seed, **options, batch_size=batch_size)
        self.choose_condition(self._one_condition(condition, labels), n, seed)
        n = 1 if n is None else check_count("n", n)
        check_memory("n", n, self.data.size, "fewer, or sample_batches for parts")
        steps = self.sampling_steps if steps is None else check_count("steps", steps)
        draws = Draws(self._noise(steps), seed)
        if chains is not None:
            return self._of_running_chains(n, check_count("chains", chains), draws)
        rows = self._rows(check_count("batch_size", batch_size), steps)
        parts = (draws.next(min(rows, n - start)) for start in range(0, n, rows))
        found = [self.infer("sample", self.generate, (part,), rows) for part in parts]
        return np.concatenate(found)

    def _rows(self, batch_size: int, steps: int) -> int:
        """Return how many samples are made at once, so that their noise fits into memory."""
        return max(1, min(batch_size, NUMBERS // (steps * self.machine.noise_size)))

    def _of_running_chains(self, n: int, chains: int, draws: Draws) -> np.ndarray:
        """Return `n` samples of chains that run on, by turns."""
        noise, found = draws.next(chains), []
        states = self.infer("copies", self.chains.copies, (noise["chain"][:, 0],), chains)
        while len(found) * chains < n:
            if found:
                noise = draws.next(chains)
            inputs = (states, noise["steps"])
            states, shown = self.infer("advance", self._advance, inputs, chains)
            found.append(shown)
        return np.concatenate(found)[:n]

    # The partition function

    @property
    def can_enumerate(self) -> bool:
        """Whether log Z is computed exactly, since a side of the machine has at most 20 units."""
        machine = self.machine
        return can_enumerate(machine.visible, machine.hidden, machine.is_gaussian)

    def log_partition(
        self,
        method: str | None = None,
        seed: int = 0,
        chains: int = 100,
        temperatures: int = TEMPERATURES,
    ) -> LogPartition:
        """Return log Z of the machine, with an interval where it is estimated.

        `"exact"` is the sum over all states of a side of at most 20 units, in float64. `"ais"` is
        annealed importance sampling from the machine without W that has the means of the data, as
        in Salakhutdinov and Murray 2008, https://doi.org/10.1145/1390156.1390266; log Z is too low
        on average, and likelihoods too high. `"reverse_ais"` anneals samples of the machine towards
        it. If a side has at most 20 units the samples are exact, and log Z is too high on average;
        else they are the persistent chains after 1,000 steps of Gibbs sampling, and it is an
        estimate without a known sign.

        Args:
            method: one of these three; by default the sum if it can be taken, else `"ais"`.
            seed: the seed of the chains.
            chains: the number of chains that are annealed.
            temperatures: the steps of each chain from one distribution to the other.

        Returns:
            A `zoo.metrics.LogPartition`, with the interval of three standard errors.

        Raises:
            ValueError: if an argument has a wrong value, or the sum has too many terms.
        """
        method = ("exact" if self.can_enumerate else "ais") if method is None else method
        check_choice("method", method, METHODS)
        check_count("seed", seed, minimum=0)
        check_count("chains", chains, minimum=2)
        check_count("temperatures", temperatures)
        *weights, base = self._plain_weights()
        if method == "exact":
            found = exact_log_partition(*weights, gaussian=self.machine.is_gaussian)
        else:
            found = self._annealed(method, weights, base, seed, chains, temperatures)
        return found._replace(weights=_hash(weights))

    def _annealed(self, method, weights, base, seed, chains, temperatures) -> LogPartition:
        """Return an estimate; see `log_partition`."""
        rng = np.random.default_rng(seed)
        path = annealing.temperatures(temperatures)
        if method == "ais":
            uniform = rng.random((chains, self.machine.visible), dtype="float32")
            states = self.infer("base", self.machine.base_states, (uniform,), chains)
        else:
            states, path = self._states_at_one(rng, chains, weights), path[::-1]
        size = self.machine.noise_size
        _, log_weights = anneal(self._annealing(chains), states, path, rng, size)
        log_base = self.machine.base_log_partition(base)
        return annealed_log_partition(log_weights, log_base, reverse=method == "reverse_ais")

    def _log_z(self, partition: LogPartition | None, *settings) -> float:
        """Return log Z: that of the argument `partition`, or by default an estimate."""
        if partition is None:
            partition = self.log_partition(None, *settings)
        elif not isinstance(partition, LogPartition):
            raise ArgumentError(
                "partition must be what log_partition returns, a zoo.metrics.LogPartition. "
                f"Received: {partition!r}."
            )
        elif partition.weights not in ("", _hash(self._plain_weights()[:-1])):
            raise ArgumentError(
                "partition must belong to this machine with its present weights. Received: "
                f"{partition!r}, which log_partition returned for other weights."
            )
        return partition.value

    def _plain_weights(self) -> list[np.ndarray]:
        """Return W, both biases, and the biases of the base of annealing."""
        # As one row, since `infer` computes rows.
        rows = self.infer("plain", self._plain_rows, (np.zeros((1, 1), "float32"),), 1)
        return [part[0] for part in rows]

    def _plain_rows(self, rows):
        """Return the weights of the machine, and the biases of the base of annealing, as a row."""
        del rows
        weights = (*self.machine.plain(), self.machine.base())
        return tuple(ops.convert_to_tensor(weight)[None] for weight in weights)

    def _states_at_one(self, rng: np.random.Generator, n: int, weights: tuple) -> np.ndarray:
        """Return samples of the machine: exact ones if they can be drawn, else from its chains."""
        machine = self.machine
        if not self.can_enumerate:
            places = rng.random(n, dtype="float32")
            states = self.infer("copies", self.chains.copies, (places,), n)
            here = np.ones(BURN_IN + 1)  # a path that stays at the machine itself
            return anneal(self._annealing(n), states, here, rng, machine.noise_size)[0]
        side, states = exact_states(*weights, rng, n, machine.is_gaussian)
        if side == "visible":
            return states
        uniform = rng.random((n, machine.visible), dtype="float32")
        return self.infer("drawn", self._drawn, (states, uniform), n)

    def _annealing(self, chains: int):
        """Return the compiled function that leads chains along a part of a path."""
        return lambda *inputs: self.infer("annealed", self.machine.annealed, inputs, chains)

    def _drawn(self, hidden, uniform):
        """Return visible units given hidden ones, by uniform numbers."""
        return self.machine.drawn(self.machine.visible_mean(hidden), uniform)


def _hash(weights: list[np.ndarray]) -> str:
    digest = hashlib.sha256()
    for weight in weights:
        digest.update(np.ascontiguousarray(weight))
    return digest.hexdigest()
