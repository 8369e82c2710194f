"""Pictures of samples: grids of images, the plane of two latents, points."""

from __future__ import annotations

import numpy as np
from PIL import Image

from zoo.base.memory import check_memory
from zoo.data import Source, grid
from zoo.data.grid import square
from zoo.engine.spaces import Classes
from zoo.errors import ArgumentError
from zoo.pictures.of_densities import densities, has_density
from zoo.pictures.plane import plane
from zoo.pictures.points import scatter
from zoo.pictures.sheets import check_undivided, class_words, conditions_of, worded

IMAGES = 100
POINTS = 10_000
COLUMNS = 10  # the images in a row of one class
TILES = 20  # the images along each side of a manifold


def samples(
    model,
    test: Source | None = None,
    n: int | None = None,
    seed: int | None = 0,
    columns: int | None = None,
    scale: int | None = None,
    **options,
) -> Image.Image:
    """Draw samples of `model`.

    Images are put in a grid. Images of a conditional model are in the order of their classes, and
    the numbers of two classes differ by one at most; if `n` is a multiple of the number of
    classes, each row holds one class. The names of the classes stand beside the rows, or above the
    columns where each of these holds one class. Points are drawn over their true density, and where
    the model has an exact density, beside this one and a grid of the latents, see `densities`.

    Args:
        model: a model that samples.
        test: real points, which set the frame, and whose name tells the exact density; or real
            data with conditions, for a model whose condition is no class.
        n: the number of samples; by default 100 images, ten of each class, or 10,000 points.
        seed: the seed of the samples; `None` draws other samples at each call.
        columns: the number of images in a row; by default as many as there are rows, or the images
            of one class.
        scale: as for `default_picture`.
        **options: more arguments of `model.sample`.

    Raises:
        ValueError: if an argument has a wrong value.
    """
    shown = SHOWN.get(model.data.name)
    if shown is None:
        raise ArgumentError(
            f"A picture is of data that are {', '.join(SHOWN)}. Received: {model.data.name}."
        )
    default = DEFAULT_COUNT.get(model.data.name, IMAGES)
    check_memory("n", n or default, model.data.size)
    everything = isinstance(options.get("labels"), str) and options["labels"] == "all"
    unasked = not {"labels", "condition"} & options.keys()
    if isinstance(model.condition, Classes) and (everything or unasked):
        classes = model.condition.n
        if n is None:
            n = COLUMNS * classes if default == IMAGES else default
        if columns is None and n % classes == 0:
            columns = n // classes
        options["labels"] = "all" if everything else np.sort(np.arange(n) % classes)
    elif model.condition is not None and not options.keys() & {"labels", "condition"}:
        conditions = conditions_of(model, test, n or default)
        n, options["condition"] = len(conditions), conditions
    n = default if n is None else n
    if has_density(model):
        check_undivided(scale, "points")
        return densities(model, test, model.sample(n, seed=seed, **options))
    names = _names(model.condition, n, options)
    return shown(model.data, model.sample(n, seed=seed, **options), columns, test, scale, names)


def _names(condition, n: int, options: dict) -> list[str] | None:
    """Return the name of the class of each sample, or `None` if there are no classes or the model
    draws them."""
    name = "condition" if "condition" in options else "labels"
    if not isinstance(condition, Classes) or options.get(name) is None:
        return None
    options[name] = condition.choose(options[name], n, np.random.default_rng(0))
    return [condition.texts[label] for label in options[name]]


def manifold(model, tiles: int = TILES, scale: int | None = None) -> Image.Image:
    """Draw the images of a model with two latents over the plane of its latents.

    The first latent grows from left to right and the second from bottom to top, in steps of equal
    probability under N(0, I), as in figure 4 of Kingma and Welling 2014,
    https://arxiv.org/abs/1312.6114. The values of the latents stand beside the rows and above the
    columns.
    """
    noise, steps = plane(tiles)
    words = [f"{step:.2f}" for step in steps]
    images = model.sample(noise=noise)
    return worded(images, tiles, model.data.range, scale, words[::-1], words)


def _grid(space, images, columns, test, scale, names) -> Image.Image:
    """Draw a grid of images, with the name of the class of each one."""
    columns = columns or square(len(images))
    words = (None, None) if names is None else class_words(names, columns)
    return worded(images, columns, space.range, scale, *words)


def _sequences(space, frames, columns, test, scale, names) -> Image.Image:
    """Draw each sequence as a row of its frames, with the name of its class beside it."""
    images = frames.reshape(-1, *space.shape[1:])
    return worded(images, space.n, space.range, scale, names)


def _rasters(space, vectors, columns, test, scale, names) -> Image.Image:
    """Draw each vector as a row of dark and light squares."""
    return grid(vectors[None, ..., None], 1, (0.0, 1.0), scale=scale)


def _points(space, points: np.ndarray, columns, test, scale, names) -> Image.Image:
    """Draw points over the density of `test`, by their first two coordinates."""
    check_undivided(scale, "points")
    framed = None if test is None else test._replace(images=_plane(test.images[:]))
    return scatter(_plane(points), framed)


def _plane(points: np.ndarray) -> np.ndarray:
    """Return the first two coordinates of points; zero stands for a missing second one."""
    return np.pad(points[:, :2], ((0, 0), (0, max(0, 2 - points.shape[1]))))


# Pictures of samples, by the name of the space of the data.
SHOWN = {
    "images": _grid,
    "points": _points,
    "frames": _sequences,
    "binary_vectors": _rasters,
}
DEFAULT_COUNT = {"points": POINTS, "frames": COLUMNS}
