"""Persistent Markov chains, which a step of training moves and saving keeps."""

from __future__ import annotations

import keras
from keras import layers, ops

from zoo import engine
from zoo.errors import ArgumentError, check_count


@keras.saving.register_keras_serializable("zoo")
class PersistentChains(layers.Layer):
    """The states of Markov chains, weights that no optimizer trains.

    Args:
        chains: the number of chains.
        units: the numbers of one state.
    """

    def __init__(self, chains: int, units: int, **kwargs):
        super().__init__(**kwargs)
        self.chains = check_count("chains", chains)
        self.units = check_count("units", units)
        self.build()

    def build(self, input_shape=None):
        shape = (self.chains, self.units)
        options = {"initializer": "zeros", "trainable": False, "dtype": "float32"}
        self.states = self.add_weight(name="states", shape=shape, **options)
        self.built = True

    def get_config(self):
        return {**super().get_config(), "chains": self.chains, "units": self.units}

    def moved(self, machine, random, steps: int):
        """Move the chains by steps of Gibbs sampling, and return the new states of this replica.

        Each of several replicas moves its own rows, by random numbers that one device would take
        for them, and all get the states of all.
        """
        own = self.own()
        noise = random.uniform((own.shape[0], steps, machine.noise_size))
        own = ops.reshape(machine.gibbs(own, noise)[0], own.shape)
        self.keep(own)
        return own

    def own(self):
        """Return the states of the chains of this replica."""
        replicas = engine.replicas()
        if self.chains % replicas:
            raise ArgumentError(
                f"chains must be a multiple of the number of devices, {replicas}. Received: "
                f"{self.chains}."
            )
        rows = self.chains // replicas
        states = ops.convert_to_tensor(self.states)
        if replicas == 1:
            return states
        start = engine.replica() * rows
        return ops.reshape(states[start : start + rows], (rows, self.units))

    def keep(self, own) -> None:
        """Keep the new states of this replica, and those of all others."""
        replicas = engine.replicas()
        if replicas > 1:
            # The mean over replicas of the own rows, times their number, among zeros: exact in
            # float32 for as many replicas as a power of two, and for zeros and ones always.
            mine = ops.cast(ops.arange(replicas) == engine.replica(), "float32")[:, None, None]
            own = engine.all_reduce_mean(replicas * mine * own[None])
        self.states.assign(ops.reshape(own, self.states.shape))

    def copies(self, places):
        """Return copies of chains: `places` are numbers in [0, 1), `(batch,)`, that choose them."""
        index = ops.cast(places * self.chains, "int32")
        return ops.take(ops.convert_to_tensor(self.states), index, axis=0)
