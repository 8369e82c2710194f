"""The weights whose mean logarithm is the bound of a deep belief net."""

from __future__ import annotations

from collections.abc import Sequence

from keras import ops

from zoo.layers.boltzmann import BoltzmannMachine


def log_weights(lower: Sequence[BoltzmannMachine], top: BoltzmannMachine, visible, noise):
    """Return log p(v, h) - log q(h | v) + log Z for draws h of q, of shape `(batch, draws)`.

    Args:
        lower: the machines below the upper one.
        top: the upper machine, with the partition function Z.
        visible: visible units, `(batch, units)`.
        noise: uniform numbers for the hidden units of all lower machines, `(batch, draws, units)`.
    """
    draws = noise.shape[1]
    visible = ops.repeat(visible, draws, axis=0)
    noise = ops.reshape(noise, (-1, noise.shape[2]))
    total, start = 0.0, 0
    for machine in lower:
        kernel, _, bias = machine.plain()
        inputs = ops.matmul(visible, kernel) + bias
        uniform = noise[:, start : start + machine.hidden]
        hidden = ops.cast(uniform < ops.sigmoid(inputs), "float32")
        total = total + _log_bernoulli(visible, machine.visible_logits(hidden))
        total = total - _log_bernoulli(hidden, inputs)
        visible, start = hidden, start + machine.hidden
    return ops.reshape(total - top.free_energy(visible), (-1, draws))


def _log_bernoulli(units, logits):
    """Return the log-probability of binary units, of shape `(batch,)`."""
    return ops.sum(units * logits - ops.softplus(logits), axis=-1)
