"""Pictures of densities of points in the plane, and of the grid that a flow bends."""

from __future__ import annotations

import numpy as np
from PIL import Image, ImageDraw

from zoo.data import Source
from zoo.engine.spaces import Points
from zoo.pictures.colors import INK, PAPER
from zoo.pictures.plane import plane
from zoo.pictures.points import SIZE, centres, frame, scatter, shaded

CELLS = 256  # the places along each side at which the density of a model is computed
GAP = 8  # pixels between two pictures
LINES = 21  # the lines of a grid in each direction
STEPS = 400  # the points of a line


def has_density(model) -> bool:
    """Return whether a model has an exact density of points in the plane."""
    plane = model.data == Points(2) and model.condition is None
    return plane and "scores" in model.tasks and model.likelihood_is == "exact"


def densities(model, test: Source | None, points: np.ndarray) -> Image.Image:
    """Draw, side by side, samples over their true density, the density of the model, and, of a
    model that decodes two latents, the plane of its data with a grid of its latents.

    Args:
        model: a model with an exact density of points in the plane.
        test: real points, which set the frame.
        points: samples of the model.
    """
    corner, side = frame(points if test is None else np.asarray(test.images))
    pictures = [scatter(points, test), density(model, corner, side)]
    if model.has_latents and "encodes" in model.tasks:
        pictures.append(warped_grid(model, corner, side))
    wide = len(pictures) * (SIZE + GAP) - GAP
    sheet = Image.new("RGB", (wide, SIZE), tuple(int(c) for c in PAPER))
    for i, picture in enumerate(pictures):
        sheet.paste(picture, (i * (SIZE + GAP), 0))
    return sheet


def density(model, corner: np.ndarray, side: float) -> Image.Image:
    """Draw the density of a model in a square of the plane."""
    places = centres(corner, side, CELLS).astype("float32")
    found = model.log_prob(places, batch_size=8192).astype("float64")
    found = np.where(np.isfinite(found), found, -np.inf)
    colours = shaded(np.exp(found - found.max()).reshape(CELLS, CELLS))
    return Image.fromarray(np.rint(colours).astype("uint8")).resize((SIZE, SIZE))


def warped_grid(model, corner: np.ndarray, side: float) -> Image.Image:
    """Draw the data that a model makes of the lines of a grid of its two latents.

    The lines lie at steps of equal probability under N(0, I), as in `plane`.
    """
    _, steps = plane(LINES)
    far = np.linspace(-4.0, 4.0, STEPS)
    vertical = np.stack(np.broadcast_arrays(steps[:, None], far), axis=-1)
    latents = np.concatenate([vertical, vertical[..., ::-1]]).astype("float32")
    data = model.decode(latents.reshape(-1, 2)).reshape(*latents.shape)
    pixels = (data.astype("float64") - corner) / side * SIZE
    pixels[..., 1] = SIZE - pixels[..., 1]
    pixels = np.clip(pixels, -SIZE, 2 * SIZE)  # beyond the frame, within the range of the drawing
    picture = Image.new("RGB", (SIZE, SIZE), tuple(int(c) for c in PAPER))
    draw = ImageDraw.Draw(picture)
    for line in pixels:
        draw.line([tuple(point) for point in line], fill=tuple(int(c) for c in INK))
    return picture
