"""Partition functions: exact sums over either side, and annealed estimates."""

import itertools
import math

import numpy as np
import pytest

from zoo.errors import ArgumentError, UnknownNameError
from zoo.metrics import LogPartition, annealed_log_partition, exact_log_partition
from zoo.metrics.partition import exact_states

pytestmark = pytest.mark.once


def machine(visible=8, hidden=6, seed=0):
    rng = np.random.default_rng(seed)
    return (
        rng.normal(size=(visible, hidden)),
        rng.normal(size=visible),
        rng.normal(size=hidden),
    )


def by_pairs(kernel, b, c):
    """The sum over all pairs (v, h), one at a time."""
    states = [list(itertools.product((0, 1), repeat=n)) for n in kernel.shape]
    return math.log(
        math.fsum(
            math.exp(b @ v + c @ h + np.array(v) @ kernel @ h) for v in states[0] for h in states[1]
        )
    )


def test_the_sums_over_both_sides_and_over_pairs_agree():
    weights = machine()
    values = [exact_log_partition(*weights, side=side).value for side in ("visible", "hidden")]
    np.testing.assert_allclose(values, by_pairs(*weights), rtol=0, atol=1e-8)
    assert exact_log_partition(*weights).value == values[1]  # the smaller side


def test_the_sum_over_many_visible_units_needs_no_large_number():
    kernel, b, c = np.zeros((3000, 2)), np.full(3000, 40.0), np.zeros(2)
    value = exact_log_partition(kernel, b, c).value
    assert value == pytest.approx(3000 * np.logaddexp(0, 40.0) + 2 * math.log(2), abs=1e-8)


def test_gaussian_units_are_integrated_out():
    kernel, b, c = machine(visible=1, hidden=3)
    v = np.linspace(-30, 30, 60_001)
    hidden = np.array(list(itertools.product((0, 1), repeat=3)))
    inputs = v[:, None, None] * kernel.T[:, 0] + c
    density = np.exp(-0.5 * v**2 + b[0] * v) * np.exp((inputs * hidden).sum(-1)).sum(-1)
    wanted = math.log(density.sum() * (v[1] - v[0]))
    assert exact_log_partition(kernel, b, c, gaussian=True).value == pytest.approx(wanted, abs=1e-8)
    with pytest.raises(ArgumentError, match="side must be 'hidden'"):
        exact_log_partition(kernel, b, c, side="visible", gaussian=True)


def test_exact_states_have_the_marginals_of_the_distribution():
    kernel, b, c = machine(visible=6, hidden=4)
    side, states = exact_states(kernel, b, c, np.random.default_rng(0), 20_000)
    hidden = np.array(list(itertools.product((0, 1), repeat=4)))
    weights = np.exp(hidden @ c + np.logaddexp(0, hidden @ kernel.T + b).sum(1))
    assert side == "hidden"
    wanted = weights @ hidden / weights.sum()
    np.testing.assert_allclose(states.mean(0), wanted, atol=0.015)  # four standard errors


def test_too_many_units_are_refused():
    with pytest.raises(ArgumentError, match="at most 20 units.*Received: 'visible' with 21"):
        exact_log_partition(np.zeros((21, 22)), np.zeros(21), np.zeros(22))
    with pytest.raises(UnknownNameError, match="side"):
        exact_log_partition(*machine(), side="visble")


def test_weights_of_a_known_ratio():
    """For log w ~ N(-s²/2, s²), E[w] is 1."""
    rng = np.random.default_rng(0)
    log_weights = rng.normal(-0.02, 0.2, 4000)
    forward = annealed_log_partition(log_weights, log_base=5.0)
    reverse = annealed_log_partition(log_weights, log_base=5.0, reverse=True)
    for found in (forward, reverse):
        assert found.low < 5.0 < found.high
        assert found.error == pytest.approx(0.2 / math.sqrt(4000), rel=0.1)
    assert forward.value - 5.0 == pytest.approx(5.0 - reverse.value)
    assert (forward.method, reverse.method) == ("ais", "reverse_ais")


def test_large_weights_overflow_nowhere():
    found = annealed_log_partition(np.array([1000.0, 1000.0]), 0.0)
    assert found == LogPartition(1000.0, 0.0, 1000.0, 1000.0, "ais")
    uneven = annealed_log_partition(np.array([1000.0, 0.0]), 0.0)
    assert uneven.low == -math.inf
    with pytest.raises(ArgumentError, match="at least two chains"):
        annealed_log_partition([1.0], 0.0)
