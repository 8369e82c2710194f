"""Metrics of densities in the plane."""

from __future__ import annotations

import numpy as np

from zoo.data import Source, synthetic
from zoo.engine.spaces import Points
from zoo.errors import ArgumentError, check_count
from zoo.evaluation.metric import Metric
from zoo.metrics import density_divergence

MARGIN = 0.1  # the share of the width of the test points that is added on each side


class DensityKL(Metric):
    """The divergence KL(p || q) of the model's density q of points in the plane from the exact one.

    It is the integral over a square that holds all test points, by a regular grid, see
    `zoo.metrics.density_divergence`.

    Args:
        cells: the number of points of the grid along each side.
    """

    name = "density_kl"
    outputs = {"density_kl": "lower"}
    of_samples = False
    seeded = False
    baseline = None

    def __init__(self, cells: int = 500):
        self.cells = check_count("cells", cells)

    def check(self, model, test):
        if not densities_are_known(model, test):
            raise ArgumentError(
                f"The metric {self.name!r} is for models with an exact density of points in the "
                "plane, and data whose exact density is known. Received: "
                f"{type(model).__name__}, {test.name!r}."
            )

    def measure(self, samples, subject):
        points = np.asarray(subject.test.images[:])
        low, high = points.min(axis=0), points.max(axis=0)
        side = float((1 + 2 * MARGIN) * np.max(high - low))
        places = (np.arange(self.cells) + 0.5) / self.cells - 0.5
        x, y = np.meshgrid(*(places * side + centre for centre in (low + high) / 2))
        grid = np.stack([x.ravel(), y.ravel()], axis=1).astype("float32")
        truth = synthetic.named(subject.test.name).log_density(grid)
        held = truth > truth.max() - 50  # beyond, e^-50 of the density is nothing
        found = subject.model.log_prob(grid[held], batch_size=8192)
        return {"density_kl": density_divergence(truth[held], found)}


def densities_are_known(model, test: Source) -> bool:
    """Return whether the model's density of points in the plane and that of the data are exact."""
    exact = "scores" in model.tasks and model.likelihood_is == "exact"
    plane = model.data == Points(2) and model.condition is None
    known = test.name in synthetic.NAMED and synthetic.named(test.name).has_density
    return exact and plane and known
