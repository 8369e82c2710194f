"""What the runner measures of a trained model, for its card."""

from __future__ import annotations

import numpy as np

from zoo.card import Metric
from zoo.data import Source, to_range
from zoo.metrics import frechet_distance

SEEDS = (0, 1, 2)


def gan(model, train: Source, test: Source, n: int = 10_000) -> list[Metric]:
    """The Fréchet distance in pixels, with what real images score, and how well the discriminator
    separates.

    Pixels are features that need no network. They tell a generator whose images have the wrong mean
    or covariance, and see no shapes.

    Args:
        model: a `zoo.models.GAN`.
        train: the training images.
        test: the test images; the first `n` are used.
        n: how many images to generate for each of three seeds, and how many real ones to compare
            them with.
    """
    real = to_range(test.images[:n])
    again = to_range(train.images[:n])
    samples = [model.sample(n, seed=seed) for seed in SEEDS]
    distances = [frechet_distance(_pixels(fake), _pixels(real)) for fake in samples]
    where = "the discriminator's logit, in inference mode"
    return [
        Metric(
            name="frechet_pixels",
            protocol="Fréchet distance of pixels in [-1, 1], samples against test images",
            value=float(np.mean(distances)),
            spread=float(np.std(distances, ddof=1)),
            seeds=list(SEEDS),
            n_real=len(real),
            n_fake=n,
        ),
        Metric(
            name="frechet_pixels_of_real",
            protocol="Fréchet distance of pixels in [-1, 1], training images against test "
            "images: the scale of the above",
            value=frechet_distance(_pixels(again), _pixels(real)),
            n_real=len(real),
            n_fake=len(again),
        ),
        Metric(
            name="real_called_real",
            protocol=f"share of test images for which {where}, is positive",
            value=_share_positive(model, real),
            n_real=len(real),
        ),
        Metric(
            name="fake_called_real",
            protocol=f"share of samples (seed {SEEDS[0]}) for which {where}, is positive",
            value=_share_positive(model, samples[0]),
            n_fake=n,
        ),
    ]


def _pixels(images: np.ndarray) -> np.ndarray:
    return images.reshape(len(images), -1)


def _share_positive(model, images: np.ndarray) -> float:
    return float(np.mean(model.discriminate(images) > 0))
