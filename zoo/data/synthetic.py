"""Named distributions of points in the plane, most of them with an exact density.

They are simple enough to see and to count what a model got wrong.
"""

from __future__ import annotations

import math

import numpy as np

from zoo.errors import ArgumentError, check_count, check_number, unknown_name


class Distribution:
    """A distribution of points in the plane.

    `labels` tells whether its points come from components, whose indices `draw` returns.
    `has_density` tells whether `log_density` is known.
    """

    labels = True
    has_density = True

    def sample(self, n: int, seed: int = 0) -> np.ndarray:
        """Return `n` points, a float32 array of shape `(n, 2)` set by `n` and `seed` alone."""
        return self.draw(n, seed)[0]

    def draw(self, n: int, seed: int) -> tuple[np.ndarray, np.ndarray | None]:
        """Return the points of `sample`, and the index of each point's component.

        The indices are an int64 array of shape `(n,)`, or `None` if there are no components.
        """
        check_count("n", n)
        rng = np.random.default_rng(check_count("seed", seed, minimum=0))
        points, labels = self._draw(n, rng)
        return points.astype("float32"), labels if self.labels else None

    def log_density(self, points: np.ndarray) -> np.ndarray:
        """Return the exact logarithm of the density at `points`.

        Args:
            points: an array of shape `(n, 2)`.

        Returns:
            A float64 array of shape `(n,)`, with -inf where the density is zero.

        Raises:
            ArgumentError: if `points` has another shape, or the density has no closed form.
        """
        if not self.has_density:
            raise ArgumentError(
                f"The density of {type(self).__name__} has no closed form. Allowed: sample."
            )
        points = np.asarray(points, dtype="float64")
        if points.ndim != 2 or points.shape[1] != 2:
            raise ArgumentError(
                f"points must have the shape (n, 2). Received: shape {points.shape}."
            )
        return self._log_density(points)

    def _draw(self, n: int, rng: np.random.Generator) -> tuple[np.ndarray, np.ndarray | None]:
        """Return `n` points, and the indices of their components or `None`."""
        raise NotImplementedError

    def _log_density(self, points: np.ndarray) -> np.ndarray:
        """Return the log-density at float64 `points` of shape `(n, 2)`."""
        raise NotImplementedError


class GaussianMixture(Distribution):
    """A mixture of equally likely round Gaussians: sum_k N(x; m_k, sigma^2 I) / K.

    Args:
        means: the modes m_k, of shape `(k, 2)`.
        sigma: the standard deviation of each mode, in each direction.
    """

    def __init__(self, means: np.ndarray, sigma: float):
        self.means = np.asarray(means, dtype="float64")
        if self.means.ndim != 2 or self.means.shape[1] != 2 or not len(self.means):
            raise ArgumentError(
                "means must have the shape (k, 2) with k at least 1. Received: shape "
                f"{self.means.shape}."
            )
        self.sigma = check_number("sigma", sigma, above=True)

    def _draw(self, n, rng):
        labels = rng.integers(len(self.means), size=n)
        return self.means[labels] + self.sigma * rng.standard_normal((n, 2)), labels

    def _log_density(self, points):
        distances = np.sum((points[:, None] - self.means) ** 2, axis=-1)
        exponents = -distances / (2 * self.sigma**2)
        scale = len(self.means) * 2 * math.pi * self.sigma**2
        return np.logaddexp.reduce(exponents, axis=1) - math.log(scale)


class Line(Distribution):
    """A uniform distribution on the segment from `start` to `end`, plus noise N(0, sigma^2 I).

    Args:
        start: one end, `(x, y)`.
        end: the other end, another point.
        sigma: the standard deviation of the noise.
    """

    labels = False

    def __init__(self, start=(-2.0, -1.0), end=(2.0, 1.0), sigma: float = 0.05):
        self.start, self.end = (np.asarray(p, dtype="float64") for p in (start, end))
        self.sigma = check_number("sigma", sigma, above=True)
        self.length = float(np.linalg.norm(self.end - self.start))
        check_number("the distance of start and end", self.length, above=True)

    def _draw(self, n, rng):
        along = self.start + rng.random((n, 1)) * (self.end - self.start)
        return along + self.sigma * rng.standard_normal((n, 2)), None

    def _log_density(self, points):
        direction = (self.end - self.start) / self.length
        from_start = points - self.start
        along = from_start @ direction
        across = from_start @ np.array([-direction[1], direction[0]])
        # Distances count from the nearer end. From the farther end, the difference of the two
        # tails would lose its digits.
        along = np.minimum(along, self.length - along)
        tails = _erfc(np.stack([-along, self.length - along]) / (self.sigma * math.sqrt(2)))
        with np.errstate(divide="ignore"):  # a tail is zero beyond 38 sigma in float64
            log_along = np.log((tails[0] - tails[1]) / (2 * self.length))
        log_across = -((across / self.sigma) ** 2) / 2 - math.log(
            self.sigma * math.sqrt(2 * math.pi)
        )
        return log_along + log_across


class Checkerboard(Distribution):
    """A uniform distribution on every other square of a board of 4x4 squares.

    The sum of row and column is even for these squares.

    Args:
        side: the length of a square's side; the board is centred at 0.
    """

    def __init__(self, side: float = 2.0):
        self.side = check_number("side", side, above=True)
        squares = [(i, j) for i in range(4) for j in range(4) if (i + j) % 2 == 0]
        self.centres = self.side * (np.array(squares) - 1.5)

    def _draw(self, n, rng):
        labels = rng.integers(len(self.centres), size=n)
        return self.centres[labels] + self.side * (rng.random((n, 2)) - 0.5), labels

    def _log_density(self, points):
        # A border belongs to its square, since float32 rounds some points to it.
        outside = np.abs(points[:, None] - self.centres).max(axis=-1).min(axis=1) > self.side / 2
        return np.where(outside, -np.inf, -math.log(len(self.centres) * self.side**2))


class Spiral(Distribution):
    """One spiral arm of one and a half turns, plus noise N(0, sigma^2 I).

    Args:
        radius: the distance of the arm's outer end from 0.
        sigma: the standard deviation of the noise.
    """

    labels = False
    has_density = False

    def __init__(self, radius: float = 3.0, sigma: float = 0.05):
        self.radius = check_number("radius", radius, above=True)
        self.sigma = check_number("sigma", sigma, above=True)

    def _draw(self, n, rng):
        # The root makes points about equally dense along the arm.
        distance = np.sqrt(rng.random((n, 1)))
        angle = 3 * math.pi * distance
        arm = self.radius * distance * np.concatenate([np.cos(angle), np.sin(angle)], axis=1)
        return arm + self.sigma * rng.standard_normal((n, 2)), None


class TwoMoons(Distribution):
    """Two half circles of radius 1 that reach into each other, plus noise N(0, sigma^2 I).

    Its density is the integral over the half circles, by a Gauss-Legendre rule whose nodes lie
    closer than sigma.

    Args:
        sigma: the standard deviation of the noise, at least 0.001 for the density.
    """

    def __init__(self, sigma: float = 0.05):
        self.sigma = check_number("sigma", sigma, above=True)

    def _draw(self, n, rng):
        labels = rng.integers(2, size=n)
        angle = math.pi * rng.random(n)
        upper = np.stack([np.cos(angle) - 0.5, np.sin(angle) - 0.25], axis=1)
        # The lower moon is the upper one turned by half a circle.
        moons = np.where(labels[:, None] == 0, upper, -upper)
        return moons + self.sigma * rng.standard_normal((n, 2)), labels

    def _log_density(self, points):
        if self.sigma < 0.001:
            raise ArgumentError(
                "The density of TwoMoons needs a sigma of at least 0.001. Received: a set of sigma "
                f"{self.sigma!r}."
            )
        nodes, weights = np.polynomial.legendre.leggauss(32 + int(5 / self.sigma))
        angle = math.pi / 2 * (nodes + 1)
        upper = np.stack([np.cos(angle) - 0.5, np.sin(angle) - 0.25], axis=1)
        moons, precision = np.concatenate([upper, -upper]), self.sigma**-2
        log_weights = np.tile(np.log(weights / 2), 2) - math.log(4 * math.pi * self.sigma**2)
        log_weights -= precision / 2 * np.square(moons).sum(axis=1)
        parts = []
        for few in np.array_split(points, max(1, len(points) // 4096)):
            exponents = few @ (precision * moons.T) + log_weights
            top = exponents.max(axis=1)
            exponents -= top[:, None]
            log_sum = np.log(np.exp(exponents, out=exponents).sum(axis=1)) + top
            parts.append(log_sum - precision / 2 * np.square(few).sum(axis=1))
        return np.concatenate(parts)


def ring(modes: int = 8, radius: float = 2.0, sigma: float = 0.02) -> GaussianMixture:
    """Return a mixture of Gaussians at equal distances on a circle, the first on the x-axis."""
    check_number("radius", radius, above=True)
    angle = 2 * math.pi * np.arange(check_count("modes", modes)) / modes
    return GaussianMixture(radius * np.stack([np.cos(angle), np.sin(angle)], axis=1), sigma)


def grid(rows: int = 5, spacing: float = 2.0, sigma: float = 0.05) -> GaussianMixture:
    """Return a mixture of `rows` times `rows` Gaussians, `spacing` apart, centred at 0."""
    check_number("spacing", spacing, above=True)
    coordinates = spacing * (np.arange(check_count("rows", rows)) - (rows - 1) / 2)
    return GaussianMixture([(x, y) for x in coordinates for y in coordinates], sigma)


NAMED = {
    "ring8": ring,
    "grid25": grid,
    "line": Line,
    "spiral": Spiral,
    "two_moons": TwoMoons,
    "checkerboard": Checkerboard,
}


def named(name: str) -> Distribution:
    """Return the distribution `name`.

    The names are `"ring8"`, `"grid25"`, `"line"`, `"spiral"`, `"two_moons"` and `"checkerboard"`.

    Raises:
        UnknownNameError: if there is none of this name.
    """
    if name not in NAMED:
        raise unknown_name("distribution", name, NAMED)
    return NAMED[name]()


_erfc = np.vectorize(math.erfc, otypes=["float64"])  # NumPy has no erfc
