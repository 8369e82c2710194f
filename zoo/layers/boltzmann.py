"""The weights and the distributions of a restricted Boltzmann machine."""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Any

import keras
import numpy as np
from keras import layers, ops

from zoo import engine
from zoo.engine import scalars
from zoo.errors import check_choice, check_count

UNITS = ("binary", "gaussian")
FOLLOWING = 0.01  # the least share of a batch in the running means


@keras.saving.register_keras_serializable("zoo")
class BoltzmannMachine(layers.Layer):
    """Visible units v and binary hidden units h, with p(v, h) = exp(-E(v, h)) / Z.

    The energy of binary visible units is E(v, h) = -b·v - c·h - vᵀWh. Gaussian ones, of variance 1,
    have the term |v|²/2 beside it, and the mean b + Wh given h. The sum over h is in closed form:
    p(v) = exp(-F(v)) / Z with the free energy F(v) = -b·v - Σ_j softplus(c_j + (vᵀW)_j).

    The centred gradient of Melchior, Fischer and Wiskott 2016,
    https://jmlr.org/papers/v17/14-237.html, is that of the weights of -(v - μ)·b' - (h - λ)·c' -
    (v - μ)ᵀW(h - λ), the same distribution with b = b' - Wλ and c = c' - Wᵀμ, for the running means
    μ and λ of v and h over the data. `free_energy` gives it for W, b' and c', and `centred_step`
    takes the change of b and c from theirs.

    Args:
        visible: the number of visible units.
        hidden: the number of hidden units.
        units: `"binary"` or `"gaussian"`, the kind of the visible units.

    Raises:
        ArgumentError: if a number is below 1, or the kind is unknown.

    Differs from the paper: b and c are kept, and not b' and c'.
    """

    def __init__(self, visible: int, hidden: int, units: str = "binary", **kwargs):
        super().__init__(**kwargs)
        self.visible = check_count("visible", visible)
        self.hidden = check_count("hidden", hidden)
        check_choice("units", units, UNITS)
        self.units = units
        self.build()

    def build(self, input_shape=None):
        small = keras.initializers.RandomNormal(stddev=0.01)
        self.kernel = self._weight("kernel", (self.visible, self.hidden), small)
        self.visible_bias = self._weight("visible_bias", (self.visible,))
        self.hidden_bias = self._weight("hidden_bias", (self.hidden,))
        self.data_mean = self._weight("data_mean", (self.visible,), trainable=False)
        self.active_mean = self._weight("active_mean", (self.hidden,), trainable=False)
        self.seen = self._weight("seen", (), trainable=False)
        self.built = True

    def _weight(self, name: str, shape: tuple, initializer="zeros", trainable: bool = True):
        options = {"initializer": initializer, "trainable": trainable, "dtype": "float32"}
        return self.add_weight(name=name, shape=shape, **options)

    def get_config(self):
        own = {"visible": self.visible, "hidden": self.hidden, "units": self.units}
        return {**super().get_config(), **own}

    # Distributions

    @property
    def is_gaussian(self) -> bool:
        """Whether the visible units are Gaussian."""
        return self.units == "gaussian"

    def plain(self) -> tuple:
        """Return W, b and c as tensors."""
        return tuple(map(ops.convert_to_tensor, self.trainable_variables))

    def hidden_mean(self, visible):
        """Return E[h | v], the probabilities of the hidden units, `(batch, hidden)`."""
        kernel, _, bias = self.plain()
        return ops.sigmoid(ops.matmul(visible, kernel) + bias)

    def drawn_hidden(self, visible, random):
        """Return hidden units given visible ones, by random numbers of a generator."""
        mean = self.hidden_mean(visible)
        return ops.cast(random.uniform(ops.shape(mean)) < mean, "float32")

    def visible_logits(self, hidden):
        """Return b + Wh: the logits of binary visible units, or the means of Gaussian ones."""
        kernel, bias, _ = self.plain()
        return ops.matmul(hidden, ops.transpose(kernel)) + bias

    def visible_mean(self, hidden):
        """Return E[v | h], `(batch, visible)`."""
        return self._mean(self.visible_logits(hidden))

    def _mean(self, logits):
        return logits if self.is_gaussian else ops.sigmoid(logits)

    def drawn(self, mean, uniform):
        """Return visible units of this mean, by one uniform number for each."""
        if not self.is_gaussian:
            return ops.cast(uniform < mean, "float32")
        inside = scalars.clamp(2.0 * uniform - 1.0, -1.0 + 1e-6, 1.0 - 1e-6)
        return mean + math.sqrt(2.0) * ops.erfinv(inside)

    def free_energy(self, visible, centred: bool = False):
        """Return F(v) of shape `(batch,)`, with p(v) = exp(-F(v)) / Z.

        With `centred`, its gradients are those for the centred weights.
        """
        kernel, bias, hidden_bias = self.plain()
        if centred:
            nothing = kernel - ops.stop_gradient(kernel)  # but for its gradient
            bias = bias - ops.matmul(nothing, self.active_mean)
            hidden_bias = hidden_bias - ops.matmul(self.data_mean, nothing)
        hidden = ops.softplus(ops.matmul(visible, kernel) + hidden_bias)
        energy = -ops.matmul(visible, bias) - ops.sum(hidden, axis=-1)
        if self.is_gaussian:
            energy = energy + 0.5 * ops.sum(ops.square(visible), axis=-1)
        return energy

    @property
    def noise_size(self) -> int:
        """The uniform numbers of one step of Gibbs sampling: for v, and then for h."""
        return self.visible + self.hidden

    def gibbs(self, visible, noise) -> tuple:
        """Take steps of Gibbs sampling, h given v and then v given h.

        Args:
            visible: the states to begin at, `(batch, visible)`.
            noise: uniform numbers in [0, 1), `(batch, steps, visible + hidden)`.

        Returns:
            The last v, and its mean given the last h.
        """
        kernel, bias, hidden_bias = self.plain()
        across = ops.transpose(kernel)
        noise = ops.transpose(noise, (1, 0, 2))

        def step(index, state):
            uniform = noise[index]
            hidden = ops.sigmoid(ops.matmul(state[0], kernel) + hidden_bias)
            hidden = ops.cast(uniform[:, self.visible :] < hidden, "float32")
            mean = self._mean(ops.matmul(hidden, across) + bias)
            return self.drawn(mean, uniform[:, : self.visible]), mean

        return ops.fori_loop(0, ops.shape(noise)[0], step, (visible, visible))

    # Training

    def start_transposed(self, lower: BoltzmannMachine, where=True) -> None:
        """Take the distribution of the hidden units of `lower` for that of the visible units here.

        The weights become those of `lower` with both layers exchanged; section 4
        of Hinton, Osindero and Teh 2006, https://doi.org/10.1162/neco.2006.18.7.1527. Further
        hidden units keep their weights: as long as these are near 0, they change nothing.

        Args:
            lower: a machine with as many hidden units as there are visible ones here, and at most
                as many visible ones as there are hidden ones here.
            where: a scalar that tells whether to do so, for compiled steps.
        """
        kernel, visible, hidden = lower.plain()
        own, _, bias = self.plain()
        exchanged = ops.concatenate([ops.transpose(kernel), own[:, lower.visible :]], axis=1)
        new = (exchanged, hidden, ops.concatenate([visible, bias[lower.visible :]]))
        for weight, value in zip(self.trainable_variables, new, strict=True):
            weight.assign(ops.where(where, value, ops.convert_to_tensor(weight)))

    @property
    def is_new(self):
        """A scalar tensor that tells whether the machine has seen no batch yet."""
        return ops.convert_to_tensor(self.seen) < 0.5

    def follow(self, visible, started: bool = False) -> None:
        """Let the running means follow a batch of data.

        The first batch also sets the visible biases to those of independent units with its means,
        unless the weights are `started` otherwise.
        """
        mean = engine.all_reduce_mean(ops.mean(visible, axis=0))
        if not started:
            # A pixel that is 0 in all images would have an infinite logit.
            start = mean if self.is_gaussian else self._inverse(0.98 * mean + 0.01)
            bias = ops.convert_to_tensor(self.visible_bias)
            self.visible_bias.assign(ops.where(self.is_new, start, bias))
        active = engine.all_reduce_mean(ops.mean(self.hidden_mean(visible), axis=0))
        share = scalars.clamp(1.0 / (self.seen + 1.0), low=FOLLOWING)
        self.seen.assign(self.seen + 1.0)
        self.data_mean.assign(self.data_mean + share * (mean - self.data_mean))
        self.active_mean.assign(self.active_mean + share * (active - self.active_mean))

    def _inverse(self, mean):
        """Return the biases of independent visible units of this mean."""
        return mean if self.is_gaussian else ops.log(mean) - ops.log(1.0 - mean)

    def centred_step(self, step: Callable[[], Any]) -> Any:
        """Take a step of an optimizer by centred gradients, and return what `step()` returns.

        The optimizer changes W, and b' and c' in the place of b and c, which then follow W.
        """
        before = ops.copy(ops.convert_to_tensor(self.kernel))
        result = step()
        change = self.kernel - before
        self.visible_bias.assign(self.visible_bias - ops.matmul(change, self.active_mean))
        self.hidden_bias.assign(self.hidden_bias - ops.matmul(self.data_mean, change))
        return result

    # Annealing

    def base(self):
        """Return the biases of the machine without W that has the data's means."""
        mean = ops.convert_to_tensor(self.data_mean)
        return self._inverse(mean if self.is_gaussian else scalars.clamp(mean, 1e-3, 1.0 - 1e-3))

    def base_log_partition(self, base: np.ndarray) -> float:
        """Return log Z of the machine without W and c, and with the biases `base`."""
        base = np.asarray(base, "float64")
        hidden = self.hidden * math.log(2.0)
        if self.is_gaussian:
            return hidden + 0.5 * (self.visible * math.log(2 * math.pi) + float(base @ base))
        return hidden + float(np.logaddexp(0.0, base).sum())

    def base_states(self, uniform):
        """Return exact draws of the machine `base`, by uniform numbers `(batch, visible)`."""
        mean = self._mean(self.base())
        return self.drawn(ops.broadcast_to(mean, ops.shape(uniform)), uniform)

    def annealed(self, visible, temperatures, noise) -> tuple:
        """Lead states through a path of tempered machines, and return their last values and the
        logarithms of their weights.

        The machine of the inverse temperature β has log f_β(v) = (1 - β) a·v + β b·v +
        Σ_j softplus(β (c_j + (vᵀW)_j)), with the biases a of `base`; section 4.1 of Salakhutdinov
        and Murray 2008, https://doi.org/10.1145/1390156.1390266. A step adds log f_β'(v) -
        log f_β(v) to the weight, and then takes a step of Gibbs sampling at β'.

        Args:
            visible: states, `(batch, visible)`.
            temperatures: the β of the path, `(batch, steps + 1)`, from any to any.
            noise: uniform numbers, `(batch, steps, visible + hidden)`.
        """
        kernel, bias, hidden_bias = self.plain()
        across, base = ops.transpose(kernel), self.base()
        noise = ops.transpose(noise, (1, 0, 2))
        betas = ops.transpose(temperatures, (1, 0))[..., None]
        changes = betas[1:] - betas[:-1]

        def step(index, state):
            visible, weights = state
            beta, uniform = betas[index + 1], noise[index]
            inputs = ops.matmul(visible, kernel) + hidden_bias
            gain = ops.softplus(beta * inputs) - ops.softplus(betas[index] * inputs)
            linear = changes[index][:, 0] * ops.matmul(visible, bias - base)
            weights = weights + linear + ops.sum(gain, axis=-1)
            hidden = ops.sigmoid(beta * inputs)
            hidden = ops.cast(uniform[:, self.visible :] < hidden, "float32")
            logits = base + beta * (ops.matmul(hidden, across) + bias - base)
            return self.drawn(self._mean(logits), uniform[:, : self.visible]), weights

        start = (visible, 0.0 * visible[:, 0])
        return ops.fori_loop(0, ops.shape(noise)[0], step, start)
