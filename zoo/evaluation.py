"""What the runner measures of a trained model, for its card."""

from __future__ import annotations

import numpy as np

from zoo.card import Metric
from zoo.data import Source, synthetic, to_range
from zoo.errors import ArgumentError
from zoo.metrics import frechet_distance, mode_coverage

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
    # Conditional models are asked for the classes of the test images.
    labels = None if model.num_classes is None else test.labels[:n]
    samples = [model.sample(n, seed=seed, labels=labels) for seed in SEEDS]
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
            value=_share_positive(model, real, labels),
            n_real=len(real),
        ),
        Metric(
            name="fake_called_real",
            protocol=f"share of samples (seed {SEEDS[0]}) for which {where}, is positive",
            value=_share_positive(model, samples[0], labels),
            n_fake=n,
        ),
    ]


def mixture(model, train: Source, test: Source, n: int = 10_000) -> list[Metric]:
    """How many modes of a mixture of Gaussians the samples cover and what share of them lies at a
    mode, with what real points score.

    Args:
        model: a model that samples points in the plane.
        train: not looked at.
        test: real points of a mixture of `zoo.data.synthetic`; the first `n` are used.
        n: how many points to generate for each of three seeds.

    Raises:
        ValueError: if `test` is not from a mixture of Gaussians.
    """
    truth = synthetic.named(test.name)
    if not isinstance(truth, synthetic.GaussianMixture):
        raise ArgumentError(f"test must be of a mixture of Gaussians. Received: {test.name!r}.")
    found = [mode_coverage(model.sample(n, seed=s), truth.means, truth.sigma) for s in SEEDS]
    real = mode_coverage(test.images[:n], truth.means, truth.sigma)
    covering = (
        f"modes, of {len(truth.means)}, at which at least a quarter of a fair share of {{}} lies "
        "within 3 standard deviations"
    )
    near = "share of {} within 3 standard deviations of the nearest mode"
    metrics = []
    for name, field, protocol in (
        ("modes_covered", "covered", covering),
        ("high_quality", "high_quality", near),
    ):
        values = [getattr(coverage, field) for coverage in found]
        metrics += [
            Metric(
                name=name,
                protocol=protocol.format("the samples"),
                value=float(np.mean(values)),
                spread=float(np.std(values, ddof=1)),
                seeds=list(SEEDS),
                n_fake=n,
            ),
            Metric(
                name=f"{name}_of_real",
                protocol=protocol.format("the test points"),
                value=float(getattr(real, field)),
                n_real=len(test.images[:n]),
            ),
        ]
    return metrics


def _pixels(images: np.ndarray) -> np.ndarray:
    return images.reshape(len(images), -1)


def _share_positive(model, images: np.ndarray, labels) -> float:
    seen = labels if model.discriminator_sees_labels else None
    return float(np.mean(model.discriminate(images, seen) > 0))
