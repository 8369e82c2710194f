"""Points over their true density."""

from __future__ import annotations

import numpy as np
from PIL import Image

from zoo.data import Source, synthetic
from zoo.errors import ArgumentError
from zoo.pictures.colors import INK, PAPER, SHADE

SIZE = 512  # the side of a picture of points, in pixels
FINE = 2  # dots are drawn at this multiple of the resolution


def scatter(points: np.ndarray, test: Source | None = None) -> Image.Image:
    """Draw a square picture with a dot for each of `points`.

    The background shows the exact density of the set of points called `test.name` if it is known,
    else a histogram of the points `test`. The frame holds all points of `test`, or all `points`
    if there is no `test`; dots outside of it are invisible.

    Args:
        points: an array of shape `(n, 2)`.
        test: real points.

    Raises:
        ArgumentError: if `points` has another shape.
    """
    if points.shape[1:] != (2,):
        raise ArgumentError(f"points must have the shape (n, 2). Received: shape {points.shape}.")
    if not np.isfinite(points).all():
        raise ArgumentError("points must be finite. Received: NaN or infinite values.")
    framed = points if test is None else test.images
    low, high = framed.min(axis=0), framed.max(axis=0)
    # The margin is a tenth. The side is 1 if all points are equal.
    side = 1.2 * float(np.max(high - low)) or 1.0
    corner = (low + high) / 2 - side / 2
    dots = 1 - 0.45 ** _smooth(_counts(points, corner, side, SIZE * FINE))
    dots = dots.reshape(SIZE, FINE, SIZE, FINE).mean(axis=(1, 3))[..., None]
    shade = _background(test, corner, side)[..., None]
    canvas = PAPER + shade * (SHADE - PAPER)
    canvas += dots * (INK - canvas)
    return Image.fromarray(np.rint(canvas).astype("uint8"))


def _background(test: Source | None, corner: np.ndarray, side: float) -> np.ndarray:
    """Return the density of the distribution of `test` at each pixel, scaled to [0, 1]."""
    if test is None:
        return np.zeros((SIZE, SIZE), dtype="float32")
    exact = synthetic.named(test.name) if test.name in synthetic.NAMED else None
    if exact is None or not exact.has_density:
        dense = _smooth(_smooth(_counts(test.images, corner, side, SIZE)))
    else:
        places = (np.arange(SIZE) + 0.5) * side / SIZE
        x, y = np.meshgrid(corner[0] + places, corner[1] + places[::-1])
        log_density = exact.log_density(np.stack([x.ravel(), y.ravel()], axis=1))
        dense = np.exp(log_density - log_density.max()).reshape(SIZE, SIZE)
    # A small power of the density makes its tails visible.
    return ((dense / max(dense.max(), 1e-12)) ** 0.25).astype("float32")


def _counts(points: np.ndarray, corner: np.ndarray, side: float, cells: int) -> np.ndarray:
    """Count the points in each cell of the frame, with the first row on top."""
    edges = [np.linspace(c, c + side, cells + 1) for c in corner]
    histogram, _, _ = np.histogram2d(points[:, 0], points[:, 1], bins=edges)
    return histogram.T[::-1]


def _smooth(counts: np.ndarray) -> np.ndarray:
    """Spread each cell over the 3x3 cells around it, so that a single point is a visible dot."""
    padded = np.pad(counts, 1)
    rows, columns = counts.shape
    return sum(padded[i : i + rows, j : j + columns] for i in range(3) for j in range(3))
