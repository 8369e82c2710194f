"""Paths through latents: interpolations, closed splines, grids and random walks.

A latent of N(0, I) in many dimensions lies near the shell of radius sqrt(latent_dim). The straight
line between two of them leaves that shell, and passes through latents that hardly ever occur.
Spherical paths stay on it.
"""

from __future__ import annotations

import math
from collections.abc import Callable

import numpy as np

from zoo.base.arrays import as_array
from zoo.errors import ArgumentError, check_choice, check_count, check_number
from zoo.latents.splines import CubicSpline

KINDS = ("spline", "slerp", "lerp")
SMALL = 1e-6  # radians between two directions that count as one, or as opposite
FINE = 256  # the parts of a segment in which the length of a path is measured


def lerp(a, b, t) -> np.ndarray:
    """Return the points (1 - t) a + t b on the straight line between latents.

    Args:
        a: latents, of shape `(..., latent_dim)`.
        b: latents of the same shape.
        t: a number, 0 at `a` and 1 at `b`, or an array of numbers.

    Returns:
        An array of the shape of `t` followed by that of `a`, float32 unless a latent is float64.

    Raises:
        ArgumentError: if the shapes differ, or a number is not finite.

    Example:

    >>> import zoo
    >>> zoo.latents.lerp([0.0, 2.0], [4.0, 2.0], 0.25).tolist()
    [1.0, 2.0]
    """
    return _between(a, b, t, _line)


def slerp(a, b, t) -> np.ndarray:
    """Return the points on the arc between latents.

    The direction turns by equal angles for equal steps of t, sin((1 - t) w) / sin(w) u + sin(t w) /
    sin(w) v for unit vectors u and v with the angle w between them: Shoemake 1985,
    https://doi.org/10.1145/325334.325242, and for latents White 2016,
    https://arxiv.org/abs/1609.04468.
    The norm is interpolated linearly, so that latents of one norm keep it. Of parallel latents, and
    of a latent that is zero, the result is that of `lerp`.

    Args:
        a: latents, of shape `(..., latent_dim)`.
        b: latents of the same shape.
        t: a number, 0 at `a` and 1 at `b`, or an array of numbers.

    Returns:
        An array of the shape of `t` followed by that of `a`, float32 unless a latent is float64.

    Raises:
        ArgumentError: if the shapes differ, a number is not finite, or two latents are exactly
            opposite, so that no arc between them is the shortest.

    Example:

    >>> import numpy as np, zoo
    >>> zoo.latents.slerp(np.array([3.0, 0.0]), np.array([0.0, 3.0]), 0.5).round(3).tolist()
    [2.121, 2.121]

    Differs from the paper: the norm is interpolated beside the angle.
    """
    return _between(a, b, t, _arc)


def _between(a, b, t, curve: Callable) -> np.ndarray:
    """Return the points of `curve` between latents, with exact end points."""
    dtype = np.result_type(*(_dtype(values) for values in (a, b)))
    a, b, t = (_finite(name, values) for name, values in (("a", a), ("b", b), ("t", t)))
    if a.shape != b.shape or not a.ndim:
        raise ArgumentError(
            "a and b must have one shape, (..., latent_dim). Received: shapes "
            f"{a.shape} and {b.shape}."
        )
    at = t.reshape(*t.shape, *[1] * a.ndim)
    points = np.where(at == 0, a, np.where(at == 1, b, curve(a, b, at)))
    return points.astype(dtype)


def _dtype(values) -> str:
    """Return the type of the results for latents: float32, but for arrays of float64."""
    return "float64" if str(getattr(values, "dtype", "")) == "float64" else "float32"


def _finite(name: str, values) -> np.ndarray:
    """Return `values` as an array of finite numbers in float64, or raise."""
    array = as_array(name, values).astype("float64")
    if not np.isfinite(array).all():
        raise ArgumentError(f"{name} must be finite. Received: NaN or infinite values.")
    return array


def _line(a, b, t):
    """Return the points of the straight lines from `a` to `b`."""
    return (1.0 - t) * a + t * b


def _arc(a, b, t):
    """Return the points of the arcs from `a` to `b`, with linear norms."""
    norms = [np.linalg.norm(x, axis=-1, keepdims=True) for x in (a, b)]
    turning = (norms[0] > 0) & (norms[1] > 0)
    u, v = (x / np.where(norm > 0, norm, 1.0) for x, norm in zip((a, b), norms, strict=True))
    # Exact for small angles, where the arc cosine of the inner product is not.
    angle = 2.0 * np.arctan2(
        np.linalg.norm(u - v, axis=-1, keepdims=True), np.linalg.norm(u + v, axis=-1, keepdims=True)
    )
    if (turning & (angle > math.pi - SMALL)).any():
        raise ArgumentError(
            "Latents with an arc between them must not be exactly opposite: no arc is the "
            "shortest. Received: such a pair. Allowed: a third latent between them, or lerp."
        )
    turning &= angle > SMALL
    angle = np.where(turning, angle, 1.0)
    arc = (np.sin((1.0 - t) * angle) * u + np.sin(t * angle) * v) / np.sin(angle)
    arc = arc / np.where(turning, np.linalg.norm(arc, axis=-1, keepdims=True), 1.0)
    return np.where(turning, _line(*norms, t) * arc, _line(a, b, t))


def path(latents, n: int, closed: bool = False, kind: str = "spline") -> np.ndarray:
    """Return `n` latents along a path through several, at constant speed.

    Steps have equal lengths along the path, so that it need not meet a latent in the middle at one
    of the `n`. Its first one, and of an open path the last one, are exact.

    Args:
        latents: the latents to pass through, of shape `(m, latent_dim)`, m at least 2.
        n: the number of latents of the path, at least 2.
        closed: whether the path returns to its start. The start is then not repeated at the end, so
            that an animation of the path has no stop.
        kind: `"spline"` for a path without corners, a cubic spline that is natural or, if closed,
            periodic, through the directions of the latents; `"slerp"` for arcs; `"lerp"` for
            straight lines. A spline is projected to the shell: its norms, and those of arcs, are
            interpolated between those of the latents, for a spline without corners.

    Returns:
        An array of shape `(n, latent_dim)`, float32 unless `latents` are float64.

    Raises:
        ArgumentError: if an argument has a wrong value, or two successive latents are exactly
            opposite, or for `"spline"` equal.

    Example:

    >>> import numpy as np, zoo
    >>> latents = np.random.default_rng(0).standard_normal((4, 64))
    >>> around = zoo.latents.path(latents, 60, closed=True)
    >>> around.shape, bool((around[0] == latents[0]).all())
    ((60, 64), True)
    """
    check_choice("kind", kind, KINDS)
    check_count("n", n, minimum=2)
    dtype, keys = _dtype(latents), _finite("latents", latents)
    if keys.ndim != 2 or len(keys) < 2 or not keys.shape[1]:
        raise ArgumentError(
            "latents must have the shape (m, latent_dim) with m at least 2. Received: shape "
            f"{keys.shape}."
        )
    segments = len(keys) if closed else len(keys) - 1
    curve = _spline(keys, closed) if kind == "spline" else _pieces(keys, kind)
    places = _even(curve, segments, n, closed)
    points = curve(places)
    points[0] = keys[0]
    if not closed:
        points[-1] = keys[-1]
    return points.astype(dtype)


def _pieces(keys: np.ndarray, kind: str) -> Callable:
    """Return the function from places in [0, segments] to points of a path of arcs or lines.

    Between latent i and the next the place goes from i to i + 1.
    """
    piece = {"slerp": _arc, "lerp": _line}[kind]

    def curve(places: np.ndarray) -> np.ndarray:
        first = np.floor(places).astype("int64") % len(keys)
        return piece(keys[first], keys[(first + 1) % len(keys)], (places % 1.0)[:, None])

    return curve


def _spline(keys: np.ndarray, closed: bool) -> Callable:
    """Return the function from places to points of a spline on the shell, as `_pieces`."""
    norms = np.linalg.norm(keys, axis=1)
    if not norms.all():
        raise ArgumentError(
            "latents must not be zero for kind='spline': zero has no direction. Allowed: 'lerp'."
        )
    around = np.concatenate([keys, keys[:1]]) if closed else keys
    steps = np.linalg.norm(np.diff(around, axis=0), axis=1)
    if not steps.all():
        raise ArgumentError(
            "latents must not repeat one after another for kind='spline'. Received: latent "
            f"{int(np.argmin(steps))} and the next are equal."
        )
    knots = np.concatenate([[0.0], np.cumsum(steps)])
    directions = CubicSpline(knots, keys / norms[:, None], closed)
    norms = np.concatenate([norms, norms[:1]]) if closed else norms

    def curve(places: np.ndarray) -> np.ndarray:
        points = directions(np.interp(places, np.arange(len(knots)), knots))
        lengths = np.linalg.norm(points, axis=1, keepdims=True)
        if (lengths < SMALL).any():
            raise ArgumentError(
                "latents must not be opposite one after another for kind='spline'. Received: a "
                "path through zero. Allowed: 'lerp'."
            )
        first = np.minimum(places.astype("int64"), len(norms) - 2)
        part = places - first
        part = part**2 * (3.0 - 2.0 * part)  # its slope is 0 at both ends
        return points / lengths * _line(norms[first], norms[first + 1], part)[:, None]

    return curve


def _even(curve: Callable, segments: int, n: int, closed: bool) -> np.ndarray:
    """Return the places of `n` points of a curve between which its length is equal."""
    fine = max(FINE, -(-8 * n // segments))
    places = np.linspace(0.0, segments, segments * fine + 1)
    lengths = np.zeros(len(places))
    block = max(1, 2**22 // max(1, curve(places[:1]).shape[1]))
    last = curve(places[:1])
    for start in range(1, len(places), block):
        points = curve(_below(places[start : start + block], segments))
        steps = np.linalg.norm(np.diff(np.concatenate([last, points]), axis=0), axis=1)
        lengths[start : start + block] = steps
        last = points[-1:]
    lengths = np.cumsum(lengths)
    if not lengths[-1]:
        return np.zeros(n)  # all latents are equal
    wanted = np.linspace(0.0, lengths[-1], n, endpoint=not closed)
    return _below(np.interp(wanted, lengths, places), segments)


def _below(places: np.ndarray, segments: int) -> np.ndarray:
    """Return places that lie in the last segment where they lay at its end."""
    return np.minimum(places, np.nextafter(segments, 0.0))


def grid(corners, rows: int, columns: int, kind: str = "slerp") -> np.ndarray:
    """Return the latents of a grid between four corners, row by row.

    The left and the right edge are interpolated first, and each row between its two ends.

    Args:
        corners: the latents at the top left, top right, bottom left and bottom right, of shape
            `(4, latent_dim)`.
        rows: the number of rows, at least 2.
        columns: the number of columns, at least 2.
        kind: `"slerp"` or `"lerp"`.

    Returns:
        An array of shape `(rows * columns, latent_dim)`, in the order of `zoo.data.grid`.

    Raises:
        ArgumentError: if an argument has a wrong value, or corners are exactly opposite.

    Example:

    >>> import zoo
    >>> model = zoo.load("dcgan_mnist")
    >>> latents = zoo.latents.grid(model.sample_latents(4, seed=0), rows=5, columns=6)
    >>> zoo.data.grid(model.sample(latents=latents), columns=6, scale=1).size
    (182, 152)
    """
    check_choice("kind", kind, ("slerp", "lerp"))
    check_count("rows", rows, minimum=2)
    check_count("columns", columns, minimum=2)
    dtype, corners = _dtype(corners), _finite("corners", corners)
    if corners.ndim != 2 or len(corners) != 4:
        raise ArgumentError(
            f"corners must have the shape (4, latent_dim). Received: shape {corners.shape}."
        )
    between = slerp if kind == "slerp" else lerp
    down, across = np.linspace(0.0, 1.0, rows), np.linspace(0.0, 1.0, columns)
    left, right = between(corners[0], corners[2], down), between(corners[1], corners[3], down)
    latents = between(left, right, across).swapaxes(0, 1).reshape(rows * columns, -1)
    return latents.astype(dtype)


def walk(n: int, latent_dim: int, speed: float = 0.05, seed: int | None = None) -> np.ndarray:
    """Return `n` latents of a smooth random walk on the shell of N(0, I).

    The walk turns by `speed` around the origin in each step, at the radius sqrt(latent_dim). Its
    own direction turns by the same angle, towards one that changes at random and is forgotten over
    about a radian. The first latents of a longer walk are the same.

    Args:
        n: the number of latents.
        latent_dim: the number of latent variables, at least 2. In 2 the walk is a circle.
        speed: the angle between two successive latents, in radians, above 0 and below pi / 2.
        seed: the seed of the walk; `None` gives another one at each call.

    Returns:
        A float32 array of shape `(n, latent_dim)`.

    Raises:
        ArgumentError: if an argument has a wrong value.

    Example:

    >>> import zoo
    >>> zoo.latents.walk(100, 64, speed=0.1, seed=0).shape
    (100, 64)
    """
    check_count("n", n)
    check_count("latent_dim", latent_dim, minimum=2)
    check_number("speed", speed, above=True)
    if speed >= math.pi / 2:
        raise ArgumentError(f"speed must be below pi / 2 radians. Received: {speed!r}.")
    if seed is not None:
        check_count("seed", seed, minimum=0)
    rng = np.random.default_rng(seed)
    turned, kept = math.sin(speed), math.cos(speed)
    memory = math.exp(-speed)
    place, heading, bend = _orthonormal(rng.standard_normal((3, latent_dim)))
    points = np.empty((n, latent_dim))
    for i in range(n):
        points[i] = place
        place, heading = kept * place + turned * heading, kept * heading - turned * place
        heading, bend = kept * heading + turned * bend, kept * bend - turned * heading
        change = rng.standard_normal(latent_dim) / math.sqrt(latent_dim)
        bend = memory * bend + math.sqrt(1.0 - memory**2) * change
        place, heading, bend = _orthonormal(np.stack([place, heading, bend]))
    return (math.sqrt(latent_dim) * points).astype("float32")


def _orthonormal(vectors: np.ndarray) -> np.ndarray:
    """Return the vectors made orthogonal and of norm 1, the first one first.

    A vector without a part of its own, such as a third one in two dimensions, becomes zero.
    """
    result = np.zeros_like(vectors)
    for i, vector in enumerate(vectors):
        for _ in range(2):  # once more, for what rounding left
            vector = vector - result[:i].T @ (result[:i] @ vector)
        norm = np.linalg.norm(vector)
        if norm > 1e-9:
            result[i] = vector / norm
    return result
