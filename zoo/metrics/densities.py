"""The divergence of two densities that are known on a grid."""

from __future__ import annotations

import numpy as np

from zoo.errors import ArgumentError


def density_divergence(log_p, log_q) -> float:
    """Return the Kullback-Leibler divergence KL(p || q) = int p (log p - log q) in nats, from the
    densities at the points of a regular grid that holds all of p.

    The integral is the mean over the points, weighted by p.

    Args:
        log_p: log p at each point, of shape `(n,)`; -inf where p is 0.
        log_q: log q at each point, of shape `(n,)`.

    Returns:
        The divergence; infinite if q is 0 where p is not.

    Raises:
        ArgumentError: if the shapes differ, a value is NaN, or p is 0 at each point.
    """
    log_p, log_q = (np.asarray(x, dtype="float64") for x in (log_p, log_q))
    if log_p.ndim != 1 or log_p.shape != log_q.shape:
        raise ArgumentError(
            "log_p and log_q must be of one shape (n,). Received: shapes "
            f"{log_p.shape} and {log_q.shape}."
        )
    if np.isnan(log_p).any() or np.isnan(log_q).any():
        raise ArgumentError("log_p and log_q must not be NaN. Received: NaN values.")
    held = log_p > -np.inf
    if not held.any():
        raise ArgumentError("log_p must be above -inf at some point. Received: -inf at each.")
    weights = np.exp(log_p[held] - log_p.max())
    return float(np.average(log_p[held] - log_q[held], weights=weights))
