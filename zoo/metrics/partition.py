"""Partition functions of restricted Boltzmann machines: exact sums, and annealed estimates."""

from __future__ import annotations

import math
from collections.abc import Iterator
from typing import NamedTuple

import numpy as np

from zoo.errors import ArgumentError, check_choice
from zoo.metrics.arrays import check_vectors

LARGEST_SIDE = 20  # the units over whose states sums are taken: a million states
BLOCK = 2**22  # numbers in memory at once
FACTORS = 1000  # the factors below 2 whose product is below the largest float64
SIGMAS = 3.0  # half the width of intervals, in standard errors


class LogPartition(NamedTuple):
    """The logarithm of a partition function.

    Attributes:
        value: log Z, or its estimate.
        error: the standard error of `value`; 0 where it is exact.
        low: the lower end of the interval of three standard errors of Z.
        high: its upper end; for few or uneven weights it may be far away.
        method: `"exact"`, `"ais"` or `"reverse_ais"`.
        weights: a hash of the weights of the model it belongs to; empty if no model is known.
    """

    value: float
    error: float
    low: float
    high: float
    method: str
    weights: str = ""


def annealed_log_partition(log_weights, log_base: float, reverse: bool = False) -> LogPartition:
    """Return the estimate of log Z by annealed importance sampling, with its interval.

    Z = Z_0 E[w], with the weights w of chains that went from a distribution with the known Z_0 to
    the distribution of interest; Neal 2001, https://arxiv.org/abs/physics/9803008, and
    Salakhutdinov and Murray 2008, https://doi.org/10.1145/1390156.1390266. The estimate of log Z is
    too low on average. In reverse, from samples of the distribution of interest, Z = Z_0 / E[w],
    and the estimate is too high on average if the samples are exact (Burda, Grosse and
    Salakhutdinov 2015, https://arxiv.org/abs/1412.8566).

    Args:
        log_weights: log w of each chain, of shape `(chains,)`, at least two.
        log_base: log Z_0.
        reverse: whether the chains went in reverse.

    Raises:
        ArgumentError: if there are fewer than two weights, or one is not finite.
    """
    (weights,) = check_vectors("log_weights", np.asarray(log_weights)[None])
    if len(weights) < 2:
        raise ArgumentError("log_weights must be those of at least two chains. Received: one.")
    largest = weights.max()
    scaled = np.exp(weights - largest)
    mean = scaled.mean()
    error = scaled.std(ddof=1) / math.sqrt(len(scaled)) / mean
    value = largest + math.log(mean)
    low = value + math.log1p(-SIGMAS * error) if SIGMAS * error < 1 else -math.inf
    high = value + math.log1p(SIGMAS * error)
    if reverse:
        value, low, high = -value, -high, -low
    value, low, high = (float(log_base + x) for x in (value, low, high))
    return LogPartition(value, float(error), low, high, "reverse_ais" if reverse else "ais")


def exact_log_partition(
    kernel, visible_bias, hidden_bias, side: str | None = None, gaussian: bool = False
) -> LogPartition:
    """Return log Z of a restricted Boltzmann machine by the sum over all states of one side.

    Z = Σ_h exp(c·h) Π_i (1 + exp(b_i + (Wh)_i)), or the same with both sides exchanged, in float64.
    With Gaussian visible units of variance 1, the factor is (2π)^½ exp((b_i + (Wh)_i)² / 2).

    Args:
        kernel: W, of shape `(visible, hidden)`.
        visible_bias: b, of shape `(visible,)`.
        hidden_bias: c, of shape `(hidden,)`.
        side: `"visible"` or `"hidden"`, the side that is enumerated; by default the smaller one.
        gaussian: whether the visible units are Gaussian; then the hidden side is enumerated.

    Raises:
        ArgumentError: if the side has more than 20 units, or Gaussian ones.
    """
    terms = np.concatenate(
        [log for _, log in _terms(kernel, visible_bias, hidden_bias, side, gaussian)]
    )
    largest = terms.max()
    value = float(largest + math.log(np.exp(terms - largest).sum()))
    return LogPartition(value, 0.0, value, value, "exact")


def exact_states(
    kernel, visible_bias, hidden_bias, rng: np.random.Generator, n: int, gaussian: bool = False
) -> tuple[str, np.ndarray]:
    """Draw exact states of the smaller side of a restricted Boltzmann machine.

    Args:
        kernel: W, as for `exact_log_partition`.
        visible_bias: b.
        hidden_bias: c.
        rng: the generator of random numbers.
        n: the number of states.
        gaussian: whether the visible units are Gaussian.

    Returns:
        The name of the side, and its states, float32 of shape `(n, units)`.
    """
    side = smaller_side(*np.shape(kernel), gaussian)
    terms = np.concatenate(
        [log for _, log in _terms(kernel, visible_bias, hidden_bias, side, gaussian)]
    )
    shares = np.exp(terms - terms.max())
    chosen = rng.choice(len(shares), size=n, p=shares / shares.sum())
    return side, _bits(chosen, np.shape(kernel)[side == "hidden"]).astype("float32")


def smaller_side(visible: int, hidden: int, gaussian: bool = False) -> str:
    """Return the side whose states are fewer, and finitely many."""
    return "hidden" if gaussian or hidden <= visible else "visible"


def can_enumerate(visible: int, hidden: int, gaussian: bool = False) -> bool:
    """Return whether one side has at most 20 units, whose states are enumerated."""
    return (hidden if gaussian else min(visible, hidden)) <= LARGEST_SIDE


def _terms(
    kernel, visible_bias, hidden_bias, side: str | None, gaussian: bool
) -> Iterator[tuple[np.ndarray, np.ndarray]]:
    """Yield the numbers of the states of one side, and the logarithms of their terms in Z."""
    kernel, own, other = (np.asarray(x, "float64") for x in (kernel, hidden_bias, visible_bias))
    side = smaller_side(*kernel.shape, gaussian) if side is None else side
    check_choice("side", side, ("visible", "hidden"))
    if side == "visible":
        if gaussian:
            raise ArgumentError("side must be 'hidden': Gaussian units have no finite sum.")
        kernel, own, other = kernel.T, other, own
    units = len(own)
    if units > LARGEST_SIDE:
        raise ArgumentError(
            f"side must have at most {LARGEST_SIDE} units, since its states are enumerated. "
            f"Received: {side!r} with {units}."
        )
    step = max(1, BLOCK // len(other))
    for start in range(0, 2**units, step):
        numbers = np.arange(start, min(start + step, 2**units))
        states = _bits(numbers, units)
        inputs = states @ kernel.T + other
        if gaussian:
            log = 0.5 * (np.square(inputs).sum(axis=1) + len(other) * math.log(2 * math.pi))
        else:
            log = _sum_of_softplus(inputs)
        yield numbers, states @ own + log


def _bits(numbers: np.ndarray, units: int) -> np.ndarray:
    """Return the binary digits of `numbers`, the states of `units` units, as float64."""
    return ((numbers[:, None] >> np.arange(units)) & 1).astype("float64")


def _sum_of_softplus(x: np.ndarray) -> np.ndarray:
    """Return the sum of log(1 + exp(x)) over the last axis, with one logarithm a thousand."""
    total = np.maximum(x, 0.0).sum(axis=1)
    factors = 1.0 + np.exp(-np.abs(x))
    for start in range(0, x.shape[1], FACTORS):
        total += np.log(factors[:, start : start + FACTORS].prod(axis=1))
    return total
