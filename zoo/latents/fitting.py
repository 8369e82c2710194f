"""Priors that are fitted to the codes of data, so that autoencoders draw samples."""

from __future__ import annotations

import numpy as np

from zoo.engine.sampler import Sampler
from zoo.errors import ArgumentError, check_choice, check_count
from zoo.evaluation.of_codes import codes_of
from zoo.evaluation.real import drawn, read_real
from zoo.latents.mixtures import GaussianMixture, fit_mixture
from zoo.layers import Mixture

PRIORS = ("mixture",)


def fit_prior(
    model,
    data,
    prior: str = "mixture",
    components: int = 10,
    covariance: str = "full",
    seed: int | None = 0,
    *,
    n: int | None = 10_000,
    steps: int = 100,
    split: str = "train",
) -> Sampler:
    """Fit a prior to the codes of data, and return a sampler with this prior.

    An autoencoder says nothing about which codes are likely. A mixture of Gaussians p(z) that is
    fitted to the codes of training data does, and decoded draws of it are samples: the density
    estimation of Ghosh et al. 2020, https://arxiv.org/abs/1903.12436. The model does not change,
    and the sampler has its decoder, with the same weights.

    Args:
        model: a model that encodes, such as an autoencoder or a VAE. The codes of a VAE are the
            means of its posteriors.
        data: the training data, in any form that `zoo.evaluate` takes.
        prior: `"mixture"`, see `fit_mixture`.
        components: the number of Gaussians.
        covariance: `"full"` or `"diagonal"`.
        seed: the seed of the fit; `None` draws another start at each call.
        n: the most data to encode, drawn at random; `None` for all. Time grows with their number
            and, for full covariances, with the square of the number of latents.
        steps: the most steps of the fit.
        split: the split of a data set that is given by name.

    Returns:
        A `zoo.models.Sampler`, which samples, saves and becomes a preset as other models do.

    Raises:
        ArgumentError: if an argument has a wrong value, or the model does not encode.
        DataError: if there is no such data.

    Example:

    >>> import zoo
    >>> model = zoo.load("ae_mnist")
    >>> images = zoo.data.to_bytes(zoo.load("vae_mnist").sample(200, seed=0))
    >>> sampler = zoo.latents.fit_prior(model, images, components=2, covariance="diagonal")
    >>> sampler.sample(3, seed=0).shape
    (3, 28, 28, 1)

    Differs from the paper: any autoencoder is taken, also one without their regularisation.
    """
    check_choice("prior", prior, PRIORS)
    if "encodes" not in model.tasks:
        raise ArgumentError(
            f"model must be one that encodes, such as an autoencoder. Received: "
            f"{type(model).__name__}."
        )
    source = read_real(data, split, model)
    if n is not None:
        source = drawn(source, check_count("n", n, minimum=2))
    mixture = fit_mixture(codes_of(model, source), components, covariance, seed=seed, steps=steps)
    sampler = model.sampler(prior_of(mixture))
    if sampler is None:
        raise ArgumentError(
            "model must decode vectors by a network, which its method sampler returns. Received: "
            f"{type(model).__name__}, which does not."
        )
    return sampler


def prior_of(mixture: GaussianMixture) -> Mixture:
    """Return a mixture that was fitted as a prior of a model.

    Example:

    >>> import numpy as np, zoo
    >>> mixture = zoo.latents.fit_mixture(np.random.default_rng(0).normal(size=(50, 3)), 2)
    >>> prior = zoo.latents.prior_of(mixture)
    >>> prior.components, prior.covariance, prior.latent_shape
    (2, 'full', (3,))
    """
    factors, (components, size) = mixture.factors, mixture.means.shape
    full = factors.ndim > mixture.means.ndim
    prior = Mixture(components, covariance="full" if full else "diagonal")
    prior.build((None, size))
    deviations = np.diagonal(factors, axis1=1, axis2=2) if full else factors
    with np.errstate(divide="ignore"):
        # No weight is 0, of which the logarithm would be infinite.
        prior.logits.assign(np.log(np.maximum(mixture.weights, 1e-30)))
    prior.means.assign(mixture.means)
    prior.log_variances.assign(2.0 * np.log(deviations))
    if full:
        prior.below.assign(np.tril(factors, -1))
    return prior
