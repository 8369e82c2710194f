"""`Bounds`, the mixin for lower bounds of the log-likelihood of images."""

from __future__ import annotations

import math

import numpy as np
from keras import ops

from zoo.base.described import described_by
from zoo.engine.tasks import Scores
from zoo.errors import check_choice, check_count

SAMPLES_AT_ONCE = 4096  # the rows of latents that the decoder takes at once


class Bounds(Scores):
    """A mixin of variational autoencoders, which estimates bounds by samples of the posterior.

    The model has the methods `posterior` and `log_likelihood`, and a `prior`.
    """

    likelihood_is = "bound"
    estimators = ("iwae", "elbo")

    @property
    def density_of(self) -> str:
        """The values of the pixels in the density, which the likelihood states."""
        return getattr(self.likelihood, "pixels", "levels")

    def elbo(
        self,
        images,
        labels=None,
        k: int = 1,
        seed: int = 0,
        batch_size: int = 64,
        first: int = 0,
    ) -> np.ndarray:
        """Return the evidence lower bound of each image, in nats.

        The KL is exact if the prior has a formula for it, as N(0, I) has.

        Args:
            images: of shape `(n, height, width, channels)`, in [0, 1].
            labels: the classes of the images, of shape `(n,)`, for conditional models.
            k: the number of samples of q that estimate E_q[log p(x | z)].
            seed: the seed of the samples.
            batch_size: the number of images that are computed at once.
            first: the number of the first image within a larger set. With it, the parts of a set
                are given the values that they have in the whole set.

        Returns:
            A float32 NumPy array of shape `(n,)`.

        Raises:
            ValueError: if an argument has a wrong value.
        """
        numbers = (k, seed, batch_size, first)
        total = self._accumulated(np.add, self._elbos, images, labels, *numbers)
        return (total / k).astype("float32")

    @described_by(elbo)
    def log_prob(
        self,
        images,
        labels=None,
        method: str = "iwae",
        k: int = 5000,
        seed: int = 0,
        batch_size: int = 64,
        first: int = 0,
    ) -> np.ndarray:
        """Return a lower bound of log p(x) of each image, in nats.

        `"iwae"` is log 1/k sum_i p(x, z_i) / q(z_i | x), equation 8 of Burda, Grosse and
        Salakhutdinov 2016, https://arxiv.org/abs/1509.00519, which rises to log p(x) with k;
        `"elbo"` is the bound of the method `elbo`. Samples are processed in chunks: memory does not
        grow with k.

        Args:
            method: `"iwae"` or `"elbo"`.
            k: the number of samples for each image.

        Returns:
            A float32 NumPy array of shape `(n,)`.

        Raises:
            ValueError: if an argument has a wrong value.
        """
        check_choice("method", method, self.estimators)
        if method == "elbo":
            return self.elbo(images, labels, k, seed, batch_size, first)
        numbers = (k, seed, batch_size, first)
        total = self._accumulated(np.logaddexp, self._weights, images, labels, *numbers)
        return (total - math.log(k)).astype("float32")

    def _accumulated(self, combine, fn, images, labels, k, seed, batch_size, first) -> np.ndarray:
        """Return the values of `fn` for chunks of `k` samples of q, joined by `combine`, for each
        image."""
        check_count("k", k)
        check_count("seed", seed, minimum=0)
        check_count("batch_size", batch_size)
        check_count("first", first, minimum=0)
        inputs = (*self.checked_inputs(images, labels), *self.encode(images, labels, batch_size))
        chunk = max(1, SAMPLES_AT_ONCE // batch_size)
        totals = []
        for start in range(0, len(inputs[0]), batch_size):
            rows = [x[start : start + batch_size] for x in inputs]
            # Each image has a generator, whose draws depend neither on the batch nor on the chunks.
            numbers = range(first + start, first + start + len(rows[0]))
            generators = [np.random.default_rng((seed, number)) for number in numbers]
            total = None
            for done in range(0, k, chunk):
                shape = (min(chunk, k - done), self.latent_dim)
                noise = np.stack([g.standard_normal(shape, dtype="float32") for g in generators])
                part = self.infer(fn.__name__, fn, (*rows, noise), batch_size).astype("float64")
                total = part if total is None else combine(total, part)
            totals.append(total)
        return np.concatenate(totals)

    def _elbos(self, images, *rest):
        """Return the sum of log p(x | z) - KL over the samples z of q, of shape `(batch,)`.

        The KL is subtracted once for each sample. `rest` are the labels, if there are any, the mean
        and the log-variance of q, and noise of shape `(batch, samples, latent_dim)`.
        """
        *labels, mean, log_variance, noise = rest
        latents = reparameterized(mean, log_variance, ops.transpose(noise, (1, 0, 2)))
        log_likelihood = self.log_likelihood(images, latents, *labels)
        kl = self.prior.kl(mean, log_variance, latents, *labels)
        return ops.sum(log_likelihood - kl, axis=0)

    def _weights(self, images, *rest):
        """Return the logarithm of the sum over a chunk of samples of p(x, z) / q(z | x)."""
        *labels, mean, log_variance, noise = rest
        noise = ops.transpose(noise, (1, 0, 2))
        weights, _ = self.log_weights(images, mean, log_variance, noise, *labels)
        return ops.logsumexp(weights, axis=0)

    def log_weights(self, images, mean, log_variance, noise, labels=None, training: bool = False):
        """Return log p(x, z) - log q(z | x) and log p(x | z), each of shape `(k, batch)`.

        The latents are z = mu + sigma * e for noise e of shape `(k, batch, latent_dim)`.
        """
        latents = reparameterized(mean, log_variance, noise)
        log_likelihood = self.log_likelihood(images, latents, labels, training)
        prior = self.prior.log_prob(latents, labels)
        constant = self.latent_dim * math.log(2.0 * math.pi)
        posterior = -0.5 * (ops.sum(ops.square(noise) + log_variance, axis=-1) + constant)
        return log_likelihood + prior - posterior, log_likelihood


def reparameterized(mean, log_variance, noise):
    """Return the latents z = mu + sigma * e for noise e."""
    return mean + ops.exp(0.5 * log_variance) * noise
