"""Pictures of models: grids of samples, reconstructions below their originals, the plane of two
latents, points over their true density, and confusion matrices."""

from __future__ import annotations

import math
import statistics

import numpy as np
from PIL import Image, ImageDraw

from zoo.base.memory import check_memory
from zoo.base.ranges import BYTES
from zoo.data import Source, grid, synthetic, to_bytes, to_range
from zoo.engine.spaces import Classes, Normal
from zoo.errors import ArgumentError
from zoo.metrics import nearest_neighbours

IMAGES = 100
POINTS = 10_000
COLUMNS = 10  # the images in a row of one class, or of reconstructions
SHOWN_IMAGES = 50  # the number of images that are reconstructed
NOISE = 0.5  # the standard deviation of noise to be removed, for pixels in [0, 1]
TILES = 20  # the images along each side of a manifold
CELL = 40  # the side of a cell of a confusion matrix, in pixels
SIZE = 512  # the side of a picture of points, in pixels
FINE = 2  # dots are drawn at this multiple of the resolution

PAPER = np.array([255, 255, 255], dtype="float32")
SHADE = np.array([120, 170, 225], dtype="float32")  # the colour of the densest place
INK = np.array([190, 50, 10], dtype="float32")  # the colour of samples


def default_picture(
    model,
    test: Source | None = None,
    n: int | None = None,
    seed: int | None = 0,
    columns: int | None = None,
    **options,
) -> Image.Image:
    """Draw the picture of a model's first task that has a picture.

    A model that samples is shown by `samples`, or by `manifold` if it makes images from two
    latents; a model that translates by `translations`, a model that encodes by `reconstructions`,
    and a classifier by `confusion`.

    Args:
        model: a model of this package.
        test: real data, which some pictures need, see `needs_test_data`.
        n: the number of samples, or of real data in the picture.
        seed: the seed of samples; `None` draws other samples at each call.
        columns: the number of images in a row.
        **options: more arguments of the model's `sample`.

    Raises:
        ArgumentError: if no task of the model has a picture.
    """
    for task, picture in PICTURES.items():
        if task in model.tasks:
            return picture(model, test, n, seed, columns, **options)
    raise ArgumentError(
        f"A picture needs a model with one of the tasks {', '.join(PICTURES)}. Received: "
        f"{type(model).__name__}, with {', '.join(model.tasks)}."
    )


natural = default_picture  # the name in earlier versions


def needs_test_data(model) -> bool:
    """Return whether the default picture of `model` shows real data, or there is no picture."""
    if "samples" not in model.tasks:
        return True
    return model.condition is not None and not isinstance(model.condition, Classes)


def _of_samples(model, test, n, seed, columns, **options) -> Image.Image:
    """Draw the manifold of a model of images with two latents, else samples.

    An argument that only samples have, such as `n`, asks for samples.
    """
    plane = model.noise == Normal((2,)) and model.condition is None and model.data.name == "images"
    if plane and not (n or seed or columns or options):
        return manifold(model)
    return samples(model, test, n, seed, columns, **options)


def samples(
    model,
    test: Source | None = None,
    n: int | None = None,
    seed: int | None = 0,
    columns: int | None = None,
    **options,
) -> Image.Image:
    """Draw samples of `model`.

    Images are put in a grid. Images of a conditional model are in the order of their classes, and
    the numbers of two classes differ by one at most; if `n` is a multiple of the number of
    classes, each row holds one class. Points are drawn over their true density.

    Args:
        model: a model that samples.
        test: real points, which set the frame, and whose name tells the exact density; or real
            data with conditions, for a model whose condition is no class.
        n: the number of samples; by default 100 images, ten of each class, or 10,000 points.
        seed: the seed of the samples; `None` draws other samples at each call.
        columns: the number of images in a row; by default as many as there are rows, or the images
            of one class.
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
    if isinstance(model.condition, Classes) and not {"labels", "condition"} & options.keys():
        classes = model.condition.n
        if n is None:
            n = COLUMNS * classes if default == IMAGES else default
        if columns is None and n % classes == 0:
            columns = n // classes
        options["labels"] = np.sort(np.arange(n) % classes)
    elif model.condition is not None and not options.keys() & {"labels", "condition"}:
        conditions = _conditions(model, test, n or default)
        n, options["condition"] = len(conditions), conditions
    n = default if n is None else n
    return shown(model.data, model.sample(n, seed=seed, **options), columns, test)


def _conditions(model, test: Source | None, n: int) -> np.ndarray:
    """Return the conditions of the first `n` data of `test`."""
    if test is None or test.labels is None:
        raise ArgumentError(
            f"A picture of {type(model).__name__} needs test data with {model.condition.noun}. "
            f"Received: test={test!r}."
        )
    return model.condition.from_stored(test.labels[:n])


def _grid(space, images: np.ndarray, columns: int | None, test) -> Image.Image:
    """Draw a grid of images."""
    return grid(images, columns, *(() if space.range is None else (space.range,)))


def _sequences(space, frames: np.ndarray, columns, test) -> Image.Image:
    """Draw each sequence as a row of its frames."""
    return _grid(space, frames.reshape(-1, *space.shape[1:]), space.n, test)


def _rasters(space, vectors: np.ndarray, columns, test) -> Image.Image:
    """Draw each vector as a row of dark and light squares."""
    squares = np.repeat(np.repeat(vectors, 4, axis=0), 4, axis=1)
    return Image.fromarray(to_bytes(squares, (0.0, 1.0)))


def _points(space, points: np.ndarray, columns, test) -> Image.Image:
    """Draw points over the density of `test`, by their first two coordinates."""
    framed = None if test is None else test._replace(images=_plane(test.images[:]))
    return scatter(_plane(points), framed)


def _plane(points: np.ndarray) -> np.ndarray:
    """Return the first two coordinates of points; zero stands for a missing second one."""
    return np.pad(points[:, :2], ((0, 0), (0, max(0, 2 - points.shape[1]))))


def translations(
    model, test: Source, n: int | None = None, seed: int | None = 0, columns=None
) -> Image.Image:
    """Draw rows of inputs of `test`, each above a row of the model's outputs and of the targets."""
    columns = columns or COLUMNS
    inputs = _conditions(model, test, n or columns)
    outputs = model.translate(inputs, seed=seed)
    targets = model.data.from_stored(test.images[: len(inputs)])
    low, high = model.condition.range or (0.0, 1.0)
    to_low, to_high = model.data.range or (0.0, 1.0)
    inputs = (inputs - low) / (high - low) * (to_high - to_low) + to_low
    channels = max(x.shape[-1] for x in (inputs, targets))
    rows = [np.repeat(x, channels // x.shape[-1], axis=-1) for x in (inputs, outputs, targets)]
    return _rows(rows, columns, (to_low, to_high))


def reconstructions(
    model, test: Source | None, n: int | None = None, seed=None, columns: int | None = None
) -> Image.Image:
    """Draw the first `n` images of `test`, each with its reconstruction below; of other data the
    reconstructions alone.

    For a denoising model a middle row shows its input: the image plus Gaussian noise with a
    standard deviation of 0.5 for pixels in [0, 1]. Only the display is clipped.
    """
    if "encodes" not in model.tasks or test is None:
        raise ArgumentError(
            "A picture needs a model that makes samples, or one with reconstruct and test images. "
            f"Received: {type(model).__name__}, test={test!r}."
        )
    images = model.data.from_stored(test.images[: n or SHOWN_IMAGES])
    conditions = () if model.condition is None else (_conditions(model, test, len(images)),)
    if model.data.name != "images":
        outputs = model.reconstruct(images, *conditions)
        return SHOWN[model.data.name](model.data, outputs, columns, test)
    low, high = model.data.range or (0.0, 1.0)
    if "denoises" in model.tasks:
        noise = np.random.default_rng(0).standard_normal(images.shape, dtype="float32")
        noisy = images + NOISE * (high - low) * noise
        rows = [images, noisy, model.denoise(noisy)]
    else:
        rows = [images, model.reconstruct(images, *conditions)]
    return _rows(rows, columns or COLUMNS, (low, high))


def _rows(rows: list[np.ndarray], columns: int, value_range) -> Image.Image:
    """Draw the arrays `rows`, of equally many images, below each other, `columns` at a time."""
    blocks = [x[i : i + columns] for i in range(0, len(rows[0]), columns) for x in rows]
    padded = [np.pad(x, ((0, columns - len(x)), *[(0, 0)] * 3)) for x in blocks]
    return grid(np.clip(np.concatenate(padded), *value_range), columns, value_range)


def manifold(model, tiles: int = TILES) -> Image.Image:
    """Draw the images of a model with two latents over the plane of its latents.

    The first latent grows from left to right and the second from bottom to top, in steps of equal
    probability under N(0, I), as in figure 4 of Kingma and Welling 2014,
    https://arxiv.org/abs/1312.6114.
    """
    normal = statistics.NormalDist()
    steps = [normal.inv_cdf((i + 0.5) / tiles) for i in range(tiles)]
    noise = np.array([(x, y) for y in reversed(steps) for x in steps], dtype="float32")
    return grid(model.sample(noise=noise), tiles, model.data.range)


def confusion(
    model, test: Source | None, n: int | None = None, seed=None, columns=None
) -> Image.Image:
    """Draw the confusion matrix of a classifier on the images `test`.

    The cell in row i and column j is the percentage of the images of class i that are classified
    as class j. The names of the classes stand on the left, if they are known.
    """
    if test is None or test.labels is None:
        raise ArgumentError(
            f"A confusion matrix needs test images with labels. Received: test={test!r}."
        )
    classes = model.condition.n
    labels = model.condition.from_stored(test.labels[: n or len(test.images)])
    predicted = model.classify(model.data.from_stored(test.images[: len(labels)]))
    counts = np.zeros((classes, classes))
    np.add.at(counts, (labels, predicted), 1)
    percent = 100 * counts / np.maximum(counts.sum(axis=1, keepdims=True), 1)
    names = model.condition.named(test.classes).texts
    measured = ImageDraw.Draw(Image.new("RGB", (1, 1)))
    edge = max(CELL, *(math.ceil(measured.textlength(name)) + 8 for name in names))
    paper = tuple(PAPER.astype(int))
    picture = Image.new("RGB", (edge + CELL * classes, CELL * (classes + 1)), paper)
    draw = ImageDraw.Draw(picture)

    def cell(row: int, column: int, text: str, share: float = 0.0):
        top = CELL * row
        left, width = (edge + CELL * (column - 1), CELL) if column else (0, edge)
        color = tuple((PAPER + share * (SHADE - PAPER)).astype(int))
        draw.rectangle((left, top, left + width - 1, top + CELL - 1), fill=color)
        draw.text((left + width / 2, top + CELL / 2), text, fill="black", anchor="mm")

    for i in range(classes):
        cell(0, i + 1, str(i))
        cell(i + 1, 0, names[i])
        for j in range(classes):
            # Most images lie on the diagonal: the square root keeps the other cells visible.
            cell(i + 1, j + 1, f"{percent[i, j]:.1f}", float(np.sqrt(percent[i, j] / 100)))
    return picture


def neighbours(
    images: np.ndarray, train: Source, value_range: tuple[float, float], k: int = 9
) -> Image.Image:
    """Draw each of `images` in a row with its nearest training images, to show memorisation.

    The `k` neighbours, nearest first, are those with the smallest distance of pixels.

    Args:
        images: samples in `value_range`, of shape `(n, height, width, channels)`.
        train: the training images.
        value_range: the range of `images`.
        k: the number of neighbours of each image.
    """
    training_images = to_range(train.images[:], value_range, source=BYTES)
    flat = (x.reshape(len(x), -1) for x in (images, training_images))
    rows = nearest_neighbours(*flat, k).rows
    side_by_side = np.concatenate([images[:, None], training_images[rows]], axis=1)
    return grid(side_by_side.reshape(-1, *images.shape[1:]), k + 1, value_range)


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


# Pictures by task. A model is shown by the first of its tasks in this order.
PICTURES = {
    "samples": _of_samples,
    "translates": translations,
    "encodes": reconstructions,
    "classifies": confusion,
}
# Pictures of samples, by the name of the space of the data.
SHOWN = {
    "images": _grid,
    "points": _points,
    "frames": _sequences,
    "binary_vectors": _rasters,
}
DEFAULT_COUNT = {"points": POINTS, "frames": COLUMNS}
