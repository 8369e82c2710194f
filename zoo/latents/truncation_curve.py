"""The curve of truncation: precision, recall and coverage for each threshold."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import NamedTuple

import numpy as np
from PIL import Image

from zoo.errors import ArgumentError, check_choice, check_count
from zoo.evaluation.plan import fitting_extractor
from zoo.evaluation.real import drawn, read_real
from zoo.latents.drawing import check_has_latents, data_of
from zoo.latents.truncation import KINDS, truncated_latents
from zoo.metrics import prdc
from zoo.pictures.lines import lines

FEATURES = frozenset({"features"})
LABELS = {
    "resample": "largest magnitude of a latent's number",
    "norm": "largest root mean square of a latent",
    "mean": "psi",
}


class TruncationCurve(NamedTuple):
    """The precision, the recall and the coverage of truncated samples.

    Attributes:
        kind: the kind of truncation, see `truncated_latents`.
        thresholds: the thresholds, of shape `(k,)`.
        precision: the share of samples that lie among real images, of shape `(k,)`.
        recall: the share of real images that lie among samples, of shape `(k,)`.
        coverage: the share of real images with a sample in their neighbourhood, of shape `(k,)`.
        extractor: the name of the extractor of features.
        n: the number of samples, and of real images.
    """

    kind: str
    thresholds: np.ndarray
    precision: np.ndarray
    recall: np.ndarray
    coverage: np.ndarray
    extractor: str
    n: int

    def picture(self, title: str | None = None) -> Image.Image:
        """Draw all three over the thresholds, of which an infinite one stands behind the others.

        Raises:
            ArgumentError: if matplotlib, the extra `plot`, is not installed.
        """
        shown = self.thresholds.copy()
        finite = shown[np.isfinite(shown)]
        shown[np.isinf(shown)] = 1.1 * finite.max() if finite.size else 1.0
        label = LABELS[self.kind]
        if finite.size < shown.size:
            label += " (last: none)"
        order = np.argsort(shown)
        series = {name: getattr(self, name)[order] for name in ("precision", "recall", "coverage")}
        return lines(shown[order], series, label, "share", title, (0.0, 1.02))


def truncation_curve(
    model,
    data,
    thresholds: Sequence[float],
    n: int = 5000,
    seed: int = 0,
    extractor=None,
    kind: str = "resample",
    *,
    k: int = 3,
    split: str = "test",
    labels=None,
    told: Callable[[], None] = lambda: None,
) -> TruncationCurve:
    """Measure precision, recall and coverage of truncated samples, for each threshold.

    With more truncation samples look more like real images, and fewer of those are reached:
    precision rises, and recall and coverage fall. Precision and recall are those of Kynkäänniemi et
    al. 2019, https://arxiv.org/abs/1904.06991. Where most samples lie close together, a few that
    lie apart have wide neighbourhoods, which hold many real images, and recall is then too high.
    Coverage, of Naeem et al. 2020, https://arxiv.org/abs/2002.09797, has neighbourhoods of real
    images alone. See `zoo.metrics.prdc`.

    Args:
        model: a model that samples from latents.
        data: the real images, in any form that `zoo.evaluate` takes.
        thresholds: the thresholds, see `truncated_latents`; infinity for no truncation.
        n: the number of samples for each threshold, and at most of real images.
        seed: the seed of the latents.
        extractor: the extractor of features, see `zoo.evaluation.extractor`; `None` for the
            classifier that was trained on data of this name.
        kind: the kind of truncation, see `truncated_latents`.
        k: the rank of the neighbour that bounds a neighbourhood, 3 in the first paper and 5 in the
            second one.
        split: the split of a data set that is given by name.
        labels: the labels of the samples of a conditional model, as for `sample`.
        told: a function that is called after each threshold.

    Raises:
        ArgumentError: if an argument has a wrong value.
        DataError: if there is no such data.

    Example:

    >>> import zoo
    >>> model = zoo.load("dcgan_mnist")
    >>> real = zoo.data.to_bytes(zoo.load("wgan_gp_mnist").sample(100, seed=0))
    >>> curve = zoo.latents.truncation_curve(
    ...     model, real, (0.3, 2.0), n=100, extractor="classifier_mnist"
    ... )
    >>> curve.precision.shape, curve.recall.shape
    ((2,), (2,))

    Differs from the paper: the default features are those of a classifier of this package.
    """
    check_has_latents(model)
    check_choice("kind", kind, KINDS)
    check_count("n", n, minimum=2)
    thresholds = np.asarray(thresholds, "float64")
    if thresholds.ndim != 1 or not thresholds.size or not (thresholds >= 0).all():
        raise ArgumentError(f"thresholds must be numbers of at least 0. Received: {thresholds!r}.")
    real = drawn(read_real(data, split, model), n)
    found = fitting_extractor(extractor, FEATURES, model, real)
    features = found(real.images[:]).features
    condition = model.choose_condition(labels, n, seed)
    results = []
    for threshold in thresholds.tolist():
        latents = truncated_latents(model, n, threshold, kind, seed, condition)
        samples = model.data.to_stored(data_of(model, latents, condition))
        numbers = prdc(features, found(samples).features, k)
        results.append([numbers[name] for name in ("precision", "recall", "coverage")])
        told()
    return TruncationCurve(kind, thresholds, *np.array(results).T, found.name, n)
