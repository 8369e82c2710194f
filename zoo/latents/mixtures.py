"""Mixtures of Gaussians that are fitted to vectors by expectation maximisation."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np

from zoo.errors import ArgumentError, check_choice, check_count, check_number
from zoo.metrics.arrays import check_vectors, squared_distances

COVARIANCES = ("full", "diagonal")
RIDGE = 1e-6  # added to variances, relative to the mean variance of a number
LEAST = 0.5  # the data that a component must explain, or it is begun again


class GaussianMixture(NamedTuple):
    """A mixture sum_k w_k N(mu_k, S_k) of Gaussians.

    Attributes:
        weights: the weights w, float64 of shape `(K,)`.
        means: the means mu, of shape `(K, dimensions)`.
        covariances: the covariances S, of shape `(K, dimensions, dimensions)`, or the variances on
            their diagonals, of shape `(K, dimensions)`.
        log_likelihoods: the mean log-likelihood of a datum in nats, before each step and at the end
            of the fit.
        restarts: the steps before which a component was begun again.
    """

    weights: np.ndarray
    means: np.ndarray
    covariances: np.ndarray
    log_likelihoods: np.ndarray
    restarts: tuple[int, ...] = ()

    @property
    def factors(self) -> np.ndarray:
        """The Cholesky factors of full covariances, or standard deviations."""
        is_full = self.covariances.ndim > self.means.ndim
        return np.linalg.cholesky(self.covariances) if is_full else np.sqrt(self.covariances)

    def log_joint(self, x: np.ndarray) -> np.ndarray:
        """Return log w_k + log N(x; mu_k, S_k) in nats, of shape `(n, K)`."""
        n, size = x.shape
        result = np.empty((n, len(self.weights)))
        for i, (mean, factor) in enumerate(zip(self.means, self.factors, strict=True)):
            if factor.ndim == 1:
                whitened, logs = (x - mean) / factor, np.log(factor)
            else:
                # The inverse of a triangular matrix, in place of solving for each datum.
                whitened = (x - mean) @ np.linalg.inv(factor).T
                logs = np.log(np.diagonal(factor))
            squares = np.einsum("ij,ij->i", whitened, whitened)
            result[:, i] = -0.5 * (squares + size * np.log(2.0 * np.pi)) - logs.sum()
        with np.errstate(divide="ignore"):
            return result + np.log(self.weights)

    def log_prob(self, x) -> np.ndarray:
        """Return the log-density of each row of `x` in nats, float64 of shape `(n,)`."""
        return _log_sum(self.log_joint(check_vectors("x", x)))


def fit_mixture(
    x,
    components: int = 10,
    covariance: str = "full",
    seed: int | None = 0,
    *,
    steps: int = 100,
    tolerance: float = 1e-3,
    start: GaussianMixture | None = None,
) -> GaussianMixture:
    """Fit a mixture of Gaussians to vectors by expectation maximisation.

    It maximises the mean of log sum_k w_k N(x; mu_k, S_k). One step computes the responsibilities
    r_k(x) = w_k N(x; mu_k, S_k) / p(x), and then weights, means and covariances as the means over
    the data that r_k weighs (Dempster, Laird and Rubin 1977,
    https://doi.org/10.1111/j.2517-6161.1977.tb01600.x). The first components are the data nearest
    to each of K centres, which are drawn by k-means++ (Arthur and Vassilvitskii 2007,
    https://dl.acm.org/doi/10.5555/1283383.1283494). A component that explains less than half a
    datum begins again at the datum that is explained worst.

    Args:
        x: the vectors, of shape `(n, dimensions)`.
        components: the number K of components, at most n.
        covariance: `"full"` or `"diagonal"`.
        seed: the seed of the centres; `None` draws others at each call.
        steps: the most steps.
        tolerance: the fit ends when a step adds less to the mean log-likelihood, in nats.
        start: a mixture to begin with, in place of k-means++.

    Raises:
        ArgumentError: if an argument has a wrong value.

    Example:

    >>> import numpy as np, zoo
    >>> x = np.concatenate([np.random.default_rng(0).normal(m, 1, (200, 2)) for m in (-5, 5)])
    >>> sorted(zoo.latents.fit_mixture(x, components=2).means[:, 0].round().astype(int).tolist())
    [-5, 5]

    Differs from the paper: a millionth of the mean variance is added to variances.
    """
    x = check_vectors("x", x, at_least=2)
    check_choice("covariance", covariance, COVARIANCES)
    check_count("steps", steps)
    check_number("tolerance", tolerance)
    if seed is not None:
        check_count("seed", seed, minimum=0)
    if check_count("components", components) > len(x):
        raise ArgumentError(
            f"components must be at most the number of vectors, {len(x)}. Received: {components}."
        )
    ridge = RIDGE * max(float(x.var(axis=0).mean()), 1e-12)
    full = covariance == "full"
    if start is None:
        labels = _nearest(x, components, np.random.default_rng(seed))
        mixture = _maximised(x, np.eye(components)[labels], ridge, full)
    else:
        mixture = _checked_start(start, components, x.shape[1], full)
    history, restarts, best = [], [], mixture
    for step in range(steps + 1):
        joint = mixture.log_joint(x)
        log_density = _log_sum(joint)
        history.append(float(log_density.mean()))
        if history[-1] >= max(history):
            best = mixture
        restarted = step - 1 in restarts
        if step == steps or (step and not restarted and history[-1] - history[-2] < tolerance):
            break
        responsibilities = np.exp(joint - log_density[:, None])
        empty = np.flatnonzero(responsibilities.sum(axis=0) < LEAST)
        if empty.size:
            restarts.append(step)
            _restart(responsibilities, empty, log_density)
        mixture = _maximised(x, responsibilities, ridge, full)
        if empty.size:
            mixture = _widened(mixture, empty, x, ridge, full)
    return best._replace(log_likelihoods=np.array(history), restarts=tuple(restarts))


def _log_sum(joint: np.ndarray) -> np.ndarray:
    """Return the logarithm of the sum of exponentials over the last axis."""
    highest = joint.max(axis=1)
    return highest + np.log(np.exp(joint - highest[:, None]).sum(axis=1))


def _nearest(x: np.ndarray, components: int, rng: np.random.Generator) -> np.ndarray:
    """Return the nearest of `components` centres for each datum, which k-means++ draws.

    Each centre is a datum, drawn with a probability proportional to its squared distance from the
    nearest earlier one.
    """
    chosen = [int(rng.integers(len(x)))]
    nearest = _squares(x, x[chosen[0]])
    labels = np.zeros(len(x), "int64")
    for i in range(1, components):
        total = nearest.sum()
        # Where all data lie on centres, others count alike.
        odds = nearest / total if total > 0 else np.full(len(x), 1.0 / len(x))
        chosen.append(int(rng.choice(len(x), p=odds)))
        squares = _squares(x, x[chosen[-1]])
        closer = squares < nearest
        labels[closer], nearest[closer] = i, squares[closer]
    return labels


def _squares(x: np.ndarray, centre: np.ndarray) -> np.ndarray:
    """Return the squared distance of each row of `x` from `centre`."""
    return np.concatenate([part[:, 0] for _, part in squared_distances(x, centre[None])])


def _maximised(x: np.ndarray, responsibilities, ridge: float, full: bool) -> GaussianMixture:
    """Return the mixture that is likeliest for the responsibilities, of shape `(n, K)`."""
    counts = responsibilities.sum(axis=0) + 10 * np.finfo("float64").eps
    means = responsibilities.T @ x / counts[:, None]
    spreads = []
    for k, mean in enumerate(means):
        centred, share = x - mean, responsibilities[:, k, None]
        if full:
            covariance = (share * centred).T @ centred / counts[k]
            covariance[np.diag_indices(len(mean))] += ridge
            spreads.append(covariance)
        else:
            spreads.append((share * centred**2).sum(axis=0) / counts[k] + ridge)
    return GaussianMixture(counts / counts.sum(), means, np.stack(spreads), np.empty(0))


def _restart(responsibilities: np.ndarray, empty: np.ndarray, log_density: np.ndarray) -> None:
    """Give each empty component one of the data that are explained worst."""
    worst = np.argsort(log_density, kind="stable")[: len(empty)]
    responsibilities[:, empty] = 0.0
    responsibilities[worst] = 0.0
    responsibilities[worst, empty] = 1.0


def _widened(mixture: GaussianMixture, empty, x, ridge: float, full: bool) -> GaussianMixture:
    """Return `mixture` with the covariance of all data in the components `empty`."""
    covariances = mixture.covariances.copy()
    whole = _maximised(x, np.ones((len(x), 1)), ridge, full).covariances[0]
    covariances[empty] = whole
    return mixture._replace(covariances=covariances)


def _checked_start(start: GaussianMixture, components: int, size: int, full: bool):
    """Return `start` in float64, or raise unless it has the right shapes."""
    weights, means, covariances = (np.asarray(part, "float64") for part in start[:3])
    shape = (components, size)
    if (
        weights.shape != shape[:1]
        or means.shape != shape
        or covariances.shape != (*shape, *[size] * full)
    ):
        raise ArgumentError(
            f"start must have {components} components of {size} numbers, with covariances of shape "
            f"{(*shape, *[size] * full)}. Received: shapes {weights.shape}, {means.shape} and "
            f"{covariances.shape}."
        )
    return GaussianMixture(weights / weights.sum(), means, covariances, np.empty(0))
