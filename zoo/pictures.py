"""Pictures of what a model makes: grids of images, reconstructions beside what they are of, the
plane of two latents, points over the density that they should follow, and confusion matrices."""

from __future__ import annotations

import statistics

import numpy as np
from PIL import Image, ImageDraw

from zoo.data import Source, grid, synthetic, to_range
from zoo.errors import ArgumentError
from zoo.metrics import nearest_neighbours

IMAGES = 100
POINTS = 10_000
COLUMNS = 10  # of a row of one class, and of reconstructions
SHOWN = 50  # images that are reconstructed
NOISE = 0.5  # the standard deviation of what is denoised, for pixels in [0, 1]
TILES = 20  # of each side of a manifold
CELL = 40  # of a confusion matrix, in pixels
SIZE = 512  # of a picture of points, in pixels
FINE = 2  # dots are drawn this much finer

PAPER = np.array([255, 255, 255], dtype="float32")
SHADE = np.array([120, 170, 225], dtype="float32")  # of the densest place
INK = np.array([190, 50, 10], dtype="float32")  # of samples


def natural(
    model,
    test: Source | None = None,
    n: int | None = None,
    seed: int | None = 0,
    columns: int | None = None,
    **options,
) -> Image.Image:
    """What shows a model best: `reconstructions` of one that makes no samples; the `manifold` of
    one with two latents, unless it is asked for samples, by `n`, `columns` or another seed than 0;
    else `samples`. Arguments as there."""
    if not hasattr(model, "sample"):
        return reconstructions(model, test, n or SHOWN, columns or COLUMNS)
    plane = getattr(model, "latent_dim", None) == 2 and model.num_classes is None
    if plane and len(model.image_shape) == 3 and not (n or seed or columns or options):
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
    """A picture of samples of `model`, which has `sample`.

    Images are put in a grid, those of a conditional model in the order of their classes, of each as
    many as of others or one more: in rows of one class where `n` is a multiple of the classes.
    Points are laid over the distribution that they should follow.

    Args:
        model: a `zoo.engine.model.GenerativeModel` that samples.
        test: real points, which say where to look, and by their name what the exact density is.
        n: how many samples; by default 100 images, ten of each class, or 10,000 points.
        seed: the seed of the samples; `None` draws other ones at each call.
        columns: images in a row; by default as many as rows, or those of one class.
        **options: more arguments of `model.sample`.

    Raises:
        ValueError: if an argument has a wrong value.
    """
    if len(model.image_shape) == 1:
        points = model.sample(POINTS if n is None else n, seed=seed, **options)
        return scatter(points, test)
    classes = model.num_classes
    if classes is not None and "labels" not in options:
        n = COLUMNS * classes if n is None else n
        if columns is None and n % classes == 0:
            columns = n // classes
        options["labels"] = np.sort(np.arange(n) % classes)
    images = model.sample(IMAGES if n is None else n, seed=seed, **options)
    return grid(images, columns, *(() if model.value_range is None else (model.value_range,)))


def reconstructions(model, test: Source, n: int = SHOWN, columns: int = COLUMNS) -> Image.Image:
    """The first `n` images of `test`, each with its reconstruction below. Of a model that denoises,
    between both is what it is given: the image with Gaussian noise of standard deviation 0.5, for
    pixels in [0, 1], not clipped; shown it is."""
    if not hasattr(model, "reconstruct") or test is None:
        raise ArgumentError(
            "A picture needs a model that makes samples, or one with reconstruct and test images. "
            f"Received: {type(model).__name__}, test={test!r}."
        )
    low, high = model.value_range
    images = to_range(test.images[:n], model.value_range)
    rows = [images]
    if hasattr(model, "denoise"):
        noise = np.random.default_rng(0).standard_normal(images.shape, dtype="float32")
        rows += [images + NOISE * (high - low) * noise]
        rows += [model.denoise(rows[-1])]
    else:
        rows += [model.reconstruct(images)]
    blocks = [x[i : i + columns] for i in range(0, len(images), columns) for x in rows]
    padded = [np.pad(x, ((0, columns - len(x)), *[(0, 0)] * 3)) for x in blocks]
    return grid(np.clip(np.concatenate(padded), low, high), columns, model.value_range)


def manifold(model, tiles: int = TILES) -> Image.Image:
    """The images of a model with two latents, over the plane of these: in steps of equal
    probability under N(0, I), from left to right the first latent, from bottom to top the second,
    as figure 4 of Kingma and Welling 2014, https://arxiv.org/abs/1312.6114."""
    normal = statistics.NormalDist()
    steps = [normal.inv_cdf((i + 0.5) / tiles) for i in range(tiles)]
    latents = np.array([(x, y) for y in reversed(steps) for x in steps], dtype="float32")
    return grid(model.sample(latents=latents), tiles, model.value_range)


def confusion(model, test: Source) -> Image.Image:
    """A picture of the confusion matrix of a classifier: in the row of a class and the column of
    another, how many percent of its images in `test` the classifier takes for the other."""
    classes = model.num_classes
    taken = np.zeros((classes, classes))
    np.add.at(taken, (test.labels, model.classify(to_range(test.images[:], model.value_range))), 1)
    percent = 100 * taken / np.maximum(taken.sum(axis=1, keepdims=True), 1)
    picture = Image.new("RGB", (CELL * (classes + 1),) * 2, tuple(PAPER.astype(int)))
    draw = ImageDraw.Draw(picture)

    def cell(row: int, column: int, text: str, share: float = 0.0):
        left, top = CELL * column, CELL * row
        color = tuple((PAPER + share * (SHADE - PAPER)).astype(int))
        draw.rectangle((left, top, left + CELL - 1, top + CELL - 1), fill=color)
        draw.text((left + CELL / 2, top + CELL / 2), text, fill="black", anchor="mm")

    for i in range(classes):
        cell(0, i + 1, str(i))
        cell(i + 1, 0, str(i))
        for j in range(classes):
            # Nearly all lies on the diagonal: the root shows what lies beside it.
            cell(i + 1, j + 1, f"{percent[i, j]:.1f}", float(np.sqrt(percent[i, j] / 100)))
    return picture


def neighbours(
    images: np.ndarray, train: Source, value_range: tuple[float, float], k: int = 9
) -> Image.Image:
    """A picture to see memorisation by: in each row one of `images`, and the `k` images of `train`
    that are nearest to it in pixels, the nearest first.

    Args:
        images: samples in `value_range`, of shape `(n, height, width, channels)`.
        train: the training images.
        value_range: the range of `images`.
        k: how many neighbours are shown.
    """
    seen = to_range(train.images[:], value_range)
    flat = (x.reshape(len(x), -1) for x in (images, seen))
    rows = nearest_neighbours(*flat, k).rows
    side_by_side = np.concatenate([images[:, None], seen[rows]], axis=1)
    return grid(side_by_side.reshape(-1, *images.shape[1:]), k + 1, value_range)


def scatter(points: np.ndarray, test: Source | None = None) -> Image.Image:
    """A square picture with a dot for each of `points`.

    Behind them is the exact density of the set that `test` names, where it is known, else how many
    of the points of `test` lie where. The frame holds all of `test`, or of `points` without it;
    dots outside of it are not seen.

    Args:
        points: of shape `(n, 2)`.
        test: real points.
    """
    if points.ndim != 2 or points.shape[1] != 2:
        raise ArgumentError(f"points must have the shape (n, 2). Received: shape {points.shape}.")
    framed = points if test is None else test.images
    low, high = framed.min(axis=0), framed.max(axis=0)
    # A margin of a tenth, and some width where all points are one.
    side = 1.2 * float(np.max(high - low)) or 1.0
    corner = (low + high) / 2 - side / 2
    dots = 1 - 0.45 ** _smooth(_counts(points, corner, side, SIZE * FINE))
    dots = dots.reshape(SIZE, FINE, SIZE, FINE).mean(axis=(1, 3))[..., None]
    shade = _background(test, corner, side)[..., None]
    canvas = PAPER + shade * (SHADE - PAPER)
    canvas += dots * (INK - canvas)
    return Image.fromarray(np.rint(canvas).astype("uint8"))


def _background(test: Source | None, corner: np.ndarray, side: float) -> np.ndarray:
    """How dense the distribution of `test` is at each pixel, from 0 to 1."""
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
    # A small power of the density shows its tails too.
    return ((dense / max(dense.max(), 1e-12)) ** 0.25).astype("float32")


def _counts(points: np.ndarray, corner: np.ndarray, side: float, cells: int) -> np.ndarray:
    """How many points lie in each cell of the frame, with the first row on top."""
    edges = [np.linspace(c, c + side, cells + 1) for c in corner]
    found, _, _ = np.histogram2d(points[:, 0], points[:, 1], bins=edges)
    return found.T[::-1]


def _smooth(counts: np.ndarray) -> np.ndarray:
    """Each cell spread over the 3x3 around it, so that a single point is a visible dot."""
    padded = np.pad(counts, 1)
    rows, columns = counts.shape
    return sum(padded[i : i + rows, j : j + columns] for i in range(3) for j in range(3))
