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
    corner, side = frame(points if test is None else test.images)
    dots = 1 - 0.45 ** _smooth(_counts(points, corner, side, SIZE * FINE))
    dots = dots.reshape(SIZE, FINE, SIZE, FINE).mean(axis=(1, 3))[..., None]
    canvas = shaded(_background(test, corner, side))
    canvas += dots * (INK - canvas)
    return Image.fromarray(np.rint(canvas).astype("uint8"))


def frame(points: np.ndarray) -> tuple[np.ndarray, float]:
    """Return the lower left corner and the side of the square that shows `points`."""
    low, high = points.min(axis=0), points.max(axis=0)
    # The margin is a tenth. The side is 1 if all points are equal.
    side = 1.2 * float(np.max(high - low)) or 1.0
    return (low + high) / 2 - side / 2, side


def centres(corner: np.ndarray, side: float, cells: int) -> np.ndarray:
    """Return the centres of the cells of a square, of shape `(cells * cells, 2)`, in rows from the
    top."""
    places = (np.arange(cells) + 0.5) * side / cells
    x, y = np.meshgrid(corner[0] + places, corner[1] + places[::-1])
    return np.stack([x.ravel(), y.ravel()], axis=1)


def shaded(density: np.ndarray) -> np.ndarray:
    """Return the colours of densities, of shape `(rows, columns, 3)`.

    A small power of the density makes its tails visible.
    """
    shade = (density / max(density.max(), 1e-12)) ** 0.25
    return PAPER + shade[..., None].astype("float32") * (SHADE - PAPER)


def _background(test: Source | None, corner: np.ndarray, side: float) -> np.ndarray:
    """Return the density of the distribution of `test` at each pixel, but for a factor."""
    if test is None:
        return np.zeros((SIZE, SIZE), dtype="float32")
    exact = synthetic.named(test.name) if test.name in synthetic.NAMED else None
    if exact is None or not exact.has_density:
        return _smooth(_smooth(_counts(test.images, corner, side, SIZE)))
    log_density = exact.log_density(centres(corner, side, SIZE))
    return np.exp(log_density - log_density.max()).reshape(SIZE, SIZE)


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
