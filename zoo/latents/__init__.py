"""The space of latents: paths, directions, truncation, codes, and priors that are fitted to codes.

Latents are arrays of shape `(n, latent_dim)`. Functions take models, or arrays, and return arrays.
"""

from zoo.engine.descent import LBFGS, Adam, Rule
from zoo.engine.inversion import Inversion
from zoo.latents.attributes import Attribute
from zoo.latents.closed_form import closed_form_directions
from zoo.latents.codes import class_means, codes, interpolate, traversals
from zoo.latents.directions import (
    Direction,
    Effect,
    analogy,
    attribute_direction,
    effect,
    group_mean,
)
from zoo.latents.drawing import mean_latent
from zoo.latents.editing import Constraint, edit
from zoo.latents.features import ImageFeatures, features
from zoo.latents.fitting import fit_prior, prior_of
from zoo.latents.mixtures import GaussianMixture, fit_mixture
from zoo.latents.paths import grid, lerp, path, slerp, walk
from zoo.latents.principal import principal_directions
from zoo.latents.truncation import (
    resampled,
    truncate_norm,
    truncate_to_mean,
    truncated_latents,
)
from zoo.latents.truncation_curve import TruncationCurve, truncation_curve
from zoo.pictures.plane import plane

__all__ = [
    "LBFGS",
    "Adam",
    "Attribute",
    "Constraint",
    "Direction",
    "Effect",
    "GaussianMixture",
    "ImageFeatures",
    "Inversion",
    "Rule",
    "TruncationCurve",
    "analogy",
    "attribute_direction",
    "class_means",
    "closed_form_directions",
    "codes",
    "edit",
    "effect",
    "features",
    "fit_mixture",
    "fit_prior",
    "grid",
    "group_mean",
    "interpolate",
    "lerp",
    "mean_latent",
    "path",
    "plane",
    "principal_directions",
    "prior_of",
    "resampled",
    "slerp",
    "traversals",
    "truncate_norm",
    "truncate_to_mean",
    "truncated_latents",
    "truncation_curve",
    "walk",
]
