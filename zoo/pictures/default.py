"""The picture by which a model is shown."""

from __future__ import annotations

from PIL import Image

from zoo.data import Source
from zoo.engine.spaces import Classes, Normal
from zoo.errors import ArgumentError
from zoo.pictures.matrix import confusion
from zoo.pictures.of_inputs import reconstructions, translations
from zoo.pictures.of_samples import manifold, samples


def default_picture(
    model,
    test: Source | None = None,
    n: int | None = None,
    seed: int | None = 0,
    columns: int | None = None,
    scale: int | None = None,
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
        scale: the factor by which images are enlarged; by default about 600 pixels are filled, see
            `zoo.data.grid`. With 1 a picture of images is plain: it has their pixels, and no
            words.
        **options: more arguments of the model's `sample`.

    Raises:
        ArgumentError: if no task of the model has a picture.
    """
    for task, picture in PICTURES.items():
        if task in model.tasks:
            return picture(model, test, n, seed, columns, scale, **options)
    raise ArgumentError(
        f"A picture needs a model with one of the tasks {', '.join(PICTURES)}. Received: "
        f"{type(model).__name__}, with {', '.join(model.tasks)}."
    )


def needs_test_data(model) -> bool:
    """Return whether the default picture of `model` shows real data, or there is no picture."""
    if "samples" not in model.tasks:
        return True
    return model.condition is not None and not isinstance(model.condition, Classes)


def _of_samples(model, test, n, seed, columns, scale, **options) -> Image.Image:
    """Draw the manifold of a model of images with two latents, else samples.

    An argument that only samples have, such as `n`, asks for samples.
    """
    plane = model.noise == Normal((2,)) and model.condition is None and model.data.name == "images"
    if plane and not (n or seed or columns or options):
        return manifold(model, scale=scale)
    return samples(model, test, n, seed, columns, scale, **options)


# Pictures by task. A model is shown by the first of its tasks in this order.
PICTURES = {
    "samples": _of_samples,
    "translates": translations,
    "encodes": reconstructions,
    "classifies": confusion,
}
