"""Pictures of models: grids of samples, reconstructions below their originals, the plane of two
latents, points over their true density, densities of models, confusion matrices, nearest
neighbours, and images beside what is nearest to them."""

from zoo.pictures.default import PICTURES, default_picture, needs_test_data
from zoo.pictures.filters import filters
from zoo.pictures.lines import lines
from zoo.pictures.matrix import confusion
from zoo.pictures.nearest import beside_neighbours, neighbours
from zoo.pictures.of_densities import densities
from zoo.pictures.of_inputs import reconstructions, translations
from zoo.pictures.of_inversions import inversions
from zoo.pictures.of_samples import manifold, samples
from zoo.pictures.plane import plane
from zoo.pictures.points import scatter

natural = default_picture  # the name in earlier versions

__all__ = [
    "PICTURES",
    "beside_neighbours",
    "confusion",
    "default_picture",
    "densities",
    "filters",
    "inversions",
    "lines",
    "manifold",
    "natural",
    "needs_test_data",
    "neighbours",
    "plane",
    "reconstructions",
    "samples",
    "scatter",
    "translations",
]
